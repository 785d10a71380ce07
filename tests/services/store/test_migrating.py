"""Bringing a database up to date, and what each login may do there afterwards."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr

from services.runtime import migrate as migrating
from services.runtime.event_store import EventStore
from services.runtime.migrate import MigrationRefused, migrate, scram_verifier
from services.runtime.postgres import APPEND_SETTINGS, PostgresTooOld, check
from services.runtime.settings import PostgresRole
from tests.ground import TestDatabase
from tests.services.store.making import appending

ROLES: tuple[PostgresRole, ...] = ("append", "relay", "project", "read", "customer")


async def test_migrating_again_changes_nothing(empty_database: TestDatabase) -> None:
    first = await migrate(empty_database.owner_dsn, empty_database.settings)
    assert first[:2] == ["0001_store.sql", "0002_append.sql"]
    assert await migrate(empty_database.owner_dsn, empty_database.settings) == []


async def test_steps_run_last_as_the_owner(empty_database: TestDatabase) -> None:
    seen: list[str] = []

    async def step(connection: Any) -> None:
        seen.append(await connection.fetchval("SELECT current_user || ' ' || to_regclass('store.stored_events')::text"))

    await migrate(empty_database.owner_dsn, empty_database.settings, step)
    assert seen == ["support_owner store.stored_events"]


async def test_a_file_that_was_changed_after_it_was_applied_is_refused(database: TestDatabase, owner: Any) -> None:
    await owner.execute("UPDATE store.schema_migrations SET sha256 = 'another' WHERE file = '0001_store.sql'")
    with pytest.raises(MigrationRefused, match=r"0001_store\.sql was changed"):
        await migrate(database.owner_dsn, database.settings)


async def test_an_old_server_is_refused_in_a_sentence() -> None:
    class Old:
        def get_server_version(self) -> Any:
            return asyncpg.types.ServerVersion(16, 4, 0, "final", 0)

    with pytest.raises(PostgresTooOld, match="PostgreSQL 17 or later is needed; this server is 16"):
        await check(Old())


async def test_nobody_inserts_into_the_log_but_the_function(database: TestDatabase) -> None:
    for role in ROLES:
        connection = await asyncpg.connect(database.settings.postgres(role))
        for statement in (
            "INSERT INTO store.stored_events DEFAULT VALUES",
            "UPDATE store.stored_events SET topic = 'x'",
            "DELETE FROM store.stored_events",
            "TRUNCATE store.stored_events",
            "INSERT INTO store.idempotency DEFAULT VALUES",
            "DELETE FROM store.lookups",
            "UPDATE store.entry_keys SET wrapped = ''",
            "DELETE FROM store.person_keys",
            "INSERT INTO store.logs VALUES (9, now())",
            "SELECT store.write_sides(NULL, NULL)",
            "CREATE TABLE store.x ()",
            "CREATE TABLE public.x ()",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        await connection.close()


@pytest.mark.parametrize(
    ("role", "readable"),
    [
        (
            "append",
            {
                "store.logs",
                "store.stored_events",
                "store.idempotency",
                "store.person_keys",
                "store.entry_keys",
                "store.lookups",
                "store.staff",
            },
        ),
        ("relay", {"store.logs", "store.stored_events", "store.consumers"}),
        ("read", {"store.logs", "store.tail", "store.staff", "projector.checkpoints", "projector.parked"}),
        ("customer", {"store.logs", "store.tail", "projector.checkpoints", "projector.parked"}),
    ],
)
async def test_each_login_reads_what_its_job_needs(
    database: TestDatabase, owner: Any, role: PostgresRole, readable: set[str]
) -> None:
    rows = await owner.fetch(
        "SELECT format('%s.%s', schemaname, name) AS name FROM"
        " (SELECT schemaname, tablename AS name FROM pg_tables UNION SELECT schemaname, viewname FROM pg_views) AS t"
        " WHERE schemaname IN ('store', 'projector') AND has_table_privilege($1, format('%I.%I', schemaname, name), 'SELECT')",
        getattr(database.settings, f"postgres_{role}_user"),
    )
    found = {row["name"] for row in rows}
    assert readable <= found
    secret = {
        "store.person_keys",
        "store.entry_keys",
        "store.lookups",
        "store.idempotency",
        "store.stored_events",
        "store.staff",
        "store.events",
    }
    assert found & secret == readable & secret


async def test_only_the_append_login_may_append(database: TestDatabase) -> None:
    for role in ROLES:
        connection = await asyncpg.connect(database.settings.postgres(role))
        if role == "append":
            assert await connection.fetchval("SELECT epoch FROM store.append(NULL, '{}', '{}', NULL, NULL)") == 1
        else:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("SELECT store.append(NULL, '{}', '{}', NULL, NULL)")
        await connection.close()


async def test_time_outs_hold_at_login_without_being_sent(database: TestDatabase) -> None:
    connection = await asyncpg.connect(database.settings.postgres("append"))
    for name, value in APPEND_SETTINGS.items():
        assert await connection.fetchval("SELECT current_setting($1)", name) == value
    await connection.close()


async def test_the_server_never_sees_a_password(database: TestDatabase) -> None:
    # RFC 7677, section 3: the example's password, salt and iterations.
    salt = bytes.fromhex("5b6d99689d1232a8e80d7a02a1a4bb1f")
    verifier = scram_verifier("pencil", salt=salt, iterations=4096)
    system = await asyncpg.connect(database.superuser_dsn)
    stored = await system.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'support_append'")
    assert stored.split("$")[0] == verifier.split("$")[0] == "SCRAM-SHA-256"
    await system.close()


async def test_a_login_without_a_password_must_be_there(database: TestDatabase) -> None:
    absent = {"postgres_read_user": "nobody_made_me", "postgres_read_password": SecretStr("")}
    with pytest.raises(MigrationRefused, match="nobody_made_me does not exist"):
        await migrate(database.owner_dsn, database.settings.model_copy(update=absent))


async def test_people_with_psql_read_states_as_json(store: EventStore, owner: Any) -> None:
    await store.append(appending(uuid4()))
    assert await owner.fetchval("SELECT state ->> 'tag' FROM store.events") == "vip"
    assert migrating.pending(["0001_store.sql"])[0] == "0002_append.sql"

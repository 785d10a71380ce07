"""The relay at work: everything once, in order, at the sequence that is its position; and who leads."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from services.relay import metrics
from services.runtime.locks import Lock
from services.runtime.nats_permissions import STREAM
from services.runtime.settings import Settings
from tests.ground import TestDatabase
from tests.services.relay.ground import (
    connected,
    fetch,
    in_store,
    in_stream,
    leading,
    reaches,
    record,
    relaying,
    until,
)

HOLDERS = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {Lock.RELAY} AND granted"


async def leader(dsn: str) -> int | None:
    rows = await fetch(dsn, HOLDERS)
    return rows[0]["pid"] if rows else None


async def test_every_fact_is_in_the_stream_at_the_sequence_that_is_its_position(
    database: TestDatabase, settings: Settings
) -> None:
    await record(database.owner_dsn, 1_203)
    async with relaying(settings):
        await reaches(settings, 1_203)
        await record(database.owner_dsn, 1)
        await record(database.owner_dsn, 2)
        await reaches(settings, 1_206)
    assert await in_stream(settings) == await in_store(database.owner_dsn)


async def test_a_message_carries_the_envelope_and_the_bytes_of_the_store(database: TestDatabase, settings: Settings) -> None:
    await record(database.owner_dsn, 2)
    async with relaying(settings):
        await reaches(settings, 2)
    async with connected(settings, "admin") as admin:
        message = await admin.jetstream().get_msg(STREAM, 1)
    assert message.subject == "support.confidential.ticket.tagged.5b1f0c4e7a3d4c1f9e0a2b6d8c7f1e90"
    assert message.data == (await in_store(database.owner_dsn))[0][-1]
    headers = message.headers or {}
    assert headers["ce-source"] == "http://localhost:8000/log/1"
    assert headers["ce-position"] == "1.1"
    assert headers["Nats-Expected-Last-Sequence"] == "0"
    assert not {"Content-Type", "Nats-Msg-Id"} & set(headers)


async def test_large_facts_go_in_smaller_batches(database: TestDatabase, settings: Settings) -> None:
    await record(database.owner_dsn, 40, padding=400_000)
    async with relaying(settings):
        await reaches(settings, 40)
    assert await in_stream(settings) == await in_store(database.owner_dsn)


async def test_a_relay_that_starts_again_goes_on_where_the_stream_ends(database: TestDatabase, settings: Settings) -> None:
    await record(database.owner_dsn, 10)
    async with relaying(settings):
        await reaches(settings, 10)
    await record(database.owner_dsn, 10)
    published = metrics.PUBLISHED._value.get()
    async with relaying(settings):
        await reaches(settings, 20)
    assert metrics.PUBLISHED._value.get() == published + 10
    assert await in_stream(settings) == await in_store(database.owner_dsn)


async def test_one_leads_and_the_other_takes_over_when_the_leaders_session_ends(
    database: TestDatabase, settings: Settings
) -> None:
    dsn = database.owner_dsn
    async with relaying(settings), relaying(settings):
        await record(dsn, 5)
        await reaches(settings, 5)
        first = await leader(dsn)
        superuser = await asyncpg.connect(database.superuser_dsn)
        await superuser.execute("SELECT pg_terminate_backend($1)", first)
        await superuser.close()

        async def another() -> bool:
            return await leader(dsn) not in (None, first)

        await until(another)
        await record(dsn, 5)
        await reaches(settings, 10)
    assert await in_stream(settings) == await in_store(dsn)


async def test_the_lead_is_free_once_the_leader_has_drained(database: TestDatabase, settings: Settings) -> None:
    async with relaying(settings):
        await record(database.owner_dsn, 1)
        await reaches(settings, 1)

    async def free() -> bool:
        return await leader(database.owner_dsn) is None

    await until(free)


async def test_two_relays_at_once_with_the_lock_defeated_leave_the_stream_contiguous(
    database: TestDatabase, settings: Settings
) -> None:
    refused = metrics.REFUSED._value.get()
    await record(database.owner_dsn, 2_000)
    async with leading(settings), leading(settings):
        for _ in range(30):
            await record(database.owner_dsn, 20)
            await asyncio.sleep(0.01)
        await reaches(settings, 2_600)
    assert metrics.REFUSED._value.get() > refused, "they never raced"
    assert await in_stream(settings) == await in_store(database.owner_dsn)


async def test_neither_relaying_nor_draining_waits_for_the_poll(
    database: TestDatabase, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.relay.leader.POLL", 3_600.0)
    async with relaying(settings):
        for number in range(1, 4):
            await record(database.owner_dsn, 1)
            await reaches(settings, number)


async def test_a_lost_notification_only_costs_a_poll(database: TestDatabase, settings: Settings) -> None:
    async with relaying(settings):
        await record(database.owner_dsn, 1)
        await reaches(settings, 1)
        owner = await asyncpg.connect(database.owner_dsn)
        await owner.execute(
            "INSERT INTO store.stored_events SELECT originator_id, 9, topic, state, 2, epoch, class, organisation, occurred_at,"
            " recorded_at, correlation, causation, actor_kind, actor, traceparent FROM store.stored_events"
        )
        await owner.close()
        await reaches(settings, 2)

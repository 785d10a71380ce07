"""The queue before the store: bounded, indifferent to callers that leave, drained at the end, and not stopped for good by anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.runtime.command import Command
from services.runtime.errors import OutcomeUnknown, Overloaded, StoreClosed, Unavailable
from services.runtime.event_store import EventStore, open_store
from services.runtime.postgres import APPEND_SETTINGS, Login, SettingLost, assert_settings
from tests.ground import TestDatabase
from tests.services.store.making import SECRET, act, appending, event

LOCK = 5021970


@asynccontextmanager
async def locked(owner: Any) -> AsyncIterator[None]:
    """Somebody else holds the append lock."""
    await owner.execute("SELECT pg_advisory_lock($1)", LOCK)
    try:
        yield
    finally:
        await owner.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def in_flight(owner: Any) -> None:
    """Until an append waits for the lock."""
    while not await owner.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
        await asyncio.sleep(0.005)


async def test_a_full_queue_says_overloaded_and_takes_more_later(database: TestDatabase, owner: Any) -> None:
    async with open_store(database.settings.postgres("append"), secret=SECRET, capacity=5) as store:
        async with locked(owner):
            sent = [asyncio.create_task(store.append(appending(uuid4()))) for _ in range(12)]
            await in_flight(owner)
            assert store.depth == 0, "the first batch took them all"
            more = [asyncio.create_task(store.append(appending(uuid4()))) for _ in range(12)]
            await asyncio.sleep(0)
            assert store.depth == 5
        answers = await asyncio.gather(*sent, *more, return_exceptions=True)
        assert sum(isinstance(each, Overloaded) for each in answers) == 14
        assert (await store.head()).number == 10
        await store.append(appending(uuid4()))


async def test_a_caller_that_leaves_harms_neither_its_batch_nor_itself(store: EventStore, owner: Any) -> None:
    streams = [uuid4() for _ in range(10)]
    async with locked(owner):
        sent = [asyncio.create_task(store.append(appending(stream))) for stream in streams]
        await in_flight(owner)
        for left in sent[::2]:
            left.cancel()
        unsent = asyncio.create_task(store.append(appending(uuid4())))
        await asyncio.sleep(0)
        unsent.cancel()
        await asyncio.sleep(0)
    answers = await asyncio.gather(*sent, unsent, return_exceptions=True)
    assert sum(isinstance(each, asyncio.CancelledError) for each in answers) == 6
    assert (await store.head()).number == 10, "what was sent is whole; what waited was taken back"
    for stream in streams:
        assert len(await store.stream(stream)) == 1


async def test_a_batch_is_bounded_in_commands_and_bytes(store: EventStore, owner: Any) -> None:
    large = b'"' + b"x" * (500 * 1024) + b'"'
    async with locked(owner):
        first = asyncio.create_task(store.append(appending(uuid4())))
        await in_flight(owner)
        many = [asyncio.create_task(store.append(appending(uuid4()))) for _ in range(600)]
        heavy = [Command(act=act(), events=(event(uuid4(), state=large),)) for _ in range(20)]
        heavily = [asyncio.create_task(store.append(each)) for each in heavy]
        await asyncio.sleep(0)
    await asyncio.gather(first, *many, *heavily)
    rows = await owner.fetch(
        "SELECT count(*) AS commands, sum(octet_length(state)) AS bytes FROM store.stored_events GROUP BY recorded_at"
    )
    assert max(row["commands"] for row in rows) <= 256
    assert max(row["bytes"] for row in rows) <= 4 * 1024 * 1024
    assert sum(row["commands"] for row in rows) == 621


async def test_one_batch_may_read_a_stream_many_times_but_not_while_one_writes_it(store: EventStore, owner: Any) -> None:
    contract = uuid4()
    await store.append(appending(contract))
    readers = [appending(uuid4(), checks=((contract, 1),)) for _ in range(10)]
    async with locked(owner):
        first = asyncio.create_task(store.append(appending(uuid4())))
        await in_flight(owner)
        sent = [asyncio.create_task(store.append(each)) for each in readers]
        writer = asyncio.create_task(store.append(appending(contract, 2)))
        late = asyncio.create_task(store.append(appending(uuid4(), checks=((contract, 2),))))
        await asyncio.sleep(0)
    await asyncio.gather(first, *sent, writer, late)
    batches = await owner.fetch(
        "SELECT count(*) AS n FROM store.stored_events WHERE notification_id > 2 GROUP BY recorded_at ORDER BY recorded_at"
    )
    assert [row["n"] for row in batches] == [10, 1, 1]


async def test_closing_finishes_what_waits_and_takes_no_more(database: TestDatabase, owner: Any) -> None:
    async with open_store(database.settings.postgres("append"), secret=SECRET) as store:
        async with locked(owner):
            sent = [asyncio.create_task(store.append(appending(uuid4()))) for _ in range(3)]
            await in_flight(owner)
            waits = asyncio.create_task(store.append(appending(uuid4())))
            await asyncio.sleep(0)
            closing = asyncio.create_task(store.close())
            await asyncio.sleep(0)
            with pytest.raises(StoreClosed):
                await store.append(appending(uuid4()))
        await closing
        assert [each.position.number for each in await asyncio.gather(*sent, waits) if each.position] == [1, 2, 3, 4]


async def test_a_lock_that_is_held_too_long_is_overload_and_nothing_is_written(store: EventStore, owner: Any) -> None:
    async with locked(owner):
        answers = await asyncio.gather(*(store.append(appending(uuid4())) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in answers] == [Overloaded] * 3
    assert (await store.append(appending(uuid4()))).position == (1, 1)


async def test_a_connection_that_breaks_leaves_the_outcome_unknown_and_is_renewed(
    store: EventStore, owner: Any, superuser: Any
) -> None:
    async with locked(owner):
        sent = [asyncio.create_task(store.append(appending(uuid4(), key=f"k{each}"))) for each in range(3)]
        await in_flight(owner)
        late = asyncio.create_task(store.append(appending(uuid4())))
        await asyncio.sleep(0)
        assert await superuser.fetchval(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        )
        answers = await asyncio.gather(*sent, return_exceptions=True)
    assert [type(each) for each in answers] == [OutcomeUnknown] * 3
    assert (await late).position == (1, 1), "what was not sent yet was not lost"
    again = await asyncio.gather(*(store.append(appending(uuid4(), key=f"k{each}")) for each in range(3)))
    assert not any(each.replayed for each in again)


async def test_an_idle_connection_that_broke_is_noticed_before_it_is_used(store: EventStore, superuser: Any) -> None:
    await store.append(appending(uuid4()))
    await superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'support_append' AND datname = current_database()"
    )
    await asyncio.sleep(0.05)
    assert (await store.append(appending(uuid4()))).position == (1, 2)


async def test_a_database_that_is_gone_is_said_to_be_and_taken_up_again(database: TestDatabase, owner: Any) -> None:
    async with open_store(database.settings.postgres("append"), secret=SECRET, patience=0.2) as store:
        await store.append(appending(uuid4()))
        system = await asyncpg.connect(database.server.dsn("postgres", database.server.superuser_password, "postgres"))
        await system.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
        await system.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = 'support_append'",
            database.name,
        )
        await asyncio.sleep(0.05)
        for _ in range(2):
            with pytest.raises(Unavailable):
                await store.append(appending(uuid4()))
        await system.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
        await system.close()
        assert (await store.append(appending(uuid4()))).position == (1, 2)


async def test_a_wrong_login_stops_the_process_at_its_start(database: TestDatabase) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        async with open_store(Login(database.dsn, "support_append", "wrong"), secret=SECRET):
            raise AssertionError("opened")


async def test_settings_that_did_not_arrive_are_noticed(database: TestDatabase) -> None:
    connection = await Login(database.settings.postgres("append"), settings={**APPEND_SETTINGS, "lock_timeout": "9s"}).connect()
    with pytest.raises(SettingLost, match="lock_timeout is 9s where 2s"):
        await assert_settings(connection, APPEND_SETTINGS)
    await connection.close()


async def test_a_client_that_vanished_in_a_transaction_holds_the_lock_for_five_seconds_at_most(
    database: TestDatabase, store: EventStore
) -> None:
    gone = await Login(database.settings.postgres("append"), settings={"transaction_timeout": "300ms"}).connect()
    await gone.execute("BEGIN")
    await gone.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    assert (await store.append(appending(uuid4()))).position == (1, 1)
    gone.terminate()

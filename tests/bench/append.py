"""Appending: commands a second and their latency, against plain asyncpg and against the eventsourcing library's recorder.

Plain asyncpg writes the same rows, event with its envelope and idempotency key, as one statement and one transaction a command over
a pool of 16; everything it needs is made before the clock starts. It takes positions from a sequence, so its readers may miss events,
and judges neither versions nor keys but by its indexes: the peer has the easier task. Alone, it uses a prepared statement without a pool.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import quantiles
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from services.runtime.act import Act, Actor, ActorKind, Idempotency
from services.runtime.command import Command, NewEvent
from services.runtime.event_store import open_store
from tests.bench import Ground, Ratio

COMMANDS = 3_200
ALONE = 400
TURNS = 4
"""Short turns, four to a round: a busy moment then spoils few of them, and both sides."""
STATE = b'{"at":"2026-07-01T08:14:03.120Z","resolution":"WORKAROUND","episode":1,"reopenable_until":"2026-07-15T08:14:03Z"}'
NOW = datetime(2026, 7, 1, 8, 14, 3, tzinfo=UTC)
ORGANISATION = uuid4()
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

PLAIN_TABLES = """
CREATE SCHEMA plain;
CREATE TABLE plain.stored_events (LIKE store.stored_events INCLUDING ALL);
CREATE SEQUENCE plain.positions;
CREATE TABLE plain.idempotency (LIKE store.idempotency INCLUDING ALL);
"""
PLAIN_APPEND = """
WITH event AS (
  INSERT INTO plain.stored_events (originator_id, originator_version, topic, state, notification_id, epoch, class, organisation,
    occurred_at, recorded_at, correlation, causation, actor_kind, actor, traceparent)
  VALUES ($1, $2, $3, $4, nextval('plain.positions'), 1, $5, $6, $7, clock_timestamp(), $8, $9, $10, $11, $12)
  RETURNING notification_id
)
INSERT INTO plain.idempotency (principal, key, request, outcome, position, epoch, recorded_at)
SELECT $13, $14, $15, $16, notification_id, 1, clock_timestamp() FROM event RETURNING position
"""


def commands(count: int) -> list[Command]:
    """Each begins a stream of its own."""
    actor = Actor(ActorKind.STAFF, uuid4())
    principal = f"staff:{actor.id}"
    return [
        Command(
            act=Act(actor, NOW, uuid4(), f"1/{uuid4()}/3", TRACE, Idempotency(principal, str(uuid4()), STATE)),
            events=(event(uuid4()),),
        )
        for _ in range(count)
    ]


def event(stream: UUID, version: int = 1) -> NewEvent:
    return NewEvent(
        stream=stream,
        version=version,
        topic="ticket.resolved.v1",
        state=STATE,
        classification="confidential",
        organisation=ORGANISATION,
        occurred_at=NOW,
    )


def plain_row(command: Command) -> tuple[Any, ...]:
    """The same command as the arguments of PLAIN_APPEND."""
    act, new = command.act, command.events[0]
    assert act.idempotency is not None
    outcome = f'{{"ids":{{}},"versions":{{"{new.stream}":{new.version}}}}}'
    return (
        *(new.stream, new.version, new.topic, new.state, new.classification, new.organisation, new.occurred_at),
        *(act.correlation, act.causation, act.actor.kind, act.actor.id, act.traceparent),
        *(act.idempotency.principal, act.idempotency.key, STATE[:32], outcome),
    )


async def timed(work: list[Any], clients: int, one: Callable[[Any], Awaitable[object]]) -> tuple[float, float]:
    """Commands a second, and the 99th percentile of one command in milliseconds, with so many clients that each await their command."""
    waiting = iter(work)
    latencies: list[float] = []

    async def client() -> None:
        for each in waiting:
            began = perf_counter()
            await one(each)
            latencies.append(perf_counter() - began)

    gc.collect()
    gc.freeze()  # what was prepared is no garbage to look through, on either side
    try:
        began = perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        return len(work) / (perf_counter() - began), quantiles(latencies, n=100)[98] * 1000
    finally:
        gc.unfreeze()


async def _leave_as_it_is(connection: Any) -> None:
    """Nothing to reset: saves the peer a round trip."""


class Plain:
    """asyncpg's own pool of 16, without its reset; and the same 16 as a bare stack of prepared statements, which is faster still."""

    def __init__(self, pool: Any, stack: list[Any], connections: list[Any]) -> None:
        self._pool = pool
        self._free: asyncio.LifoQueue[Any] = asyncio.LifoQueue()
        self._connections = connections
        self._alone = stack[0]
        for statement in stack:
            self._free.put_nowait(statement)

    @classmethod
    async def open(cls, dsn: str) -> Plain:
        pool = await asyncpg.create_pool(dsn, min_size=16, max_size=16, reset=_leave_as_it_is, server_settings={"jit": "off"})
        connections = [await asyncpg.connect(dsn, server_settings={"jit": "off"}) for _ in range(16)]
        return cls(pool, [await connection.prepare(PLAIN_APPEND) for connection in connections], connections)

    async def append(self, row: tuple[Any, ...]) -> None:
        await self._pool.fetchval(PLAIN_APPEND, *row)

    async def append_prepared(self, row: tuple[Any, ...]) -> None:
        statement = await self._free.get()
        try:
            await statement.fetchval(*row)
        finally:
            self._free.put_nowait(statement)

    async def append_alone(self, row: tuple[Any, ...]) -> None:
        await self._alone.fetchval(*row)

    async def close(self) -> None:
        await self._pool.close()
        for connection in self._connections:
            await connection.close()


@contextmanager
def recorder(dsn: str) -> Iterator[PostgresApplicationRecorder]:
    """The library's own, with its defaults, in the schema public."""
    where = urlsplit(dsn)
    datastore = PostgresDatastore(
        dbname=where.path[1:],
        host=str(where.hostname),
        port=str(where.port),
        user=str(where.username),
        password=str(where.password),
    )
    made = PostgresApplicationRecorder(datastore)
    made.create_table()
    try:
        yield made
    finally:
        datastore.close()


def library_rate(recorder: PostgresApplicationRecorder, count: int) -> float:
    """Commands a second of the library's recorder under 32 threads."""
    events = [StoredEvent(uuid4(), 1, "ticket.resolved.v1", STATE) for _ in range(count)]
    with ThreadPoolExecutor(32) as threads:
        list(threads.map(lambda each: recorder.insert_events([each]), events[:64]))
        began = perf_counter()
        list(threads.map(lambda each: recorder.insert_events([each]), events[64:]))
        return (count - 64) / (perf_counter() - began)


async def run(ground: Ground) -> dict[str, Ratio]:
    database = ground.database()
    n32, n1 = Ratio("commands/s", target=4), Ratio("commands/s", target=0.7)
    p99 = Ratio("ms", target=0.25, at_most=True)
    library, prepared = Ratio("commands/s", target=20), Ratio("commands/s")
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute(PLAIN_TABLES)
    await owner.close()
    plain = await Plain.open(database.owner_dsn)
    with recorder(database.owner_dsn) as the_library:
        async with open_store(database.settings.postgres("append"), secret=b"bench") as store:

            async def ours(*, counts: bool = True) -> None:
                rate, late = await timed(commands(COMMANDS), 32, store.append)
                alone, _ = await timed(commands(ALONE), 1, store.append)
                if counts:
                    for ratio, figure in ((n32, rate), (prepared, rate), (library, rate), (p99, late), (n1, alone)):
                        ratio.ours.append(figure)

            async def theirs(*, counts: bool = True) -> None:
                rows = [plain_row(each) for each in commands(COMMANDS)]
                rate, late = await timed(rows, 32, plain.append)
                stacked, _ = await timed([plain_row(each) for each in commands(COMMANDS)], 32, plain.append_prepared)
                alone, _ = await timed([plain_row(each) for each in commands(ALONE)], 1, plain.append_alone)
                threads = await asyncio.to_thread(library_rate, the_library, 2 * ALONE)
                if counts:
                    for ratio, figure in ((n32, rate), (prepared, stacked), (library, threads), (p99, late), (n1, alone)):
                        ratio.peer.append(figure)

            await ours(counts=False)
            await theirs(counts=False)
            for number in range(ground.rounds * TURNS):
                for side in (ours, theirs) if number % 2 else (theirs, ours):
                    await side()
    await plain.close()
    return {
        "append.n32.vs_plain_asyncpg": n32,
        "append.n32.vs_16_prepared_statements": prepared,
        "append.n32.vs_eventsourcing_recorder": library,
        "append.n1.vs_plain_asyncpg": n1,
        "append.n32.p99_vs_plain_asyncpg": p99,
    }

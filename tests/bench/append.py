"""Appending: commands a second and their latency, against plain asyncpg and against the eventsourcing library's recorder.

Plain asyncpg writes the same rows, event with its envelope and idempotency key, as one statement and one transaction a command over
a pool of 16; everything it needs is made before the clock starts. It takes positions from a sequence, so its readers may miss events,
and judges neither versions nor keys but by its indexes: the peer has the easier task. Alone, it uses a prepared statement without a pool.

Measured on 2 quiet cores (medians): 25.4k commands/s at n=32 against 7.9k, 1.9k against 2.7k alone. A batch of 32 takes 1.25 ms: 0.63 of
PostgreSQL's CPU, 0.39 of ours, the rest until the disk (fdatasync of 34 kB: 0.1) and the other side wake up. PostgreSQL's part is its
floor: two INSERT … SELECT that make the same 32 rows of constants cost it 0.67 ms of CPU where store.append costs 0.71 (least of six
turns on a busy machine), and committing as much WAL without a row 0.22. A third goes into the 96 index entries. Four times the peer would
be 0.9 ms in all. Writing less would help: an outcome only where the event does not tell it, a hash of the key in the index instead of
two texts and no CHECKs are 8 to 16 % less of PostgreSQL's CPU, together. Half batches that overlap were tried: 10 % less at n=32.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median, quantiles
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from services.runtime.act import Act, Actor, ActorKind, Idempotency
from services.runtime.command import Command, NewEvent
from services.runtime.event_store import EventStore, open_store
from tests.bench import Ground, Ratio

COMMANDS, ALONE, TURNS = 3_200, 400, 4
"""Commands of a turn with 32 clients and with one, and turns of a round."""
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


@dataclass
class Side:
    """What one side did in one round: commands, the seconds they took, each one's latency."""

    commands: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    async def turn(self, work: Sequence[Any], clients: int, one: Callable[[Any], Awaitable[object]]) -> None:
        """So many clients share the work; each sends its next command when the one before is answered."""
        waiting = iter(work)

        async def client() -> None:
            for each in waiting:
                began = perf_counter()
                await one(each)
                self.latencies.append(perf_counter() - began)

        gc.collect()
        gc.freeze()  # what was prepared is no garbage to look through, on either side
        began = perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        self.seconds += perf_counter() - began
        gc.unfreeze()
        self.commands += len(work)

    @property
    def rate(self) -> float:
        """Commands a second."""
        return self.commands / self.seconds

    @property
    def p99(self) -> float:
        """Milliseconds within which 99 of 100 commands were answered."""
        return quantiles(self.latencies, n=100)[98] * 1000


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
    ratios = {
        "append.n32.vs_plain_asyncpg": Ratio("commands/s", target=4),
        "append.n32.vs_16_prepared_statements": Ratio("commands/s"),
        "append.n32.vs_eventsourcing_recorder": Ratio("commands/s", target=20),
        "append.n1.vs_plain_asyncpg": Ratio("commands/s", target=0.7),
        "append.n32.p99_vs_plain_asyncpg": Ratio("ms", target=0.25, at_most=True),
    }
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute(PLAIN_TABLES)
    await owner.close()
    plain = await Plain.open(database.owner_dsn)
    with recorder(database.owner_dsn) as the_library:
        async with open_store(database.settings.postgres("append"), secret=b"bench") as store:
            await _round(store, plain, the_library)
            for _ in range(ground.rounds):
                ours, theirs = await _round(store, plain, the_library)
                for ratio, mine, other in zip(ratios.values(), ours, theirs, strict=True):
                    ratio.ours.append(mine)
                    ratio.peer.append(other)
    await plain.close()
    return ratios


async def _round(store: EventStore, plain: Plain, library: PostgresApplicationRecorder) -> tuple[list[float], list[float]]:
    """Both sides in short turns, one after the other, so that a busy moment of the machine spoils little and both."""
    ours, alone, theirs, stacked, theirs_alone = Side(), Side(), Side(), Side(), Side()
    threads: list[float] = []
    for _ in range(TURNS):
        await ours.turn(commands(COMMANDS), 32, store.append)
        await theirs.turn([plain_row(each) for each in commands(COMMANDS)], 32, plain.append)
        await stacked.turn([plain_row(each) for each in commands(COMMANDS)], 32, plain.append_prepared)
        await alone.turn(commands(ALONE), 1, store.append)
        await theirs_alone.turn([plain_row(each) for each in commands(ALONE)], 1, plain.append_alone)
        threads.append(await asyncio.to_thread(library_rate, library, 2 * ALONE))
    return (
        [ours.rate, ours.rate, ours.rate, alone.rate, ours.p99],
        [theirs.rate, stacked.rate, median(threads), theirs_alone.rate, theirs.p99],
    )

"""Projecting in batches, against a transaction for each event: the same runner, the same log, the same durability, batches of one.

Both sides read ahead while they write, open what is sealed and move the checkpoint in the transaction of the rows. What is measured is
from the first commit to the last, so that connecting counts for neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from time import perf_counter
from typing import Any
from uuid import uuid4

import asyncpg
from uuid_utils.compat import uuid7

from projections.database import Statement
from projections.projection import Envelope, Projection
from projections.ticket_timeline import ticket_timeline
from projections.tickets import tickets
from services.projector import connector, reader, schemas, spare_the_collector
from services.projector.runner import LIMIT, Runner
from tests.bench import Ground, Ratio, alternate
from tests.ground import TestDatabase
from tests.services.parcel import ParcelScanned
from tests.services.projector.kills import affair
from tests.services.recording import act, recording

EVENTS = 60_000
ONE_BY_ONE = 1_500
TICKETS = 256
TICKET_MODELS = (tickets, ticket_timeline)

counter = Projection("counter", 1, "CREATE TABLE counter(stream uuid PRIMARY KEY, events int NOT NULL)")


@counter.on(ParcelScanned)
def counted(_: ParcelScanned, envelope: Envelope) -> Statement:
    return (
        "INSERT INTO counter VALUES ($1, 1) ON CONFLICT (stream) DO UPDATE SET events = counter.events + 1",
        (envelope.stream,),
    )


FILL = """
INSERT INTO store.stored_events (originator_id, originator_version, topic, state, notification_id, epoch, class, organisation,
  occurred_at, recorded_at, correlation, causation, actor_kind, actor, traceparent)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n % 6000), 12, '0'))::uuid, n / 6000 + 1, 'parcel.scanned.v1',
  convert_to('{"at":"2026-07-01T08:14:03.12Z","place":"Aarhus","lasted":"PT1H"}', 'UTF8'), n, 1, 'confidential', $2,
  now(), now(), gen_random_uuid(), NULL, 'user', $2, NULL
FROM generate_series(1, $1::int) AS n"""


class Side:
    """Projects the last `count` events of the log in batches of `limit`; the rate is in events/s."""

    def __init__(self, database: TestDatabase, projections: Sequence[Projection], limit: int, last: int, count: int) -> None:
        self._connect = connector(database.settings)
        self._reader = reader(database.settings)
        self._projections = projections
        self._limit = limit
        self._last = last
        self._count = count

    async def prepare(self, connection: Any) -> None:
        """Empty tables for what is measured; a side that takes the last events only has the earlier ones in place."""
        for projection in self._projections:
            for table in await schemas.tables(connection, projection.schema):
                await connection.execute(f'TRUNCATE "{projection.schema}"."{table}"')
        await connection.execute(
            "UPDATE projector.checkpoints SET position = $1 WHERE projection = ANY($2)",
            self._last - self._count,
            [projection.name for projection in self._projections],
        )

    async def __call__(self) -> float:
        connection = await self._connect([])
        await self.prepare(connection)
        runner = Runner(self._projections, self._connect, self._reader.fresh(), limit=self._limit)
        stop = asyncio.Event()
        task = asyncio.create_task(runner.run(stop))
        member = runner.members[0]
        first = self._last - self._count
        while member.position <= first:
            await asyncio.sleep(0.001)
        began, at = perf_counter(), member.position
        while member.position < self._last:
            await asyncio.sleep(0.002)
        spent = perf_counter() - began
        stop.set()
        await task
        await connection.close()
        return (self._last - at) / spent


async def write_tickets(database: TestDatabase, count: int) -> int:
    """A log of whole affairs: opened, written to, assigned, answered, noted, resolved, closed. Returns its last position."""
    lot = Random(1)
    people, organisations = [uuid7() for _ in range(100)], [uuid7() for _ in range(20)]
    async with recording(database) as recorded:
        for first in range(0, count, 32):
            await asyncio.gather(
                *(recorded.writer.add(act(), affair(lot, people, organisations, str(n))) for n in range(first, first + 32))
            )
        return (await recorded.store.head()).number


async def run(ground: Ground) -> dict[str, Ratio]:
    spare_the_collector()  # as the process does
    return {
        "project.counter.batch_vs_one_by_one": await counting(ground),
        "project.tickets.batch_vs_one_by_one": await ticketing(ground),
    }


async def counting(ground: Ground) -> Ratio:
    """One row, one upsert an event."""
    database = ground.database()
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute(FILL, EVENTS, uuid4())
    await owner.close()
    connection = await connector(database.settings)([])
    await schemas.ensure(connection, [counter])
    await connection.close()
    batches = Side(database, [counter], LIMIT, EVENTS, EVENTS)
    one_by_one = Side(database, [counter], 1, EVENTS, ONE_BY_ONE)
    return await alternate(Ratio("events/s", target=40), batches, one_by_one, ground.rounds)


async def ticketing(ground: Ground) -> Ratio:
    """Ticket and timeline with full text: tsvectors, their indexes, texts that are sealed in the log."""
    database = ground.database()
    last = await write_tickets(database, TICKETS)
    batches = Side(database, TICKET_MODELS, LIMIT, last, last)
    one_by_one = Side(database, TICKET_MODELS, 1, last, last)
    return await alternate(Ratio("events/s", target=2.5), batches, one_by_one, ground.rounds)

"""A log to project from: events go in through the real store, read models come out through the real runner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from domain.event import DomainEvent
from projections.projection import Projection
from services.projector import connector, reader, schemas
from services.projector.reading import EventReader
from services.projector.rebuild import Connect
from services.projector.runner import Runner
from services.runtime.command import Command, NewEvent, Receipt
from services.runtime.settings import Settings
from tests.ground import TestDatabase
from tests.services.parcel import NOON, Parcel
from tests.services.recording import Recording, act, recording


@dataclass
class Ground:
    settings: Settings
    recording: Recording
    connect: Connect
    reader: EventReader

    async def send(self, *places: str, recipient: UUID | None = None, name: str = "Ada") -> UUID:
        """A parcel, scanned at these places. Returns its stream."""
        parcel = Parcel.send(at=NOON, recipient=recipient or uuid4(), name=name)
        for place in places:
            parcel.scan(at=NOON, place=place)
        await self.recording.writer.add(act(), parcel)
        return parcel.id

    async def scan(self, parcel: UUID, *places: str) -> Receipt:
        for place in places:
            receipt = await self.recording.writer.change(act(), Parcel, parcel, Parcel.scan, at=NOON, place=place)
        return receipt

    async def say(self, parcel: UUID, text: str) -> UUID:
        entry = uuid4()
        await self.recording.writer.change(act(), Parcel, parcel, Parcel.leave_message, at=NOON, entry=entry, text=text)
        return entry

    async def erase(self, person: UUID) -> None:
        """As a contact is erased: the event on the person's own stream and the key destroyed, in one append."""
        await self.record(person, 1, "contact.erased.v1", b'{"at":"2026-07-01T12:00:00Z"}', destroy=person)

    async def record(self, stream: UUID, version: int, topic: str, state: bytes, *, destroy: UUID | None = None) -> Receipt:
        """An event as bytes, also one that nobody can decode."""
        event = NewEvent(
            stream=stream,
            version=version,
            topic=topic,
            state=state,
            classification="confidential",
            organisation=None,
            occurred_at=NOON,
        )
        destroyed = (destroy,) if destroy else ()
        return await self.recording.store.append(Command(act=act(), events=(event,), destroy_persons=destroyed))

    async def fetch(self, query: str, *args: object, schemas: Sequence[str] = ("parcels_v1", "paths_v1")) -> list[Any]:
        connection = await self.connect(schemas)
        try:
            rows: list[Any] = await connection.fetch(query, *args)
            return rows
        finally:
            await connection.close()

    async def ensure(self, *projections: Projection) -> None:
        connection = await self.connect([])
        try:
            await schemas.ensure(connection, projections)
        finally:
            await connection.close()

    @asynccontextmanager
    async def running(self, *projections: Projection, **options: Any) -> AsyncIterator[Runner]:
        """A projector, until the block ends."""
        await self.ensure(*projections)
        runner = Runner(projections, self.connect, self.reader.fresh(), **{"poll": 0.1, **options})
        stop = asyncio.Event()
        task = asyncio.create_task(runner.run(stop))
        try:
            yield runner
        finally:
            stop.set()
            await asyncio.wait_for(task, 20)

    async def project(self, *projections: Projection, **options: Any) -> None:
        """Let a projector come to the end of the log as it is now."""
        async with self.running(*projections, **options):
            await self.caught_up(*projections)

    async def caught_up(self, *projections: Projection, patience: float = 30.0) -> None:
        """Wait until all of these include the end of the log."""
        connection = await self.connect([])
        try:
            async with asyncio.timeout(patience):
                while True:
                    begun, behind = await connection.fetchrow(
                        "SELECT count(DISTINCT projection), count(*) FILTER (WHERE position <"
                        " (SELECT coalesce(max(notification_id), 0) FROM store.stored_events))"
                        " FROM projector.checkpoints WHERE projection = ANY($1)",
                        [projection.name for projection in projections],
                    )
                    if begun == len(projections) and not behind:  # a projector that starts has no checkpoints yet
                        return
                    await asyncio.sleep(0.01)
        finally:
            await connection.close()

    async def events(self, stream: UUID) -> list[DomainEvent]:
        return await self.recording.events(stream)


@asynccontextmanager
async def ground(database: TestDatabase) -> AsyncIterator[Ground]:
    async with recording(database) as recorded:
        yield Ground(database.settings, recorded, connector(database.settings), reader(database.settings))

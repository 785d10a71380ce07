"""A world in which the demo data is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from services.demo.chronicle import Chronicle
from services.demo.course import AT_ONCE, Report
from services.demo.customers import Member, is_demo_staff
from services.demo.plan import Scale
from services.demo.seed import Done, Seed
from services.projector.packs import packing
from services.runtime.writer import Writer
from tests.ground import TestDatabase
from tests.services.commands.desk import World, world
from tests.services.projector.ground import ground

UNTIL = datetime(2026, 6, 30, 12, tzinfo=UTC)


@dataclass
class Telling:
    on: World
    database: TestDatabase
    known: list[Member]

    async def told(
        self,
        scale: Scale,
        *,
        seed: int = 20260701,
        at_once: int = AT_ONCE,
        report: Report = lambda *_: None,
    ) -> Done:
        """As `support seed` does."""
        chronicle = Chronicle(seed)
        recording = self.on.recording
        writer = Writer(recording.store, recording.codec, recording.keyring, recording.digests, begin=chronicle.begin)
        desk = replace(self.on.desk, writer=writer, is_staff=is_demo_staff)

        async def remember(member: Member) -> None:
            self.known.append(member)

        async with ground(self.database) as below, packing(below.connect, below.reader.fresh()) as packs:
            return await Seed(desk, chronicle, remember, UNTIL, "full", at_once, packs, scale).run(report)

    async def streams(self) -> dict[str, list[str]]:
        """All that is recorded, decrypted, by stream."""
        store, found = self.on.recording.store, dict[str, list[str]]()
        rows, after = [], 0
        while page := await store.read(after, 1000):
            rows += page
            after = page[-1].position
        keys = await self.on.recording.keyring.open_for(rows)
        for row in sorted(rows, key=lambda each: each.version):
            event = self.on.recording.codec.event(row, keys)
            envelope = (row.occurred_at, row.correlation, row.actor_kind, row.actor, row.organisation, row.classification)
            found.setdefault(str(row.stream), []).append(f"{row.topic} {envelope} {event!r}")
        return found


@asynccontextmanager
async def telling(database: TestDatabase) -> AsyncIterator[Telling]:
    async with world(database) as on:
        yield Telling(on, database, [])

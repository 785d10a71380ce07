"""Are the read models what the log says? Asked while everything runs, answered for one moment.

One REPEATABLE READ transaction sees tables, checkpoints, log, keys and look-ups of the same moment. In it each projection is rebuilt into
a scratch schema up to its live checkpoint and compared with the live tables, row by row and column by column; then it is rolled back, so
whatever interrupts it leaves nothing. What differs is named by table, key and column, never by content.

A key that was destroyed after a checkpoint makes the scratch tables read None where the live ones still, rightly, have text: the projector
has not come to it yet. Such a moment is no good; another is taken a little later.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from projections.projection import Projection
from services.projector import log, schemas
from services.projector.checkpoints import Member, look
from services.projector.comparison import Difference, compare, compare_parked
from services.projector.log import Reader, topics_of
from services.projector.lookups import Expectation, check_erased, check_lookups
from services.projector.progress import Report, silent
from services.projector.rebuild import WINDOW, Build

Connect = Callable[[Sequence[str]], Awaitable[Any]]


class NoGoodMoment(Exception):
    """The projector stays behind destroyed keys, so there is no moment at which both sides can be compared."""


@dataclass
class Verdict:
    """What was compared and what differs; equal when nothing does."""

    position: int
    tables: int = 0
    rows: int = 0
    lookups: int = 0
    erased: int = 0
    parked: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return not self.differences

    def as_json(self) -> bytes:
        return msgspec.json.encode({"equal": self.equal, **msgspec.to_builtins(self)})


async def verify(
    connect: Connect,
    projections: Sequence[Projection],
    reader: Reader,
    *,
    report: Report = silent,
    expected: Expectation | None = None,
    patience: float = 30.0,
) -> Verdict:
    """Rebuild and compare. Raises NoGoodMoment after `patience` seconds without one."""
    connection = await connect([])
    try:
        deadline = asyncio.get_running_loop().time() + patience
        while True:
            names = [
                f'"{each.schema}"."{table}"' for each in projections for table in await schemas.tables(connection, each.schema)
            ]
            transaction = connection.transaction(isolation="repeatable_read")
            await transaction.start()
            try:
                # Keeps a rebuild from swapping the tables: a table made after our snapshot would look empty. LOCK takes no snapshot.
                await connection.execute(f"LOCK TABLE {', '.join(names)} IN ACCESS SHARE MODE")
                members = [Member(each, topics_of([each], reader)) for each in projections]
                await look(connection, members)
                if not await _keys_destroyed_after(connection, min(member.position for member in members)):
                    return await _Verification(connection, reader, members, expected).run(report)
            finally:
                await transaction.rollback()
            if asyncio.get_running_loop().time() > deadline:
                raise NoGoodMoment("keys were destroyed at positions that the projector has not come to: is it running?")
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


class _Verification:
    """One pass over the log, inside the one transaction."""

    def __init__(self, connection: Any, reader: Reader, live: Sequence[Member], expected: Expectation | None) -> None:
        self._connection = connection
        self._reader = reader
        self._live = live
        self._expected = expected
        self._builds = [Build(Member(member.projection, member.topics)) for member in live]
        self._lookups: Counter[tuple[str, UUID, UUID | None]] = Counter()
        self._erased: list[tuple[int, UUID]] = []

    async def run(self, report: Report) -> Verdict:
        epoch, head = await log.head(self._connection)
        for build in self._builds:
            await schemas.build(self._connection, build.member.projection, _scratch(build.member.projection))
            await schemas.drop_search_indexes(self._connection, _scratch(build.member.projection))
        await schemas.search(self._connection, [_scratch(build.member.projection) for build in self._builds])
        after = 0
        report(0, head)
        while after < head:
            after = await self._window(after, min(after + WINDOW, head), epoch)
            report(after, head)
        return await self._judge()

    async def _window(self, after: int, upto: int, epoch: int) -> int:
        """Take the log up to `upto`, or to the nearest checkpoint before it, since a batch is taken whole."""
        upto = min([upto, *(member.position for member in self._live if member.position > after)])
        of_lookups = self._expected.events if self._expected else frozenset()
        seen = frozenset(topic for event in of_lookups for topic in self._reader.topics(event))
        wanted = seen.union(*(member.topics for member in self._live))
        rows = await log.rows_about(self._connection, after, upto, [*wanted, *log.ERASURES])
        batch = await log.read(self._connection, self._reader, rows, wanted, after=after, upto=upto, epoch=epoch)
        for live, build in zip(self._live, self._builds, strict=True):
            if upto <= live.position:
                await build.take(self._connection, batch)
        self._erased += batch.erased
        for item in batch.items if self._expected else ():
            if type(item.event) in of_lookups and item.event is not None and self._expected:
                for kind, owner, subject, held in self._expected.facts(item.event):
                    self._lookups[kind, owner, subject] += 1 if held else -1
        return upto

    async def _judge(self) -> Verdict:
        verdict = Verdict(min(member.position for member in self._live))
        subjects = [subject for _, subject in self._erased]
        for live, build in zip(self._live, self._builds, strict=True):
            projection = live.projection
            tables, rows, differences = await compare(self._connection, projection.schema, _scratch(projection))
            parked, apart = await compare_parked(self._connection, projection.name, projection.version, build.aside)
            verdict.tables, verdict.rows, verdict.parked = verdict.tables + tables, verdict.rows + rows, verdict.parked + parked
            verdict.differences += [*differences, *apart]
        known = [(live.projection, [who for at, who in self._erased if at <= live.position]) for live in self._live]
        verdict.differences += await check_erased(self._connection, known, subjects)
        for kind, owner, subject in [key for key in self._lookups if key[2] in set(subjects)]:
            del self._lookups[kind, owner, subject]
        kinds = sorted(self._expected.kinds) if self._expected else []
        verdict.lookups, wrong = await check_lookups(self._connection, self._lookups, kinds)
        verdict.differences += wrong
        verdict.erased = len(set(subjects))
        return verdict


def _scratch(projection: Projection) -> str:
    return f"{projection.schema}_verify"


async def _keys_destroyed_after(connection: Any, position: int) -> bool:
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM store.person_keys WHERE destroyed_at >= since)"
            " OR EXISTS (SELECT FROM store.entry_keys WHERE destroyed_at >= since)"
            " FROM (SELECT min(recorded_at) AS since FROM store.stored_events WHERE notification_id > $1) AS after",
            position,
        )
    )

"""Review packs from the log alone: the facts of reports rebuilt up to a position in a scratch schema, and counted there.

So a pack that was frozen is proved to be what the log said then, whatever was recorded since; and a pack can be made where no projector
runs. Everything happens in one transaction that is rolled back, so whatever interrupts it leaves nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from domain.meetings.events import MeetingPackFrozen, MeetingRevived, MeetingScheduled
from domain.meetings.quarters import Quarter
from projections.report_facts import report_facts
from projections.review_pack import review_pack
from projections.review_pack_subject import Packed, Subject
from services.projector import log, schemas
from services.projector.checkpoints import Member
from services.projector.log import Reader, topics_of
from services.projector.progress import Report, silent
from services.projector.rebuild import WINDOW, Build
from services.runtime.event_log import EventLog

Connect = Callable[[Sequence[str]], Awaitable[Any]]
FROZEN = (
    "SELECT e.originator_id AS stream, max(e.originator_version) AS version FROM store.stored_events e"
    " WHERE e.topic = $1 AND ($2::uuid[] IS NULL OR e.originator_id = ANY($2)) GROUP BY 1"
)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A pack as it stands in the log."""

    ref: str
    subject: Subject
    epoch: int
    position: int
    sha256: str
    text: str


@dataclass(frozen=True, slots=True)
class Reproduced:
    """`sha256` is what the log gives now; `aside` how many events could not be taken, in which case it proves nothing."""

    ref: str
    meeting: UUID
    position: int
    frozen: str
    sha256: str
    aside: int = 0

    @property
    def equal(self) -> bool:
        return self.frozen == self.sha256 and not self.aside


async def frozen_packs(connect: Connect, reader: Reader, meetings: Sequence[UUID] | None = None) -> list[Frozen]:
    """The packs that stand, of these meetings or of all, oldest first. A pack that was cancelled with its meeting is not among them."""
    connection = await connect([])
    try:
        found = await connection.fetch(FROZEN, MeetingPackFrozen.TOPIC, None if meetings is None else list(meetings))
        packs = [await _frozen(connection, reader, row["stream"]) for row in found]
    finally:
        await connection.close()
    return sorted((each for each in packs if each is not None), key=lambda each: each.position)


async def reproduce(connect: Connect, reader: Reader, packs: Sequence[Frozen], *, report: Report = silent) -> list[Reproduced]:
    """Go through the log once, stop at each pack's position, and count again what the pack counted."""
    done: list[Reproduced] = []
    async with _scratch(connect, reader) as scratch:
        last = max((each.position for each in packs), default=0)
        for each in sorted(packs, key=lambda pack: pack.position):
            await scratch.bring(each.position, lambda at: report(at, last))
            again = await review_pack(scratch.connection, each.subject, each.epoch, each.position)
            same_text = sha256(each.text.encode()).hexdigest() == each.sha256
            found = sha256(again.text.encode()).hexdigest() if same_text else "the frozen text does not have its own hash"
            aside = len(scratch.build.aside)
            done.append(Reproduced(each.ref, each.subject.meeting, each.position, each.sha256, found, aside))
    return done


@asynccontextmanager
async def packing(connect: Connect, reader: Reader) -> AsyncIterator[Callable[[Subject], Awaitable[Packed]]]:
    """Packs of the log as it is whenever one is asked for, without a read model: for who tells a history while no projector runs.

    Each goes on from where the last one was, so that many cost one passage through the log.
    """
    async with _scratch(connect, reader, isolation="read_committed") as scratch:

        async def pack(subject: Subject) -> Packed:
            epoch, head = await log.head(scratch.connection)
            await scratch.bring(head)
            return await review_pack(scratch.connection, subject, epoch, head)

        yield pack


@dataclass
class _Scratch:
    connection: Any
    reader: Reader
    build: Build

    async def bring(self, upto: int, report: Callable[[int], None] = lambda _: None) -> None:
        member = self.build.member
        epoch, _ = await log.head(self.connection)
        while member.position < upto:
            end = min(member.position + WINDOW, upto)
            rows = await log.rows_about(self.connection, member.position, end, [*member.topics])
            batch = await log.read(
                self.connection, self.reader, rows, member.topics, after=member.position, upto=end, epoch=epoch
            )
            await self.build.take(self.connection, batch)
            report(end)


@asynccontextmanager
async def _scratch(connect: Connect, reader: Reader, isolation: str = "repeatable_read") -> AsyncIterator[_Scratch]:
    connection = await connect([])
    try:
        transaction = connection.transaction(isolation=isolation)
        await transaction.start()
        try:
            schema = f"{report_facts.schema}_pack"
            await schemas.build(connection, report_facts, schema)
            await schemas.search(connection, [schema])
            yield _Scratch(connection, reader, Build(Member(report_facts, topics_of([report_facts], reader))))
        finally:
            await transaction.rollback()
    finally:
        await connection.close()


async def _frozen(connection: Any, reader: Reader, meeting: UUID) -> Frozen | None:
    """From the meeting's own events alone, not from what the pack says of itself."""
    rows = await EventLog(connection).stream(meeting)
    decode = await reader.opened(connection, rows)
    first: MeetingScheduled | None = None
    pack: MeetingPackFrozen | None = None
    for row in rows:
        match decode(row):
            case MeetingScheduled() as scheduled:
                first = scheduled
            case MeetingPackFrozen() as frozen:
                pack = frozen
            case MeetingRevived():
                pack = None
    if first is None or pack is None:
        return None
    quarter = Quarter(first.year, first.quarter)
    subject = Subject(
        meeting=meeting,
        organisation=first.organisation,
        contract=first.contract,
        quarter=quarter.name,
        time_zone=first.time_zone,
        from_=quarter.begins(first.time_zone),
        to=min(quarter.ends(first.time_zone), pack.timestamp),
    )
    return Frozen(first.ref, subject, pack.epoch, pack.position, pack.sha256, pack.pack)


def as_json(done: Sequence[Reproduced]) -> bytes:
    told = [{"equal": each.equal, **msgspec.to_builtins(each)} for each in done]
    return msgspec.json.encode({"equal": all(each.equal for each in done), "packs": told})

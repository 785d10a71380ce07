"""One promise's clock: what it counted, when it falls due, and every stretch of time behind that.

Pure arithmetic on a clock and the marks of its ticket; which events make marks is said in sla.py, with the decisions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from domain import calendars
from domain.calendars import Calendar
from domain.tickets.status import ENDED, WAITING, Status
from domain.tickets.vocabulary import SlaMetric

ZERO = timedelta()


class SlaState(StrEnum):
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    MET = "MET"
    BREACHED = "BREACHED"
    SUPERSEDED = "SUPERSEDED"


class SlaIntervalKind(StrEnum):
    COUNTED = "COUNTED"
    PAUSED = "PAUSED"
    OUTSIDE_CALENDAR = "OUTSIDE_CALENDAR"


class SlaCause(StrEnum):
    """What began a stretch."""

    TICKET_OPENED = "TICKET_OPENED"
    TARGET_APPLIED = "TARGET_APPLIED"
    STATUS_CHANGED = "STATUS_CHANGED"
    CALENDAR = "CALENDAR"
    FIRST_REPLY = "FIRST_REPLY"
    REOPENED = "REOPENED"


class Mark(NamedTuple):  # tuples, because a ticket makes many of them and frozen dataclasses are made ten times slower
    """From `at` on the ticket stood in `status`; `version` is that of the event which said so."""

    at: datetime
    status: Status
    cause: SlaCause
    version: int


class Clock(NamedTuple):
    """One promise. `end` is MET, BREACHED or SUPERSEDED, None while it is owed; `started_at` is the first predecessor's start."""

    target: UUID
    metric: SlaMetric
    within: timedelta
    imminent_after: timedelta
    calendar: Calendar
    policy: str
    applied_at: datetime
    version: int
    started_at: datetime
    supersedes: UUID | None = None
    warned: bool = False
    end: SlaState | None = None
    ended_at: datetime | None = None

    def counts_in(self, status: Status) -> bool:
        return status not in ENDED and (self.metric is not SlaMetric.RESOLUTION or status not in WAITING)


@dataclass(frozen=True)
class Interval:
    """A stretch of a ledger. `to` None: it goes on. `entry` is the version of the event that began it; None: the calendar did."""

    from_: datetime
    to: datetime | None
    kind: SlaIntervalKind
    cause: SlaCause
    counted: timedelta
    entry: int | None


@dataclass(frozen=True)
class _Span:
    """A part of a clock's life in which nothing changed but the time; `end` None: it goes on."""

    start: datetime
    end: datetime | None
    counts: bool
    cause: SlaCause
    entry: int


def consumed(clock: Clock, marks: Sequence[Mark], until: datetime) -> timedelta:
    """Counted time up to an instant, or up to the clock's end where that is earlier."""
    total = ZERO
    for span in _spans(clock, marks):
        if span.counts:
            total += calendars.counted(clock.calendar, span.start, until if span.end is None else min(span.end, until))
    return total


def reaches(clock: Clock, marks: Sequence[Mark], amount: timedelta) -> datetime | None:
    """When so much time is counted, if it was or if the clock goes on; never before the target was applied. None: it stands still."""
    for span in _spans(clock, marks):
        if not span.counts:
            continue
        if span.end is not None:
            counted = calendars.counted(clock.calendar, span.start, span.end)
            if counted < amount:
                amount -= counted
                continue
        reached = calendars.after(clock.calendar, span.start, amount)
        return None if reached is None else max(reached, clock.applied_at)
    return None


def ledger(clock: Clock, marks: Sequence[Mark], until: datetime) -> list[Interval]:
    """Every stretch from the clock's start up to an instant, gapless; the sum of what was counted is what was consumed.

    The last one is open while the promise is owed; `until` is then only how far it was looked at.
    """
    intervals: list[Interval] = []
    for span in _spans(clock, marks):
        if intervals and span.start >= until:
            break
        end = until if span.end is None else min(span.end, until)
        intervals.extend(_expanded(clock, span, max(end, span.start)))
    if intervals and clock.end is None:
        intervals[-1] = replace(intervals[-1], to=None)
    return intervals


def _spans(clock: Clock, marks: Sequence[Mark]) -> Iterator[_Span]:
    """The clock's life cut at marks. Parts without length are left out; the earlier cause stays where counting did not change."""
    since, cause, entry = clock.started_at, SlaCause.TARGET_APPLIED, clock.version
    here = Status.NEW
    cuts: list[tuple[datetime, int, SlaCause, Status | None]] = []
    for mark in marks:
        if mark.at > since:
            cuts.append((mark.at, mark.version, mark.cause, mark.status))
            continue
        here = mark.status
        if mark.at == since and mark.cause is SlaCause.TICKET_OPENED:
            cause, entry = mark.cause, mark.version
    if clock.applied_at > since:
        cuts.append((clock.applied_at, clock.version, SlaCause.TARGET_APPLIED, None))
        cuts.sort(key=lambda cut: cut[:2])
    for at, version, why, status in cuts:
        if clock.ended_at is not None and at >= clock.ended_at:
            break
        becomes = here if status is None else status
        if at > since:
            yield _Span(since, at, clock.counts_in(here), cause, entry)
            since, cause, entry = at, why, version
        elif clock.counts_in(becomes) != clock.counts_in(here):
            cause, entry = why, version
        here = becomes
    if clock.ended_at is None or clock.ended_at > since:
        yield _Span(since, clock.ended_at, clock.counts_in(here), cause, entry)


def _expanded(clock: Clock, span: _Span, end: datetime) -> Iterator[Interval]:
    """A span cut by its calendar."""
    if not span.counts:
        yield Interval(span.start, end, SlaIntervalKind.PAUSED, span.cause, ZERO, span.entry)
        return
    began: tuple[SlaCause, int | None] = (span.cause, span.entry)
    at = span.start
    for opening in calendars.opening_stretches(clock.calendar, span.start, end):
        if opening.start > at:
            yield Interval(at, opening.start, SlaIntervalKind.OUTSIDE_CALENDAR, began[0], ZERO, began[1])
            began = (SlaCause.CALENDAR, None)
        yield Interval(opening.start, opening.end, SlaIntervalKind.COUNTED, began[0], opening.length, began[1])
        began, at = (SlaCause.CALENDAR, None), opening.end
    if at < end or at == span.start:
        open_now = at == end and calendars.counted(clock.calendar, at, at + timedelta.resolution) > ZERO
        kind = SlaIntervalKind.COUNTED if open_now else SlaIntervalKind.OUTSIDE_CALENDAR
        yield Interval(at, end, kind, began[0], ZERO, began[1])

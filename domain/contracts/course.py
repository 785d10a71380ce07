"""How a contract runs: what it gives in which stretch of time, how it stands, and which instants are still to come.

A value that follows from events alone, for the aggregate that judges and the projections that show. All stretches are half-open,
`[from_, to)`: at `to` the next one counts. A suspension halts what is given and moves no date.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.catalogue import Capability
from domain.contracts.vocabulary import CeaseCause, ContractStatus, ServiceManagerMode


@dataclass(frozen=True, slots=True)
class Interval:
    """`to` is not included; None is open."""

    from_: datetime
    to: datetime | None = None

    def covers(self, at: datetime) -> bool:
        return self.from_ <= at and (self.to is None or at < self.to)

    def overlaps(self, other: Interval) -> bool:
        return (other.to is None or self.from_ < other.to) and (self.to is None or other.from_ < self.to)


@dataclass(frozen=True, slots=True)
class Plan:
    """A product from `from_` on, until the next plan."""

    product: str
    capabilities: tuple[Capability, ...]
    from_: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """A product for a time."""

    product: str
    capabilities: tuple[Capability, ...]
    time: Interval

    def gives(self, capability: Capability) -> bool:
        return capability in self.capabilities


@dataclass(frozen=True, slots=True)
class Assignment:
    """A service manager for a time."""

    manager: UUID
    mode: ServiceManagerMode
    time: Interval


class Turn(StrEnum):
    """What an instant brings."""

    START = "START"
    CEASE = "CEASE"
    EXPIRE = "EXPIRE"


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant at which what a contract gives changes. `stretch` is what it gives from then on, for START."""

    at: datetime
    turn: Turn
    because: CeaseCause | None = None
    stretch: Stretch | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The last moment that was recorded; `product` for START."""

    at: datetime
    turn: Turn
    product: str | None = None


@dataclass(frozen=True)
class Course:
    """`to` is the agreed end, `terminated_at` an earlier one; `activated_at` and `discarded_at` are when that was said."""

    contract: UUID
    organisation: UUID
    ref: str
    drafted_at: datetime
    plans: tuple[Plan, ...]
    to: datetime | None = None
    activated_at: datetime | None = None
    discarded_at: datetime | None = None
    terminated_at: datetime | None = None
    suspensions: tuple[Interval, ...] = ()
    told: Told | None = None
    managers: tuple[Assignment, ...] = ()
    services: tuple[UUID, ...] = ()

    @property
    def begins(self) -> datetime:
        return self.plans[0].from_

    @property
    def ends(self) -> datetime | None:
        """When it ends, by its term or early."""
        return earlier(self.to, self.terminated_at)

    @property
    def periods(self) -> list[Stretch]:
        """Its products, past and planned, gapless, without regard to suspensions. Empty when it ends before it begins."""
        nexts = [*(plan.from_ for plan in self.plans[1:]), None]
        found = []
        for plan, following in zip(self.plans, nexts, strict=True):
            until = earlier(following, self.ends)
            if until is None or plan.from_ < until:
                found.append(Stretch(plan.product, plan.capabilities, Interval(plan.from_, until)))
        return found

    @property
    def stretches(self) -> list[Stretch]:
        """What it gives and when: its periods without the suspensions. Nothing before it was activated."""
        if self.activated_at is None:
            return []
        return [
            Stretch(period.product, period.capabilities, part)
            for period in self.periods
            for part in without(period.time, self.suspensions)
        ]

    def stretch_at(self, at: datetime) -> Stretch | None:
        return next((stretch for stretch in self.stretches if stretch.time.covers(at)), None)

    def period_at(self, at: datetime) -> Stretch:
        """The period at an instant; before the first, that; after the last, that: what to call its product."""
        past = [plan for plan in self.plans if plan.from_ <= at] or [self.plans[0]]
        return next(
            (period for period in self.periods if period.time.covers(at)),
            Stretch(past[-1].product, past[-1].capabilities, Interval(past[-1].from_, self.ends)),
        )

    @property
    def states(self) -> list[tuple[ContractStatus, Interval]]:
        """How it stands when, from its drafting on, gapless."""
        if self.activated_at is None:
            draft = (ContractStatus.DRAFT, Interval(self.drafted_at, self.discarded_at))
            return [draft] if self.discarded_at is None else [draft, (ContractStatus.TERMINATED, Interval(self.discarded_at))]
        alive = Interval(self.activated_at, None if self.ends is None else max(self.ends, self.activated_at))
        marks: list[tuple[datetime, ContractStatus]] = [
            (self.drafted_at, ContractStatus.DRAFT),
            (alive.from_, ContractStatus.ACTIVE),
        ]
        for suspension in self.suspensions:
            marks.append((max(suspension.from_, alive.from_), ContractStatus.SUSPENDED))
            if suspension.to is not None:
                marks.append((max(suspension.to, alive.from_), ContractStatus.ACTIVE))
        if alive.to is not None:
            ended = ContractStatus.TERMINATED if self.terminated_at is not None else ContractStatus.EXPIRED
            marks = [*(mark for mark in marks if mark[0] < alive.to), (alive.to, ended)]
        nexts = [*(at for at, _ in marks[1:]), None]
        return [
            (status, Interval(at, until))
            for (at, status), until in zip(marks, nexts, strict=True)
            if until is None or at < until
        ]

    def status_at(self, at: datetime) -> ContractStatus:
        """How it stands at an instant, whether or not anybody has recorded yet that it came."""
        found = next((status for status, time in self.states if time.covers(at)), None)
        return found or self.states[0][0]

    @property
    def moments(self) -> list[Moment]:
        """What is still to be recorded, in order."""
        if self.activated_at is None:
            return []
        stretches = self.stretches
        starts = {stretch.time.from_: stretch for stretch in stretches}
        ceases = {stretch.time.to for stretch in stretches if stretch.time.to is not None} - starts.keys()
        found = [Moment(at, Turn.START, stretch=stretch) for at, stretch in starts.items()]
        found += [Moment(at, Turn.CEASE, CeaseCause.SUSPENDED) for at in ceases if at != self.ends]
        if self.ends is not None and self.terminated_at is None:
            found.append(Moment(self.ends, Turn.EXPIRE))
        elif self.ends is not None and (self.begins < self.ends):
            found.append(Moment(self.ends, Turn.CEASE, CeaseCause.TERMINATED))
        news = [moment for moment in found if self._is_news(moment)]
        if not any(self.told is not None and moment.at == self.told.at for moment in news):
            news += self._corrected()
        return sorted(news, key=lambda moment: moment.at)

    def _corrected(self) -> list[Moment]:
        """What was told last and is so no more, because a command at that very instant undid it."""
        if self.told is None:
            return []
        at, given = self.told.at, self.stretch_at(self.told.at)
        if self.told.turn is Turn.START and given is None:
            ended = self.terminated_at is not None and self.terminated_at <= at
            return [Moment(at, Turn.CEASE, CeaseCause.TERMINATED if ended else CeaseCause.SUSPENDED)]
        if given is not None and given.product != self.told.product:
            return [Moment(at, Turn.START, stretch=given)]
        return []

    def _is_news(self, moment: Moment) -> bool:
        if self.told is None or moment.at > self.told.at:
            return True
        said = Told(moment.at, moment.turn, moment.stretch.product if moment.stretch else None)
        # At the very instant told last a command may have changed what it brings.
        return moment.at == self.told.at and said != self.told

    @property
    def manager(self) -> Assignment | None:
        """The service manager now, until somebody says otherwise."""
        return next((each for each in self.managers if each.time.to is None), None)

    @property
    def served(self) -> Interval | None:
        """From when until when that service manager serves: to the end or the first product without one, noted or not. None: never."""
        if self.manager is None:
            return None
        since = self.manager.time.from_
        losses = [
            each.time.from_
            for each in self.stretches
            if each.time.from_ >= since and not each.gives(Capability.SERVICE_MANAGER)
        ]
        until = earlier(self.ends, min(losses, default=None))
        return Interval(since, until) if until is None or since < until else None


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two ends; None never comes."""
    return min((each for each in (one, other) if each is not None), default=None)


def without(time: Interval, gaps: Iterable[Interval]) -> list[Interval]:
    """What remains of a time when the gaps, in order and apart, are taken out."""
    parts: list[Interval] = []
    start: datetime | None = time.from_
    for gap in gaps:
        if start is None or not time.overlaps(gap):
            continue
        if start < gap.from_:
            parts.append(Interval(start, gap.from_))
        start = None if gap.to is None else max(start, gap.to)
    if start is not None and (time.to is None or start < time.to):
        parts.append(Interval(start, time.to))
    return parts

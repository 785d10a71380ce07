"""The figures of reports, counted again in the plainest way: event by event, ticket by ticket, bucket by bucket, without any table.

Shares nothing with what it judges but the events. All promises of these histories count day and night.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from domain.event import DomainEvent
from domain.tickets import events as e

ENDED = {"RESOLVED", "CLOSED", "MERGED", "SPAM"}
WAITING = {"PENDING_CUSTOMER", "ON_HOLD", "SNOOZED"}
MOVES = {
    e.TicketOpened: "NEW", e.TicketWorkStarted: "OPEN", e.TicketCustomerAwaited: "PENDING_CUSTOMER", e.TicketPutOnHold: "ON_HOLD",
    e.TicketSnoozed: "SNOOZED", e.TicketWoken: "OPEN", e.TicketResolved: "RESOLVED", e.TicketClosed: "CLOSED", e.TicketReopened: "OPEN",
    e.TicketMerged: "MERGED", e.TicketMarkedAsSpam: "SPAM", e.TicketUnmarkedAsSpam: "NEW",
}  # fmt: skip
COUNTED_MOVES = {e.TicketOpened: "opened", e.TicketResolved: "resolved", e.TicketReopened: "reopened", e.TicketClosed: "closed"}
MICROSECOND = timedelta(microseconds=1)


@dataclass
class Promise:
    metric: str
    within: timedelta
    started: datetime
    applied: datetime
    state: str = "RUNNING"
    ended: datetime | None = None


@dataclass
class Life:
    """What one ticket's events say."""

    events: Sequence[DomainEvent]
    organisation: UUID | None = None
    stands: list[tuple[datetime, str]] = field(default_factory=list)
    open: list[list[datetime | None]] = field(default_factory=list)
    promises: dict[UUID, Promise] = field(default_factory=dict)
    resolutions: dict[int, list[Any]] = field(default_factory=dict)
    responded: datetime | None = None
    imported: bool = False
    before: str = ""

    def __post_init__(self) -> None:
        for event in self.events:
            self.hear(event)

    def hear(self, event: DomainEvent) -> None:
        at = max(event.timestamp, self.stands[-1][0]) if self.stands else event.timestamp
        kind = type(event)
        if isinstance(event, e.TicketMerged):
            self.before = self.status
        if kind in MOVES:
            self.stands.append((at, MOVES[kind]))
        if isinstance(event, e.TicketUnmerged):
            self.stands.append((at, self.before))
        if kind in (e.TicketOpened, e.TicketReopened, e.TicketUnmarkedAsSpam) and all(each[1] for each in self.open):
            self.open.append([event.timestamp, None])
        if kind in (e.TicketResolved, e.TicketClosed, e.TicketMarkedAsSpam):
            for each in self.open:
                if each[1] is None:
                    assert each[0] is not None
                    each[1] = max(each[0], event.timestamp)
        match event:
            case e.TicketOpened() | e.TicketTransferredToOrganisation():
                self.organisation = event.organisation
            case e.TicketReplySent(first_response=True):
                self.responded = event.timestamp
                self.stands.append((at, self.status))
            case e.TicketHistoryImported():
                self.imported = True
            case e.TicketResolved():
                self.resolutions[event.episode] = [event.timestamp, None]
            case e.TicketSatisfactionRated():
                self.resolutions[event.episode][1] = event.score
            case e.TicketReopened():
                for promise in self.promises.values():
                    if promise.metric == "RESOLUTION" and promise.state == "MET":
                        promise.state, promise.ended = "RUNNING", None
            case e.TicketSlaApplied():
                old = self.promises.get(event.supersedes) if event.supersedes else None
                if old is not None:
                    old.state = "SUPERSEDED"
                self.promises[event.target] = Promise(event.metric.value, event.within, old.started if old else at, at)
            case e.TicketSlaMet():
                promise = self.promises[event.target]
                promise.state, promise.ended = "MET", max(at, promise.applied)
            case e.TicketSlaBreached():
                promise = self.promises[event.target]
                promise.state, promise.ended = "BREACHED", max(event.breached_at, promise.applied)

    @property
    def status(self) -> str:
        return self.stands[-1][1]

    @property
    def counted(self) -> bool:
        return self.status not in ("MERGED", "SPAM")

    def counts(self, metric: str) -> Callable[[str], bool]:
        return lambda stood: stood not in ENDED and (metric != "RESOLUTION" or stood not in WAITING)

    def spans(self, metric: str, since: datetime) -> list[tuple[datetime, datetime | None]]:
        """When the clock of this kind goes, from an instant on."""
        ends = [*(at for at, _ in self.stands[1:]), None]
        found: list[tuple[datetime, datetime | None]] = []
        for (begin, stood), end in zip(self.stands, ends, strict=True):
            begin = max(begin, since)
            if self.counts(metric)(stood) and (end is None or end > begin):
                found.append((begin, end))
        return found

    def spent(self, metric: str, until: datetime) -> int:
        of_kind = [each for each in self.promises.values() if each.metric == metric]
        since = of_kind[-1].started if of_kind else self.stands[0][0]
        total = timedelta()
        for begin, end in self.spans(metric, since):
            last = until if end is None else min(end, until)
            total += max(last - begin, timedelta())
        return total // MICROSECOND

    def due(self, promise: Promise) -> datetime | None:
        left = promise.within
        for begin, end in self.spans(promise.metric, promise.started):
            if end is None or end - begin >= left:
                return max(begin + left, promise.applied)
            left -= end - begin
        return None

    def over(self, promise: Promise, now: datetime) -> tuple[str, datetime] | None:
        if promise.state in ("MET", "BREACHED"):
            assert promise.ended is not None
            return promise.state, promise.ended
        due = self.due(promise)
        return ("BREACHED", due) if due is not None and due < now else None

    def resolved(self) -> datetime | None:
        at: datetime | None = None
        for when, stood in self.stands:
            at = when if stood == "RESOLVED" else at if stood in ENDED else None
        return at


Bounds = tuple[datetime, datetime]


def volume(lives: Sequence[Life], bounds: Bounds) -> dict[str, int]:
    begin, end = bounds
    found = dict.fromkeys([*COUNTED_MOVES.values(), "backlog"], 0)
    for life in lives:
        for event in life.events:
            if type(event) in COUNTED_MOVES and begin <= event.timestamp < end:
                found[COUNTED_MOVES[type(event)]] += 1
        found["backlog"] += sum(1 for since, to in life.open if since is not None and since < end and (to is None or to >= end))
    return found


def ages(lives: Sequence[Life], bounds: Bounds, now: datetime) -> tuple[list[int], int | None]:
    end, days = bounds[1], timedelta(days=1)
    found, oldest = [0] * 5, None
    for life in lives:
        for since, to in life.open:
            if since is not None and since < end and (to is None or to >= end):
                age = min(end, now) - life.events[0].timestamp
                found[sum(age >= each * days for each in (1, 3, 7, 30))] += 1
                oldest = max(oldest or 0, age // MICROSECOND)
    return found, oldest


def compliance(lives: Sequence[Life], bounds: Bounds, now: datetime) -> dict[str, list[int]]:
    """By metric: met, breached, running."""
    begin, end = bounds
    found: dict[str, list[int]] = {}
    for life in lives:
        for promise in life.promises.values():
            if life.imported or promise.state == "SUPERSEDED":
                continue
            over = life.over(promise, now)
            place = None
            if over is None or over[1] >= end:
                place = 2 if promise.started < end else None
            elif over[1] >= begin:
                place = ["MET", "BREACHED"].index(over[0])
            if place is not None:
                found.setdefault(promise.metric, [0, 0, 0])[place] += 1
    return found


def spread(values: list[int]) -> list[int | None]:
    """Count and nearest ranks."""
    values = sorted(values)
    ranks: list[int | None] = [values[ceil(share * len(values)) - 1] if values else None for share in (0.5, 0.9, 0.95, 0.99)]
    return [len(values), *ranks]


def times(lives: Sequence[Life], bounds: Bounds) -> tuple[list[int | None], list[int | None]]:
    first, whole = [], []
    for life in lives:
        resolved = life.resolved()
        if not life.imported and life.responded is not None and bounds[0] <= life.responded < bounds[1]:
            first.append(life.spent("FIRST_RESPONSE", life.responded))
        if not life.imported and resolved is not None and bounds[0] <= resolved < bounds[1]:
            whole.append(life.spent("RESOLUTION", resolved))
    return spread(first), spread(whole)


def satisfaction(lives: Sequence[Life], bounds: Bounds) -> tuple[int, list[int]]:
    asked, scores = 0, [0] * 5
    for life in lives:
        for at, score in life.resolutions.values():
            if not life.imported and bounds[0] <= at < bounds[1]:
                asked += 1
                if score is not None:
                    scores[score - 1] += 1
    return asked, scores

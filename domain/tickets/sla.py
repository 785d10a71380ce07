"""How long did it take, how long is left, and why? The clocks behind a ticket's promises, folded from its events alone.

Decisions:
- Response clocks (FIRST_RESPONSE, NEXT_RESPONSE) go on while we await the customer, hold or snooze: none of these answers anybody.
  RESOLUTION pauses then. All of them stand still while the ticket is resolved, closed, merged or spam.
- A promise that was broken stays BREACHED: what comes later neither mends nor supersedes it. RESOLUTION met at a resolution
  runs on from where it stood when the ticket is reopened, so resolving early gains nothing.
- A target that supersedes another counts anew from that one's start with its own calendar, and is not breached before it was
  applied. A target without predecessor starts when it is applied.
- An answer at the very instant a promise falls due keeps it; when that instant has come and nothing was recorded, it is broken.
Nothing is computed while folding: clocks keep marks, and answers are worked out when asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.event import DomainEvent
from domain.tickets import sla_clock, status
from domain.tickets.events import (
    TicketOpened,
    TicketPhoneCallLogged,
    TicketReopened,
    TicketReplySent,
    TicketSlaApplied,
    TicketSlaBreached,
    TicketSlaImminent,
    TicketSlaMet,
)
from domain.tickets.sla_clock import Clock, Interval, Mark, SlaCause, SlaIntervalKind, SlaState
from domain.tickets.status import Status
from domain.tickets.vocabulary import SlaMetric

__all__ = ["Clock", "Deadline", "DeadlineKind", "Interval", "Mark", "SlaCause", "SlaClocks", "SlaIntervalKind", "SlaState"]

IMMINENT_SHARE = 0.75
"""Of a promise's time, after which to warn where the event does not say."""


HEARD = frozenset(
    {
        *status.MOVES,
        TicketReplySent,
        TicketPhoneCallLogged,
        TicketSlaApplied,
        TicketSlaImminent,
        TicketSlaBreached,
        TicketSlaMet,
    }
)
"""The events that mean something for promises."""


class DeadlineKind(StrEnum):
    IMMINENT = "IMMINENT"
    BREACH = "BREACH"


@dataclass(frozen=True)
class Deadline:
    """What time will have to say about a promise if nothing happens before `at`."""

    at: datetime
    target: UUID
    metric: SlaMetric
    kind: DeadlineKind


@dataclass
class SlaClocks:
    """All promises of one ticket, in the order in which they were made. As JSON: domain/tickets/sla_json.py."""

    marks: list[Mark] = field(default_factory=list)
    clocks: dict[UUID, Clock] = field(default_factory=dict)
    first_responded_at: datetime | None = None
    before_merge: Status | None = None

    def evolve(self, event: DomainEvent) -> None:
        """Remember one event; an event without meaning for promises changes nothing."""
        after = status.after(event, self.before_merge)
        if after is not None:
            self._moved(event, after)
            return
        match event:
            case TicketReplySent(first_response=True) | TicketPhoneCallLogged(first_response=True):
                self.first_responded_at = event.timestamp
                self._mark(event, self.marks[-1].status, SlaCause.FIRST_REPLY)
            case TicketSlaApplied():
                self._applied(event)
            case TicketSlaImminent() if event.target in self.clocks:
                self.clocks[event.target] = self.clocks[event.target]._replace(warned=True)
            case TicketSlaBreached():
                self._end(event.target, SlaState.BREACHED, event.breached_at)
            case TicketSlaMet():
                self._end(event.target, SlaState.MET, max(event.timestamp, self.marks[-1].at))

    def _moved(self, event: DomainEvent, after: Status) -> None:
        cause = SlaCause.STATUS_CHANGED
        if isinstance(event, TicketOpened):
            cause = SlaCause.TICKET_OPENED
        elif isinstance(event, TicketReopened):
            cause = SlaCause.REOPENED
            for target, clock in self.clocks.items():
                if clock.metric is SlaMetric.RESOLUTION and clock.end is SlaState.MET:
                    self.clocks[target] = clock._replace(end=None, ended_at=None)
        elif after is Status.MERGED:
            self.before_merge = self.marks[-1].status
        self._mark(event, after, cause)

    def _mark(self, event: DomainEvent, after: Status, cause: SlaCause) -> None:
        # Clocks of several machines may disagree a little; a mark is never before the one it follows, so no span turns around.
        at, marks = event.timestamp, self.marks
        if marks and at < marks[-1].at:
            at = marks[-1].at
        marks.append(Mark(at, after, cause, event.originator_version))

    def _applied(self, event: TicketSlaApplied) -> None:
        before = self.clocks.get(event.supersedes) if event.supersedes else None
        applied_at = max(event.timestamp, self.marks[-1].at)
        if before is not None:
            self._end(before.target, SlaState.SUPERSEDED, applied_at)
        self.clocks[event.target] = Clock(
            target=event.target,
            metric=event.metric,
            within=event.within,
            imminent_after=event.within * IMMINENT_SHARE if event.imminent_after is None else event.imminent_after,
            calendar=event.calendar,
            policy=event.policy,
            applied_at=applied_at,
            version=event.originator_version,
            started_at=before.started_at if before else applied_at,
            supersedes=event.supersedes,
        )

    def _end(self, target: UUID, how: SlaState, at: datetime) -> None:
        clock = self.clocks.get(target)
        if clock is not None:
            self.clocks[target] = clock._replace(end=how, ended_at=max(at, clock.applied_at))

    def owed(self, metric: SlaMetric) -> Clock | None:
        """The promise of that kind that is neither kept nor broken."""
        return next((clock for clock in self.clocks.values() if clock.metric is metric and clock.end is None), None)

    def state(self, target: UUID) -> SlaState:
        clock = self.clocks[target]
        if clock.end is not None:
            return clock.end
        return SlaState.RUNNING if clock.counts_in(self.marks[-1].status) else SlaState.PAUSED

    def consumed(self, target: UUID, until: datetime) -> timedelta:
        """Counted time up to an instant, or up to the clock's end where that is earlier."""
        return sla_clock.consumed(self.clocks[target], self.marks, until)

    def ledger(self, target: UUID, until: datetime) -> list[Interval]:
        """Every stretch up to an instant, gapless; the sum of what was counted is what was consumed."""
        return sla_clock.ledger(self.clocks[target], self.marks, until)

    def due_at(self, target: UUID) -> datetime | None:
        """When it falls due if the clock goes on; None while it stands still and once it has ended."""
        return self.overdue_at(target) if self.state(target) is SlaState.RUNNING else None

    def overdue_at(self, target: UUID) -> datetime | None:
        """When it falls due, or fell due before it was stopped. None: it ended, or stands still with time left."""
        clock = self.clocks[target]
        return None if clock.end is not None else sla_clock.reaches(clock, self.marks, clock.within)

    def imminent_at(self, target: UUID) -> datetime | None:
        """When to warn. None while it stands still, once it has ended, and where there was a warning."""
        clock = self.clocks[target]
        if clock.warned or self.state(target) is not SlaState.RUNNING:
            return None
        return sla_clock.reaches(clock, self.marks, clock.imminent_after)

    def deadlines(self) -> list[Deadline]:
        """What time will have to say if nothing else happens, soonest first. Only events change the answer, never time."""
        found = []
        for target, clock in self.clocks.items():
            due, imminent = self.overdue_at(target), self.imminent_at(target)
            if due is not None:
                found.append(Deadline(due, target, clock.metric, DeadlineKind.BREACH))
                if imminent is not None and imminent < due:
                    found.append(Deadline(imminent, target, clock.metric, DeadlineKind.IMMINENT))
        return sorted(found, key=lambda deadline: deadline.at)

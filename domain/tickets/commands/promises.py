"""What is promised on a ticket: made, kept, warned of, broken. Recorded in the same append as what caused it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from domain.policies import SlaTerms
from domain.tickets.events import TicketSlaApplied, TicketSlaBreached, TicketSlaImminent, TicketSlaMet
from domain.tickets.refusals import TargetNotFound
from domain.tickets.sla import Deadline
from domain.tickets.sla_clock import Clock
from domain.tickets.state import TicketState
from domain.tickets.vocabulary import SlaMetric


class Promises(TicketState):
    def deadlines(self) -> list[Deadline]:
        """What time will have to say about the promises if nothing else happens, soonest first."""
        return self.clocks.deadlines()

    def note_sla_imminent(self, target: UUID, *, at: datetime) -> None:
        """Warn that a promise is near its end. Once a target; too early, too late or again records nothing."""
        self._must_know(target)
        imminent, due = self.clocks.imminent_at(target), self.clocks.due_at(target)
        if imminent is not None and due is not None and imminent <= at:
            self.trigger_event(TicketSlaImminent, timestamp=at, target=target, due_at=due)

    def note_sla_breached(self, target: UUID, *, at: datetime) -> None:
        """Say that a promise was broken, at the instant it fell due. Once a target; too early or too late records nothing."""
        self._must_know(target)
        due = self.clocks.overdue_at(target)
        if due is not None and due <= at:
            self.trigger_event(TicketSlaBreached, timestamp=at, target=target, breached_at=due)

    def _promise(self, terms: SlaTerms | None, *, at: datetime) -> None:
        """Make the promises that the terms hold for the ticket as it is now, superseding those that differ."""
        if terms is None:
            return
        self._break_overdue(at)
        metrics = [clock.metric for clock in self.clocks.clocks.values()]
        for metric in (SlaMetric.FIRST_RESPONSE, SlaMetric.NEXT_RESPONSE, SlaMetric.RESOLUTION):
            owed = self.clocks.owed(metric)
            if owed is not None:
                self._apply(terms, metric, at=at, instead_of=owed)
            elif metric not in metrics and self._is_still_to_come(metric):
                self._apply(terms, metric, at=at)

    def _is_still_to_come(self, metric: SlaMetric) -> bool:
        """Whether it makes sense to promise this now. A next response is promised when the customer writes, never before."""
        match metric:
            case SlaMetric.FIRST_RESPONSE:
                return self.first_responded_at is None
            case SlaMetric.RESOLUTION:
                return self.resolved_at is None
            case SlaMetric.NEXT_RESPONSE:
                return False

    def _promise_next_response(self, terms: SlaTerms | None, *, at: datetime) -> None:
        """The customer wrote: promise an answer, unless one is owed already. Before the first answer, the first is what is owed."""
        if terms is None or self.first_responded_at is None:
            return
        self._break_overdue(at)
        if self.clocks.owed(SlaMetric.NEXT_RESPONSE) is None:
            self._apply(terms, SlaMetric.NEXT_RESPONSE, at=at)

    def _apply(self, terms: SlaTerms, metric: SlaMetric, *, at: datetime, instead_of: Clock | None = None) -> None:
        within = terms.within(metric, self.priority, self.severity)
        if within is None:
            return  # nothing better is promised: a promise once made stands
        imminent_after = within * terms.policy.imminent_share
        if instead_of is not None and (
            (instead_of.within, instead_of.imminent_after, instead_of.calendar, instead_of.policy)
            == (within, imminent_after, terms.calendar, terms.policy.name)
        ):
            return
        self.trigger_event(
            TicketSlaApplied,
            timestamp=at,
            # No two targets are made by one event, so its version names the target within the ticket.
            target=uuid5(self.id, f"sla/{self.version + 1}"),
            metric=metric,
            within=within,
            calendar=terms.calendar,
            policy=terms.policy.name,
            supersedes=instead_of.target if instead_of else None,
            imminent_after=imminent_after,
        )

    def _keep(self, *metrics: SlaMetric, at: datetime) -> None:
        """What was promised was done now."""
        self._break_overdue(at)
        for metric in metrics:
            owed = self.clocks.owed(metric)
            if owed is not None:
                self.trigger_event(
                    TicketSlaMet, timestamp=at, target=owed.target, consumed=self.clocks.consumed(owed.target, at)
                )

    def _break_overdue(self, at: datetime) -> None:
        """Time may not have been told yet: what fell due before now was broken before now."""
        for target in [clock.target for clock in self.clocks.clocks.values() if clock.end is None]:
            due = self.clocks.overdue_at(target)
            if due is not None and due < at:
                self.trigger_event(TicketSlaBreached, timestamp=at, target=target, breached_at=due)

    def _must_know(self, target: UUID) -> None:
        if target not in self.clocks.clocks:
            raise TargetNotFound

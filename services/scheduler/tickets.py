"""Time on tickets: a promise near or past its end, a snooze that is over, a resolved ticket that closes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from domain.policies import Policies
from domain.tickets import status
from domain.tickets.ticket import Ticket
from projections import timers
from services.runtime.act import SYSTEM, Act
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from services.runtime.writer import Writer
from services.scheduler.moments import Moment

Judge = Callable[[Ticket, Moment, Policies, datetime], None]


def sla_imminent(ticket: Ticket, moment: Moment, policies: Policies, now: datetime) -> None:  # noqa: ARG001 - the form of Judge
    """Warn, unless what is warned of has passed already: after a downtime nothing is announced as near that is broken."""
    overdue = ticket.clocks.overdue_at(moment.target)
    if overdue is None or overdue > now:
        ticket.note_sla_imminent(moment.target, at=now)


def sla_breach(ticket: Ticket, moment: Moment, policies: Policies, now: datetime) -> None:
    """Record the breach, and call for help as the policy it was promised under says."""
    before = ticket.version
    ticket.note_sla_breached(moment.target, at=now)
    if ticket.version == before or ticket.status in status.ENDED:
        return
    promised = ticket.clocks.clocks[moment.target].policy
    policy = next((each for each in policies.sla_policies if each.name == promised), None)
    if policy is not None and policy.escalate_to is not None:
        ticket.escalate(policy.escalate_to, at=now)


def snooze_end(ticket: Ticket, moment: Moment, policies: Policies, now: datetime) -> None:  # noqa: ARG001 - the form of Judge
    ticket.wake(at=now)


def auto_close(ticket: Ticket, moment: Moment, policies: Policies, now: datetime) -> None:  # noqa: ARG001 - the form of Judge
    """Close what was resolved long enough ago; its window for reopening stays as it was promised at the resolution."""
    until = max(ticket.reopenable_until or now, now)
    ticket.close_by_time(at=now, close_after=policies.close_after, reopenable_until=until)


JUDGES: dict[str, Judge] = {
    "SLA_IMMINENT": sla_imminent,
    "SLA_BREACH": sla_breach,
    "SNOOZE_END": snooze_end,
    "AUTO_CLOSE": auto_close,
}


@dataclass(frozen=True, slots=True)
class Tickets:
    """The room of tickets, for the scheduler."""

    writer: Writer
    name: str = "tickets"

    async def due(self, connection: Any, now: datetime, policies: Policies, limit: int) -> Sequence[Moment]:
        found = await timers.due(connection, now, policies.close_after, limit, claim=True)
        later = {"AUTO_CLOSE": policies.close_after}
        return [
            Moment(timer.ticket, timer.kind, timer.target, timer.due_at + later.get(timer.kind, now - now)) for timer in found
        ]

    async def record(self, moment: Moment, policies: Policies, now: datetime) -> Receipt:
        async def decide(decision: Decision) -> None:
            JUDGES[moment.kind](await decision.load(Ticket, moment.stream), moment, policies, now)

        return await self.writer.decide(Act(actor=SYSTEM, at=now, correlation=uuid4()), decide)

"""What each kind of moment records when it has come: a promise near or past its end, a snooze that is over, a ticket that closes.

The ticket itself judges, on its own stream, whether the moment still stands and was not recorded before. So each is recorded once,
whatever the number of schedulers, and a moment read from a read model that lags does nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from domain.policies import Policies
from domain.tickets import status
from domain.tickets.ticket import Ticket
from projections.timers import Timer
from services.runtime.act import SYSTEM, Act
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from services.runtime.writer import Writer

Moment = Callable[[Ticket, Timer, Policies, datetime], None]


def sla_imminent(ticket: Ticket, timer: Timer, policies: Policies, now: datetime) -> None:  # noqa: ARG001 - the form of Moment
    """Warn, unless what is warned of has passed already: after a downtime nothing is announced as near that is broken."""
    overdue = ticket.clocks.overdue_at(timer.target)
    if overdue is None or overdue > now:
        ticket.note_sla_imminent(timer.target, at=now)


def sla_breach(ticket: Ticket, timer: Timer, policies: Policies, now: datetime) -> None:
    """Record the breach, and call for help as the policy it was promised under says."""
    before = ticket.version
    ticket.note_sla_breached(timer.target, at=now)
    if ticket.version == before or ticket.status in status.ENDED:
        return
    promised = ticket.clocks.clocks[timer.target].policy
    policy = next((each for each in policies.sla_policies if each.name == promised), None)
    if policy is not None and policy.escalate_to is not None:
        ticket.escalate(policy.escalate_to, at=now)


def snooze_end(ticket: Ticket, timer: Timer, policies: Policies, now: datetime) -> None:  # noqa: ARG001 - the form of Moment
    ticket.wake(at=now)


def auto_close(ticket: Ticket, timer: Timer, policies: Policies, now: datetime) -> None:  # noqa: ARG001 - the form of Moment
    """Close what was resolved long enough ago; its window for reopening stays as it was promised at the resolution."""
    until = max(ticket.reopenable_until or now, now)
    ticket.close_by_time(at=now, close_after=policies.close_after, reopenable_until=until)


MOMENTS: dict[str, Moment] = {
    "SLA_IMMINENT": sla_imminent,
    "SLA_BREACH": sla_breach,
    "SNOOZE_END": snooze_end,
    "AUTO_CLOSE": auto_close,
}


@dataclass(frozen=True, slots=True)
class Moments:
    """Lets tickets judge moments, as the service itself."""

    writer: Writer

    async def record(self, timer: Timer, policies: Policies, now: datetime) -> Receipt:
        """A receipt without position: there was nothing to record."""

        async def decide(decision: Decision) -> None:
            MOMENTS[timer.kind](await decision.load(Ticket, timer.ticket), timer, policies, now)

        return await self.writer.decide(Act(actor=SYSTEM, at=now, correlation=uuid4()), decide)


Recorder = Callable[[Timer, Policies, datetime], Awaitable[Receipt]]

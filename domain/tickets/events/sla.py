"""What is promised on a ticket and what becomes of it.

Pauses are no events: the ledger follows from the state events and the calendar copied here (domain/tickets/sla.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.calendars import Calendar
from domain.event import Classification, DomainEvent
from domain.tickets.vocabulary import SlaMetric


@dataclass(frozen=True)
class TicketSlaApplied(DomainEvent):
    """A promise with everything needed to judge it, so that later edits of the policy change nothing.

    `imminent_after` is the counted time after which to warn; null: three quarters of `within`.
    """

    TOPIC = "ticket.sla_applied.v1"
    target: UUID
    metric: SlaMetric
    within: timedelta
    calendar: Calendar
    policy: str
    supersedes: UUID | None = None
    imminent_after: timedelta | None = None


@dataclass(frozen=True)
class TicketSlaImminent(DomainEvent):
    TOPIC = "ticket.sla_imminent.v1"
    CLASS = Classification.RESTRICTED
    target: UUID
    due_at: datetime


@dataclass(frozen=True)
class TicketSlaBreached(DomainEvent):
    TOPIC = "ticket.sla_breached.v1"
    target: UUID
    breached_at: datetime


@dataclass(frozen=True)
class TicketSlaMet(DomainEvent):
    TOPIC = "ticket.sla_met.v1"
    target: UUID
    consumed: timedelta

"""What can happen to an engagement.

A public contract: see domain/tickets/events/lifecycle.py for the rules. What people write is sealed with the requester's key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.engagements.vocabulary import EngagementKind
from domain.event import Aggregate, DomainEvent, Personal


@dataclass(frozen=True)
class EngagementRequested(DomainEvent, Aggregate.Created):
    TOPIC = "engagement.requested.v1"
    ref: str
    kind: EngagementKind
    organisation: UUID
    requester: UUID
    wish: Personal[str]


@dataclass(frozen=True)
class EngagementScoped(DomainEvent):
    """What was agreed, and who of staff leads. Comes again where either changes."""

    TOPIC = "engagement.scoped.v1"
    lead: UUID
    scope: Personal[str]


@dataclass(frozen=True)
class EngagementScheduled(DomainEvent):
    """When and where; comes again where either changes, and then replaces what was.

    `reminders` say how long before the start people are reminded: those of the policy in force then that were still to come.
    """

    TOPIC = "engagement.scheduled.v1"
    starts_at: datetime
    join_url: str
    reminders: tuple[timedelta, ...] = ()


@dataclass(frozen=True)
class EngagementReminderDue(DomainEvent):
    """People are to be reminded now; `before` names the reminder."""

    TOPIC = "engagement.reminder_due.v1"
    starts_at: datetime
    before: timedelta


@dataclass(frozen=True)
class EngagementReminderDropped(DomainEvent):
    """Its moment passed while nobody looked: a later reminder is due too, or it has begun. Nobody is told; reports count it."""

    TOPIC = "engagement.reminder_dropped.v1"
    starts_at: datetime
    before: timedelta


@dataclass(frozen=True)
class EngagementCompleted(DomainEvent):
    TOPIC = "engagement.completed.v1"
    outcome: Personal[str]


@dataclass(frozen=True)
class EngagementDeclined(DomainEvent):
    TOPIC = "engagement.declined.v1"
    answer: Personal[str]


@dataclass(frozen=True)
class EngagementCancelled(DomainEvent):
    TOPIC = "engagement.cancelled.v1"

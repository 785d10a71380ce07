"""What can happen to an operations meeting.

A public contract: see domain/tickets/events/lifecycle.py for the rules. Minutes, points and tasks are sealed with the organisation's
key. The four standing points of the agenda are in no event: they are the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from domain.event import Aggregate, DomainEvent, Personal
from domain.meetings.vocabulary import Cancellation, OwnerKind


@dataclass(frozen=True)
class MeetingScheduled(DomainEvent, Aggregate.Created):
    """`time_zone` is the one in which the quarter begins and ends."""

    TOPIC = "meeting.scheduled.v1"
    ref: str
    contract: UUID
    organisation: UUID
    year: int
    quarter: int
    starts_at: datetime
    duration: timedelta
    join_url: str
    time_zone: str = "UTC"


@dataclass(frozen=True)
class MeetingRescheduled(DomainEvent):
    TOPIC = "meeting.rescheduled.v1"
    starts_at: datetime
    duration: timedelta
    join_url: str


@dataclass(frozen=True)
class MeetingRevived(DomainEvent):
    """It had been cancelled and is scheduled anew, without a pack; agenda and action items are as they were."""

    TOPIC = "meeting.revived.v1"
    starts_at: datetime
    duration: timedelta
    join_url: str


@dataclass(frozen=True)
class MeetingAgendaItemAdded(DomainEvent):
    TOPIC = "meeting.agenda_item_added.v1"
    item: UUID
    title: Personal[str]


@dataclass(frozen=True)
class MeetingPackFrozen(DomainEvent):
    """The quarter's figures at a position of the log: `pack` is their canonical JSON text, `sha256` the hash of its UTF-8 bytes.

    The text stands here whole, so whoever reads the event has exactly what was shown, and nothing later can change it.
    """

    TOPIC = "meeting.pack_frozen.v1"
    epoch: int
    position: int
    sha256: str
    pack: str


@dataclass(frozen=True)
class MeetingHeld(DomainEvent):
    """Minutes may be written until `minutes_until`, not included."""

    TOPIC = "meeting.held.v1"
    minutes_until: datetime


@dataclass(frozen=True)
class MeetingMinutesRecorded(DomainEvent):
    """Comes again where they are rewritten; the last counts."""

    TOPIC = "meeting.minutes_recorded.v1"
    minutes: Personal[str]


@dataclass(frozen=True)
class MeetingActionItemRaised(DomainEvent):
    TOPIC = "meeting.action_item_raised.v1"
    item: UUID
    title: Personal[str]
    owner: UUID
    owner_kind: OwnerKind
    due_on: date | None = None


@dataclass(frozen=True)
class MeetingActionItemCompleted(DomainEvent):
    TOPIC = "meeting.action_item_completed.v1"
    item: UUID


@dataclass(frozen=True)
class MeetingCancelled(DomainEvent):
    TOPIC = "meeting.cancelled.v1"
    reason: Cancellation = Cancellation.CALLED_OFF

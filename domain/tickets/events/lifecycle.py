"""How a ticket begins, moves between its states, and ends.

A public contract: events are stored for ever and travel on NATS as JSON. A new field has a default; a new meaning is a
new class with a new TOPIC; nothing is ever renamed. So for every module of this package.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.event import Aggregate, DomainEvent, Personal
from domain.tickets.vocabulary import (
    Channel,
    CloseCause,
    ExternalRef,
    ExternalSystem,
    HoldReason,
    Origin,
    Priority,
    ReopenCause,
    Resolution,
    Severity,
    TicketKind,
    WakeCause,
)


@dataclass(frozen=True)
class TicketOpened(DomainEvent, Aggregate.Created):
    TOPIC = "ticket.opened.v1"
    ref: str
    kind: TicketKind
    subject: Personal[str]
    requester: UUID
    queue: UUID
    priority: Priority
    channel: Channel
    organisation: UUID | None = None
    severity: Severity | None = None
    origin: Origin | None = None
    external: tuple[ExternalRef, ...] = ()
    services: tuple[UUID, ...] = ()
    """The service components it is about."""


@dataclass(frozen=True)
class TicketWorkStarted(DomainEvent):
    TOPIC = "ticket.work_started.v1"


@dataclass(frozen=True)
class TicketCustomerAwaited(DomainEvent):
    TOPIC = "ticket.customer_awaited.v1"


@dataclass(frozen=True)
class TicketPutOnHold(DomainEvent):
    TOPIC = "ticket.put_on_hold.v1"
    reason: HoldReason


@dataclass(frozen=True)
class TicketSnoozed(DomainEvent):
    TOPIC = "ticket.snoozed.v1"
    until: datetime


@dataclass(frozen=True)
class TicketWoken(DomainEvent):
    TOPIC = "ticket.woken.v1"
    because: WakeCause


@dataclass(frozen=True)
class TicketResolved(DomainEvent):
    """`episode` counts resolutions from 1; what came between two of them is an episode."""

    TOPIC = "ticket.resolved.v1"
    resolution: Resolution
    episode: int
    reopenable_until: datetime


@dataclass(frozen=True)
class TicketClosed(DomainEvent):
    TOPIC = "ticket.closed.v1"
    because: CloseCause
    reopenable_until: datetime


@dataclass(frozen=True)
class TicketReopened(DomainEvent):
    """`episode` is the one that begins."""

    TOPIC = "ticket.reopened.v1"
    episode: int
    because: ReopenCause


@dataclass(frozen=True)
class TicketMarkedAsSpam(DomainEvent):
    TOPIC = "ticket.marked_as_spam.v1"


@dataclass(frozen=True)
class TicketUnmarkedAsSpam(DomainEvent):
    TOPIC = "ticket.unmarked_as_spam.v1"


@dataclass(frozen=True)
class TicketHistoryImported(DomainEvent):
    """The entries come as their own events with their original times; these are the bounds of what came."""

    TOPIC = "ticket.history_imported.v1"
    system: ExternalSystem
    external: str
    entries: int
    from_: datetime
    to: datetime

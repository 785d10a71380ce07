"""What can happen to a service, an incident and planned work. All of it is public, but which tickets belong to an incident.

A public contract: see domain/tickets/events/lifecycle.py for the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.event import Aggregate, Classification, DomainEvent
from domain.status.vocabulary import ComponentImpact, ComponentState, IncidentStatus, NoticeKind, StatusSeverity


@dataclass(frozen=True)
class ComponentRegistered(DomainEvent, Aggregate.Created):
    TOPIC = "component.registered.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC
    ref: str
    name: str
    group: str


@dataclass(frozen=True)
class ComponentRetired(DomainEvent):
    TOPIC = "component.retired.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC


@dataclass(frozen=True)
class ComponentImpaired(DomainEvent):
    """A notice imposes this state on the service from `since` on, in place of what the same notice imposed before.

    Availability is counted from these and the next. `since` may lie before the event: an incident began before it was declared.
    """

    TOPIC = "component.impaired.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC
    notice: UUID
    kind: NoticeKind
    state: ComponentState
    since: datetime


@dataclass(frozen=True)
class ComponentRelieved(DomainEvent):
    """A notice imposes nothing any more; others may."""

    TOPIC = "component.relieved.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC
    notice: UUID


@dataclass(frozen=True)
class ComponentStateChanged(DomainEvent):
    """The worst of what is imposed on it is another than before. `because` is the incident or maintenance that made the difference."""

    TOPIC = "component.state_changed.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC
    state: ComponentState
    previous: ComponentState
    because: UUID


@dataclass(frozen=True)
class IncidentDeclared(DomainEvent, Aggregate.Created):
    TOPIC = "incident.declared.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC
    ref: str
    title: str
    severity: StatusSeverity
    impacts: tuple[ComponentImpact, ...]
    body: str
    started_at: datetime
    update: UUID


@dataclass(frozen=True)
class IncidentUpdatePosted(DomainEvent):
    """`status` is where it stands after the post; `impacts` what it does to services from now on, None where that is as it was."""

    TOPIC = "incident.update_posted.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC
    update: UUID
    body: str
    status: IncidentStatus
    impacts: tuple[ComponentImpact, ...] | None = None


@dataclass(frozen=True)
class IncidentTicketLinked(DomainEvent):
    """Never public: it would tell who is hit. The ticket's own stream says `ticket.incident_linked.v1` in the same append."""

    TOPIC = "incident.ticket_linked.v1"
    CLASS: ClassVar[Classification] = Classification.RESTRICTED
    ticket: UUID


@dataclass(frozen=True)
class IncidentResolved(DomainEvent):
    """`restored` are the services that got better by its end. One that another notice makes as bad, or worse, is let go and not here."""

    TOPIC = "incident.resolved.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC
    body: str
    resolved_at: datetime
    update: UUID
    restored: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class MaintenanceScheduled(DomainEvent, Aggregate.Created):
    """Half-open: from `from_` on, `to` not included."""

    TOPIC = "maintenance.scheduled.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC
    ref: str
    title: str
    severity: StatusSeverity
    impacts: tuple[ComponentImpact, ...]
    body: str
    from_: datetime
    to: datetime
    update: UUID


@dataclass(frozen=True)
class MaintenanceTicketLinked(DomainEvent):
    """Never public: it would tell whose matter it is. The ticket's own stream says `ticket.maintenance_linked.v1` in the same append."""

    TOPIC = "maintenance.ticket_linked.v1"
    CLASS: ClassVar[Classification] = Classification.RESTRICTED
    ticket: UUID


@dataclass(frozen=True)
class MaintenanceStarted(DomainEvent):
    TOPIC = "maintenance.started.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC


@dataclass(frozen=True)
class MaintenanceCompleted(DomainEvent):
    TOPIC = "maintenance.completed.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC


@dataclass(frozen=True)
class MaintenanceUpdatePosted(DomainEvent):
    TOPIC = "maintenance.update_posted.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC
    update: UUID
    body: str
    impacts: tuple[ComponentImpact, ...] | None = None


@dataclass(frozen=True)
class MaintenanceCancelled(DomainEvent):
    TOPIC = "maintenance.cancelled.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC
    body: str
    update: UUID

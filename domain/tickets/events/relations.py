"""What happens between tickets: merged, split, linked, and undone."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.event import DomainEvent
from domain.tickets.vocabulary import LinkKind


@dataclass(frozen=True)
class TicketMerged(DomainEvent):
    """It lives on in `into`, whose stream says `ticket.absorbed.v1` in the same append."""

    TOPIC = "ticket.merged.v1"
    into: UUID


@dataclass(frozen=True)
class TicketAbsorbed(DomainEvent):
    TOPIC = "ticket.absorbed.v1"
    ticket: UUID


@dataclass(frozen=True)
class TicketUnmerged(DomainEvent):
    """It stands alone again; the stream of `from_` says `ticket.released.v1` in the same append."""

    TOPIC = "ticket.unmerged.v1"
    from_: UUID


@dataclass(frozen=True)
class TicketReleased(DomainEvent):
    TOPIC = "ticket.released.v1"
    ticket: UUID


@dataclass(frozen=True)
class TicketSplit(DomainEvent):
    """These entries went to `into`, which reads them by its `origin.entries`."""

    TOPIC = "ticket.split.v1"
    into: UUID
    entries: tuple[UUID, ...]


@dataclass(frozen=True)
class TicketLinked(DomainEvent):
    TOPIC = "ticket.linked.v1"
    other: UUID
    kind: LinkKind


@dataclass(frozen=True)
class TicketUnlinked(DomainEvent):
    TOPIC = "ticket.unlinked.v1"
    other: UUID
    kind: LinkKind


@dataclass(frozen=True)
class TicketIncidentLinked(DomainEvent):
    """It is hit by an incident, whose stream says `incident.ticket_linked.v1` in the same append."""

    TOPIC = "ticket.incident_linked.v1"
    incident: UUID


@dataclass(frozen=True)
class TicketMaintenanceLinked(DomainEvent):
    """Planned work concerns it, whose stream says `maintenance.ticket_linked.v1` in the same append."""

    TOPIC = "ticket.maintenance_linked.v1"
    maintenance: UUID

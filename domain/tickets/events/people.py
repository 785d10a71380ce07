"""Who has to do with a ticket: assignee, queue, organisation, watchers, and whose help was called."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.event import Classification, DomainEvent, Personal
from domain.tickets.vocabulary import EscalationTarget


@dataclass(frozen=True)
class TicketAssigned(DomainEvent):
    TOPIC = "ticket.assigned.v1"
    agent: UUID
    previous: UUID | None = None


@dataclass(frozen=True)
class TicketUnassigned(DomainEvent):
    TOPIC = "ticket.unassigned.v1"
    previous: UUID


@dataclass(frozen=True)
class TicketTransferredToQueue(DomainEvent):
    TOPIC = "ticket.transferred_to_queue.v1"
    queue: UUID
    previous: UUID


@dataclass(frozen=True)
class TicketTransferredToOrganisation(DomainEvent):
    TOPIC = "ticket.transferred_to_organisation.v1"
    organisation: UUID
    previous: UUID | None = None


@dataclass(frozen=True)
class TicketLeftOrganisation(DomainEvent):
    """Travels on the subject of the organisation that is left, which does not learn where the ticket went."""

    TOPIC = "ticket.left_organisation.v1"


@dataclass(frozen=True)
class TicketEscalated(DomainEvent):
    TOPIC = "ticket.escalated.v1"
    CLASS = Classification.RESTRICTED
    target: EscalationTarget
    level: int = 1


@dataclass(frozen=True)
class TicketSatisfactionRated(DomainEvent):
    """The requester judged the resolution of that episode, from 1 (bad) to 5 (good)."""

    TOPIC = "ticket.satisfaction_rated.v1"
    episode: int
    score: int
    comment: Personal[str] | None = None


@dataclass(frozen=True)
class TicketWatched(DomainEvent):
    TOPIC = "ticket.watched.v1"
    contact: UUID


@dataclass(frozen=True)
class TicketUnwatched(DomainEvent):
    TOPIC = "ticket.unwatched.v1"
    contact: UUID


@dataclass(frozen=True)
class TicketStaffWatched(DomainEvent):
    TOPIC = "ticket.staff_watched.v1"
    CLASS = Classification.RESTRICTED
    agent: UUID


@dataclass(frozen=True)
class TicketStaffUnwatched(DomainEvent):
    TOPIC = "ticket.staff_unwatched.v1"
    CLASS = Classification.RESTRICTED
    agent: UUID

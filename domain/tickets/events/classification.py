"""How a ticket is sorted: priority, severity, tags and custom fields."""

from __future__ import annotations

from dataclasses import dataclass

from domain.event import Classification, DomainEvent, Personal
from domain.tickets.vocabulary import FieldValue, Priority, Severity, Visibility


@dataclass(frozen=True)
class TicketPriorityChanged(DomainEvent):
    TOPIC = "ticket.priority_changed.v1"
    priority: Priority
    previous: Priority


@dataclass(frozen=True)
class TicketSeverityChanged(DomainEvent):
    TOPIC = "ticket.severity_changed.v1"
    severity: Severity
    previous: Severity | None = None


@dataclass(frozen=True)
class TicketTagged(DomainEvent):
    TOPIC = "ticket.tagged.v1"
    CLASS = Classification.RESTRICTED
    tag: str


@dataclass(frozen=True)
class TicketUntagged(DomainEvent):
    TOPIC = "ticket.untagged.v1"
    CLASS = Classification.RESTRICTED
    tag: str


@dataclass(frozen=True)
class TicketFieldSet(DomainEvent):
    """A field the customer may see. `value` null: emptied; a sealed value that cannot be read any more: erased."""

    TOPIC = "ticket.field_set.v1"
    key: str
    value: Personal[FieldValue] | None
    visible: Visibility = Visibility.EVERYONE


@dataclass(frozen=True)
class TicketStaffFieldSet(DomainEvent):
    """A field of staff alone; `value` as in `TicketFieldSet`."""

    TOPIC = "ticket.staff_field_set.v1"
    CLASS = Classification.RESTRICTED
    key: str
    value: Personal[FieldValue] | None

"""Which tickets, and in what order: the filter and its comparators. Fields are ANDed, and so are the parts of a comparator."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry

from services.gateway.described import said
from services.gateway.shapes import Presence, SortDirection
from services.gateway.tickets.promises import SlaState
from services.gateway.tickets.vocabulary import Channel, TicketKind, TicketPriority, TicketSeverity, TicketStatus


@strawberry.input(description="Compares with values of ID.")
class IdComparator:
    eq: strawberry.ID | None = strawberry.field(description="Is this.", default=None)
    in_: list[strawberry.ID] | None = strawberry.field(description="Is one of, at most 50.", name="in", default=None)
    nin: list[strawberry.ID] | None = strawberry.field(description="Is none of, at most 50.", default=None)


@strawberry.input(description="Compares with values of TicketStatus.")
class TicketStatusComparator:
    eq: TicketStatus | None = strawberry.field(description="Is this.", default=None)
    in_: list[TicketStatus] | None = strawberry.field(description="Is one of, at most 50.", name="in", default=None)
    nin: list[TicketStatus] | None = strawberry.field(description="Is none of, at most 50.", default=None)


@strawberry.input(description="Compares with values of TicketKind.")
class TicketKindComparator:
    eq: TicketKind | None = strawberry.field(description="Is this.", default=None)
    in_: list[TicketKind] | None = strawberry.field(description="Is one of, at most 50.", name="in", default=None)
    nin: list[TicketKind] | None = strawberry.field(description="Is none of, at most 50.", default=None)


@strawberry.input(description="Compares with values of TicketPriority.")
class TicketPriorityComparator:
    eq: TicketPriority | None = strawberry.field(description="Is this.", default=None)
    in_: list[TicketPriority] | None = strawberry.field(description="Is one of, at most 50.", name="in", default=None)
    nin: list[TicketPriority] | None = strawberry.field(description="Is none of, at most 50.", default=None)


@strawberry.input(description="Compares with values of TicketSeverity.")
class TicketSeverityComparator:
    eq: TicketSeverity | None = strawberry.field(description="Is this.", default=None)
    in_: list[TicketSeverity] | None = strawberry.field(description="Is one of, at most 50.", name="in", default=None)
    nin: list[TicketSeverity] | None = strawberry.field(description="Is none of, at most 50.", default=None)


@strawberry.input(description="Compares with values of Channel.")
class ChannelComparator:
    eq: Channel | None = strawberry.field(description="Is this.", default=None)
    in_: list[Channel] | None = strawberry.field(description="Is one of, at most 50.", name="in", default=None)
    nin: list[Channel] | None = strawberry.field(description="Is none of, at most 50.", default=None)


@strawberry.input(description="Compares with an id that may be absent.")
class OptionalIdComparator:
    eq: strawberry.ID | None = strawberry.field(description="Is this.", default=None)
    in_: list[strawberry.ID] | None = strawberry.field(description="Is one of, at most 50.", name="in", default=None)
    presence: Presence | None = strawberry.field(description="Whether there is one.", default=None)


@strawberry.input(description="A half-open stretch.")
class DateTimeComparator:
    gte: datetime | None = strawberry.field(description="At or after.", default=None)
    lt: datetime | None = strawberry.field(description="Before.", default=None)


@strawberry.input(description="Which tickets.")
class TicketFilter:
    status: TicketStatusComparator | None = strawberry.field(description="State.", default=None)
    kind: TicketKindComparator | None = strawberry.field(description="Kind.", default=None)
    priority: TicketPriorityComparator | None = strawberry.field(description="Priority.", default=None)
    severity: TicketSeverityComparator | None = strawberry.field(description="Severity.", default=None)
    channel: ChannelComparator | None = strawberry.field(description="Channel.", default=None)
    organisation: OptionalIdComparator | None = strawberry.field(description="Organisation.", default=None)
    requester: IdComparator | None = strawberry.field(description="Requester.", default=None)
    assignee: OptionalIdComparator | None = strawberry.field(description="Assignee.", default=None)
    queue: IdComparator | None = strawberry.field(description="Team.", default=None)
    service: IdComparator | None = strawberry.field(description="Service.", default=None)
    created_at: DateTimeComparator | None = strawberry.field(description="Opened.", default=None)
    updated_at: DateTimeComparator | None = strawberry.field(description="Changed.", default=None)
    sla_due_at: DateTimeComparator | None = strawberry.field(description="A promise falls due.", default=None)
    sla_state: list[SlaState] | None = strawberry.field(description="A promise stands so.", default=None)
    tags: list[str] | None = strawberry.field(description="Has all these tags; empty result for customers.", default=None)


@strawberry.enum(description="Sort keys; ties go by id.")
class TicketOrderField(Enum):
    CREATED_AT = said("CREATED_AT", "Opened.")
    UPDATED_AT = said("UPDATED_AT", "Last change you may see.")
    PRIORITY = said("PRIORITY", "Priority.")
    SLA_DUE_AT = said("SLA_DUE_AT", "Next promise due; none last.")


@strawberry.input(description="How to sort tickets.")
class TicketOrder:
    field: TicketOrderField = strawberry.field(description="By.", default=TicketOrderField.UPDATED_AT)
    direction: SortDirection = strawberry.field(description="Which way.", default=SortDirection.DESC)


NEWEST_CHANGES_FIRST = TicketOrder(field=TicketOrderField.UPDATED_AT, direction=SortDirection.DESC)


@strawberry.input(description="One ticket, by one of its names.", one_of=True)
class TicketBy:
    id: strawberry.ID | None = strawberry.field(description="Global id.", default=strawberry.UNSET)
    ref: str | None = strawberry.field(description="Number.", default=strawberry.UNSET)
    rt_id: str | None = strawberry.field(description="Number in RT.", default=strawberry.UNSET)
    message_id: str | None = strawberry.field(
        description="An e-mail's Message-ID; staff and programs.", default=strawberry.UNSET
    )

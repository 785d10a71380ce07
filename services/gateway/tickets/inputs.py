"""Inputs that several commands on tickets share, and what they become."""

from __future__ import annotations

from datetime import date

import strawberry

from domain.tickets import vocabulary as words
from services.commands.opening import NewTicket
from services.gateway.ids import of_kind, optional
from services.gateway.scalars import EmailAddress
from services.gateway.shapes import given
from services.gateway.tickets.vocabulary import ClearField, TicketKind, TicketPriority, TicketSeverity


@strawberry.input(description="Who asks, when staff or programs write for them.", one_of=True)
class RequesterInput:
    contact_id: strawberry.ID | None = strawberry.field(description="A known contact.", default=strawberry.UNSET)
    email: EmailAddress | None = strawberry.field(
        description="Somebody by e-mail; registered if unknown.", default=strawberry.UNSET
    )


@strawberry.input(description="A value by its type.", one_of=True)
class TicketFieldValueInput:
    text: str | None = strawberry.field(description="Text.", default=strawberry.UNSET)
    number: float | None = strawberry.field(description="Number.", default=strawberry.UNSET)
    date: date | None = strawberry.field(description="Day.", default=strawberry.UNSET)
    options: list[str] | None = strawberry.field(description="Choices.", default=strawberry.UNSET)
    clear: ClearField | None = strawberry.field(description="Empties it.", default=strawberry.UNSET)


@strawberry.input(description="A field and its new value.")
class TicketFieldInput:
    key: str = strawberry.field(description="Key.")
    value: TicketFieldValueInput = strawberry.field(description="Value.")


@strawberry.input(description="What a ticket starts with.")
class NewTicketInput:
    kind: TicketKind = strawberry.field(description="Why.")
    subject: str = strawberry.field(description="Subject, 1–250 characters.")
    priority: TicketPriority = strawberry.field(description="How soon.", default=TicketPriority.NORMAL)
    severity: TicketSeverity | None = strawberry.field(description="How bad, for incidents.", default=None)
    requester: RequesterInput | None = strawberry.field(description="For whom; yourself if left out.", default=None)
    organisation_id: strawberry.ID | None = strawberry.field(description="Whose; the requester's if left out.", default=None)
    queue_id: strawberry.ID | None = strawberry.field(description="Team; by routing if left out.", default=None)
    service_ids: list[strawberry.ID] = strawberry.field(description="Services.", default_factory=list)
    fields: list[TicketFieldInput] = strawberry.field(description="Fields.", default_factory=list)


@strawberry.input(description="Where a call is written down.", one_of=True)
class CallTargetInput:
    ticket_id: strawberry.ID | None = strawberry.field(description="A ticket there is.", default=strawberry.UNSET)
    new_ticket: NewTicketInput | None = strawberry.field(description="A new one.", default=strawberry.UNSET)


@strawberry.input(description="Where a ticket goes.", one_of=True)
class TransferTargetInput:
    queue_id: strawberry.ID | None = strawberry.field(description="A team.", default=strawberry.UNSET)
    organisation_id: strawberry.ID | None = strawberry.field(description="An organisation.", default=strawberry.UNSET)


def value_of(field: TicketFieldValueInput) -> words.FieldValue | date | None:
    """The one value that is given; None empties the field."""
    options = given(field.options)
    if options is not None:
        return tuple(options)
    values: tuple[str | float | date | None, ...] = (given(field.text), given(field.number), given(field.date))
    return next((each for each in values if each is not None), None)


def new_ticket(asked: NewTicketInput, *path: str) -> NewTicket:
    """The new ticket as the command takes it. `path` leads to it in the input."""
    requester = asked.requester
    return NewTicket(
        kind=words.TicketKind(asked.kind.name),
        subject=asked.subject,
        priority=words.Priority(asked.priority.name),
        severity=words.Severity(asked.severity.name) if asked.severity else None,
        requester=optional("contact", given(requester.contact_id), *path, "requester", "contactId") if requester else None,
        email=given(requester.email) if requester else None,
        organisation=optional("organisation", asked.organisation_id, *path, "organisationId"),
        queue=optional("queue", asked.queue_id, *path, "queueId"),
        services=[of_kind("component", each, *path, "serviceIds", str(place)) for place, each in enumerate(asked.service_ids)],
        fields=[(each.key, value_of(each.value)) for each in asked.fields],
        path=path,
    )

"""What is said on a ticket: opening it, replies, calls, notes, and taking something back."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import strawberry

from domain.errors import Forbidden
from domain.tickets import vocabulary as words
from projections.viewer import Role
from services.commands import conversation, opening
from services.gateway.acting import by
from services.gateway.context import Info
from services.gateway.ids import of_kind
from services.gateway.scalars import IdempotencyKey
from services.gateway.shapes import given
from services.gateway.tickets.changing import What
from services.gateway.tickets.happenings import Direction
from services.gateway.tickets.inputs import CallTargetInput, NewTicketInput, new_ticket
from services.gateway.tickets.payloads import TicketMessagePayload
from services.gateway.tickets.rights import EVERYBODY, STAFF
from services.gateway.tickets.vocabulary import AfterReply, Channel, RedactionReason


@strawberry.input(description="For openTicket.")
class OpenTicketInput:
    ticket: NewTicketInput = strawberry.field(description="What it starts with.")
    body: str = strawberry.field(description="Markdown, at most 100 000 characters.")
    channel: Channel | None = strawberry.field(description="How it came; staff and programs only.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For logPhoneCall.")
class LogPhoneCallInput:
    target: CallTargetInput = strawberry.field(description="Where.")
    direction: Direction = strawberry.field(description="Which way.")
    contact_id: strawberry.ID = strawberry.field(description="With whom.")
    started_at: datetime = strawberry.field(description="Began.")
    duration: timedelta = strawberry.field(description="How long.")
    summary: str = strawberry.field(description="What was said, fit for the customer.")
    expected_version: int | None = strawberry.field(description="Version seen, if on a ticket.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For replyToTicket.")
class ReplyToTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    body: str = strawberry.field(description="Markdown, at most 100 000 characters.")
    then: AfterReply = strawberry.field(description="What to do with the state along with it.", default=AfterReply.KEEP)
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For addInternalNote.")
class AddInternalNoteInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    body: str = strawberry.field(description="Markdown, at most 100 000 characters.")
    mentions: list[strawberry.ID] = strawberry.field(description="Staff to notify.", default_factory=list)
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For redactTicketMessage.")
class RedactTicketMessageInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    entry_id: strawberry.ID = strawberry.field(description="Which entry.")
    reason: RedactionReason = strawberry.field(description="Why.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.type
class ConversationMutations:
    @strawberry.mutation(description="Opens a ticket. Never refused for want of a contract.", directives=EVERYBODY)
    async def open_ticket(self, info: Info, input: What[OpenTicketInput]) -> TicketMessagePayload:
        new = new_ticket(input.ticket, "input", "ticket")
        channel = own_channel(info, input.channel)
        receipt = await opening.open_ticket(
            info.context.services.desk, by(info.context, input), new, body=input.body, channel=channel
        )
        return TicketMessagePayload.of(receipt)

    @strawberry.mutation(description="Writes down a call, on a ticket or as a new one.", directives=STAFF)
    async def log_phone_call(self, info: Info, input: What[LogPhoneCallInput]) -> TicketMessagePayload:
        if given(input.target.ticket_id) is not None:
            target: UUID | opening.NewTicket = of_kind("ticket", input.target.ticket_id or "", "input", "target", "ticketId")
        else:
            assert input.target.new_ticket is not None  # one of the two is given
            target = new_ticket(input.target.new_ticket, "input", "target", "newTicket")
        call = opening.PhoneCall(
            direction=words.Direction(input.direction.name),
            contact=of_kind("contact", input.contact_id, "input", "contactId"),
            started_at=input.started_at,
            duration=input.duration,
            summary=input.summary,
        )
        return TicketMessagePayload.of(
            await opening.log_phone_call(info.context.services.desk, by(info.context, input), target, call)
        )

    @strawberry.mutation(
        description="Writes a public message. Staff reach the customer, a customer reaches staff. A customer's reply reopens"
        " a resolved or closed ticket within its window, and opens a linked follow-up, which is then returned, after it.",
        directives=EVERYBODY,
    )
    async def reply_to_ticket(self, info: Info, input: What[ReplyToTicketInput]) -> TicketMessagePayload:
        ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
        then = words.AfterReply(input.then.name)
        if info.context.viewer.is_customer and then is not words.AfterReply.KEEP:
            raise Forbidden("Staff say what becomes of the ticket.", needs="STAFF", path=("input", "then"))
        channel = own_channel(info, None)
        act = by(info.context, input)
        receipt = await conversation.reply(info.context.services.desk, act, ticket, body=input.body, then=then, channel=channel)
        return TicketMessagePayload.of(receipt)

    @strawberry.mutation(description="Writes a note that never leaves staff.", directives=STAFF)
    async def add_internal_note(self, info: Info, input: What[AddInternalNoteInput]) -> TicketMessagePayload:
        ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
        mentions = [of_kind("agent", each, "input", "mentions", str(place)) for place, each in enumerate(input.mentions)]
        act = by(info.context, input)
        receipt = await conversation.add_internal_note(
            info.context.services.desk, act, ticket, body=input.body, mentions=mentions
        )
        return TicketMessagePayload.of(receipt)

    @strawberry.mutation(
        description="Removes the text of one entry for good; that it was there stays visible.", directives=STAFF
    )
    async def redact_ticket_message(self, info: Info, input: What[RedactTicketMessageInput]) -> TicketMessagePayload:
        ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
        entry = of_kind("entry", input.entry_id, "input", "entryId")
        reason = words.RedactionReason(input.reason.name)
        receipt = await conversation.redact(info.context.services.desk, by(info.context, input), ticket, entry, reason)
        return TicketMessagePayload.of(receipt)


def own_channel(info: Info, given: Channel | None) -> words.Channel:
    """How a message came: by the portal for people, by the API for programs, unless staff or a program say otherwise."""
    viewer = info.context.viewer
    if given is not None:
        if viewer.is_customer:
            raise Forbidden("Only staff and programs say how a message came.", needs="STAFF", path=("input", "channel"))
        return words.Channel(given.name)
    return words.Channel.API if viewer.role is Role.SERVICE else words.Channel.PORTAL

"""What happens between two tickets: merging, splitting, linking, and undoing it."""

from __future__ import annotations

import strawberry

from domain.tickets import vocabulary as words
from services.commands import relations
from services.gateway.acting import by
from services.gateway.context import Info
from services.gateway.ids import of_kind
from services.gateway.scalars import IdempotencyKey
from services.gateway.tickets.changing import What
from services.gateway.tickets.inputs import NewTicketInput, new_ticket
from services.gateway.tickets.payloads import TicketPairPayload
from services.gateway.tickets.rights import STAFF
from services.gateway.tickets.vocabulary import TicketLinkKind


@strawberry.input(description="For mergeTicket.")
class MergeTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    into_ticket_id: strawberry.ID = strawberry.field(description="Into which.")
    into_expected_version: int = strawberry.field(description="Version seen of that.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For unmergeTicket.")
class UnmergeTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For splitTicket.")
class SplitTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    entry_ids: list[strawberry.ID] = strawberry.field(description="Which.")
    new_ticket: NewTicketInput = strawberry.field(description="The new one.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For linkTicket.")
class LinkTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    other_ticket_id: strawberry.ID = strawberry.field(description="Which.")
    kind: TicketLinkKind = strawberry.field(
        description="How, read from the first; follow-ups and splits are tied by the service alone."
    )
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For unlinkTicket.")
class UnlinkTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    other_ticket_id: strawberry.ID = strawberry.field(description="Which.")
    kind: TicketLinkKind = strawberry.field(description="Which tie.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.type
class RelationMutations:
    @strawberry.mutation(description="Puts it into another of the same organisation.", directives=STAFF)
    async def merge_ticket(self, info: Info, input: What[MergeTicketInput]) -> TicketPairPayload:
        ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
        into = of_kind("ticket", input.into_ticket_id, "input", "intoTicketId")
        act = by(info.context, input)
        seen = input.into_expected_version
        return TicketPairPayload.of(
            await relations.merge(info.context.services.desk, act, ticket, into, into_expected_version=seen)
        )

    @strawberry.mutation(description="Takes it out again.", directives=STAFF)
    async def unmerge_ticket(self, info: Info, input: What[UnmergeTicketInput]) -> TicketPairPayload:
        ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
        return TicketPairPayload.of(await relations.unmerge(info.context.services.desk, by(info.context, input), ticket))

    @strawberry.mutation(description="Takes entries out into a new ticket.", directives=STAFF)
    async def split_ticket(self, info: Info, input: What[SplitTicketInput]) -> TicketPairPayload:
        ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
        entries = [of_kind("entry", each, "input", "entryIds", str(place)) for place, each in enumerate(input.entry_ids)]
        new = new_ticket(input.new_ticket, "input", "newTicket")
        return TicketPairPayload.of(
            await relations.split(info.context.services.desk, by(info.context, input), ticket, entries, new)
        )

    @strawberry.mutation(description="Ties it to another.", directives=STAFF)
    async def link_ticket(self, info: Info, input: What[LinkTicketInput]) -> TicketPairPayload:
        ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
        other, kind = of_kind("ticket", input.other_ticket_id, "input", "otherTicketId"), words.LinkKind(input.kind.name)
        return TicketPairPayload.of(
            await relations.link(info.context.services.desk, by(info.context, input), ticket, other, kind)
        )

    @strawberry.mutation(description="Unties it.", directives=STAFF)
    async def unlink_ticket(self, info: Info, input: What[UnlinkTicketInput]) -> TicketPairPayload:
        ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
        other, kind = of_kind("ticket", input.other_ticket_id, "input", "otherTicketId"), words.LinkKind(input.kind.name)
        return TicketPairPayload.of(
            await relations.unlink(info.context.services.desk, by(info.context, input), ticket, other, kind)
        )

"""Where a ticket stands: work, waiting, solution, end, and what the requester thinks of it."""

from __future__ import annotations

from datetime import datetime

import strawberry

from domain.tickets import vocabulary as words
from domain.tickets.ticket import Ticket
from services.gateway.context import Info
from services.gateway.scalars import IdempotencyKey
from services.gateway.tickets.changing import What, changed, promised
from services.gateway.tickets.payloads import TicketPayload
from services.gateway.tickets.rights import EVERYBODY, STAFF
from services.gateway.tickets.vocabulary import HoldReason, Resolution


@strawberry.input(description="For startTicketWork.")
class StartTicketWorkInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For awaitCustomer.")
class AwaitCustomerInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For putTicketOnHold.")
class PutTicketOnHoldInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    reason: HoldReason = strawberry.field(description="For what.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For snoozeTicket.")
class SnoozeTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    until: datetime = strawberry.field(description="Until when.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For resolveTicket.")
class ResolveTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    resolution: Resolution = strawberry.field(description="How.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For closeTicket.")
class CloseTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For reopenTicket.")
class ReopenTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For rateTicketSatisfaction.")
class RateTicketSatisfactionInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    score: int = strawberry.field(description="1 (bad) to 5 (good).")
    comment: str | None = strawberry.field(description="In words.", default=None)
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For markTicketAsSpam.")
class MarkTicketAsSpamInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For unmarkTicketAsSpam.")
class UnmarkTicketAsSpamInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.type
class LifecycleMutations:
    @strawberry.mutation(description="Starts or goes on.", directives=STAFF)
    async def start_ticket_work(self, info: Info, input: What[StartTicketWorkInput]) -> TicketPayload:
        return await changed(info, input, Ticket.start_work, at=info.context.at)

    @strawberry.mutation(description="Waits for the customer.", directives=STAFF)
    async def await_customer(self, info: Info, input: What[AwaitCustomerInput]) -> TicketPayload:
        return await changed(info, input, Ticket.await_customer, at=info.context.at)

    @strawberry.mutation(description="Waits for something else.", directives=STAFF)
    async def put_ticket_on_hold(self, info: Info, input: What[PutTicketOnHoldInput]) -> TicketPayload:
        return await changed(info, input, Ticket.put_on_hold, at=info.context.at, reason=words.HoldReason(input.reason.name))

    @strawberry.mutation(description="Lets it sleep.", directives=STAFF)
    async def snooze_ticket(self, info: Info, input: What[SnoozeTicketInput]) -> TicketPayload:
        return await changed(
            info,
            input,
            Ticket.snooze,
            at=info.context.at,
            until=input.until,
            limit=(await info.context.policies()).snooze_limit,
        )

    @strawberry.mutation(description="Says it is solved.", directives=STAFF)
    async def resolve_ticket(self, info: Info, input: What[ResolveTicketInput]) -> TicketPayload:
        return await changed(
            info,
            input,
            Ticket.resolve,
            at=info.context.at,
            resolution=words.Resolution(input.resolution.name),
            reopenable_until=await reopenable(info),
        )

    @strawberry.mutation(description="Ends it; a customer may end their own.", directives=EVERYBODY)
    async def close_ticket(self, info: Info, input: What[CloseTicketInput]) -> TicketPayload:
        because = words.CloseCause.CUSTOMER if info.context.viewer.is_customer else words.CloseCause.STAFF
        return await changed(
            info, input, Ticket.close, at=info.context.at, because=because, reopenable_until=await reopenable(info)
        )

    @strawberry.mutation(description="Opens it again, within its window.", directives=EVERYBODY)
    async def reopen_ticket(self, info: Info, input: What[ReopenTicketInput]) -> TicketPayload:
        because = words.ReopenCause.CUSTOMER if info.context.viewer.is_customer else words.ReopenCause.STAFF
        at = info.context.at
        return await promised(info, input, lambda ticket, terms: ticket.reopen(at=at, because=because, terms=terms))

    @strawberry.mutation(description="Rates a resolution, once, by the requester.", directives=EVERYBODY)
    async def rate_ticket_satisfaction(self, info: Info, input: What[RateTicketSatisfactionInput]) -> TicketPayload:
        return await changed(
            info, input, Ticket.rate, at=info.context.at, score=input.score, by=info.context.viewer.id, comment=input.comment
        )

    @strawberry.mutation(description="Says it is no inquiry.", directives=STAFF)
    async def mark_ticket_as_spam(self, info: Info, input: What[MarkTicketAsSpamInput]) -> TicketPayload:
        return await changed(info, input, Ticket.mark_as_spam, at=info.context.at)

    @strawberry.mutation(description="Says it is an inquiry after all; it is NEW again.", directives=STAFF)
    async def unmark_ticket_as_spam(self, info: Info, input: What[UnmarkTicketAsSpamInput]) -> TicketPayload:
        return await changed(info, input, Ticket.unmark_as_spam, at=info.context.at)


async def reopenable(info: Info) -> datetime:
    """Until when a ticket that ends now can be reopened."""
    return info.context.now + (await info.context.policies()).reopen_window

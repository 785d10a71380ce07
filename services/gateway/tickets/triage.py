"""Whose a ticket is, how soon, how bad, and what it is labelled: assigning, transferring, classifying, watching."""

from __future__ import annotations

import strawberry

from domain.errors import NotFound
from domain.tickets import vocabulary as words
from domain.tickets.ticket import Ticket
from services.commands import people
from services.commands.desk import see
from services.commands.opening import set_field
from services.gateway.acting import by
from services.gateway.context import Info
from services.gateway.ids import of_kind, read
from services.gateway.scalars import IdempotencyKey
from services.gateway.shapes import given
from services.gateway.tickets.changing import What, changed, promised
from services.gateway.tickets.inputs import TicketFieldInput, TransferTargetInput, value_of
from services.gateway.tickets.payloads import TicketPayload
from services.gateway.tickets.rights import EVERYBODY, STAFF
from services.gateway.tickets.vocabulary import EscalationTarget, TicketPriority, TicketSeverity
from services.runtime.decision import Decision


@strawberry.input(description="For assignTicket.")
class AssignTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    agent_id: strawberry.ID = strawberry.field(description="To whom.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For unassignTicket.")
class UnassignTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For transferTicket.")
class TransferTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    to: TransferTargetInput = strawberry.field(description="Where.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For changeTicketPriority.")
class ChangeTicketPriorityInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    priority: TicketPriority = strawberry.field(description="New.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For changeTicketSeverity.")
class ChangeTicketSeverityInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    severity: TicketSeverity = strawberry.field(description="New.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For tagTicket.")
class TagTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    tag: str = strawberry.field(description="Label.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For untagTicket.")
class UntagTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    tag: str = strawberry.field(description="Label.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For setTicketField.")
class SetTicketFieldInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    field: TicketFieldInput = strawberry.field(description="Which and what.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For escalateTicket.")
class EscalateTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    target: EscalationTarget = strawberry.field(description="Whom.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For watchTicket.")
class WatchTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    watcher_id: strawberry.ID | None = strawberry.field(description="Who; yourself if left out.", default=None)
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For unwatchTicket.")
class UnwatchTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    watcher_id: strawberry.ID | None = strawberry.field(description="Who; yourself if left out.", default=None)
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.type
class TriageMutations:
    @strawberry.mutation(description="Gives it to somebody.", directives=STAFF)
    async def assign_ticket(self, info: Info, input: What[AssignTicketInput]) -> TicketPayload:
        ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
        agent = of_kind("agent", input.agent_id, "input", "agentId")
        return TicketPayload.of(await people.assign(info.context.services.desk, by(info.context, input), ticket, agent), ticket)

    @strawberry.mutation(description="Gives it back to the team.", directives=STAFF)
    async def unassign_ticket(self, info: Info, input: What[UnassignTicketInput]) -> TicketPayload:
        return await changed(info, input, Ticket.unassign, at=info.context.at)

    @strawberry.mutation(description="Sends it to another team, or moves it to another organisation.", directives=STAFF)
    async def transfer_ticket(self, info: Info, input: What[TransferTicketInput]) -> TicketPayload:
        ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
        desk, act = info.context.services.desk, by(info.context, input)
        if given(input.to.queue_id) is not None:
            queue = of_kind("queue", input.to.queue_id or "", "input", "to", "queueId")
            return TicketPayload.of(await people.transfer_to_queue(desk, act, ticket, queue), ticket)
        organisation = of_kind("organisation", input.to.organisation_id or "", "input", "to", "organisationId")
        return TicketPayload.of(await people.transfer_to_organisation(desk, act, ticket, organisation), ticket)

    @strawberry.mutation(description="Changes how soon; targets follow.", directives=STAFF)
    async def change_ticket_priority(self, info: Info, input: What[ChangeTicketPriorityInput]) -> TicketPayload:
        priority, at = words.Priority(input.priority.name), info.context.at
        return await promised(info, input, lambda ticket, terms: ticket.change_priority(priority, at=at, terms=terms))

    @strawberry.mutation(description="Changes how bad; targets follow.", directives=STAFF)
    async def change_ticket_severity(self, info: Info, input: What[ChangeTicketSeverityInput]) -> TicketPayload:
        severity, at = words.Severity(input.severity.name), info.context.at
        return await promised(info, input, lambda ticket, terms: ticket.change_severity(severity, at=at, terms=terms))

    @strawberry.mutation(description="Adds a label.", directives=STAFF)
    async def tag_ticket(self, info: Info, input: What[TagTicketInput]) -> TicketPayload:
        return await changed(info, input, Ticket.tag, at=info.context.at, tag=input.tag)

    @strawberry.mutation(description="Takes a label off.", directives=STAFF)
    async def untag_ticket(self, info: Info, input: What[UntagTicketInput]) -> TicketPayload:
        return await changed(info, input, Ticket.untag, at=info.context.at, tag=input.tag)

    @strawberry.mutation(description="Sets one field; customers only those open to them.", directives=EVERYBODY)
    async def set_ticket_field(self, info: Info, input: What[SetTicketFieldInput]) -> TicketPayload:
        ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
        desk, act, policies = info.context.services.desk, by(info.context, input), await info.context.policies()

        async def decide(decision: Decision) -> None:
            set_field(await see(decision, act, ticket), act, policies, input.field.key, value_of(input.field.value))

        return TicketPayload.of(await desk.writer.decide(act.act, decide), ticket)

    @strawberry.mutation(description="Calls for help, at any hour.", directives=STAFF)
    async def escalate_ticket(self, info: Info, input: What[EscalateTicketInput]) -> TicketPayload:
        return await changed(info, input, Ticket.escalate, at=info.context.at, target=words.EscalationTarget(input.target.name))

    @strawberry.mutation(description="Follows it; staff may name somebody else.", directives=EVERYBODY)
    async def watch_ticket(self, info: Info, input: What[WatchTicketInput]) -> TicketPayload:
        return await _watch(info, input, stop=False)

    @strawberry.mutation(description="Stops following.", directives=EVERYBODY)
    async def unwatch_ticket(self, info: Info, input: What[UnwatchTicketInput]) -> TicketPayload:
        return await _watch(info, input, stop=True)


async def _watch(info: Info, input: WatchTicketInput | UnwatchTicketInput, *, stop: bool) -> TicketPayload:
    ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
    watcher = None
    if input.watcher_id is not None:
        known = read(input.watcher_id)
        if known is None or known[0] not in ("contact", "agent"):
            raise NotFound("There is nobody with this id.", path=("input", "watcherId"))
        watcher = known[1]
    receipt = await people.watch(info.context.services.desk, by(info.context, input), ticket, watcher, stop=stop)
    return TicketPayload.of(receipt, ticket)

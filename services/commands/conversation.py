"""What is said on a ticket that exists, and where it goes when the ticket has moved on: into the one it lives on in, or a follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from domain.errors import NotFound
from domain.policies import Policies
from domain.tickets.refusals import ReopenWindowPassed
from domain.tickets.status import Status
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import AfterReply, BodyFormat, Channel, RedactionReason
from services.commands.desk import By, Desk, see
from services.commands.entitlement import terms_for
from services.commands.language import language_of
from services.commands.opening import follow_up
from services.runtime.command import Receipt
from services.runtime.decision import Decision


async def reply(
    desk: Desk, by: By, ticket: UUID, *, body: str, then: AfterReply = AfterReply.KEEP, channel: Channel = Channel.PORTAL
) -> Receipt:
    """Write a public message: staff reach the customer, a customer reaches staff. The receipt's ids: ticket, entry.

    A customer's goes where the ticket lives on: into the one it was merged into, or, when it ended too long ago, into a linked
    follow-up, whose id is the receipt's then.
    """
    policies = await desk.policies.now()
    language = await language_of(body) if by.viewer.is_customer else None

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, ticket)
        if by.viewer.is_customer:
            await hear(decision, by, found, policies, body=body, channel=channel, language=language)
            return
        entry = decision.new_id()
        found.send_reply(
            at=by.act.at,
            entry=entry,
            body=body,
            by_human=by.is_human_staff,
            channel=channel if by.is_human_staff else Channel.API,
            then=then,
            reopenable_until=by.act.at + policies.reopen_window,
        )
        decision.remember(ticket=found.id, entry=entry)

    return await desk.writer.decide(by.act, decide)


async def hear(
    decision: Decision,
    by: By,
    ticket: Ticket,
    policies: Policies,
    *,
    body: str,
    channel: Channel,
    author: UUID | None = None,
    language: str | None = None,
) -> None:
    """What a customer says, within a decision. No message is ever refused because its ticket was merged or ended long ago."""
    home = await lives_on_in(decision, ticket)
    entry = decision.new_id()
    try:
        home.receive_message(
            at=by.act.at,
            entry=entry,
            author=author or by.viewer.id,
            channel=channel,
            body=body,
            format=BodyFormat.PLAIN if channel is Channel.EMAIL else BodyFormat.MARKDOWN,
            language=language,
            forwarded_from=ticket.id if home is not ticket else None,
            terms=await terms_for(decision, policies, home.organisation, by.act.at),
        )
    except ReopenWindowPassed:
        await follow_up(decision, by, home, policies, body=body, channel=channel, language=language)
    else:
        decision.remember(ticket=home.id, entry=entry)


async def lives_on_in(decision: Decision, ticket: Ticket) -> Ticket:
    """The ticket itself, or the end of the chain of merges it is in. Merging never makes a circle."""
    while ticket.status is Status.MERGED and ticket.merged_into is not None:
        ticket = await decision.load(Ticket, ticket.merged_into, seen=False)
    return ticket


async def add_internal_note(desk: Desk, by: By, ticket: UUID, *, body: str, mentions: Sequence[UUID] = ()) -> Receipt:
    """A note among staff. The receipt's ids: ticket, entry."""
    for index, mentioned in enumerate(mentions):
        if not await desk.is_staff(mentioned):
            raise NotFound("There is no such member of staff.", path=("input", "mentions", str(index)))

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, ticket)
        entry = decision.new_id()
        found.add_internal_note(at=by.act.at, entry=entry, body=body, mentions=mentions)
        decision.remember(ticket=found.id, entry=entry)

    return await desk.writer.decide(by.act, decide)


async def redact(desk: Desk, by: By, ticket: UUID, entry: UUID, reason: RedactionReason) -> Receipt:
    """Remove the text of an entry for good: its key is destroyed in the same append. The receipt's ids: ticket, entry."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, ticket)
        found.redact(entry, reason, at=by.act.at)
        decision.destroy_entry(entry)
        decision.remember(ticket=found.id, entry=entry)

    return await desk.writer.decide(by.act, decide)

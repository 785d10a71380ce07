"""Use cases over tickets: who may ask what, and where a message goes when its ticket has moved on."""

from __future__ import annotations

from uuid import uuid4

import pytest

from domain.errors import Conflict, Forbidden, NotFound, ValidationFailed
from domain.tickets.refusals import TicketIsMerged
from domain.tickets.status import Status
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import AfterReply, LinkKind, OriginKind, Priority, RedactionReason, TicketKind
from services.commands import conversation, people, relations
from services.commands.desk import change
from services.commands.opening import NewTicket, open_ticket
from services.runtime.act import Expected
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, PROGRAM, ticket_of, world

pytestmark = pytest.mark.anyio


async def test_a_customer_opens_a_ticket_for_their_organisation_with_a_first_message_and_promises(
    database: TestDatabase,
) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        anna = await on.customer("anna@acme.example", acme)
        ticket = await on.ticket(await on.opened(anna, priority=Priority.URGENT))
        assert (ticket.organisation, ticket.requester, ticket.status) == (acme, anna.id, Status.NEW)
        assert len(ticket.entries) == 1
        assert ticket.deadlines()


async def test_a_stranger_by_email_is_registered_once_in_the_same_append(database: TestDatabase) -> None:
    async with world(database) as on:
        new = NewTicket(TicketKind.REQUEST, "Hello", email="New.Person@somewhere.example")
        first = await on.ticket(ticket_of(await open_ticket(on.desk, on.by(AGENT), new, body="Hi")))
        again = NewTicket(TicketKind.REQUEST, "Hello again", email="new.person@SOMEWHERE.example")
        second = await on.ticket(ticket_of(await open_ticket(on.desk, on.by(AGENT), again, body="Hi")))
        assert first.requester == second.requester
        assert first.organisation is None


async def test_only_staff_open_tickets_for_somebody_else(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        anna, ben = await on.customer("anna@acme.example", acme), await on.customer("ben@acme.example", acme)
        with pytest.raises(Forbidden):
            await open_ticket(on.desk, on.by(anna), NewTicket(TicketKind.REQUEST, "x", requester=ben.id), body="y")


async def test_anothers_ticket_cannot_be_told_from_one_that_does_not_exist(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        eve = await on.customer("eve@other.example", await on.organisation("other"))
        ticket = await on.opened(anna)
        said = []
        for target, expected in ((ticket, None), (ticket, Expected(99)), (uuid4(), None)):
            with pytest.raises(NotFound) as refusal:
                await change(on.desk, on.by(eve, expected=expected), target, Ticket.start_work, at=on.at)
            said.append((refusal.value.message, refusal.value.path))
        assert len(set(said)) == 1


async def test_a_program_with_the_scope_to_command_needs_none_to_read(database: TestDatabase) -> None:
    async with world(database) as on:
        ticket = await on.opened(await on.customer("anna@acme.example", await on.organisation("acme")))
        await change(on.desk, on.by(PROGRAM), ticket, Ticket.start_work, at=on.at)
        assert (await on.ticket(ticket)).status is Status.OPEN


async def test_a_late_reply_opens_a_linked_follow_up(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        ticket = await on.opened(anna, "Disk full")
        await conversation.reply(on.desk, on.by(AGENT), ticket, body="Emptied.", then=AfterReply.RESOLVE)
        on.later(days=15)
        receipt = await conversation.reply(on.desk, on.by(anna), ticket, body="Full again.")
        follow_up = await on.ticket(ticket_of(receipt))
        assert follow_up.id != ticket
        assert follow_up.origin is not None
        assert (follow_up.origin.kind, follow_up.origin.ticket) == (OriginKind.FOLLOW_UP_OF, ticket)
        assert follow_up.subject == "Disk full"
        assert (follow_up.id, LinkKind.RELATED) in (await on.ticket(ticket)).links


async def test_a_reply_within_the_window_reopens(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        ticket = await on.opened(anna)
        await conversation.reply(on.desk, on.by(AGENT), ticket, body="Emptied.", then=AfterReply.RESOLVE)
        on.later(days=13)
        assert ticket_of(await conversation.reply(on.desk, on.by(anna), ticket, body="Full again.")) == ticket
        assert (await on.ticket(ticket)).status is Status.OPEN


async def test_a_merged_ticket_forwards_what_a_customer_writes_and_refuses_what_staff_write(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        first, second, third = [await on.opened(anna, f"Disk {number}") for number in range(3)]
        await relations.merge(on.desk, on.by(AGENT), first, second)
        await relations.merge(on.desk, on.by(AGENT), second, third)
        receipt = await conversation.reply(on.desk, on.by(anna), first, body="Any news?")
        assert ticket_of(receipt) == third
        with pytest.raises(TicketIsMerged):
            await conversation.reply(on.desk, on.by(AGENT), first, body="No.")
        await relations.unmerge(on.desk, on.by(AGENT), second)
        assert (await on.ticket(second)).merged_into is None


async def test_merging_judges_the_version_seen_of_the_other_too(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        first, second = await on.opened(anna), await on.opened(anna)
        with pytest.raises(Conflict) as refusal:
            await relations.merge(on.desk, on.by(AGENT), first, second, into_expected_version=1)
        assert refusal.value.path == ("input", "intoExpectedVersion")
        assert (await on.ticket(first)).status is Status.NEW


async def test_entries_are_split_into_a_ticket_of_the_same_requester(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        ticket = await on.opened(anna)
        entry = (await conversation.reply(on.desk, on.by(anna), ticket, body="And another thing.")).ids["entry"]
        entries = [each for each in (await on.ticket(ticket)).entries if str(each) == entry]
        receipt = await relations.split(on.desk, on.by(AGENT), ticket, entries, NewTicket(TicketKind.REQUEST, "Another thing"))
        other = await on.ticket(receipt.ids["other"])
        assert other.requester == anna.id
        assert other.origin is not None
        assert list(other.origin.entries) == entries


async def test_redacted_text_cannot_be_read_again(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        ticket = await on.opened(anna)
        receipt = await conversation.reply(on.desk, on.by(anna), ticket, body="password: hunter2")
        entry = next(each for each in (await on.ticket(ticket)).entries if str(each) == receipt.ids["entry"])
        await conversation.redact(on.desk, on.by(AGENT), ticket, entry, RedactionReason.SECRET)
        told = [event for event in await on.recording.another().events(ticket) if getattr(event, "entry", None) == entry]
        assert [event.body.value for event in told if hasattr(event, "body")] == [None]


async def test_work_is_given_to_staff_alone(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        ticket = await on.opened(anna)
        with pytest.raises(NotFound):
            await people.assign(on.desk, on.by(AGENT), ticket, anna.id)
        await people.assign(on.desk, on.by(AGENT), ticket, ADMIN.id)
        assert (await on.ticket(ticket)).assignee == ADMIN.id


async def test_after_a_transfer_the_old_organisation_sees_it_no_more(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        other = await on.organisation("other")
        ticket = await on.opened(anna)
        await people.transfer_to_organisation(on.desk, on.by(AGENT), ticket, other)
        with pytest.raises(NotFound):
            await conversation.reply(on.desk, on.by(anna), ticket, body="Hello?")


async def test_a_field_of_staff_does_not_exist_for_customers(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        for key in ("root_cause", "no_such_field"):
            with pytest.raises(ValidationFailed) as refusal:
                await open_ticket(on.desk, on.by(anna), NewTicket(TicketKind.REQUEST, "x", fields=[(key, "y")]), body="z")
            assert "root_cause" not in refusal.value.message


async def test_people_follow_tickets_they_may_see(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        anna, ben = await on.customer("anna@acme.example", acme), await on.customer("ben@acme.example", acme)
        eve = await on.customer("eve@other.example", await on.organisation("other"))
        ticket = await on.opened(anna)
        await people.watch(on.desk, on.by(ben), ticket)
        await people.watch(on.desk, on.by(AGENT), ticket)
        with pytest.raises(ValidationFailed):
            await people.watch(on.desk, on.by(AGENT), ticket, eve.id)
        with pytest.raises(Forbidden):
            await people.watch(on.desk, on.by(anna), ticket, ben.id)
        found = await on.ticket(ticket)
        assert (found.watchers, found.staff_watchers) == ({ben.id}, {AGENT.id})
        await people.watch(on.desk, on.by(ben), ticket, stop=True)
        assert (await on.ticket(ticket)).watchers == set()

"""Use cases over people, and incoming mail."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.errors import AlreadyExists, Forbidden, NotFound, ValidationFailed
from domain.organisations.events import ContactRole
from domain.tickets.vocabulary import AfterReply, Channel, Direction, TicketKind
from projections.viewer import Role, Viewer
from services.commands import conversation, erasure, people
from services.commands.mail import Mail, ingest
from services.commands.opening import NewTicket, PhoneCall, log_phone_call, open_ticket
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, PROGRAM, ticket_of, world

pytestmark = pytest.mark.anyio
MAIL = Mail("<1@mail.example>", "anna@acme.example", "Disk full", "It is full.")


async def test_an_address_is_one_persons(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        anna = await on.customer("anna@acme.example", acme)
        with pytest.raises(AlreadyExists) as refusal:
            await on.customer("Anna@ACME.example", acme)
        assert refusal.value.existing == anna.id


async def test_of_many_who_register_one_address_at_once_one_wins(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        new = people.NewContact(email="anna@acme.example", name="Anna", organisation=acme)
        outcomes = await asyncio.gather(
            *(people.register_contact(on.desk, on.by(ADMIN), new) for _ in range(20)), return_exceptions=True
        )
        assert [type(each) for each in outcomes].count(AlreadyExists) == 19


async def test_strangers_who_write_at_once_are_one_person(database: TestDatabase) -> None:
    async with world(database) as on:
        receipts = await asyncio.gather(
            *(ingest(on.desk, on.by(PROGRAM), replace(MAIL, message_id=f"<{number}@x>")) for number in range(8))
        )
        assert len({(await on.ticket(ticket_of(each))).requester for each in receipts}) == 1


async def test_an_administrator_of_an_organisation_sees_no_other(database: TestDatabase) -> None:
    async with world(database) as on:
        acme, other = await on.organisation("acme"), await on.organisation("other")
        boss = replace(await on.customer("boss@acme.example", acme), role=Role.CUSTOMER_ADMIN)
        eve = await on.customer("eve@other.example", other)
        with pytest.raises(NotFound):
            await people.unlink_contact(on.desk, on.by(boss), eve.id)
        with pytest.raises(NotFound):
            await people.register_contact(on.desk, on.by(boss), people.NewContact("x@y.example", "X", organisation=other))
        with pytest.raises(Forbidden):
            await people.change_contact_role(on.desk, on.by(boss), boss.id, ContactRole.CUSTOMER)


async def test_erasing_somebody_wants_their_address_as_a_safeguard_and_frees_it(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        ticket = await on.opened(anna)
        with pytest.raises(ValidationFailed):
            await erasure.erase_contact(on.desk, on.by(ADMIN), anna.id, confirmation="somebody@else.example")
        await erasure.erase_contact(on.desk, on.by(ADMIN), anna.id, confirmation="Anna@acme.example")
        assert (await on.contact(anna.id)).erased
        assert (await on.ticket(ticket)).subject is None
        again = await on.customer("anna@acme.example", None)
        assert again.id != anna.id


async def test_a_mail_is_applied_once_however_often_it_comes(database: TestDatabase) -> None:
    async with world(database) as on:
        receipts = [await ingest(on.desk, on.by(PROGRAM), MAIL) for _ in range(3)]
        at_once = await asyncio.gather(
            *(
                ingest(on.desk, on.by(PROGRAM), replace(MAIL, message_id="<2@x>", answers=("<1@mail.example>",)))
                for _ in range(5)
            )
        )
        tickets = {ticket_of(each) for each in [*receipts, *at_once]}
        assert len(tickets) == 1
        ticket = await on.ticket(tickets.pop())
        assert len(ticket.entries) == 2
        assert ticket.channel is Channel.EMAIL


async def test_a_mail_with_a_tickets_number_is_added_to_it_if_its_sender_may_see_it(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        ticket = await on.ticket(await on.opened(anna))
        mine = replace(MAIL, subject=f"Re: Disk full [#{ticket.ref}]")
        assert ticket_of(await ingest(on.desk, on.by(PROGRAM), mine)) == ticket.id
        forged = replace(mine, message_id="<3@x>", sender="eve@other.example")
        assert ticket_of(await ingest(on.desk, on.by(PROGRAM), forged)) != ticket.id


async def test_a_late_mail_opens_a_follow_up_and_its_answers_find_it(database: TestDatabase) -> None:
    async with world(database) as on:
        first = ticket_of(await ingest(on.desk, on.by(PROGRAM), MAIL))
        await conversation.reply(on.desk, on.by(AGENT), first, body="Done.", then=AfterReply.RESOLVE)
        on.later(days=30)
        late = replace(MAIL, message_id="<late@x>", answers=(MAIL.message_id,))
        second = ticket_of(await ingest(on.desk, on.by(PROGRAM), late))
        third = ticket_of(await ingest(on.desk, on.by(PROGRAM), replace(late, message_id="<later@x>", answers=("<late@x>",))))
        assert first != second == third


async def test_a_mail_without_subject_is_no_less_a_ticket(database: TestDatabase) -> None:
    async with world(database) as on:
        ticket = await on.ticket(ticket_of(await ingest(on.desk, on.by(PROGRAM), replace(MAIL, subject="  "))))
        assert ticket.subject == "(no subject)"
        assert isinstance(ticket.requester, UUID)


async def test_an_administrator_draws_no_mail_of_others_to_their_organisation(database: TestDatabase) -> None:
    async with world(database) as on:
        receipt = await people.register_organisation(
            on.desk, on.by(ADMIN), ref="acme", name="Acme", email_domains=["acme.example"]
        )
        acme = UUID(receipt.ids["organisation"])
        boss = replace(await on.customer("boss@acme.example", acme), role=Role.CUSTOMER_ADMIN)
        for address in ("ceo@zenith.example", "ceo@notacme.example", "ceo@acme.example.zenith.example"):
            with pytest.raises(ValidationFailed) as refused:
                await people.register_contact(on.desk, on.by(boss), people.NewContact(address, "CEO"))
            assert (refused.value.problem, refused.value.path) == ("NOT_ALLOWED", ("input", "email"))
        made = await people.register_contact(on.desk, on.by(boss), people.NewContact("new@lab.acme.example", "New"))
        assert (await on.contact(UUID(made.ids["contact"]))).organisation == acme
        other = people.NewContact("partner@zenith.example", "Partner", organisation=acme)
        await people.register_contact(on.desk, on.by(ADMIN), other)


async def test_a_service_manager_commands_nothing_of_an_organisation_they_do_not_serve(database: TestDatabase) -> None:
    async with world(database) as on:
        acme, other = await on.organisation("acme"), await on.organisation("other")
        anna, eve = await on.customer("anna@acme.example", acme), await on.customer("eve@other.example", other)
        manager = Viewer(Role.SERVICE_MANAGER, AGENT.id, organisations=frozenset({acme}))
        ticket = await on.opened(anna)
        with pytest.raises(NotFound):
            await people.register_contact(on.desk, on.by(manager), people.NewContact("x@y.example", "X", organisation=other))
        with pytest.raises(NotFound):
            await people.transfer_to_organisation(on.desk, on.by(manager), ticket, other)
        new = NewTicket(TicketKind.REQUEST, "For another", requester=eve.id)
        with pytest.raises(NotFound):
            await open_ticket(on.desk, on.by(manager), new, body="Hello")
        call = PhoneCall(Direction.INBOUND, eve.id, on.at, timedelta(minutes=1), "She called.")
        with pytest.raises(NotFound):
            await log_phone_call(on.desk, on.by(manager), ticket, call)
        await log_phone_call(on.desk, on.by(manager), ticket, replace(call, contact=anna.id))


async def test_an_administrator_is_not_told_who_is_known_elsewhere(database: TestDatabase) -> None:
    async with world(database) as on:
        acme, other = await on.organisation("acme"), await on.organisation("other")
        boss = replace(await on.customer("boss@acme.example", acme), role=Role.CUSTOMER_ADMIN)
        anna = await on.customer("anna@acme.example", acme)
        await on.customer("eve@other.example", other)
        await on.customer("consultant@acme.example", other)
        await on.customer("walkin@acme.example", None)
        said = []
        for address in ("eve@other.example", "nobody@other.example", "consultant@acme.example", "walkin@acme.example"):
            with pytest.raises(ValidationFailed) as refused:
                await people.register_contact(on.desk, on.by(boss), people.NewContact(address, "X"))
            said.append((refused.value.problem, refused.value.path, refused.value.limit, str(refused.value)))
        assert len(set(said)) == 1
        with pytest.raises(AlreadyExists) as known:
            await people.register_contact(on.desk, on.by(boss), people.NewContact("Anna@acme.example", "X"))
        assert known.value.existing == anna.id
        await people.register_contact(on.desk, on.by(boss), people.NewContact("new@acme.example", "New"))


async def test_a_service_manager_opens_tickets_by_address_for_those_they_see_alone(database: TestDatabase) -> None:
    async with world(database) as on:
        acme, other = await on.organisation("acme"), await on.organisation("other")
        anna = await on.customer("anna@acme.example", acme)
        await on.customer("eve@other.example", other)
        manager = Viewer(Role.SERVICE_MANAGER, AGENT.id, organisations=frozenset({acme}))
        said = set()
        for address in ("eve@other.example", "nobody@other.example"):
            new = NewTicket(TicketKind.REQUEST, "For another", email=address)
            for attempt in (new, replace(new, organisation=acme)):
                with pytest.raises(NotFound) as refused:
                    await open_ticket(on.desk, on.by(manager), attempt, body="Hello")
                said.add((str(refused.value), refused.value.path))
        assert len(said) == 1
        new = NewTicket(TicketKind.REQUEST, "For Anna", email="Anna@acme.example")
        opened = await on.ticket(ticket_of(await open_ticket(on.desk, on.by(manager), new, body="Hello")))
        assert opened.requester == anna.id

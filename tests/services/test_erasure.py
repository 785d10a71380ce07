"""A person is erased: their tickets keep their course and their figures, and nothing they wrote can be found or read."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.organisations.contact import Contact
from domain.policies import FieldDefinition, FieldType
from domain.tickets.files import NewFile
from domain.tickets.status import Status
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import Channel, Direction, RedactionReason, ReopenCause, Resolution, TicketKind
from services.runtime.decision import Decision
from services.runtime.errors import PersonErased
from tests.ground import TestDatabase
from tests.services.parcel import NOON
from tests.services.recording import STAFF, Recording, act, recording
from tests.services.scanning import where_it_is

pytestmark = pytest.mark.anyio
MARKER = "quagmire7351"
ORDER = FieldDefinition(key="order", label="Order", type=FieldType.TEXT)


async def a_ticket_about_everything(one: Recording, person: UUID, marker: str) -> UUID:
    """Every personal field there is, each with the marker in it."""
    ticket = uuid4()
    entries = iter([uuid4() for _ in range(4)])

    async def tell(decision: Decision) -> None:
        contact = Contact.register(
            id=person, at=NOON, name=f"Anna {marker}", email=f"{marker}@example.org", phone="+4520304050"
        )
        decision.add(contact)
        decision.reserve("email", f"{marker}@example.org", person, subject=person)
        about = Ticket.open(
            id=ticket,
            at=NOON,
            ref="10001",
            kind=TicketKind.REQUEST,
            subject=f"About {marker}",
            requester=person,
            queue=uuid4(),
            channel=Channel.PORTAL,
        )
        file = NewFile(uuid4(), f"{marker}.log", "text/plain", 7, "ab" * 32)
        about.receive_message(
            at=NOON, entry=next(entries), author=person, channel=Channel.PORTAL, body=f"I am {marker}", files=(file,)
        )
        about.send_reply(at=NOON, entry=next(entries), body=f"Dear {marker}", by_human=True)
        about.log_phone_call(
            at=NOON,
            entry=next(entries),
            direction=Direction.INBOUND,
            contact=person,
            started_at=NOON - timedelta(minutes=5),
            duration=timedelta(minutes=4),
            summary=f"{marker} called",
        )
        about.add_internal_note(at=NOON, entry=next(entries), body=f"{marker} again")
        about.set_field(ORDER, f"order of {marker}", at=NOON)
        about.resolve(Resolution.SOLVED, at=NOON, reopenable_until=NOON + timedelta(days=14))
        about.rate(5, at=NOON, by=person, comment=f"Thanks, {marker}")
        decision.add(about)
        decision.remember(ticket=ticket)

    await one.writer.decide(act(key="told", request=marker.encode()), tell)
    return ticket


async def erase(one: Recording, person: UUID) -> None:
    async def erasure(decision: Decision) -> None:
        (await decision.load(Contact, person)).erase(at=NOON)
        decision.destroy_person(person)

    await one.writer.decide(act(), erasure)


async def texts(one: Recording, *streams: UUID) -> list[object]:
    """What can be read of every personal value."""
    found: list[object] = []
    for stream in streams:
        for event in await one.events(stream):
            found += [personal.value for personal in one.codec.personal(event)]
    return found


async def test_nothing_of_a_person_is_in_the_store_in_plain_text_at_any_time(database: TestDatabase) -> None:
    person = uuid4()
    async with recording(database) as one:
        ticket = await a_ticket_about_everything(one, person, MARKER)
        assert sum(MARKER in str(text) for text in await texts(one, person, ticket)) == 10
        assert await where_it_is(database, MARKER) == []
        await one.as_owner("CREATE TABLE public.leak AS SELECT convert_to($1 || ' was here', 'UTF8') AS raw", MARKER)
        assert await where_it_is(database, MARKER) == ["public.leak"]


async def test_after_erasure_every_replay_works_and_nothing_can_be_read(database: TestDatabase) -> None:
    person, other = uuid4(), uuid4()
    async with recording(database) as one:
        ticket = await a_ticket_about_everything(one, person, MARKER)
        others = await a_ticket_of_another(one, other)
        before = await one.events(ticket)
        await erase(one, person)
        for reader in (one, one.another()):
            after = await reader.events(ticket)
            assert [type(event) for event in after] == [type(event) for event in before]
            assert set(await texts(reader, person, ticket)) == {None}
            assert set(await texts(reader, others)) == {"Mine"}
        assert await where_it_is(database, MARKER) == []
        keys = await one.as_owner("SELECT wrapped FROM store.person_keys WHERE person = $1", person)
        entries = await one.as_owner("SELECT wrapped FROM store.entry_keys WHERE person = $1", person)
        assert [row["wrapped"] for row in keys + entries] == [None] * 5
        assert await one.store.find("email", one.digests.digest("email", f"{MARKER}@example.org")) is None


def test_the_request_that_an_idempotency_key_stands_for_is_in_no_repr() -> None:
    assert MARKER not in repr(act(key="k", request=MARKER.encode()))


async def test_an_erased_persons_ticket_keeps_its_course_but_takes_no_more_texts(database: TestDatabase) -> None:
    person = uuid4()
    async with recording(database) as one:
        ticket = await a_ticket_about_everything(one, person, MARKER)
        await erase(one, person)
        process = one.another()
        await process.writer.change(act(), Ticket, ticket, Ticket.reopen, at=NOON, because=ReopenCause.STAFF)
        await process.writer.change(act(), Ticket, ticket, Ticket.assign, STAFF.id, at=NOON)
        with pytest.raises(PersonErased) as refused:
            await process.writer.change(
                act(), Ticket, ticket, Ticket.add_internal_note, at=NOON, entry=uuid4(), body=f"it was {MARKER}"
            )
        assert MARKER not in str(refused.value)
        loaded = await _load(process, ticket)
        assert (loaded.status, loaded.assignee, loaded.subject) == (Status.OPEN, STAFF.id, None)
        assert MARKER not in repr(loaded)


async def test_a_redacted_entry_is_gone_and_the_rest_stays(database: TestDatabase) -> None:
    person = uuid4()
    async with recording(database) as one:
        ticket = await a_ticket_about_everything(one, person, MARKER)
        (first, *_) = (await _load(one, ticket)).entries

        async def redact(decision: Decision) -> None:
            (await decision.load(Ticket, ticket)).redact(first, RedactionReason.SECRET, at=NOON)
            decision.destroy_entry(first)

        await one.writer.decide(act(), redact)
        read = await texts(one.another(), ticket)
        assert read.count(None) == 2  # the message and the name of its file
        assert sum(MARKER in str(text) for text in read) == 6


async def a_ticket_of_another(one: Recording, person: UUID) -> UUID:
    ticket = uuid4()
    opened = Ticket.open(
        id=ticket,
        at=NOON,
        ref="10002",
        kind=TicketKind.REQUEST,
        subject="Mine",
        requester=person,
        queue=uuid4(),
        channel=Channel.PORTAL,
    )
    await one.writer.add(act(), opened)
    return ticket


async def _load(one: Recording, ticket: UUID) -> Ticket:
    found: list[Ticket] = []

    async def look(decision: Decision) -> None:
        found.append(await decision.load(Ticket, ticket))

    await one.writer.decide(act(), look)
    return found[0]

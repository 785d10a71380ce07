"""Every personal field that any event has is planted with a marker, in every room; once its people are erased, none is left anywhere.

What is to be planted follows from the event types: a new personal field fails this test until it is planted here, too.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import pytest

from domain.contracts.contract import SupportContract
from domain.deliveries.vocabulary import NotificationChannel
from domain.engagements.engagement import Engagement
from domain.event import DomainEvent, Personal
from domain.meetings.vocabulary import OwnerKind
from domain.policies import FieldDefinition, FieldType
from domain.tickets.files import NewFile
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import Channel, Direction, Resolution, TicketKind, Visibility
from projections.subscriptions import subscriptions as subscriptions_shown
from projections.viewer import Role, Viewer
from services.cli.declared import PROJECTIONS
from services.commands import contracts, engagements, erasure, exports, knowledge, meetings, people, subscriptions
from services.commands.exports import Copies
from services.commands.notifying import Message, Telling
from services.projector import connector, reader
from services.projector.schemas import path
from services.runtime.cloudevents import Naming, subject
from services.runtime.codec import event_classes
from services.runtime.postgres import Login
from services.scheduler.exporter import Exporter
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, World, world
from tests.services.commands.test_chat import asked as access_asked
from tests.services.commands.test_chat import in_force
from tests.services.commands.test_engagements import KIND
from tests.services.commands.test_meetings import figures, planned
from tests.services.commands.test_subscriptions import HOOK, confirmed, public
from tests.services.parcel import NOON
from tests.services.projector.ground import Ground
from tests.services.scanning import where_it_is

pytestmark = pytest.mark.anyio
MARKER = "quagmire7351"
PHONE = "+4520917351"
NAMING = Naming("https://support.example.eu", "eu.support-desk")
EMAIL, WEBHOOK = NotificationChannel.EMAIL, NotificationChannel.WEBHOOK


def personal_fields() -> set[tuple[str, str]]:
    """Topic and field of all that is personal in any event of the domain, also within lists of smaller things."""
    ours = [each for each in event_classes() if each.__module__.startswith("domain.")]
    return {(each.TOPIC, field) for each in ours for field in _personal(each)}


def _personal(kind: Any, at: str = "") -> Iterator[str]:
    if get_origin(kind) is Personal:
        yield at
    elif get_args(kind):
        for inner in get_args(kind):
            yield from _personal(inner, at)
    elif dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        for field in dataclasses.fields(kind):
            yield from _personal(hints[field.name], f"{at}.{field.name}".strip("."))


def planted(value: Any, secrets: set[str], at: str = "") -> Iterator[str]:
    """The personal fields of an event that hold a marker."""
    if isinstance(value, Personal):
        if any(each in str(value.value) for each in (MARKER, PHONE, *secrets)):
            yield at
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from planted(each, secrets, at)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from planted(getattr(value, field.name), secrets, f"{at}.{field.name}".strip("."))


@dataclasses.dataclass
class Told:
    """Who it was about, and what is secret beside the marker."""

    organisation: UUID
    contract: UUID
    anna: Viewer
    secrets: set[str]


async def everything(on: World) -> Told:
    """A customer's whole life with us, with the marker in whatever they are asked for."""
    made = await people.register_organisation(
        on.desk, on.by(ADMIN), ref=MARKER, name=f"{MARKER} A/S", email_domains=(f"{MARKER}.example",)
    )
    organisation = UUID(made.ids["organisation"])
    contract = await in_force(on, organisation, "SUPPORT-premium")
    new = people.NewContact(f"{MARKER}@{MARKER}.example", f"Anna {MARKER}", PHONE, organisation)
    person = UUID((await people.register_contact(on.desk, on.by(ADMIN), new)).ids["contact"])
    anna = Viewer(Role.CUSTOMER, person, organisation)
    await a_ticket(on, anna)
    wish = engagements.request(on.desk, on.by(anna), KIND, f"Move {MARKER}, please.")
    one = UUID((await wish).ids["engagement"])
    await engagements.agree(on.desk, on.by(ADMIN), one, f"Two sessions for {MARKER}.", AGENT.id)
    await engagements.schedule(on.desk, on.by(ADMIN), one, on.at + timedelta(days=1), "https://meet.example.org/eng")
    on.later(days=1)
    await engagements.write(on.desk, on.by(ADMIN), one, Engagement.complete, f"{MARKER} moved.", at=on.at)
    two = UUID((await engagements.request(on.desk, on.by(anna), KIND, f"{MARKER} again.")).ids["engagement"])
    await engagements.write(on.desk, on.by(ADMIN), two, Engagement.decline, f"No room for {MARKER}.", at=on.at)
    await knowledge.request_topic(on.desk, on.by(anna), title=f"{MARKER} by example")
    secrets = await subscribed(on, anna)
    for recipient, about in ((person, "contact"), (person, "engagement")):
        await tell(on, recipient, about)
    meeting = await planned(on, contract)
    await meetings.add_agenda_item(on.desk, on.by(ADMIN), meeting, f"Disks for {MARKER}")
    await meetings.raise_action_item(on.desk, on.by(ADMIN), meeting, f"Buy {MARKER} disks", person, OwnerKind.CONTACT)
    await meetings.freeze_pack(on.desk, on.by(ADMIN), meeting, figures)
    on.later(days=8)
    await meetings.hold(on.desk, on.by(ADMIN), meeting)
    await meetings.record_minutes(on.desk, on.by(ADMIN), meeting, f"{MARKER} wants more disks.")
    await access_asked(on, anna)
    return Told(organisation, contract, anna, secrets)


async def a_ticket(on: World, anna: Viewer) -> None:
    open_, closed = (
        FieldDefinition(key=key, label=key, type=FieldType.TEXT, visibility=seen)
        for key, seen in (("order", Visibility.EVERYONE), ("cause", Visibility.STAFF))
    )

    async def tell(decision: Any) -> None:
        about = Ticket.open(
            id=uuid4(),
            at=NOON,
            ref="10001",
            kind=TicketKind.REQUEST,
            subject=f"About {MARKER}",
            requester=anna.id,
            organisation=anna.organisation,
            queue=uuid4(),
            channel=Channel.PORTAL,
        )
        files = [NewFile(uuid4(), f"{MARKER}.log", "text/plain", 7, "ab" * 32) for _ in range(4)]
        about.receive_message(
            at=NOON, entry=uuid4(), author=anna.id, channel=Channel.PORTAL, body=f"I am {MARKER}", files=(files[0],)
        )
        about.send_reply(at=NOON, entry=uuid4(), body=f"Dear {MARKER}", by_human=True, files=(files[1],))
        about.log_phone_call(
            at=NOON,
            entry=uuid4(),
            direction=Direction.INBOUND,
            contact=anna.id,
            started_at=NOON - timedelta(minutes=5),
            duration=timedelta(minutes=4),
            summary=f"{MARKER} called",
        )
        about.add_internal_note(at=NOON, entry=uuid4(), body=f"{MARKER} again", files=(files[2],))
        about.add_attachment(files[3], at=NOON, entry=uuid4())
        about.set_field(open_, f"order of {MARKER}", at=NOON)
        about.set_field(closed, f"{MARKER} did it", at=NOON)
        about.resolve(Resolution.SOLVED, at=NOON, reopenable_until=NOON + timedelta(days=14))
        about.rate(5, at=NOON, by=anna.id, comment=f"Thanks, {MARKER}")
        decision.add(about)

    await on.desk.writer.decide(on.by(AGENT).act, tell)


async def subscribed(on: World, anna: Viewer) -> set[str]:
    """By mail for the person and for the organisation, and a webhook with a secret. What is secret beside the marker."""
    await subscriptions.request(
        on.desk, on.by(anna), subscriptions.NewSubscription(EMAIL, f"{MARKER}@ops.example"), resolve=public
    )
    hook = await confirmed(on, anna, f"{HOOK}{MARKER}", channel=WEBHOOK)
    _, secret = await subscriptions.rotate_secret(on.desk, on.by(anna), hook)
    assert secret is not None
    return {secret}


async def tell(on: World, recipient: UUID, about: str) -> None:
    row = (await on.recording.store.read(0, 1))[0]
    message = Message(recipient, about, uuid4(), f"To {MARKER}", f"Dear {MARKER}")
    await Telling(on.desk.writer, NAMING).person(row, message, on.at)


async def a_copy(on: World, anna: Viewer) -> tuple[UUID, Copies]:
    """A copy of her data that is made and lies there."""
    export = UUID((await exports.request_export(on.desk, on.by(anna), anna.id)).ids["export"])
    settings = on.recording.database.settings
    search = {"search_path": path([each.schema for each in PROJECTIONS])}
    maker = Exporter(
        connect=Login(settings.postgres("customer"), settings=search).connect,
        store=on.recording.store,
        writer=on.desk.writer,
        codec=on.recording.codec,
        keyring=on.recording.keyring,
        clock=Stopped(on),  # type: ignore[arg-type]  # as much as it asks
        projections=PROJECTIONS,
        kept=timedelta(days=7),
    )
    ground = Ground(settings, on.recording, connector(settings), reader(settings))
    await ground.project(*PROJECTIONS)
    assert await maker.look() == 1
    return export, maker.copies


@dataclasses.dataclass
class Stopped:
    on: World

    def now(self) -> Any:
        return self.on.at


async def read_whole(copies: Copies, export: UUID, on: World) -> bytes:
    found = await copies.find(export, on.at)
    assert found is not None
    return b"".join([part async for part in await copies.read(found)])


async def anywhere(on: World, told: Told) -> dict[str, list[str]]:
    database: TestDatabase = on.recording.database
    return {each: await where_it_is(database, each) for each in (MARKER, PHONE.strip("+"), *told.secrets)}


async def said_on_the_bus(on: World) -> str:
    """What the relay publishes: subjects, headers and payloads."""
    rows = await on.recording.store.read(0, 10_000)
    return "\n".join(f"{subject(row)} {json.dumps(NAMING.headers(row))} {bytes(row.state).decode()}" for row in rows)


async def test_what_is_personal_in_any_room_is_nowhere_once_its_people_are_erased(
    database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with world(database) as on:
        told = await everything(on)
        export, copies = await a_copy(on, told.anna)
        copy = (await read_whole(copies, export, on)).decode()
        assert copy.count(MARKER) > 15
        assert all(secret not in copy for secret in told.secrets)
        rows = await on.recording.store.read(0, 10_000)
        keys = await on.recording.keyring.open_for(rows)
        events: list[DomainEvent] = [on.recording.codec.event(row, keys) for row in rows]
        there = {(event.TOPIC, field) for event in events for field in planted(event, told.secrets)}
        assert personal_fields() - there == set(), "each is planted"
        bus = await said_on_the_bus(on)
        assert [line.partition(" ")[0] for line in bus.splitlines() if MARKER in line] == []
        before = await anywhere(on, told)
        assert not [table for tables in before.values() for table in tables if table.startswith("store.")]
        schemas = {table.partition(".")[0] for table in before[MARKER]}
        # Of a subscription's destination the read model has but a hint (q…@…), in which no marker can be.
        holding = {each.schema for each in PROJECTIONS if each.personal and each is not subscriptions_shown}
        assert schemas >= holding, "every read model that holds any is looked at"

        await erasure.erase_contact(on.desk, on.by(ADMIN), told.anna.id, confirmation=f"{MARKER}@{MARKER}.example")
        await contracts.change(on.desk, on.by(ADMIN), told.contract, SupportContract.terminate, at=on.at)
        await erasure.erase_organisation(on.desk, on.by(ADMIN), told.organisation, confirmation=MARKER)
        settings = database.settings
        ground = Ground(settings, on.recording.another(), connector(settings), reader(settings))
        await ground.project(*PROJECTIONS)
        assert {each: tables for each, tables in (await anywhere(on, told)).items() if tables} == {}
        reading = on.recording.another()
        rows = await reading.store.read(0, 10_000)
        keys = await reading.keyring.open_for(rows)
        left = [field for row in rows for field in planted(reading.codec.event(row, keys), told.secrets)]
        assert left == []
        assert await Copies(reading.store.pool, reading.keyring).find(export, on.at) is None
        bus, logs = await said_on_the_bus(on), caplog.text
        assert not [each for each in (MARKER, PHONE, *told.secrets) if each in bus or each in logs]

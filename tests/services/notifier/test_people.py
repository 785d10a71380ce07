"""What becomes of people's own matters is told to them, once, and to nobody else; nobody is told of what they did themselves."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from domain.chat.access import ChatRoomAccess
from domain.contracts.contract import SupportContract
from domain.contracts.vocabulary import ServiceManagerMode
from domain.engagements.engagement import Engagement
from domain.meetings.meeting import OperationsMeeting
from domain.organisations.contact import Contact
from domain.organisations.events import ContactRole
from domain.subscriptions.subscription import StatusSubscription
from domain.subscriptions.vocabulary import DisableReason
from projections.viewer import Role
from services.commands import chat, contracts, engagements, exports, knowledge, meetings, people, subscriptions
from services.notifier.notices import NOTICES
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT
from tests.services.commands.test_chat import asked as access_asked
from tests.services.commands.test_engagements import DAY, JOIN, asked, holder, scheduled
from tests.services.commands.test_knowledge import published, wished
from tests.services.commands.test_meetings import HOUR, planned
from tests.services.notifier.desk import NotifyingDesk, notifying_desk

pytestmark = pytest.mark.anyio


async def told(desk: NotifyingDesk) -> list[tuple[str | None, str]]:
    await desk.settled()
    return [(each.to, each.subject) for each in await desk.outbox()]


async def test_each_decision_is_told_to_whom_it_concerns(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        on = desk.on
        acme, contract, anna = await holder(on)
        boss = await on.customer("boss@acme.example", acme)
        await people.change_contact_role(on.desk, on.by(ADMIN), boss.id, ContactRole.CUSTOMER_ADMIN)
        boss = replace(boss, role=Role.CUSTOMER_ADMIN)
        mine, ours = [await desk.subscribed(who, f"{n}@x.example") for n, who in enumerate((anna, boss))]
        await desk.start()

        access = await access_asked(on, anna)
        await chat.approve(on.desk, on.by(AGENT), access, expires_at=on.at + 30 * DAY)
        await chat.change(on.desk, on.by(AGENT), access, ChatRoomAccess.revoke, at=on.at)
        await chat.change(on.desk, on.by(AGENT), await access_asked(on, anna), ChatRoomAccess.deny, at=on.at)
        to_anna = ["You may join the chat room", "Your access to the chat room has ended", "Your request to join the chat room"]
        assert await told(desk) == [("anna@acme.example", each) for each in to_anna]
        assert "2026-07-31" in (await desk.outbox())[0].text

        before = len(await desk.outbox())
        made = await scheduled(on, anna, on.at + 2 * DAY)
        on.later(days=1)
        await on.desk.writer.change(on.by(ADMIN).act, Engagement, made, Engagement.note_time, at=on.at)
        await engagements.change(on.desk, on.by(ADMIN), made, Engagement.cancel, at=on.at)
        await engagements.change(on.desk, on.by(anna), await asked(on, anna), Engagement.cancel, at=on.at)
        await engagements.write(on.desk, on.by(ADMIN), await asked(on, anna), Engagement.decline, "No room.", at=on.at)
        assert (await told(desk))[before:] == [
            ("anna@acme.example", "ENG-1: what we agreed"), ("anna@acme.example", "ENG-1: 2026-07-03 12:00 UTC"),
            ("anna@acme.example", "ENG-1 is cancelled"), ("anna@acme.example", "ENG-3: our answer"),
        ], "a reminder of what is called off meanwhile is not sent, nor what she did herself"  # fmt: skip
        assert "No room." in (await desk.outbox())[-1].text

        before = len(await desk.outbox())
        again = await scheduled(on, anna, on.at + 2 * DAY)
        await told(desk)
        on.later(days=1)
        await on.desk.writer.change(on.by(ADMIN).act, Engagement, again, Engagement.note_time, at=on.at)
        assert (await told(desk))[before + 2 :] == [("anna@acme.example", "ENG-4 begins in 24 hours")]
        assert JOIN in (await desk.outbox())[-1].text

        before = len(await desk.outbox())
        meeting = await planned(on, contract)
        move, at = OperationsMeeting.reschedule, on.at + 9 * DAY
        await meetings.change(on.desk, on.by(ADMIN), meeting, move, at, HOUR, JOIN, at=on.at)
        await meetings.change(on.desk, on.by(ADMIN), meeting, OperationsMeeting.cancel, at=on.at)
        planned_of = await told(desk)
        assert {to for to, _ in planned_of[before:]} == {"boss@acme.example"}
        assert [said.rpartition(": ")[2][:18] for _, said in planned_of[before:]][:2] == ["operations meeting"] * 2

        before = len(await desk.outbox())
        another = await planned(on, contract, 4)
        await desk.settled()
        on.later(days=7)
        await meetings.hold(on.desk, on.by(ADMIN), another)
        await meetings.record_minutes(on.desk, on.by(ADMIN), another, "We met.")
        assert [subject.split(": ")[1] for _, subject in (await told(desk))[before:]] == [
            "operations meeting on 2026-07-10 12:00 UTC",
            "the minutes",
        ]
        assert (await desk.outbox())[-1].text.endswith("\n\nWe met.")

        before = len(await desk.outbox())
        first, second = uuid4(), uuid4()
        on.staff |= {first, second}
        await on.recording.as_owner(
            "INSERT INTO store.staff(id, name, role, queues, seen_at) VALUES ($1, 'Mia Holm', 'AGENT', '{}', now())", first
        )
        for manager, replace_it in ((first, False), (second, True)):
            await contracts.assign_manager(
                on.desk, on.by(ADMIN), contract, manager, ServiceManagerMode.DEDICATED, replace=replace_it
            )
            await desk.settled()
        await contracts.change(on.desk, on.by(ADMIN), contract, SupportContract.release_manager, at=on.at)
        assert (await told(desk))[before:] == [("boss@acme.example", "Your service manager")] * 3
        texts = [each.text for each in await desk.outbox()][before:]
        assert [text.split(". ")[0].rstrip(".") for text in texts] == [
            "Mia Holm is your service manager, and serves your organisation alone",
            "A colleague of ours is your service manager instead of the one before, and serves your organisation alone",
            "Your service manager does not serve your organisation any more",
        ]

        before = len(await desk.outbox())
        topic = await wished(on, anna)
        await knowledge.vote(on.desk, on.by(boss), topic)
        await knowledge.vote(on.desk, on.by(AGENT), topic)
        await published(on, answers=[topic])
        answered = (await told(desk))[before:]
        assert sorted(answered, key=str) == [("anna@acme.example", "New: BGP"), ("boss@acme.example", "New: BGP")]

        before = len(await desk.outbox())
        for each in (mine, ours):
            disable, why = StatusSubscription.disable, DisableReason.FAILURES
            await subscriptions.change(on.desk, on.by(ADMIN), each, disable, why, at=on.at)
        assert sorted((await told(desk))[before:], key=str) == [
            ("anna@acme.example", "We stopped a status subscription"), ("boss@acme.example", "We stopped a status subscription"),
        ]  # fmt: skip
        before = len(await desk.outbox())
        copy = UUID((await exports.request_export(on.desk, on.by(anna), anna.id)).ids["export"])
        await on.desk.writer.change(
            on.by(ADMIN).act, Contact, anna.id, Contact.complete_export, copy, at=on.at, expires_at=on.at + 7 * DAY
        )
        assert (await told(desk))[before:] == [("anna@acme.example", "A copy of your data is ready")]
        heard = {event.TOPIC for event in NOTICES}
        rows = await on.recording.store.read(0, 10_000)
        assert {row.topic for row in rows} >= heard - {"meeting.revived.v1"}, "every notice was tried"
        by_person = [each for each in await desk.outbox() if each.event.recipient not in (anna.id, boss.id)]
        assert by_person == []


async def test_what_happened_a_week_ago_is_no_news(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        on = desk.on
        _, _, anna = await holder(on)
        await desk.start()
        await desk.stop()
        access = await access_asked(on, anna)
        await chat.approve(on.desk, on.by(AGENT), access)
        on.later(days=8)
        await chat.change(on.desk, on.by(AGENT), access, ChatRoomAccess.revoke, at=on.at)
        await desk.start()
        assert await told(desk) == [("anna@acme.example", "Your access to the chat room has ended")]

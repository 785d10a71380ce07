"""An update on an incident goes to the people of every linked ticket, each on their own thread; nobody learns of another's."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.status.maintenance import Maintenance
from domain.status.vocabulary import ComponentImpact, ComponentState, IncidentStatus
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import CloseCause
from services.commands import desk as commands
from services.commands import erasure, mail, relations, status
from services.runtime.decision import Decision
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT
from tests.services.notifier.desk import NotifyingDesk, Told, notifying_desk

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


async def linked(desk: NotifyingDesk, incident: UUID, *tickets: UUID) -> None:
    for ticket in tickets:
        await status.link_ticket(desk.on.desk, desk.on.by(AGENT), incident, ticket)


async def told(desk: NotifyingDesk) -> list[Told]:
    await desk.settled()
    return [each for each in await desk.outbox() if each.event.aggregate == "ticket"]


async def test_an_update_is_one_broadcast_individually_threaded_and_an_answer_lands_on_the_ticket(
    database: TestDatabase,
) -> None:
    async with notifying_desk(database) as desk:
        on = desk.on
        acme, other = await on.organisation("acme"), await on.organisation("other")
        anna, bert = await on.customer("anna@acme.example", acme), await on.customer("bert@acme.example", acme)
        zoe = await on.customer("zoe@other.example", other)
        first, second, third = await on.opened(anna, "Secret one"), await on.opened(zoe, "Secret two"), await on.opened(anna)
        await commands.change(on.desk, on.by(AGENT), first, Ticket.watch, bert.id, at=on.at)
        await desk.start()
        incident = await desk.incident(await desk.component("disks"))
        await linked(desk, incident, first, second)
        assert await told(desk) == []
        await desk.post(incident, "It is the cache.", IncidentStatus.IDENTIFIED)
        await linked(desk, incident, third)
        found = await told(desk)
        refs = {each: (await on.ticket(each)).ref for each in (first, second)}
        assert sorted((each.to, each.event.subject_id) for each in found) == sorted(
            [("anna@acme.example", first), ("bert@acme.example", first), ("zoe@other.example", second)]
        ), "who was linked after the post hears of what follows"
        for each in found:
            ref = refs[each.event.subject_id]
            assert each.subject == f"[#{ref}] INC-1 Update: Slow disks"
            assert each.event.thread is not None
            assert each.event.thread.references == (f"<ticket.{each.event.subject_id}@support.example.eu>",)
            assert "It is the cache." in each.text
            others = {"anna@", "bert@", "zoe@", "Secret", *(f"#{number}" for number in refs.values() if number != ref)}
            assert not any(said in each.text + each.subject for said in others)
        hers = next(each for each in found if each.to == "zoe@other.example")
        assert hers.event.thread is not None
        answer = mail.Mail("<1@other.example>", "zoe@other.example", "Re", "Thanks.", answers=[hers.event.thread.message_id])
        receipt = await mail.ingest(on.desk, on.by(AGENT), answer)
        assert receipt.ids["ticket"] == str(second)
        stranger = mail.Mail("<2@acme.example>", "anna@acme.example", "Re", "Hm.", answers=[hers.event.thread.message_id])
        assert (await mail.ingest(on.desk, on.by(AGENT), stranger)).ids["ticket"] not in {str(first), str(second), str(third)}


async def test_who_is_linked_to_planned_work_hears_what_is_posted_on_it_and_that_it_begins(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        on = desk.on
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        zoe = await on.customer("zoe@other.example", await on.organisation("other"))
        first, second = await on.opened(anna), await on.opened(zoe)
        await desk.start()
        impact = ComponentImpact(await desk.component("disks"), ComponentState.UNDER_MAINTENANCE)
        new = status.NewMaintenance("Disks", [impact], "We swap disks.", on.at + HOUR, on.at + 2 * HOUR)
        work = UUID((await status.schedule_maintenance(on.desk, on.by(AGENT), new)).ids["notice"])
        for ticket in (first, second, first):
            await status.link_ticket(on.desk, on.by(AGENT), work, ticket, kind=Maintenance)
        assert await told(desk) == []
        post = status.Post("Half of them are done.")
        await status.post_update(on.desk, on.by(AGENT), work, post, kind=Maintenance)
        on.at += HOUR
        await begun(desk, work)
        found = await told(desk)
        refs = {each: (await on.ticket(each)).ref for each in (first, second)}
        heard = [(each.to, each.subject) for each in found]
        # What one post tells different people has no order among them.
        for place, what in ((0, "Maintenance update"), (2, "Maintenance begins")):
            whose = (("anna@acme.example", first), ("zoe@other.example", second))
            assert sorted(heard[place : place + 2]) == [(who, f"[#{refs[each]}] MNT-1 {what}: Disks") for who, each in whose]
        assert len(heard) == 4


async def begun(desk: NotifyingDesk, work: UUID) -> None:
    async def decide(decision: Decision) -> None:
        await status.begin_or_end(decision, work, desk.on.at)

    await desk.on.desk.writer.decide(desk.on.by(AGENT).act, decide)


async def test_merged_spam_closed_and_erased_are_told_where_it_makes_sense(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        on = desk.on
        acme = await on.organisation("acme")
        anna, bert = await on.customer("anna@acme.example", acme), await on.customer("bert@acme.example", acme)
        gone = await on.customer("gone@acme.example", acme)
        home, merged, spam, closed, erased = [await on.opened(who) for who in (anna, bert, anna, anna, gone)]
        await desk.start()
        incident = await desk.incident(await desk.component("disks"))
        await linked(desk, incident, home, merged, spam, closed, erased)
        await relations.merge(on.desk, on.by(AGENT), merged, home)
        await commands.change(on.desk, on.by(AGENT), spam, Ticket.mark_as_spam, at=on.at)
        await commands.change(
            on.desk, on.by(AGENT), closed, Ticket.close, at=on.at, because=CloseCause.STAFF, reopenable_until=on.at
        )
        await erasure.erase_contact(on.desk, on.by(ADMIN), gone.id, confirmation=str(gone.id))
        await desk.post(incident)
        found = await told(desk)
        assert sorted((each.to, each.event.subject_id) for each in found) == [
            ("anna@acme.example", home), ("bert@acme.example", home),
        ]  # fmt: skip

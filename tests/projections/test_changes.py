"""Live reading: what changed since a place in the log, for whom, and what of it cannot be read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import AfterReply
from projections.changes import changes
from projections.snapshot import ReadBlocked
from projections.ticket_filter import Compare, TicketFilter
from projections.ticket_reading import TicketBy, ticket, tickets, tickets_by_id
from projections.ticket_rows import TicketWant
from projections.timers import due, next_due
from tests.projections.desk import AGENT, MINUTE, TERMS, Desk, customer
from tests.services.recording import STAFF


async def test_changes_come_in_order_with_their_entries_and_can_be_read_in_pieces(desk: Desk) -> None:
    acme = await desk.organisation("acme")
    ada = await desk.contact("Ada", acme)
    me = customer(ada, acme)
    opened = await desk.open(ada, acme)
    said = await desk.write(opened, "Hello")
    note = await desk.note(opened, "Among us")
    answered = await desk.reply(opened, "Hi")
    await desk.project()
    for viewer, expected in ((me, [said, answered]), (AGENT, [said, note, answered])):
        whole = await changes(desk.db(viewer), viewer, 0, 10_000)
        assert [each.entry.id for each in whole if each.entry and each.entry.text] == expected
        assert all(each.ticket and each.ticket.id == opened for each in whole)
        pieces, after = [], 0
        while piece := await changes(desk.db(viewer), viewer, after, 10_000, limit=2):
            pieces += piece
            after = piece[-1].position
        assert pieces == whole
        middle = whole[2].position
        assert await changes(desk.db(viewer), viewer, middle, 10_000) == whole[3:]
        assert await changes(desk.db(viewer), viewer, 0, middle) == whole[:3]
        assert await changes(desk.db(viewer), viewer, 0, 10_000, ticket=opened) == whole
        assert await changes(desk.db(viewer), viewer, 0, 10_000, ticket=uuid7()) == []


async def test_a_ticket_that_does_not_fit_the_filter_any_more_comes_without_its_content(desk: Desk) -> None:
    ada = await desk.contact("Ada")
    opened = await desk.open(ada)
    await desk.do(opened, Ticket.assign, STAFF.id)
    await desk.project()
    unassigned = TicketFilter(assignee=Compare(present=False))
    told = await changes(desk.db(AGENT), AGENT, 0, 10_000, filter=unassigned)
    assert {(each.sees, each.ticket) for each in told} == {(True, None)}


async def test_a_ticket_whose_event_is_set_aside_says_so_and_is_never_shown_as_it_was(desk: Desk) -> None:
    acme, other = await desk.organisation("acme"), await desk.organisation("other")
    ada, bob = await desk.contact("Ada", acme), await desk.contact("Bob", other)
    me, stranger = customer(ada, acme), customer(bob, other)
    opened = await desk.open(ada, acme)
    fine = await desk.open(ada, acme)
    position = await desk.do(opened, Ticket.start_work)
    await desk.project()
    await desk.note(opened, "x")
    await desk.project()

    async def park(at: int) -> None:
        await desk.ground.fetch("DELETE FROM projector.parked", schemas=())
        await desk.ground.fetch(
            "INSERT INTO projector.parked(projection, version, stream, position, topic, error)"
            " VALUES ('tickets', 1, $1, $2, 'ticket.work_started.v1', 'KeyError')",
            opened,
            at,
            schemas=(),
        )

    await park(position)
    for viewer in (me, AGENT):
        with pytest.raises(ReadBlocked) as blocked:
            await ticket(desk.db(viewer), viewer, TicketBy(id=opened))
        assert blocked.value.streams == (opened,)
        with pytest.raises(ReadBlocked):
            await tickets_by_id(desk.db(viewer), viewer, [opened, fine], TicketWant())
        assert (await ticket(desk.db(viewer), viewer, TicketBy(id=fine))).ticket is not None
        assert (await tickets(desk.db(viewer), viewer)).blocked == [opened]
    assert (await ticket(desk.db(stranger), stranger, TicketBy(id=opened))).ticket is None
    assert (await tickets(desk.db(stranger), stranger)).blocked == []
    await park(position + 1)  # the note: of it a customer learns nothing
    assert (await ticket(desk.db(me), me, TicketBy(id=opened))).ticket is not None
    assert (await tickets(desk.db(me), me)).blocked == []
    with pytest.raises(ReadBlocked):
        await ticket(desk.db(AGENT), AGENT, TicketBy(id=opened))
    await park(position)
    await desk.ground.fetch("DELETE FROM tickets WHERE id = $1", opened, schemas=("tickets_v1",))
    with pytest.raises(ReadBlocked):
        await ticket(desk.db(me), me, TicketBy(id=opened))
    assert (await ticket(desk.db(stranger), stranger, TicketBy(id=opened))).ticket is None


async def test_time_has_to_do_what_promises_snoozes_and_resolutions_leave_to_it(desk: Desk) -> None:
    ada = await desk.contact("Ada")
    opened = await desk.open(ada, terms=TERMS)
    start = desk.now
    asleep = await desk.open(ada)
    until = desk.now + timedelta(days=2)
    await desk.do(asleep, Ticket.snooze, until)
    done = await desk.open(ada)
    await desk.reply(done, "Done", then=AfterReply.RESOLVE, reopenable_until=desk.now + timedelta(days=14))
    resolved_at = desk.now
    await desk.project()
    keep = timedelta(days=14)
    db = desk.readers
    assert await due(db, start, keep) == []
    assert await next_due(db, keep) == start + 45 * MINUTE
    later = await due(db, start + timedelta(days=30), keep)
    assert [(timer.kind, timer.ticket, timer.due_at) for timer in later] == [
        ("AUTO_CLOSE", done, resolved_at),
        ("SLA_IMMINENT", opened, start + 45 * MINUTE),
        ("SLA_BREACH", opened, start + 60 * MINUTE),
        ("SLA_IMMINENT", opened, start + 360 * MINUTE),
        ("SLA_BREACH", opened, start + 480 * MINUTE),
        ("SNOOZE_END", asleep, until),
    ]
    assert [timer.kind for timer in await due(db, start + timedelta(days=30), timedelta(days=60))] == [
        timer.kind for timer in later if timer.kind != "AUTO_CLOSE"
    ]
    first = later[1].target
    desk.now = start + 50 * MINUTE
    await desk.do(opened, Ticket.note_sla_imminent, first)
    await desk.project()
    assert ("SLA_IMMINENT", first) not in {
        (timer.kind, timer.target) for timer in await due(db, start + timedelta(days=30), keep)
    }
    await desk.do(opened, Ticket.mark_as_spam)
    await desk.do(asleep, Ticket.start_work)
    await desk.project()
    assert [timer.ticket for timer in await due(db, start + timedelta(days=30), keep)] == [done]


async def test_timers_are_claimed_by_one_at_a_time(desk: Desk) -> None:
    ada = await desk.contact("Ada")
    for _ in range(3):
        await desk.open(ada, terms=TERMS)
    await desk.project()
    now, keep = desk.now + 46 * MINUTE, timedelta(days=14)
    one, two = await desk.ground.connect(["timers_v1"]), await desk.ground.connect(["timers_v1"])
    try:
        async with one.transaction(), two.transaction():
            mine = await due(one, now, keep, 2, claim=True)
            theirs = await due(two, now, keep, 10, claim=True)
            assert [timer.kind for timer in mine] == ["SLA_IMMINENT"] * 2
            assert {(t.ticket, t.kind) for t in mine} & {(t.ticket, t.kind) for t in theirs} == set()
            assert len(theirs) == 1
    finally:
        await one.close()
        await two.close()

"""Random lives of tickets: however the projector's batches fall, a rebuild comes to the same rows, and customers' copies agree."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.errors import Refused
from domain.policies import FieldDefinition, FieldType
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import (
    AfterReply,
    CloseCause,
    Direction,
    EscalationTarget,
    HoldReason,
    LinkKind,
    Priority,
    ReopenCause,
    Resolution,
    Visibility,
)
from projections.all import ALL
from projections.paging import Page
from projections.ticket_reading import tickets
from projections.ticket_rows import Ticket as Row
from services.projector.verify import verify
from tests.projections.desk import AGENT, MINUTE, TERMS, Desk, customer
from tests.projections.test_tickets import ALL_OF_IT
from tests.services.recording import STAFF

ROOM = FieldDefinition("room", "Room", FieldType.TEXT)
RACK = FieldDefinition("rack", "Rack", FieldType.NUMBER, visibility=Visibility.STAFF)


async def live(desk: Desk, lot: random.Random, ids: list[UUID], entries: dict[UUID, list[UUID]]) -> None:
    """Something happens to some ticket, unless it is refused."""
    it, other = lot.choice(ids), lot.choice(ids)
    until = desk.now + timedelta(days=7)
    entry = uuid7()
    said = {"entry": entry, "body": lot.choice(["Hello", "Écran", "x" * 300])}
    one: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
        (
            Ticket.receive_message,
            (),
            {**said, "author": desk.tickets[it], "channel": "EMAIL", "language": "da", "terms": TERMS},
        ),
        (
            Ticket.send_reply,
            (),
            {**said, "by_human": lot.random() < 0.8, "then": lot.choice(list(AfterReply)), "reopenable_until": until},
        ),
        (Ticket.add_internal_note, (), said),
        (
            Ticket.log_phone_call,
            (),
            {
                "entry": entry,
                "direction": Direction.INBOUND,
                "contact": desk.tickets[it],
                "started_at": desk.now - MINUTE,
                "duration": timedelta(seconds=30.5),
                "summary": "Spoke",
            },
        ),
        (Ticket.assign, (STAFF.id,), {}),
        (Ticket.unassign, (), {}),
        (Ticket.change_priority, (lot.choice(list(Priority)),), {"terms": TERMS}),
        (Ticket.tag, (lot.choice("abc"),), {}),
        (Ticket.untag, (lot.choice("abc"),), {}),
        (Ticket.set_field, (ROOM, lot.choice(["1", "2", None])), {}),
        (Ticket.set_field, (RACK, lot.choice([1.0, 2.5, None])), {}),
        (Ticket.start_work, (), {}),
        (Ticket.await_customer, (), {}),
        (Ticket.put_on_hold, (lot.choice(list(HoldReason)),), {}),
        (Ticket.snooze, (until,), {}),
        (Ticket.resolve, (lot.choice(list(Resolution)),), {"reopenable_until": until}),
        (Ticket.close, (), {"because": CloseCause.STAFF, "reopenable_until": until}),
        (Ticket.reopen, (), {"because": ReopenCause.STAFF, "terms": TERMS}),
        (Ticket.mark_as_spam, (), {}),
        (Ticket.unmark_as_spam, (), {}),
        (Ticket.escalate, (EscalationTarget.ON_CALL,), {}),
        (Ticket.watch, (desk.tickets[it],), {}),
        (Ticket.unwatch, (desk.tickets[it],), {}),
        (Ticket.watch_as_staff, (STAFF.id,), {}),
        (Ticket.rate, (lot.randint(1, 5),), {"by": desk.tickets[it], "comment": "So so"}),
    ]
    both: list[tuple[Any, tuple[Any, ...]]] = [(Ticket.merge, ()), (Ticket.unmerge, ()), (Ticket.link, (LinkKind.BLOCKS,))]
    both.append((Ticket.unlink, (LinkKind.BLOCKS,)))
    try:
        if lot.random() < 0.8:
            command, arguments, more = lot.choice(one)
            await desk.do(it, command, *arguments, **more)
            if "entry" in more:
                entries[it].append(entry)
        elif lot.random() < 0.8:
            joint, with_ = lot.choice(both)
            await desk.both(it, joint, other, *with_)
        elif entries[it]:
            await desk.redact(it, lot.choice(entries[it]))
    except Refused:
        pass
    desk.later(lot.choice([0, 1, 30, 200]))


@pytest.mark.parametrize("seed", range(3))
async def test_a_rebuild_of_random_lives_comes_to_the_same_rows(desk: Desk, seed: int) -> None:
    lot = random.Random(seed)
    acme = await desk.organisation("acme")
    people = [await desk.contact(name, acme) for name in ("Ada", "Bob")]
    ids = [await desk.open(lot.choice(people), acme, terms=TERMS) for _ in range(5)]
    entries: dict[UUID, list[UUID]] = {id: [] for id in ids}
    for _ in range(6):
        for _ in range(40):
            await live(desk, lot, ids, entries)
        await desk.project()
    await desk.erase(people[0])
    await desk.project()
    assert await desk.ground.fetch("SELECT * FROM projector.parked", schemas=()) == []
    verdict = await verify(desk.ground.connect, ALL, desk.ground.reader.fresh())
    assert verdict.equal, verdict
    me = customer(people[1], acme)
    staff, mine = [
        {row.id: row for row in (await tickets(desk.db(who), who, page=Page(first=100), want=ALL_OF_IT)).page.rows}
        for who in (AGENT, me)
    ]
    assert set(staff) == set(mine) == set(ids)
    for id in ids:
        _agree(staff[id], mine[id])


def _agree(staff: Row, mine: Row) -> None:
    """What both see is the same; what customers count is what they see."""
    for name in ("status", "subject", "resolution", "hold_reason", "episode", "first_responded_at", "sla", "ratings", "fields"):
        assert getattr(staff, name) == getattr(mine, name), name
    public = [entry.id for entry in staff.timelines["all"] if not entry.staff]  # a page of the staff's ends earlier
    assert public == [entry.id for entry in mine.timelines["all"]][: len(public)]
    assert mine.version <= staff.version
    assert mine.updated_at <= staff.updated_at
    assert {target.state for target in staff.sla if target.due_at is not None} <= {"RUNNING"}

"""What a ticket looks like when it is read, and what of it moves when."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from domain.policies import FieldDefinition, FieldType
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import (
    AfterReply,
    EscalationTarget,
    HoldReason,
    LinkKind,
    Origin,
    OriginKind,
    Priority,
    Resolution,
    Visibility,
)
from projections.ticket_reading import Read, TicketBy, ticket
from projections.ticket_rows import TicketWant, TimelineWant
from projections.ticket_sla import clocks
from projections.viewer import Viewer
from tests.projections.desk import AGENT, MINUTE, TERMS, Desk, customer
from tests.services.recording import STAFF

PLAIN = TicketWant()
ALL_OF_IT = TicketWant(
    organisation=True,
    requester=True,
    assignee=True,
    queue=True,
    sla=True,
    sla_entries=True,
    fields=True,
    ratings=True,
    external=True,
    services=True,
    incidents=True,
    staff=True,
    links=TicketWant(),
    merged_into=TicketWant(),
    timelines={"all": TimelineWant(other=TicketWant())},
)


async def read(desk: Desk, viewer: Viewer, id: UUID, want: TicketWant = PLAIN) -> Read:
    return await ticket(desk.db(viewer), viewer, TicketBy(id=id), want)


async def test_one_statement_reads_a_ticket_with_every_branch(desk: Desk) -> None:
    acme = await desk.organisation("acme", "Acme A/S")
    ada = await desk.contact("Ada Lovelace", acme)
    await desk.staff(STAFF.id, "Grace Hopper", queues=["network"])
    opened = await desk.open(ada, acme, "Disk full", terms=TERMS)
    other = await desk.open(ada, acme, "Disk slow")
    await desk.write(opened, "Help!")
    await desk.do(opened, Ticket.assign, STAFF.id)
    await desk.reply(opened, "We look.", then=AfterReply.AWAIT_CUSTOMER)
    await desk.note(opened, "It is the old array again.")
    await desk.do(opened, Ticket.tag, "array")
    await desk.do(opened, Ticket.escalate, EscalationTarget.ON_CALL)
    await desk.do(opened, Ticket.watch, ada)
    await desk.both(opened, Ticket.link, other, LinkKind.RELATED)
    await desk.project()
    desk.readers.asked.clear()
    found = await read(desk, AGENT, opened, ALL_OF_IT)
    assert len(desk.readers.asked) == 1
    it = found.ticket
    assert it is not None
    assert it.subject == "Disk full"
    assert it.status == "PENDING_CUSTOMER"
    assert it.organisation is not None
    assert it.organisation.name == "Acme A/S"
    assert it.requester is not None
    assert it.requester.email == "ada@example.org"
    assert it.assignee is not None
    assert (it.assignee.name, it.assignee.queues) == ("Grace Hopper", ["network"])
    assert it.queue is not None
    assert [agent.name for agent in it.queue.agents] == ["Grace Hopper"]
    assert it.staff is not None
    assert (it.staff.tags, it.staff.note_count, [watcher.name for watcher in it.staff.watchers]) == (
        ["array"],
        1,
        ["Ada Lovelace"],
    )
    assert it.staff.escalation is not None
    assert it.staff.escalation.by.name == "Grace Hopper"
    assert [(link.kind, link.ticket.subject) for link in it.links] == [("RELATED", "Disk slow")]
    assert [target.metric for target in it.sla] == ["FIRST_RESPONSE", "RESOLUTION"]
    assert it.sla[0].state == "MET"
    assert it.clocks is not None
    stretches = clocks(it.clocks).ledger(it.sla[1].id, desk.now)
    began = {entry.version: entry.type for entry in it.sla_entries}
    assert began[next(each.entry for each in stretches if each.entry)] in ("StatusEntry", "SlaEntry")
    entries = it.timeline("all", ALL_OF_IT.timelines["all"]).rows
    assert [entry.position for entry in entries] == sorted(entry.position for entry in entries)
    assert {"StatusEntry", "MessageEntry", "AssignmentEntry", "InternalNoteEntry", "EscalationEntry"} <= {
        e.type for e in entries
    }
    relation = next(entry for entry in entries if entry.type == "RelationEntry")
    assert relation.other is not None
    assert relation.other.subject == "Disk slow"


async def test_what_is_restricted_moves_nothing_that_a_customer_sees(desk: Desk) -> None:
    acme = await desk.organisation("acme")
    ada = await desk.contact("Ada", acme)
    me = customer(ada, acme)
    opened = await desk.open(ada, acme)
    await desk.write(opened, "Hello")
    await desk.project()
    before = (await read(desk, me, opened)).ticket
    staff_before = (await read(desk, AGENT, opened)).ticket
    await desk.note(opened, "secret")
    await desk.do(opened, Ticket.tag, "vip")
    await desk.do(opened, Ticket.escalate, EscalationTarget.TEAM_LEAD)
    await desk.do(opened, Ticket.watch_as_staff, STAFF.id)
    await desk.project()
    staff_after = (await read(desk, AGENT, opened)).ticket
    assert (await read(desk, me, opened)).ticket == before
    assert before is not None
    assert staff_before is not None
    assert staff_after is not None
    assert staff_after.version == staff_before.version + 4
    assert staff_after.updated_at == staff_before.updated_at + 4 * MINUTE
    assert staff_after.viewer_is_watching
    assert before.version == staff_before.version


async def test_the_columns_follow_a_whole_life(desk: Desk) -> None:
    acme = await desk.organisation("acme")
    ada = await desk.contact("Ada", acme)
    me = customer(ada, acme)
    opened = await desk.open(ada, acme)
    seen: list[tuple[str, object, object, object]] = []

    async def look() -> None:
        await desk.project()
        it = (await read(desk, me, opened)).ticket
        assert it is not None
        seen.append((it.status, it.hold_reason, it.snoozed_until is not None, it.resolution))

    until = desk.now + timedelta(days=3)
    await look()
    await desk.do(opened, Ticket.put_on_hold, HoldReason.SUPPLIER)
    await look()
    await desk.do(opened, Ticket.snooze, until)
    await look()
    await desk.write(opened, "Any news?")
    await look()
    await desk.do(opened, Ticket.resolve, Resolution.SOLVED, reopenable_until=until)
    await desk.do(opened, Ticket.rate, 5, by=ada, comment="Thanks")
    await look()
    other = await desk.open(ada, acme, "Again")
    await desk.both(opened, Ticket.merge, other)
    await look()
    await desk.both(opened, Ticket.unmerge, other)
    await look()
    assert seen == [
        ("NEW", None, False, None),
        ("ON_HOLD", "SUPPLIER", False, None),
        ("SNOOZED", None, True, None),
        ("OPEN", None, False, None),
        ("RESOLVED", None, False, "SOLVED"),
        ("MERGED", None, False, None),
        ("RESOLVED", None, False, "SOLVED"),
    ]
    it = (await read(desk, me, opened, TicketWant(ratings=True))).ticket
    assert it is not None
    assert [(rating.score, rating.comment) for rating in it.ratings] == [(5, "Thanks")]


async def test_a_status_entry_says_from_what_to_what(desk: Desk) -> None:
    ada = await desk.contact("Ada")
    opened = await desk.open(ada)
    await desk.do(opened, Ticket.put_on_hold, HoldReason.SUPPLIER)
    await desk.do(opened, Ticket.start_work)
    other = await desk.open(ada)
    await desk.both(opened, Ticket.merge, other)
    await desk.both(opened, Ticket.unmerge, other)
    await desk.do(opened, Ticket.await_customer)
    await desk.do(opened, Ticket.change_priority, Priority.URGENT)
    await desk.project()
    want = TicketWant(timelines={"x": TimelineWant(kinds=frozenset({"STATE", "CLASSIFICATION"}))})
    it = (await read(desk, AGENT, opened, want)).ticket
    assert it is not None
    assert [(entry.before, entry.after) for entry in it.timelines["x"]] == [
        (None, "NEW"),
        ("NEW", "ON_HOLD"),
        ("ON_HOLD", "OPEN"),
        ("OPEN", "PENDING_CUSTOMER"),
        ("NORMAL", "URGENT"),
    ]


async def test_a_split_ticket_shows_the_entries_it_took_with_it(desk: Desk) -> None:
    ada = await desk.contact("Ada")
    me = customer(ada, None)
    opened = await desk.open(ada)
    await desk.write(opened, "The network is down")
    moved = await desk.write(opened, "And please order a disk")
    taken = Origin(OriginKind.SPLIT_FROM, opened, (moved,))
    new = await desk.open(ada, subject="A disk", origin=taken)
    await desk.both(opened, Ticket.split, new, [moved])
    await desk.project()
    want = TicketWant(timelines={"x": TimelineWant(kinds=frozenset({"MESSAGE"}))}, links=TicketWant())
    it = (await read(desk, me, new, want)).ticket
    assert it is not None
    assert [entry.text for entry in it.timelines["x"]] == ["And please order a disk"]
    assert [(link.kind, link.ticket.id) for link in it.links] == [("SPLIT_FROM", opened)]


async def test_a_rebuild_after_redaction_and_erasure_comes_to_the_same_rows(desk: Desk) -> None:
    acme = await desk.organisation("acme")
    ada, eve = await desk.contact("Ada", acme), await desk.contact("Eve", acme)
    text = FieldDefinition("room", "Room", FieldType.TEXT)
    secret = FieldDefinition("vault", "Vault", FieldType.TEXT, visibility=Visibility.STAFF)
    for person in (ada, eve):
        opened = await desk.open(person, acme, "marker-subject", terms=TERMS)
        said = await desk.write(opened, "marker-said")
        await desk.write(opened, "marker-also")
        await desk.note(opened, "marker-note")
        await desk.do(opened, Ticket.set_field, text, "marker-room")
        await desk.do(opened, Ticket.set_field, text, "marker-hall")
        await desk.do(opened, Ticket.set_field, text, None)
        await desk.do(opened, Ticket.set_field, secret, "marker-vault")
        await desk.reply(opened, "marker-answer", then=AfterReply.RESOLVE, reopenable_until=desk.now + timedelta(days=9))
        await desk.do(opened, Ticket.rate, 1, by=person, comment="marker-comment")
        await desk.project()
        await desk.redact(opened, said)
    await desk.project()
    await desk.erase(ada)
    await desk.project()
    live = await desk.everything()
    assert await desk.rebuilt() == live
    of_ada = [row for table, rows in live.items() for row in rows if ada in row and "marker" in str(row)]
    assert of_ada == []
    assert any("marker-also" in str(row) for rows in live.values() for row in rows)
    assert not any("marker-said" in str(row) for rows in live.values() for row in rows)

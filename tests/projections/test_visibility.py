"""Who sees what: nobody sees another organisation's, and no customer sees what is the staff's, by any query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.organisations.events import ContactRole
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import EscalationTarget
from projections.all import ALL
from projections.changes import changes
from projections.contacts import contacts_by_id, contacts_of
from projections.organisation_filter import OrganisationFilter
from projections.organisations import organisations_by, organisations_page
from projections.paging import Page
from projections.queues import all_queues
from projections.search import search
from projections.ticket_filter import OrderField, TicketFilter, TicketOrder
from projections.ticket_reading import TicketBy, entries, ticket, ticket_count, tickets, tickets_by_id
from projections.ticket_rows import TicketWant, TimelineWant
from projections.ticket_sla import sla_targets
from projections.viewer import Role, Viewer
from tests.projections.desk import AGENT, AUDITOR, TERMS, Desk, InsufficientPrivilege, customer
from tests.projections.test_tickets import ALL_OF_IT

STAFF_TABLES = sorted(table for projection in ALL for table in projection.staff_tables)


async def listed(desk: Desk, viewer: Viewer) -> set[UUID]:
    return {row.id for row in (await tickets(desk.db(viewer), viewer, page=Page(first=100))).page.rows}


async def test_each_sees_their_own_and_nobody_elses(desk: Desk) -> None:
    acme, other = await desk.organisation("acme"), await desk.organisation("other")
    ada, bob = await desk.contact("Ada", acme), await desk.contact("Bob", other)
    eve = await desk.contact("Eve")
    of_acme, of_other, unplaced = await desk.open(ada, acme), await desk.open(bob, other), await desk.open(eve)
    own_unplaced = await desk.open(ada)
    await desk.project()
    sight: dict[Viewer, set[UUID]] = {
        customer(ada, acme): {of_acme, own_unplaced},
        customer(uuid7(), acme, Role.CUSTOMER_ADMIN): {of_acme},
        customer(bob, other): {of_other},
        customer(eve, None): {unplaced},
        customer(uuid7(), None): set(),
        Viewer(Role.SERVICE_MANAGER, uuid7(), organisations=frozenset({acme, other})): {of_acme, of_other},
        Viewer(Role.SERVICE_MANAGER, uuid7()): set(),
        AGENT: {of_acme, of_other, unplaced, own_unplaced},
        AUDITOR: {of_acme, of_other, unplaced, own_unplaced},
        Viewer(Role.SERVICE, uuid7(), scopes=frozenset({"TICKETS_READ"})): {of_acme, of_other, unplaced, own_unplaced},
        Viewer(Role.SERVICE, uuid7(), scopes=frozenset({"CHAT"})): set(),
    }
    everything = [of_acme, of_other, unplaced, own_unplaced]
    for viewer, own in sight.items():
        db = desk.db(viewer)
        assert await listed(desk, viewer) == own, viewer.role
        assert {row.id for row in await tickets_by_id(db, viewer, everything, TicketWant())} == own
        assert (await ticket_count(db, viewer)).value == len(own)
        for id in everything:
            assert ((await ticket(db, viewer, TicketBy(id=id))).ticket is not None) == (id in own)
        for order in OrderField:
            found = await tickets(db, viewer, order=TicketOrder(order), page=Page(last=100))
            assert {row.id for row in found.page.rows} == own
        hits = await search(db, viewer, "network", {"TICKETS"})
        assert {hit.ticket.id for hit in hits.page.rows if hit.ticket} == own
        told = await changes(db, viewer, 0, 10_000)
        assert {change.ticket_id for change in told} == own


async def test_a_transfer_moves_sight_and_the_organisation_that_is_left_learns_only_that(desk: Desk) -> None:
    acme, other = await desk.organisation("acme"), await desk.organisation("other")
    ada, bob = await desk.contact("Ada", acme), await desk.contact("Bob", other)
    moved = await desk.open(ada, acme)
    said = await desk.write(moved, "Hello")
    await desk.project()
    before = await desk.do(moved, Ticket.transfer_to_organisation, other)
    after = await desk.write(moved, "Hello there")
    await desk.project()
    mine, theirs = customer(ada, acme), customer(bob, other)
    assert await listed(desk, mine) == set()
    assert await listed(desk, theirs) == {moved}
    assert await entries(desk.db(mine), mine, [said, after]) == []
    told = await changes(desk.db(mine), mine, 0, 10_000)
    assert all(change.ticket is None and change.entry is None and not change.sees for change in told)
    assert told[-1].topic == "ticket.left_organisation.v1"
    assert told[-1].position <= before
    want = TicketWant(timelines={"x": TimelineWant(kinds=frozenset({"PEOPLE"}))})
    it = (await ticket(desk.db(theirs), theirs, TicketBy(id=moved), want)).ticket
    assert it is not None
    assert [entry.organisation.ref if entry.organisation else None for entry in it.timelines["x"]] == ["other"]


async def test_no_statement_of_a_customer_names_a_staff_table_and_their_login_could_not_read_one(desk: Desk) -> None:
    acme = await desk.organisation("acme")
    ada = await desk.contact("Ada", acme, ContactRole.CUSTOMER_ADMIN)
    opened = await desk.open(ada, acme, terms=TERMS)
    said = await desk.write(opened, "Words")
    note = await desk.note(opened, "Words among staff")
    await desk.do(opened, Ticket.tag, "vip")
    await desk.project()
    for viewer in (customer(ada, acme, Role.CUSTOMER_ADMIN), Viewer(Role.SERVICE, uuid7(), scopes=frozenset({"TICKETS_READ"}))):
        db = desk.customers
        db.asked.clear()
        for field in OrderField:
            await tickets(db, viewer, order=TicketOrder(field), want=ALL_OF_IT)
        await tickets(db, viewer, TicketFilter(tags=["vip"], sla_state=["RUNNING"]))
        it = (await ticket(db, viewer, TicketBy(id=opened), ALL_OF_IT)).ticket
        assert it is not None
        assert it.staff is None
        assert [entry.id for entry in await entries(db, viewer, [said, note])] == [said]
        await search(db, viewer, "words", want=ALL_OF_IT)
        await changes(db, viewer, 0, 10_000, want=ALL_OF_IT, filter=TicketFilter(tags=["vip"]))
        await ticket_count(db, viewer)
        await contacts_by_id(db, viewer, [ada])
        await contacts_of(db, viewer, acme, Page())
        await organisations_by(db, viewer, ref="acme")
        await organisations_page(db, viewer, OrganisationFilter(name_prefix="a"), Page())
        await all_queues(db, viewer)
        await sla_targets(db, viewer, [target.id for target in it.sla])
        named = [table for sql, _ in db.asked for table in STAFF_TABLES if table in sql]
        assert named == []
    for table in STAFF_TABLES:
        with pytest.raises(InsufficientPrivilege):
            await desk.customers.fetch(f"SELECT * FROM {table}")


async def test_notes_and_tags_are_nowhere_in_what_a_customer_is_told(desk: Desk) -> None:
    acme = await desk.organisation("acme")
    ada = await desk.contact("Ada", acme)
    me = customer(ada, acme)
    opened = await desk.open(ada, acme)
    await desk.write(opened, "Hello")
    await desk.note(opened, "xylophone")
    await desk.do(opened, Ticket.tag, "xylophone")
    await desk.do(opened, Ticket.escalate, EscalationTarget.ON_CALL)
    await desk.project()
    db = desk.db(me)
    answers: list[Any] = [
        await tickets(db, me, want=ALL_OF_IT),
        (await ticket(db, me, TicketBy(id=opened), ALL_OF_IT)).ticket,
        await changes(db, me, 0, 10_000, want=ALL_OF_IT),
        await search(db, me, "hello", want=ALL_OF_IT),
    ]
    for answer in answers:
        assert "xylophone" not in str(answer)
        assert "ON_CALL" not in str(answer)
        assert "restricted" not in str(answer)
    assert [change.topic for change in answers[2]] == ["ticket.opened.v1", "ticket.message_received.v1"]
    assert len(await changes(desk.db(AGENT), AGENT, 0, 10_000)) == 5


async def test_of_a_person_elsewhere_one_sees_the_name_and_no_address(desk: Desk) -> None:
    acme, other = await desk.organisation("acme"), await desk.organisation("other")
    ada, bob = await desk.contact("Ada", acme), await desk.contact("Bob", other)
    opened = await desk.open(bob, acme)
    await desk.project()
    mine = customer(ada, acme)
    blind = Viewer(Role.SERVICE, uuid7(), scopes=frozenset({"TICKETS_READ"}))
    shown: list[Sequence[str | None]] = []
    for viewer in (mine, AGENT, blind):
        it = (await ticket(desk.db(viewer), viewer, TicketBy(id=opened), TicketWant(requester=True))).ticket
        assert it is not None
        assert it.requester is not None
        shown.append((it.requester.name, it.requester.email))
    assert shown == [("Bob", None), ("Bob", "bob@example.org"), (None, None)]
    assert await contacts_by_id(desk.db(mine), mine, [bob]) == []


async def test_the_people_of_an_organisation_are_paged_and_counted(desk: Desk) -> None:
    acme, other = await desk.organisation("acme"), await desk.organisation("other")
    names = [f"P{i}" for i in range(5)]
    ids = [await desk.contact(name, acme) for name in names]
    await desk.contact("Elsewhere", other)
    await desk.project()
    me = customer(ids[0], acme)
    first = await contacts_of(desk.db(me), me, acme, Page(first=2))
    assert ([row.name for row in first.page.rows], first.total, first.page.has_next) == (["P0", "P1"], 5, True)
    rest = await contacts_of(desk.db(me), me, acme, Page(first=9, after=first.page.edges[-1].cursor))
    assert [row.name for row in rest.page.rows] == ["P2", "P3", "P4"]
    assert (await contacts_of(desk.db(me), me, other, Page())).total == 0

"""Lists of tickets: whatever the filter, order and page size, walking gives exactly what fits, in order, both ways."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import Channel, HoldReason, Priority, Severity, TicketKind
from projections.paging import BadCursor, BadPage, Page
from projections.ticket_filter import Between, Compare, OrderField, TicketFilter, TicketOrder
from projections.ticket_reading import TicketBy, ticket, ticket_count, tickets
from projections.ticket_rows import Ticket as Row
from projections.ticket_rows import TicketWant, TimelineWant
from projections.viewer import Role, Viewer
from tests.ground import TestDatabase
from tests.projections.desk import AGENT, NETWORK, TERMS, Desk, customer, open_desk
from tests.services.recording import STAFF

PRIORITIES = list(Priority)
FULL = TicketWant(sla=True, staff=True)


@dataclass
class World:
    """Sixty tickets of all kinds, and who looks at them."""

    desk: Desk
    viewers: list[Viewer]
    rows: dict[Viewer, list[Row]]


@pytest.fixture(scope="module")
async def world(module_database: TestDatabase) -> AsyncIterator[World]:
    lot = random.Random(7)
    async with open_desk(module_database) as desk:
        organisations = [await desk.organisation(ref) for ref in ("acme", "other")]
        people = [(await desk.contact(f"P{i}", organisations[i % 2]), organisations[i % 2]) for i in range(4)]
        people.append((await desk.contact("Stranger"), None))  # type: ignore[arg-type]
        for i in range(60):
            requester, organisation = lot.choice(people)
            incident = lot.random() < 0.5
            made = await desk.open(
                requester,
                None if lot.random() < 0.2 else organisation,
                f"Matter {i}",
                kind=TicketKind.INCIDENT if incident else TicketKind.REQUEST,
                severity=lot.choice(list(Severity)) if incident else None,
                priority=lot.choice(PRIORITIES),
                channel=lot.choice([Channel.PORTAL, Channel.EMAIL]),
                terms=lot.choice([None, TERMS]),
            )
            if lot.random() < 0.3:
                desk.now -= timedelta(minutes=2)  # so that times are met twice
            for command, arguments, chance in (
                (Ticket.assign, (STAFF.id,), 0.3),
                (Ticket.put_on_hold, (HoldReason.SUPPLIER,), 0.3),
                (Ticket.tag, ("vip",), 0.4),
                (Ticket.tag, ("disk",), 0.4),
            ):
                if lot.random() < chance:
                    await desk.do(made, command, *arguments)
        await desk.project()
        viewers = [
            AGENT,
            customer(people[0][0], people[0][1]),
            customer(people[4][0], None),
            Viewer(Role.SERVICE_MANAGER, STAFF.id, organisations=frozenset(organisations)),
            Viewer(Role.SERVICE, STAFF.id, scopes=frozenset({"TICKETS_READ"})),
        ]
        rows = {}
        for viewer in viewers:
            page = (await tickets(desk.db(viewer), viewer, page=Page(first=100), want=FULL)).page
            assert not page.has_next
            rows[viewer] = page.rows
        yield World(desk, viewers, rows)


def _fits(filter: TicketFilter, row: Row, viewer: Viewer) -> bool:
    """The filter once more, in Python."""
    for name, value in (
        ("status", row.status),
        ("kind", row.kind),
        ("priority", row.priority),
        ("severity", row.severity),
        ("channel", row.channel),
        ("organisation", row.organisation_id),
        ("assignee", row.assignee_id),
    ):
        compare: Compare | None = getattr(filter, name)
        if compare is None:
            continue
        if compare.eq is not None and value != compare.eq:
            return False
        if compare.in_ is not None and value not in compare.in_:
            return False
        if compare.nin is not None and value in compare.nin:
            return False
        if compare.present is not None and (value is not None) != compare.present:
            return False
    due = [target.due_at for target in row.sla if target.due_at is not None]
    for between, times in (
        (filter.created_at, [row.created_at]),
        (filter.updated_at, [row.updated_at]),
        (filter.sla_due_at, due),
    ):
        if between is not None and not any(
            (between.gte is None or at >= between.gte) and (between.lt is None or at < between.lt) for at in times
        ):
            return False
    if filter.sla_state is not None and not any(target.state in filter.sla_state for target in row.sla):
        return False
    if filter.tags is not None:
        return viewer.sees_staff and row.staff is not None and set(filter.tags) <= set(row.staff.tags)
    return True


def _key(order: TicketOrder, row: Row) -> tuple[Any, ...]:
    due = min((target.due_at for target in row.sla if target.due_at is not None), default=None)
    never = datetime(1 if order.descending else 9999, 1, 1, tzinfo=UTC)
    keys = {
        OrderField.CREATED_AT: row.created_at,
        OrderField.UPDATED_AT: row.updated_at,
        OrderField.PRIORITY: PRIORITIES.index(Priority(row.priority)),
        OrderField.SLA_DUE_AT: due or never,
    }
    return keys[order.field], row.id


def compares(names: list[str]) -> st.SearchStrategy[Compare | None]:
    values = st.lists(st.sampled_from(names), max_size=3)
    return (
        st.none()
        | st.builds(Compare, eq=st.none() | st.sampled_from(names), nin=st.none() | values)
        | st.builds(Compare, in_=values)
    )


presences = st.none() | st.builds(Compare, present=st.booleans())
START = datetime(2026, 7, 1, 12, tzinfo=UTC)
instants = st.none() | st.integers(0, 400).map(lambda minutes: START + timedelta(minutes=minutes))
betweens = st.none() | st.builds(Between, gte=instants, lt=instants)
filters = st.builds(
    TicketFilter,
    status=compares(["NEW", "OPEN", "ON_HOLD"]),
    kind=compares(["REQUEST", "INCIDENT"]),
    severity=compares(["MINOR", "MAJOR"]),
    priority=compares(list(Priority)),
    organisation=presences,
    assignee=presences,
    created_at=betweens,
    updated_at=betweens,
    sla_due_at=betweens,
    sla_state=st.none() | st.lists(st.sampled_from(["RUNNING", "PAUSED", "MET"]), max_size=2),
    tags=st.none() | st.none() | st.lists(st.sampled_from(["vip", "disk"]), max_size=2),
)
sparse = st.one_of(st.just(TicketFilter()), st.builds(TicketFilter, tags=st.just(["vip"])), filters)
orders = st.builds(TicketOrder, st.sampled_from(OrderField), st.booleans())
world_lasts = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])


@world_lasts
@given(which=st.integers(0, 4), filter=sparse, order=orders, size=st.integers(1, 23))
async def test_walking_the_pages_either_way_yields_exactly_what_fits_in_order(
    world: World, which: int, filter: TicketFilter, order: TicketOrder, size: int
) -> None:
    viewer = world.viewers[which]
    db = world.desk.db(viewer)
    fitting = [row for row in world.rows[viewer] if _fits(filter, row, viewer)]
    expected = [row.id for row in sorted(fitting, key=lambda row: _key(order, row), reverse=order.descending)]
    forwards: list[UUID] = []
    after = None
    while True:
        page = (await tickets(db, viewer, filter, order, Page(first=size, after=after))).page
        forwards += [row.id for row in page.rows]
        assert page.has_previous == (after is not None)
        if not page.has_next:
            break
        after = page.edges[-1].cursor
    backwards: list[UUID] = []
    before = None
    while True:
        page = (await tickets(db, viewer, filter, order, Page(last=size, before=before))).page
        backwards = [row.id for row in page.rows] + backwards
        assert page.has_next == (before is not None)
        if not page.has_previous:
            break
        before = page.edges[0].cursor
    assert forwards == expected
    assert backwards == expected
    counted = await ticket_count(db, viewer, filter)
    assert (counted.value, counted.exact) == (len(expected), True)
    few = await ticket_count(db, viewer, filter, most=2)
    assert few.value == len(expected) if few.exact else few.value <= len(expected)


@world_lasts
@given(
    size=st.integers(1, 5),
    kinds=st.none() | st.sets(st.sampled_from(["STATE", "SLA", "PEOPLE"])),
    which=st.integers(0, 4),
)
async def test_a_timeline_is_walked_either_way_with_its_ticket(
    world: World, size: int, kinds: set[str] | None, which: int
) -> None:
    viewer = world.viewers[which]
    db = world.desk.db(viewer)
    asked = None if kinds is None else frozenset(kinds)

    async def read(id: UUID, page: Page) -> Any:
        want = TimelineWant(page=page, kinds=asked)
        found = (await ticket(db, viewer, TicketBy(id=id), TicketWant(timelines={"t": want}))).ticket
        assert found is not None
        return found.timeline("t", want)

    for row in world.rows[viewer][:3]:
        whole = (await read(row.id, Page(first=100))).rows
        assert [entry.position for entry in whole] == sorted(entry.position for entry in whole)
        assert viewer.sees_staff or not any(entry.staff for entry in whole)
        assert asked is None or {entry.kind for entry in whole} <= asked
        walked, after = [], None
        for _ in range(100):
            page = await read(row.id, Page(first=size, after=after))
            walked += page.rows
            if not page.has_next:
                break
            after = page.edges[-1].cursor
        assert walked == whole
        back: list[Any] = []
        before = None
        for _ in range(100):
            page = await read(row.id, Page(last=size, before=before))
            back = page.rows + back
            if not page.has_previous:
                break
            before = page.edges[0].cursor
        assert back == whole


async def test_a_cursor_of_another_filter_order_or_sight_is_refused(world: World) -> None:
    db = world.desk.db(AGENT)
    first = (await tickets(db, AGENT, page=Page(first=1))).page.edges[0].cursor
    for filter, order in (
        (TicketFilter(queue=Compare(eq=NETWORK)), TicketOrder()),
        (TicketFilter(), TicketOrder(OrderField.PRIORITY)),
        (TicketFilter(), TicketOrder(descending=False)),
    ):
        with pytest.raises(BadCursor):
            await tickets(db, AGENT, filter, order, Page(first=1, after=first))
    viewer = world.viewers[1]
    with pytest.raises(BadCursor):
        await tickets(world.desk.db(viewer), viewer, page=Page(first=1, after=first))
    for nonsense in ("", "x", "ÿ", "AAAA", first[:-2], first + "AA"):
        with pytest.raises(BadCursor):
            await tickets(db, AGENT, page=Page(first=1, after=nonsense))


def test_a_page_has_one_direction_and_a_bounded_number_of_rows() -> None:
    wrongs: list[dict[str, Any]] = [{"first": 0}, {"first": 101}, {"last": -1}, {"first": 1, "last": 1}]
    for wrong in wrongs:
        with pytest.raises(BadPage):
            Page(**wrong)


async def test_the_rows_come_with_the_position_they_go_up_to_in_one_statement(world: World) -> None:
    db = world.desk.readers
    db.asked.clear()
    found = await tickets(db, AGENT, TicketFilter(status=Compare(eq="SPAM")))
    assert len(db.asked) == 1
    head = await db.fetchrow("SELECT epoch || '.' || max(position) AS head FROM store.tail GROUP BY epoch")
    assert found.page.rows == []
    assert found.reached == head["head"]

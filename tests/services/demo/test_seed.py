"""The demo data: told once, in order, as anybody's commands would have."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.tickets.events import TicketSlaBreached, TicketSlaImminent
from services.demo.people import STAFF, Member
from services.demo.seed import TICKETS, Seed, is_demo_staff
from tests.ground import TestDatabase
from tests.services.commands.desk import World, world

pytestmark = pytest.mark.anyio


async def seeded(on: World, known: list[Member]) -> int:
    async def remember(member: Member) -> None:
        known.append(member)

    desk = replace(on.desk, is_staff=is_demo_staff)
    return await Seed(desk, remember, on.at).run(lambda _done, _total: None)


async def positions(on: World) -> list[tuple[str, int]]:
    rows = await on.recording.as_owner("SELECT topic, originator_version FROM store.stored_events ORDER BY notification_id")
    return [(row[0], row[1]) for row in rows]


async def test_seeding_twice_records_nothing_new(database: TestDatabase) -> None:
    async with world(database) as on:
        known: list[Member] = []
        assert await seeded(on, known) == TICKETS
        assert known == list(STAFF)
        first = await positions(on)
        assert sum(topic == "ticket.opened.v1" for topic, _ in first) >= TICKETS
        await seeded(on, known)
        assert await positions(on) == first


async def test_nothing_is_late_when_the_demo_begins(database: TestDatabase) -> None:
    async with world(database) as on:
        await seeded(on, [])
        policies = await on.desk.policies.now()
        rows = await on.recording.as_owner("SELECT originator_id FROM store.stored_events WHERE topic = 'ticket.opened.v1'")
        for row in rows:
            ticket = await on.ticket(row[0])
            assert all(deadline.at > on.at for deadline in ticket.deadlines())
            if ticket.resolved_at is not None and ticket.status.value == "RESOLVED":
                assert ticket.resolved_at + policies.close_after > on.at


async def test_history_lies_in_the_past_and_has_every_kind_of_thing(database: TestDatabase) -> None:
    async with world(database) as on:
        await seeded(on, [])
        rows = await on.recording.as_owner("SELECT topic, occurred_at FROM store.stored_events")
        assert all(on.at - timedelta(days=60) < row[1] <= on.at for row in rows)
        topics = {row[0] for row in rows}
        wanted = {TicketSlaImminent.TOPIC, TicketSlaBreached.TOPIC, "ticket.internal_note_added.v1", "ticket.closed.v1"}
        assert wanted <= topics
        assert "ticket.satisfaction_rated.v1" in topics


async def test_the_status_page_has_services_history_and_what_is_ahead(database: TestDatabase) -> None:
    async with world(database) as on:
        await seeded(on, [])
        rows = await on.recording.as_owner("SELECT topic, count(*) FROM store.stored_events GROUP BY topic")
        told = {row[0]: row[1] for row in rows}
        assert told["component.registered.v1"] == 15
        assert told["incident.declared.v1"] == told["incident.resolved.v1"] + 1
        assert told["maintenance.started.v1"] == told["maintenance.completed.v1"] == 3
        assert told["maintenance.scheduled.v1"] == 6
        assert told["maintenance.cancelled.v1"] == 1
        assert told["ticket.incident_linked.v1"] == told["incident.ticket_linked.v1"] >= 4

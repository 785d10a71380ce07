"""Two incidents and planned work on the same services, begun and ended in every order there is, against a plain tally."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import partial
from itertools import permutations
from uuid import UUID

import pytest

from domain.status.component import ServiceComponent
from domain.status.events import IncidentResolved
from domain.status.vocabulary import ComponentImpact, ComponentState, StatusSeverity
from services.commands import status
from services.commands.desk import By
from services.runtime.decision import Decision
from tests.ground import TestDatabase
from tests.services.commands.desk import AGENT, World, world
from tests.services.parcel import NOON

pytestmark = pytest.mark.anyio
S = ComponentState
BY_BADNESS = [S.OPERATIONAL, S.UNDER_MAINTENANCE, S.DEGRADED, S.PARTIAL_OUTAGE, S.MAJOR_OUTAGE]
DOES: dict[str, tuple[ComponentState | None, ...]] = {
    "one": (S.DEGRADED, S.MAJOR_OUTAGE, S.PARTIAL_OUTAGE, S.DEGRADED),
    "other": (S.MAJOR_OUTAGE, S.DEGRADED, S.PARTIAL_OUTAGE, None),
    "work": (S.UNDER_MAINTENANCE, S.UNDER_MAINTENANCE, S.UNDER_MAINTENANCE, S.UNDER_MAINTENANCE),
}
"""What each does to the first, second, third and fourth service."""
ORDERS = sorted(set(permutations([*DOES, *DOES])))
"""The first time a name comes it begins, the second it ends."""


def tally(running: set[str]) -> list[ComponentState]:
    return [
        max((DOES[name][service] or S.OPERATIONAL for name in running), key=BY_BADNESS.index, default=S.OPERATIONAL)
        for service in range(4)
    ]


def by(on: World, at: datetime) -> By:
    on.at = at
    return on.by(AGENT)


async def states(on: World, services: list[UUID]) -> list[ComponentState]:
    found: list[ComponentState] = []

    async def look(decision: Decision) -> None:
        found.extend([(await decision.load(ServiceComponent, id, seen=False)).state for id in services])

    await on.desk.writer.decide(by(on, NOON).act, look)
    return found


async def walk(on: World, number: int, order: tuple[str, ...]) -> None:
    at = [NOON + timedelta(hours=place + 1) for place in range(len(order))]
    refs = [f"s-{number}-{service}" for service in range(4)]
    made = [await status.register_component(on.desk, by(on, NOON), ref=ref, name=ref, group="IaaS") for ref in refs]
    services = [UUID(each.ids["component"]) for each in made]

    def impacts(name: str) -> list[ComponentImpact]:
        return [ComponentImpact(id, state) for id, state in zip(services, DOES[name], strict=True) if state is not None]

    begin, end = (at[place] for place, name in enumerate(order) if name == "work")
    planned = status.NewMaintenance("New switches", impacts("work"), "Short breaks.", begin, end)
    notices = {"work": (await status.schedule_maintenance(on.desk, by(on, NOON), planned)).ids["notice"]}
    running: set[str] = set()
    for place, name in enumerate(order):
        before, running = running, running ^ {name}
        who = by(on, at[place])
        if name == "work":
            await on.desk.writer.decide(who.act, partial(status.begin_or_end, work=UUID(notices["work"]), now=at[place]))
        elif name in running:
            new = status.NewIncident("Slow", StatusSeverity.MAJOR, impacts(name), "We look.")
            notices[name] = (await status.declare_incident(on.desk, who, new)).ids["notice"]
        else:
            await status.resolve_incident(on.desk, who, UUID(notices[name]), body="Over.")
            told = (await on.recording.events(UUID(notices[name])))[-1]
            assert isinstance(told, IncidentResolved)
            better = [id for id, was, now in zip(services, tally(before), tally(running), strict=True) if was is not now]
            assert list(told.restored) == better, (order, place)
        assert await states(on, services) == tally(running), (order, place)


async def test_whatever_ends_first_each_service_is_as_bad_as_what_is_left_and_what_got_better_is_told(
    database: TestDatabase,
) -> None:
    assert len(ORDERS) == 90
    async with world(database) as on:
        await asyncio.gather(*(walk(on, number, order) for number, order in enumerate(ORDERS)))

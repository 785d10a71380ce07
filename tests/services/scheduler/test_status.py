"""Planned work begins and ends once, at its instants, whatever the number of schedulers and however long they were away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.event import DomainEvent
from domain.status.component import ServiceComponent
from domain.status.vocabulary import ComponentImpact, ComponentState
from projections.status_maintenance import maintenance
from services.commands import status
from services.projector.schemas import path
from services.runtime.postgres import Login
from services.scheduler import Scheduler
from services.scheduler.status import Status
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, World, world
from tests.services.commands.test_status import component, declared, look
from tests.services.projector.ground import Ground, ground
from tests.services.scheduler.test_scheduler import Driven

pytestmark = pytest.mark.anyio
S = ComponentState
BEGAN, ENDED = "maintenance.started.v1", "maintenance.completed.v1"


@dataclass
class Time:
    on: World
    ground: Ground
    schedulers: list[Scheduler]

    async def passes(self, **length: float) -> None:
        """Let it pass, and all schedulers look at once."""
        await self.ground.project(maintenance)
        self.on.later(**length)
        await asyncio.gather(*(scheduler.look() for scheduler in self.schedulers))

    async def planned(self, service: UUID, begin: datetime, end: datetime) -> UUID:
        impacts = [ComponentImpact(service, S.UNDER_MAINTENANCE)]
        new = status.NewMaintenance("Switches", impacts, "Short breaks.", begin, end)
        return UUID((await status.schedule_maintenance(self.on.desk, self.on.by(AGENT), new)).ids["notice"])

    async def turns(self, work: UUID) -> list[tuple[str, datetime]]:
        found: list[DomainEvent] = await self.on.recording.events(work)
        return [(event.TOPIC, event.timestamp) for event in found if event.TOPIC in (BEGAN, ENDED)]

    async def state(self, service: UUID) -> ComponentState:
        return (await look(self.on, ServiceComponent, service)).state


@asynccontextmanager
async def time(database: TestDatabase, schedulers: int = 3) -> AsyncIterator[Time]:
    async with world(database) as on, ground(database) as below:
        await below.ensure(maintenance)
        login = Login(database.settings.postgres("project"), settings={"search_path": path([maintenance.schema])})
        pool = await login.pool(largest=schedulers)
        try:
            writer, policies = on.desk.writer, on.desk.policies.now
            yield Time(on, below, [Scheduler(pool, [Status(writer)], policies, Driven(on)) for _ in range(schedulers)])
        finally:
            await pool.close()


async def test_work_begins_and_ends_once_by_three_schedulers_and_not_before_its_time(database: TestDatabase) -> None:
    async with time(database) as t:
        service = await component(t.on)
        begin, end = t.on.at + timedelta(hours=1), t.on.at + timedelta(hours=3)
        work = await t.planned(service, begin, end)
        await t.passes(minutes=59)
        assert await t.turns(work) == []
        await t.passes(minutes=2)
        assert await t.state(service) is S.UNDER_MAINTENANCE
        await t.passes(seconds=1)
        await t.passes(hours=1)
        assert await t.turns(work) == [(BEGAN, begin)]
        await t.passes(hours=1)
        await t.passes(seconds=1)
        assert await t.turns(work) == [(BEGAN, begin), (ENDED, end)]
        assert await t.state(service) is S.OPERATIONAL
        assert await t.ground.fetch("SELECT 1 FROM maintenance_timers", schemas=[maintenance.schema]) == []


async def test_work_that_came_and_went_in_a_downtime_is_dated_to_when_it_was(database: TestDatabase) -> None:
    async with time(database) as t:
        service = await component(t.on)
        works = [
            await t.planned(service, t.on.at + timedelta(hours=n), t.on.at + timedelta(hours=n, minutes=30))
            for n in range(1, 13)
        ]
        begin = t.on.at
        await t.passes(days=2)
        for _ in range(3):
            await t.passes(seconds=6)
        for number, work in enumerate(works, 1):
            at = begin + timedelta(hours=number)
            assert await t.turns(work) == [(BEGAN, at), (ENDED, at + timedelta(minutes=30))]
        assert await t.state(service) is S.OPERATIONAL


async def test_an_incident_during_work_outlasts_it(database: TestDatabase) -> None:
    async with time(database) as t:
        service = await component(t.on)
        await t.planned(service, t.on.at, t.on.at + timedelta(hours=1))
        await t.passes(seconds=1)
        await declared(t.on, (service, S.DEGRADED))
        await t.passes(hours=2)
        assert await t.state(service) is S.DEGRADED


async def test_work_called_off_does_not_begin_and_a_retired_service_stops_no_other(database: TestDatabase) -> None:
    async with time(database) as t:
        old, service = await component(t.on, "old"), await component(t.on)
        begin, end = t.on.at + timedelta(hours=1), t.on.at + timedelta(hours=2)
        off, on_old, fine = [await t.planned(each, begin, end) for each in (service, old, service)]
        await t.ground.project(maintenance)
        await status.cancel_maintenance(t.on.desk, t.on.by(AGENT), off, body="Not now.")  # the read model lags
        await status.retire_component(t.on.desk, t.on.by(ADMIN), old)
        t.on.later(hours=1, minutes=1)
        await asyncio.gather(*(scheduler.look() for scheduler in t.schedulers))
        assert [len(await t.turns(work)) for work in (off, on_old, fine)] == [0, 1, 1]


@pytest.mark.parametrize(
    "local",
    [datetime(2026, 10, 25, 2, 30), datetime(2028, 2, 29, 23, 30), datetime(2026, 12, 31, 23, 30)],  # noqa: DTZ001
)
async def test_instants_are_instants_whatever_the_calendar_does(database: TestDatabase, local: datetime) -> None:
    async with time(database) as t:
        begin = local.replace(tzinfo=ZoneInfo("Europe/Copenhagen"))
        end = (begin.astimezone(UTC) + timedelta(hours=2)).astimezone(begin.tzinfo)
        t.on.at = begin.astimezone(UTC) - timedelta(hours=1)
        work = await t.planned(await component(t.on), begin, end)
        await t.passes(hours=1)
        await t.passes(hours=1, minutes=59)
        assert await t.turns(work) == [(BEGAN, begin.astimezone(UTC))]
        await t.passes(minutes=1)
        assert (await t.turns(work))[1:] == [(ENDED, begin.astimezone(UTC) + timedelta(hours=2))]

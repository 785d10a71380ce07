"""Reminders of engagements: each once over three schedulers, from the policy, and none whose moment has passed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.engagements.engagement import Engagement
from domain.engagements.events import EngagementReminderDropped, EngagementReminderDue
from domain.policies import EngagementPolicy, Policies
from projections.engagement_timers import engagement_timers
from projections.viewer import Viewer
from services.commands import engagements
from services.projector.schemas import path
from services.runtime.postgres import Login
from services.scheduler import Scheduler, metrics
from services.scheduler.engagements import REMINDER, Engagements
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, Shipped, World, world
from tests.services.commands.test_engagements import JOIN, holder, scheduled
from tests.services.projector.ground import Ground, ground
from tests.services.scheduler.test_scheduler import Driven

pytestmark = pytest.mark.anyio
DAY, HOUR, TICK = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)


@dataclass
class Time:
    on: World
    ground: Ground
    schedulers: list[Scheduler]

    async def at(self, when: datetime) -> None:
        """Let it become that late, and all schedulers look at once."""
        await self.ground.project(engagement_timers)
        self.on.at = when
        await asyncio.gather(*(scheduler.look() for scheduler in self.schedulers))

    async def told(self, engagement: UUID) -> list[tuple[str, timedelta]]:
        return [
            ("due" if isinstance(event, EngagementReminderDue) else "dropped", event.before)
            for event in await self.on.recording.events(engagement)
            if isinstance(event, (EngagementReminderDue, EngagementReminderDropped))
        ]

    async def left(self) -> int:
        await self.ground.project(engagement_timers)
        rows = await self.ground.fetch("SELECT count(*) FROM engagement_timers", schemas=[engagement_timers.schema])
        return int(rows[0][0])


@asynccontextmanager
async def time(database: TestDatabase, schedulers: int = 3) -> AsyncIterator[Time]:
    async with world(database) as on, ground(database) as below:
        await below.ensure(engagement_timers)
        login = Login(database.settings.postgres("project"), settings={"search_path": path([engagement_timers.schema])})
        pool = await login.pool(largest=schedulers)
        running = [Scheduler(pool, [Engagements(on.desk.writer)], on.desk.policies.now, Driven(on)) for _ in range(schedulers)]
        try:
            yield Time(on, below, running)
        finally:
            await pool.close()


def dropped() -> float:
    return float(metrics.DROPPED.labels(REMINDER)._value.get())


async def anna(t: Time) -> Viewer:
    return (await holder(t.on))[2]


async def test_each_reminder_comes_once_at_its_moment(database: TestDatabase) -> None:
    async with time(database) as t:
        start = t.on.at + 7 * DAY
        made = await scheduled(t.on, await anna(t), start)
        for moment, so_far in ((start - DAY, 1), (start - HOUR, 2)):
            await t.at(moment - TICK)
            assert len(await t.told(made)) == so_far - 1
            for _ in range(2):
                await t.at(moment)
            assert len(await t.told(made)) == so_far
        await t.at(start + DAY)
        assert await t.told(made) == [("due", DAY), ("due", HOUR)]
        assert await t.left() == 0


async def test_after_two_days_of_downtime_there_is_no_storm(database: TestDatabase) -> None:
    async with time(database) as t:
        who, back = await anna(t), t.on.at + 2 * DAY
        begun = [await scheduled(t.on, who, back - HOUR * each) for each in range(10)]
        near = [await scheduled(t.on, who, back + HOUR / 2) for _ in range(10)]
        tomorrow = [await scheduled(t.on, who, back + DAY / 2) for _ in range(10)]
        before = dropped()
        for minutes in range(4):
            await t.at(back + timedelta(minutes=minutes))
        assert {tuple(await t.told(each)) for each in begun} == {(("dropped", DAY), ("dropped", HOUR))}
        assert {tuple(await t.told(each)) for each in near} == {(("dropped", DAY), ("due", HOUR))}
        assert {tuple(await t.told(each)) for each in tomorrow} == {(("due", DAY),)}
        assert dropped() - before == 10 * 2 + 10
        assert await t.left() == 10


async def test_another_time_and_a_withdrawal_take_reminders_away(database: TestDatabase) -> None:
    async with time(database) as t:
        who, start = await anna(t), t.on.at + 3 * DAY
        moved, withdrawn = await scheduled(t.on, who, start), await scheduled(t.on, who, start)
        await engagements.schedule(t.on.desk, t.on.by(ADMIN), moved, start + 5 * DAY, JOIN)
        await engagements.change(t.on.desk, t.on.by(who), withdrawn, Engagement.cancel, at=t.on.at)
        await t.at(start - HOUR)
        assert (await t.told(moved), await t.told(withdrawn)) == ([], [])
        await t.at(start + 4 * DAY)
        assert await t.told(moved) == [("due", DAY)]


async def test_a_reminder_that_lags_in_the_read_model_records_nothing(database: TestDatabase) -> None:
    async with time(database) as t:
        who, start = await anna(t), t.on.at + 3 * DAY
        made = await scheduled(t.on, who, start)
        await t.ground.project(engagement_timers)
        await engagements.change(t.on.desk, t.on.by(who), made, Engagement.cancel, at=t.on.at)
        t.on.at = start - HOUR
        await asyncio.gather(*(scheduler.look() for scheduler in t.schedulers))
        assert await t.told(made) == []


class Other(Shipped):
    def __init__(self, *reminders: timedelta) -> None:
        super().__init__()
        self.policies: Policies = replace(self.policies, engagements=EngagementPolicy(reminders))


async def test_the_policy_in_force_when_it_was_scheduled_says_when(database: TestDatabase) -> None:
    async with time(database) as t:
        who, start = await anna(t), t.on.at + 7 * DAY
        t.on.desk = replace(t.on.desk, policies=Other(3 * DAY))
        made = await scheduled(t.on, who, start)
        t.on.desk = replace(t.on.desk, policies=Other())
        silent = await scheduled(t.on, who, start)
        for moment in (start - 3 * DAY, start - DAY, start - HOUR):
            await t.at(moment)
        assert (await t.told(made), await t.told(silent)) == ([("due", 3 * DAY)], [])


@pytest.mark.parametrize(
    "start",
    [
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),  # the hour that comes twice in Europe
        datetime(2027, 3, 28, 1, 0, tzinfo=UTC),  # the hour that does not come
        datetime(2028, 2, 29, 9, 0, tzinfo=UTC),
        datetime(2027, 1, 1, 0, 30, tzinfo=UTC),
    ],
)
async def test_the_moment_is_the_same_on_odd_days(database: TestDatabase, start: datetime) -> None:
    async with time(database, schedulers=1) as t:
        t.on.at = start - 100 * DAY
        made = await scheduled(t.on, await anna(t), start)
        await t.at(start - DAY - TICK)
        assert await t.told(made) == []
        await t.at(start - DAY)
        assert await t.told(made) == [("due", DAY)]

"""Operations meetings proposed by time: one a contract and quarter over three schedulers, and never in the past."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.contracts.contract import SupportContract
from domain.contracts.vocabulary import ServiceManagerMode
from domain.meetings.events import MeetingScheduled
from domain.meetings.meeting import OperationsMeeting
from domain.meetings.quarters import Quarter
from domain.meetings.refusals import MeetingExists
from domain.policies import MeetingPolicy, Policies
from projections import meetings_unplanned
from projections.entitlements import entitlements
from projections.meetings import meetings
from services.commands import contracts
from services.commands import meetings as commands
from services.projector.schemas import path
from services.runtime.postgres import Login
from services.scheduler import Scheduler
from services.scheduler.meetings import Meetings
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, Shipped, World, world
from tests.services.commands.test_chat import in_force
from tests.services.projector.ground import Ground, ground
from tests.services.scheduler.test_scheduler import Driven

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
COPENHAGEN = "Europe/Copenhagen"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


class Other(Shipped):
    def __init__(self, policy: MeetingPolicy) -> None:
        super().__init__()
        self.policies: Policies = replace(self.policies, operations_meetings=policy)


class Overheard:
    """A connection that notes which of the room's questions pass through it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.said: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetchrow(self, query: str, *args: object) -> Any:
        return await self._heard(self._connection.fetchrow, query, *args)

    async def fetch(self, query: str, *args: object) -> Any:
        return await self._heard(self._connection.fetch, query, *args)

    async def _heard(self, ask: Any, query: str, *args: object) -> Any:
        names = {meetings_unplanned.MARK: "mark", meetings_unplanned.LOST: "lost", meetings_unplanned.UNPLANNED: "unplanned"}
        self.said.append(names[query])
        return await ask(query, *args)


@dataclass
class Time:
    on: World
    ground: Ground
    schedulers: list[Scheduler]

    async def at(self, moment: datetime) -> None:
        """Every scheduler looks at once, at this moment, with read models that are up to date."""
        self.on.at = moment
        await self.ground.project(entitlements, meetings)
        await asyncio.gather(*(scheduler.look() for scheduler in self.schedulers))

    async def planned(self) -> list[MeetingScheduled]:
        rows = await self.on.recording.as_owner(
            "SELECT originator_id FROM store.stored_events WHERE topic = 'meeting.scheduled.v1' ORDER BY notification_id"
        )
        firsts = [(await self.on.recording.events(row["originator_id"]))[0] for row in rows]
        return [event for event in firsts if isinstance(event, MeetingScheduled)]

    async def names(self) -> list[str]:
        return [event.ref for event in await self.planned()]

    async def lives(self) -> dict[UUID, list[str]]:
        """What happened to the meetings of each contract."""
        told: dict[UUID, list[str]] = {}
        for first in await self.planned():
            events = await self.on.recording.events(first.originator_id)
            told.setdefault(first.contract, []).extend(event.TOPIC.split(".")[1] for event in events)
        return told

    async def rows(self, query: str) -> list[Any]:
        await self.ground.project(meetings)
        return await self.ground.fetch(query, schemas=[meetings.schema])

    async def asked(self, now: datetime) -> list[str]:
        """What the first scheduler's room asks the database when it looks."""
        room = self.schedulers[0].rooms[0]
        connection = Overheard(await self.ground.connect([entitlements.schema, meetings.schema]))
        try:
            await room.due(connection, now, await self.on.desk.policies.now(), 25)
        finally:
            await connection.close()
        return connection.said

    def decide_by(self, policy: MeetingPolicy) -> None:
        self.on.desk = replace(self.on.desk, policies=Other(policy))
        for scheduler in self.schedulers:
            scheduler.policies = self.on.desk.policies.now


@asynccontextmanager
async def time(database: TestDatabase, schedulers: int = 3) -> AsyncIterator[Time]:
    async with world(database) as on, ground(database) as below:
        await below.ensure(entitlements, meetings)
        schemas = path([entitlements.schema, meetings.schema])
        pool = await Login(database.settings.postgres("project"), settings={"search_path": schemas}).pool(largest=schedulers)
        running = [Scheduler(pool, [Meetings(on.desk.writer)], on.desk.policies.now, Driven(on)) for _ in range(schedulers)]
        try:
            yield Time(on, below, running)
        finally:
            await pool.close()


async def premium(t: Time, ref: str) -> UUID:
    return await in_force(t.on, await t.on.organisation(ref), "SUPPORT-premium", ref)


async def test_every_entitled_contract_gets_its_meeting_of_each_quarter_once(database: TestDatabase) -> None:
    async with time(database) as t:
        for ref in ("acme", "globex", "initech"):
            await premium(t, ref)
        await in_force(t.on, await t.on.organisation("base"), "SUPPORT-standard")
        for moment in (t.on.at, t.on.at + timedelta(seconds=9), utc(2026, 9, 30, 21, 59)):
            await t.at(moment)
        assert sorted(await t.names()) == ["acme-2026-Q3", "globex-2026-Q3", "initech-2026-Q3"]
        first = (await t.planned())[0]
        assert (first.starts_at, first.duration) == (utc(2026, 9, 22, 8), timedelta(hours=1))
        assert (first.join_url, first.time_zone) == (f"https://meet.example.org/{first.ref}", COPENHAGEN)
        await t.at(utc(2026, 9, 30, 22))
        assert sorted(await t.names())[1::2] == ["acme-2026-Q4", "globex-2026-Q4", "initech-2026-Q4"]


async def test_over_the_years_end_and_summer_time_it_stays_on_the_wall(database: TestDatabase) -> None:
    async with time(database, schedulers=1) as t:
        await premium(t, "acme")
        t.decide_by(MeetingPolicy(week=13, time_zone=COPENHAGEN))
        for moment in (utc(2026, 12, 31, 22, 59), utc(2026, 12, 31, 23), utc(2027, 3, 31, 21, 59), utc(2027, 3, 31, 22)):
            await t.at(moment)
        assert [(each.ref, each.starts_at) for each in await t.planned()] == [
            ("acme-2027-Q1", utc(2027, 3, 30, 8)),
            ("acme-2027-Q2", utc(2027, 6, 29, 8)),
        ]


async def test_a_meeting_on_a_leap_day(database: TestDatabase) -> None:
    async with time(database, schedulers=1) as t:
        await premium(t, "acme")
        t.decide_by(MeetingPolicy(week=9))
        await t.at(utc(2028, 1, 1))
        assert [(each.ref, each.starts_at) for each in await t.planned()] == [("acme-2028-Q1", utc(2028, 2, 29, 10))]


async def test_after_two_days_and_after_a_whole_quarter_of_downtime_nothing_is_proposed_in_the_past(
    database: TestDatabase,
) -> None:
    async with time(database) as t:
        await premium(t, "acme")
        usual = utc(2026, 9, 22, 8)
        await t.at(usual - 5 * DAY)  # two days after the last day on which there was notice enough
        assert [(each.ref, each.starts_at) for each in await t.planned()] == [("acme-2026-Q3", usual + 7 * DAY)]
        await premium(t, "globex")
        await t.at(usual + 2 * DAY)
        await t.at(utc(2027, 2, 1))
        assert sorted(await t.names()) == ["acme-2026-Q3", "acme-2027-Q1", "globex-2027-Q1"]
        assert all(each.starts_at >= each.timestamp + 7 * DAY for each in await t.planned())


async def test_a_contract_that_begins_in_the_quarter_gets_its_meeting_then_and_one_that_ends_before_gets_none(
    database: TestDatabase,
) -> None:
    async with time(database) as t:
        await t.at(t.on.at)
        await premium(t, "acme")
        ending = await premium(t, "globex")
        end = utc(2026, 9, 22, 8)
        await contracts.change(t.on.desk, t.on.by(ADMIN), ending, SupportContract.terminate, at=t.on.at, effective_at=end)
        await t.at(utc(2026, 8, 1))
        await t.at(utc(2026, 8, 1, 1))
        assert await t.names() == ["acme-2026-Q3"]


async def test_a_cancelled_meeting_and_one_that_people_planned_are_left_to_people(database: TestDatabase) -> None:
    async with time(database) as t:
        contract, mine = await premium(t, "acme"), await premium(t, "globex")
        await commands.schedule(
            t.on.desk, t.on.by(ADMIN), mine, 2026, 3, t.on.at + DAY, timedelta(hours=1), "https://meet.example.org/g"
        )
        await t.at(t.on.at)
        cancelled = OperationsMeeting.id_of(contract, Quarter(2026, 3))
        await commands.change(t.on.desk, t.on.by(ADMIN), cancelled, OperationsMeeting.cancel, at=t.on.at)
        await t.at(t.on.at + timedelta(seconds=9))
        assert sorted(await t.names()) == ["acme-2026-Q3", "globex-2026-Q3"]


async def test_of_two_hundred_people_and_three_schedulers_at_once_one_makes_it(database: TestDatabase) -> None:
    async with time(database) as t:
        contract = await premium(t, "acme")
        await t.ground.project(entitlements, meetings)
        where = (t.on.at + DAY, timedelta(hours=1), "https://meet.example.org/acme")
        people = [commands.schedule(t.on.desk, t.on.by(ADMIN), contract, 2026, 3, *where) for _ in range(200)]
        looks = [scheduler.look() for scheduler in t.schedulers]
        results = await asyncio.gather(*people[:100], *looks, *people[100:], return_exceptions=True)
        refused = [result for result in results if isinstance(result, BaseException)]
        assert all(isinstance(each, MeetingExists) for each in refused)
        assert len(refused) in (199, 200)
        assert await t.names() == ["acme-2026-Q3"]


async def test_a_read_model_that_lags_proposes_nothing_twice(database: TestDatabase) -> None:
    async with time(database) as t:
        await premium(t, "acme")
        await t.at(t.on.at)
        for _ in range(3):
            t.on.later(seconds=9)
            await asyncio.gather(*(scheduler.look() for scheduler in t.schedulers))
        assert await t.names() == ["acme-2026-Q3"]


async def test_a_contract_without_a_service_manager_gets_its_meeting_and_that_is_said(
    database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    async with time(database, schedulers=1) as t:
        alone, served = await premium(t, "acme"), await premium(t, "globex")
        await contracts.assign_manager(t.on.desk, t.on.by(ADMIN), served, AGENT.id, ServiceManagerMode.SHARED)
        with caplog.at_level(logging.WARNING, "support.scheduler"):
            await t.at(t.on.at)
        assert len(await t.planned()) == 2
        said = [record.getMessage() for record in caplog.records if "has no host" in record.getMessage()]
        assert len(said) == 1
        assert str(alone) in said[0]

"""Time on contracts: each instant is recorded once by three schedulers, also after a downtime, and managers go when they must."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.contracts.contract import SupportContract
from domain.contracts.events import (
    ContractCeased,
    ContractExpired,
    ContractServiceManagerReleased,
    ContractStarted,
)
from domain.contracts.ledgers import ManagerLedger
from domain.contracts.vocabulary import ServiceManagerMode
from projections.contract_timers import contract_timers
from services.commands import contracts
from services.projector.schemas import path
from services.runtime.clock import Clock
from services.runtime.postgres import Login
from services.scheduler import Scheduler
from services.scheduler.contracts import Contracts
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, World, world
from tests.services.projector.ground import Ground, ground

pytestmark = pytest.mark.anyio

STANDARD, PREMIUM = "SUPPORT-standard", "SUPPORT-premium"
DAY = timedelta(days=1)


class Driven(Clock):
    """The clock of a world."""

    def __init__(self, on: World) -> None:
        super().__init__()
        self._on = on

    def now(self) -> datetime:
        return self._on.at


@dataclass
class Time:
    on: World
    ground: Ground
    schedulers: list[Scheduler]

    async def at(self, when: datetime) -> None:
        """Let it become that late, and all schedulers look at once."""
        await self.ground.project(contract_timers)
        self.on.at = when
        await asyncio.gather(*(scheduler.look() for scheduler in self.schedulers))

    async def told(self, contract: UUID) -> list[tuple[str, datetime]]:
        """What time has recorded, with the instant it is about."""
        await self.ground.project(contract_timers)
        kinds = (ContractStarted, ContractCeased, ContractExpired)
        return [
            (type(event).__name__.removeprefix("Contract"), event.since)
            for event in await self.on.recording.events(contract)
            if isinstance(event, kinds)
        ]

    async def contract(self, product: str, from_: datetime, to: datetime | None) -> UUID:
        acme = await self.on.organisation(f"org-{uuid4().hex[:12]}")
        receipt = await contracts.draft(
            self.on.desk, self.on.by(ADMIN), organisation=acme, ref=f"C-{uuid4()}", product=product, from_=from_, to=to
        )
        made = UUID(receipt.ids["contract"])
        await contracts.activate(self.on.desk, self.on.by(ADMIN), made)
        return made

    async def command(self, contract: UUID, command: Any, **values: Any) -> None:
        await contracts.change(self.on.desk, self.on.by(ADMIN), contract, command, at=self.on.at, **values)


@asynccontextmanager
async def time(database: TestDatabase, schedulers: int = 3) -> AsyncIterator[Time]:
    async with world(database) as on, ground(database) as below:
        await below.ensure(contract_timers)
        login = Login(database.settings.postgres("project"), settings={"search_path": path([contract_timers.schema])})
        pool = await login.pool(largest=schedulers)
        running = [Scheduler(pool, [Contracts(on.desk.writer)], on.desk.policies.now, Driven(on)) for _ in range(schedulers)]
        try:
            yield Time(on, below, running)
        finally:
            await pool.close()


async def test_beginning_change_of_plan_and_end_are_each_recorded_once_at_their_instant(database: TestDatabase) -> None:
    async with time(database) as t:
        begin, change, end = (t.on.at + days * DAY for days in (1, 10, 30))
        made = await t.contract(STANDARD, begin, end)
        await contracts.change_plan(t.on.desk, t.on.by(ADMIN), made, PREMIUM, change)
        tick = timedelta(microseconds=1)
        for instant, so_far in ((begin, 1), (change, 2), (end, 3)):
            await t.at(instant - tick)
            assert len(await t.told(made)) == so_far - 1
            for _ in range(2):
                await t.at(instant)
            assert len(await t.told(made)) == so_far
        assert await t.told(made) == [("Started", begin), ("Started", change), ("Expired", end)]


async def test_after_a_downtime_what_passed_is_recorded_once_in_order(database: TestDatabase) -> None:
    async with time(database) as t:
        begin = t.on.at + DAY
        made = [await t.contract(STANDARD, begin, begin + 2 * DAY) for _ in range(40)]
        for each in made[:10]:
            await contracts.change_plan(t.on.desk, t.on.by(ADMIN), each, PREMIUM, begin + DAY)
        for hours in range(4):
            await t.at(begin + 2 * DAY + timedelta(hours=hours))
        for place, each in enumerate(made):
            changed = [("Started", begin + DAY)] if place < 10 else []
            assert await t.told(each) == [("Started", begin), *changed, ("Expired", begin + 2 * DAY)]


async def test_a_planned_suspension_ceases_and_starts_again(database: TestDatabase) -> None:
    async with time(database) as t:
        began = t.on.at
        made = await t.contract(PREMIUM, began, None)
        await t.command(made, SupportContract.suspend, effective_at=began + DAY)
        await t.command(made, SupportContract.resume, effective_at=began + 2 * DAY)
        await t.at(began + DAY)
        assert await t.told(made) == [("Started", began), ("Ceased", began + DAY)]
        await t.at(began + 2 * DAY)
        assert (await t.told(made))[2:] == [("Started", began + 2 * DAY)]


async def test_renewing_in_time_moves_the_end(database: TestDatabase) -> None:
    async with time(database) as t:
        began = t.on.at
        made = await t.contract(PREMIUM, began, began + DAY)
        await t.command(made, SupportContract.renew, to=began + 5 * DAY)
        await t.at(began + DAY)
        assert await t.told(made) == [("Started", began)]
        await t.at(began + 5 * DAY)
        assert (await t.told(made))[1:] == [("Expired", began + 5 * DAY)]


async def test_a_moment_that_lags_in_the_read_model_records_nothing(database: TestDatabase) -> None:
    async with time(database) as t:
        began = t.on.at
        made = await t.contract(PREMIUM, began, began + DAY)
        await t.ground.project(contract_timers)
        await t.command(made, SupportContract.renew, to=None)
        t.on.at = began + 2 * DAY
        await asyncio.gather(*(scheduler.look() for scheduler in t.schedulers))
        assert await t.told(made) == [("Started", began)]


async def test_the_service_manager_goes_with_the_contract_and_is_free_for_another(database: TestDatabase) -> None:
    async with time(database) as t:
        manager = uuid4()
        t.on.staff.add(manager)
        end = t.on.at + DAY
        made, other = await t.contract(PREMIUM, t.on.at, end), await t.contract(PREMIUM, t.on.at, None)
        dedicated = ServiceManagerMode.DEDICATED
        await contracts.assign_manager(t.on.desk, t.on.by(ADMIN), made, manager, dedicated)
        await t.at(end + timedelta(hours=1))
        released = [e for e in await t.on.recording.events(made) if isinstance(e, ContractServiceManagerReleased)]
        assert [(event.manager, event.to) for event in released] == [(manager, end)]
        await contracts.assign_manager(t.on.desk, t.on.by(ADMIN), other, manager, dedicated)
        assert len(await t.on.recording.events(ManagerLedger.id_of(manager))) == 4


@pytest.mark.parametrize(
    "end",
    [
        datetime(2026, 10, 25, 1, 0, tzinfo=UTC),  # the hour that comes twice in Europe
        datetime(2027, 3, 28, 1, 0, tzinfo=UTC),  # the hour that does not come
        datetime(2028, 2, 29, 0, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    ],
)
async def test_the_last_instant_is_the_same_on_odd_days(database: TestDatabase, end: datetime) -> None:
    async with time(database, schedulers=1) as t:
        made = await t.contract(PREMIUM, t.on.at, end)
        await t.at(end - timedelta(microseconds=1))
        assert [kind for kind, _ in await t.told(made)] == ["Started"]
        await t.at(end)
        assert (await t.told(made))[-1] == ("Expired", end)

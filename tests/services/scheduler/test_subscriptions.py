"""Confirmations run out and what lost its owner ends by itself; once over three schedulers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.catalogue import BASE_PRODUCT, Product
from domain.subscriptions import events
from domain.subscriptions.subscription import LASTS
from projections.contacts import contacts
from projections.entitlements import entitlements
from projections.subscription_timers import subscription_timers
from services.commands import erasure, people, subscriptions
from services.projector.schemas import path
from services.runtime.postgres import Login
from services.scheduler import Scheduler
from services.scheduler.subscriptions import Subscriptions
from tests.ground import TestDatabase
from tests.services.commands import test_contracts as agreed
from tests.services.commands import test_subscriptions as desk
from tests.services.commands.desk import ADMIN, Shipped, World, world
from tests.services.projector.ground import Ground, ground
from tests.services.scheduler.test_scheduler import Driven

pytestmark = pytest.mark.anyio
READ = (subscription_timers, contacts, entitlements)


@dataclass
class Time:
    on: World
    ground: Ground
    schedulers: list[Scheduler]
    shipped: Shipped

    async def passes(self, **length: float) -> None:
        """Let it pass, and all schedulers look at once."""
        await self.ground.project(*READ)
        self.on.later(**length)
        await asyncio.gather(*(scheduler.look() for scheduler in self.schedulers))

    async def ends(self, subscription: UUID) -> list[str]:
        """How it ended, each time."""
        found = []
        for event in await self.on.recording.events(subscription):
            if isinstance(event, events.SubscriptionCancelled):
                found.append(event.because.value)
            elif isinstance(event, events.SubscriptionConfirmationExpired):
                found.append("TIME")
        return found


@asynccontextmanager
async def time(database: TestDatabase, schedulers: int = 3) -> AsyncIterator[Time]:
    async with world(database) as on, ground(database) as below:
        await below.ensure(*READ)
        login = Login(database.settings.postgres("project"), settings={"search_path": path([each.schema for each in READ])})
        pool = await login.pool(largest=schedulers)
        running = [
            Scheduler(pool, [Subscriptions(on.desk.writer)], on.desk.policies.now, Driven(on)) for _ in range(schedulers)
        ]
        try:
            shipped = on.desk.policies
            assert isinstance(shipped, Shipped)
            yield Time(on, below, running, shipped)
        finally:
            await pool.close()


@pytest.mark.parametrize(
    "until",
    [
        datetime(2028, 2, 29, 12, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
        datetime(2027, 3, 28, 1, tzinfo=UTC),
    ],
)
async def test_a_confirmation_runs_out_once_at_its_instant_and_frees_the_destination(
    database: TestDatabase, until: datetime
) -> None:
    async with time(database) as t:
        t.on.at = until - LASTS
        _, anna = await desk.people(t.on)
        id = await desk.asked(t.on, anna)
        await t.passes(hours=24, microseconds=-1)
        assert await t.ends(id) == []
        for _ in range(3):
            await t.passes(seconds=10)
        assert await t.ends(id) == ["TIME"]
        assert (await t.on.recording.events(id))[-1].timestamp == until
        assert [each.text.value for each in await desk.outbox(t.on)] == [None]
        await desk.asked(t.on, anna)


async def test_what_was_confirmed_does_not_run_out(database: TestDatabase) -> None:
    async with time(database) as t:
        _, anna = await desk.people(t.on)
        id = await desk.asked(t.on, anna)
        await t.ground.project(*READ)
        await subscriptions.confirm(t.on.desk, t.on.by(anna).act, await desk.token(t.on))
        t.on.later(days=2)  # the read model still says it is due
        await asyncio.gather(*(scheduler.look() for scheduler in t.schedulers))
        await t.passes(days=2)
        assert await t.ends(id) == []


async def test_erasure_and_leaving_end_subscriptions_once(database: TestDatabase) -> None:
    async with time(database) as t:
        acme, anna = await desk.people(t.on)
        bert = await t.on.customer("bert@acme.example", acme)
        erased, left = await desk.confirmed(t.on, anna), await desk.confirmed(t.on, bert, "bert@acme.example")
        waiting = await desk.asked(t.on, bert, "b@acme.example")
        await erasure.erase_contact(t.on.desk, t.on.by(ADMIN), anna.id, confirmation=str(anna.id))
        await people.unlink_contact(t.on.desk, t.on.by(ADMIN), bert.id)
        for _ in range(3):
            await t.passes(seconds=10)
        assert await t.ends(erased) == ["ERASED"]
        assert await t.ends(left) == await t.ends(waiting) == ["LEFT_ORGANISATION"]
        carl = await t.on.customer("carl@acme.example", acme)
        for where in ("anna@acme.example", "bert@acme.example", "b@acme.example"):
            await desk.asked(t.on, carl, where)


async def test_what_a_catalogue_or_the_end_of_a_contract_takes_away_ends_once(database: TestDatabase) -> None:
    async with time(database) as t:
        _, anna = await desk.people(t.on)
        zenith = await t.on.organisation("zenith")
        eve = await t.on.customer("eve@zenith.example", zenith)
        t.on.at = until = agreed.BEGIN
        until += timedelta(days=30)
        await agreed.in_force(t.on, zenith, agreed.STANDARD, to=until)
        lost, kept = await desk.confirmed(t.on, anna), await desk.confirmed(t.on, eve, "eve@zenith.example")
        waiting = await desk.asked(t.on, anna, "a@acme.example")
        await t.passes(seconds=10)
        assert [await t.ends(each) for each in (lost, kept, waiting)] == [[], [], []]
        shipped = await t.on.desk.policies.now()
        t.shipped.policies = replace(shipped, products=tuple(without_news(each) for each in shipped.products))
        for _ in range(3):
            await t.passes(seconds=10)
        assert await t.ends(lost) == await t.ends(waiting) == ["ENTITLEMENT_LOST"]
        assert await t.ends(kept) == []
        t.on.at = until - timedelta(seconds=20)
        await t.passes(seconds=10)
        assert await t.ends(kept) == []
        for _ in range(3):
            await t.passes(seconds=10)
        assert await t.ends(kept) == ["ENTITLEMENT_LOST"]


def without_news(product: Product) -> Product:
    """The base product without it; what contracts copied stays theirs."""
    if product.code != BASE_PRODUCT:
        return product
    return replace(product, capabilities=tuple(each for each in product.capabilities if each != "STATUS_NOTIFICATIONS"))


async def test_after_two_days_of_downtime_each_has_run_out_once(database: TestDatabase) -> None:
    async with time(database) as t:
        _, anna = await desk.people(t.on)
        many = [await desk.asked(t.on, anna, f"p{n}@acme.example") for n in range(20)]
        await t.passes(days=2)
        for _ in range(2):
            await t.passes(seconds=10)
        for each in many:
            assert await t.ends(each) == ["TIME"]
        assert (await t.on.recording.events(many[0]))[-1].timestamp < t.on.at - timedelta(hours=23)

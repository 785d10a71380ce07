"""Accesses to chat rooms end by themselves: at their time, with the capability, with the organisation; once over three schedulers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.catalogue import BASE_PRODUCT, PRODUCTS, Capability, Product
from domain.chat.access import ChatRoomAccess
from domain.chat.events import ChatAccessExpired, ChatAccessRevoked
from domain.chat.rooms import COMMUNITY
from domain.contracts.contract import SupportContract
from projections.chat_timers import chat_timers
from projections.contacts import contacts
from projections.entitlements import entitlements
from projections.viewer import Viewer
from services.commands import chat, contracts, erasure, people
from services.projector.schemas import path
from services.runtime.postgres import Login
from services.scheduler import Scheduler
from services.scheduler.chat import Chat
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, Shipped, World, world
from tests.services.commands.test_chat import asked, entitled, verified
from tests.services.projector.ground import Ground, ground
from tests.services.scheduler.test_scheduler import Driven

pytestmark = pytest.mark.anyio
READ = (chat_timers, contacts, entitlements)


@dataclass
class Time:
    on: World
    ground: Ground
    schedulers: list[Scheduler]

    async def looks(self) -> None:
        await asyncio.gather(*(scheduler.look() for scheduler in self.schedulers))

    async def passes(self, **length: float) -> None:
        """Let it pass, and all schedulers look at once."""
        await self.ground.project(*READ)
        self.on.later(**length)
        await self.looks()

    async def ends(self, access: UUID) -> list[str]:
        """How it ended, each time."""
        found = []
        for event in await self.on.recording.events(access):
            if isinstance(event, ChatAccessRevoked):
                found.append(event.reason.value)
            elif isinstance(event, ChatAccessExpired):
                found.append("TIME")
        return found


@asynccontextmanager
async def time(database: TestDatabase, schedulers: int = 3) -> AsyncIterator[Time]:
    async with world(database) as on, ground(database) as below:
        await below.ensure(*READ)
        login = Login(database.settings.postgres("project"), settings={"search_path": path([each.schema for each in READ])})
        pool = await login.pool(largest=schedulers)
        running = [Scheduler(pool, [Chat(on.desk.writer)], on.desk.policies.now, Driven(on)) for _ in range(schedulers)]
        try:
            yield Time(on, below, running)
        finally:
            await pool.close()


async def granted(on: World, who: Viewer, expires_at: datetime | None = None) -> UUID:
    access = await asked(on, who)
    await chat.approve(on.desk, on.by(AGENT), access, expires_at=expires_at)
    return access


async def test_an_access_expires_once_and_not_before(database: TestDatabase) -> None:
    async with time(database) as t:
        _, _, anna = await entitled(t.on)
        until = t.on.at + timedelta(hours=3)
        access = await granted(t.on, anna, until)
        await t.passes(hours=3, microseconds=-1)
        assert await t.ends(access) == []
        for _ in range(3):
            await t.passes(seconds=10)
        assert await t.ends(access) == ["TIME"]
        assert (await t.on.recording.events(access))[-1].timestamp == until


async def test_the_end_of_a_contract_ends_accesses_and_requests_at_its_instant(database: TestDatabase) -> None:
    async with time(database) as t:
        acme, contract, anna = await entitled(t.on)
        bert = await t.on.customer("bert@acme.example", acme)
        inside, waiting = await granted(t.on, anna), await asked(t.on, bert)
        end = t.on.at + timedelta(days=1)
        await contracts.change(t.on.desk, t.on.by(ADMIN), contract, SupportContract.terminate, at=t.on.at, effective_at=end)
        await t.passes(days=1, microseconds=-1)
        assert await t.ends(inside) == await t.ends(waiting) == []
        for _ in range(3):
            await t.passes(microseconds=1)
        assert await t.ends(inside) == await t.ends(waiting) == ["ENTITLEMENT_LOST"]


async def test_a_suspension_revokes_and_after_it_one_may_ask_again(database: TestDatabase) -> None:
    async with time(database) as t:
        _, contract, anna = await entitled(t.on)
        access = await granted(t.on, anna)
        await contracts.change(t.on.desk, t.on.by(ADMIN), contract, SupportContract.suspend, at=t.on.at)
        await t.passes(seconds=1)
        t.on.later(hours=1)
        await contracts.change(t.on.desk, t.on.by(ADMIN), contract, SupportContract.resume, at=t.on.at)
        assert await granted(t.on, anna) == access
        await t.passes(hours=1)
        assert await t.ends(access) == ["ENTITLEMENT_LOST"]


async def test_leaving_the_organisation_and_erasure_revoke(database: TestDatabase) -> None:
    async with time(database) as t:
        acme, _, anna = await entitled(t.on)
        bert = await t.on.customer("bert@acme.example", acme)
        await verified(t.on, anna.id)
        left, erased = await granted(t.on, anna), await granted(t.on, bert)
        community = await asked(t.on, anna, COMMUNITY)
        await people.unlink_contact(t.on.desk, t.on.by(ADMIN), anna.id)
        await erasure.erase_contact(t.on.desk, t.on.by(ADMIN), bert.id, confirmation=str(bert.id))
        for _ in range(3):
            await t.passes(seconds=10)
        assert await t.ends(left) == await t.ends(community) == ["LEFT_ORGANISATION"]
        assert await t.ends(erased) == ["CONTACT_ERASED"]


async def test_an_upgrade_and_a_second_contract_carry_on(database: TestDatabase) -> None:
    async with time(database) as t:
        _, contract, anna = await entitled(t.on)
        access = await granted(t.on, anna)
        await contracts.change_plan(t.on.desk, t.on.by(ADMIN), contract, "SUPPORT-premium", t.on.at + timedelta(days=1))
        await t.passes(days=2)
        await contracts.change_plan(t.on.desk, t.on.by(ADMIN), contract, BASE_PRODUCT, t.on.at + timedelta(days=1))
        await t.passes(hours=23)
        assert await t.ends(access) == []
        await t.passes(hours=1)
        assert await t.ends(access) == ["ENTITLEMENT_LOST"]


async def test_what_only_a_lagging_read_model_says_records_nothing(database: TestDatabase) -> None:
    async with time(database) as t:
        acme, contract, anna = await entitled(t.on)
        access = await granted(t.on, anna)
        end = t.on.at + timedelta(hours=1)
        await contracts.change(t.on.desk, t.on.by(ADMIN), contract, SupportContract.terminate, at=t.on.at, effective_at=end)
        await t.ground.project(*READ)
        t.on.later(minutes=30)
        receipt = await contracts.draft(
            t.on.desk, t.on.by(ADMIN), organisation=acme, ref="C-2", product="SUPPORT-premium", from_=t.on.at
        )
        await contracts.activate(t.on.desk, t.on.by(ADMIN), UUID(receipt.ids["contract"]))
        t.on.later(hours=1)
        await t.looks()
        assert await t.ends(access) == []


async def test_a_base_product_that_gives_the_backchannel_ends_nothing(database: TestDatabase) -> None:
    async with time(database) as t:
        _, contract, anna = await entitled(t.on)
        access = await granted(t.on, anna)
        await contracts.change(t.on.desk, t.on.by(ADMIN), contract, SupportContract.terminate, at=t.on.at)
        shipped = t.on.desk.policies
        assert isinstance(shipped, Shipped)
        base = Product(BASE_PRODUCT, "Base", tuple(Capability))
        shipped.policies = type(shipped.policies)(**{**vars(shipped.policies), "products": (base, *PRODUCTS[1:])})
        await t.passes(days=1)
        assert await t.ends(access) == []


async def test_a_base_product_that_loses_the_community_room_ends_what_no_contract_carries(database: TestDatabase) -> None:
    async with time(database) as t:
        _, _, anna = await entitled(t.on)
        eve = await t.on.customer("eve@zenith.example", await t.on.organisation("zenith"))
        for each in (anna, eve):
            await verified(t.on, each.id)
        kept, lost = [await asked(t.on, each, COMMUNITY) for each in (anna, eve)]
        await t.passes(seconds=10)
        assert await t.ends(kept) == await t.ends(lost) == []
        shipped = t.on.desk.policies
        assert isinstance(shipped, Shipped)
        base = Product(BASE_PRODUCT, "Base", (Capability.TICKETING,))
        shipped.policies = type(shipped.policies)(**{**vars(shipped.policies), "products": (base, *PRODUCTS[1:])})
        for _ in range(3):
            await t.passes(seconds=10)
        assert await t.ends(kept) == []
        assert await t.ends(lost) == ["ENTITLEMENT_LOST"]


async def test_after_two_days_of_downtime_every_access_has_ended_once(database: TestDatabase) -> None:
    async with time(database) as t:
        acme, contract, anna = await entitled(t.on)
        many = [anna, *[await t.on.customer(f"p{n}@acme.example", acme) for n in range(29)]]
        until = t.on.at + timedelta(hours=1)
        accesses = [await granted(t.on, each, until if n % 2 else None) for n, each in enumerate(many)]
        end = t.on.at + timedelta(hours=2)
        await contracts.change(t.on.desk, t.on.by(ADMIN), contract, SupportContract.terminate, at=t.on.at, effective_at=end)
        await t.passes(days=2)
        for _ in range(2):
            await t.passes(seconds=10)
        for n, access in enumerate(accesses):
            assert await t.ends(access) == (["TIME"] if n % 2 else ["ENTITLEMENT_LOST"])


@pytest.mark.parametrize(
    "until",
    [
        datetime(2028, 2, 29, 12, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
        datetime(2027, 3, 28, 1, tzinfo=UTC),
    ],
)
async def test_an_access_ends_at_its_instant_in_any_calendar(database: TestDatabase, until: datetime) -> None:
    async with time(database, schedulers=1) as t:
        t.on.at = until - timedelta(hours=2)
        _, _, anna = await entitled(t.on)
        access = await granted(t.on, anna, until)
        await t.passes(hours=2, microseconds=-1)
        assert await t.ends(access) == []
        await t.passes(microseconds=1)
        assert await t.ends(access) == ["TIME"]


def test_the_stream_of_an_access_follows_from_room_and_person() -> None:
    assert ChatRoomAccess.id_of(COMMUNITY, COMMUNITY) == ChatRoomAccess.id_of(COMMUNITY, COMMUNITY)

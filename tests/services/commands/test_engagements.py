"""Engagements through the real store: who may ask, for whom, who sees what, and what an erasure leaves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.contracts.contract import SupportContract
from domain.engagements.engagement import Engagement
from domain.engagements.events import EngagementRequested, EngagementScheduled
from domain.engagements.refusals import EngagementStandsOtherwise
from domain.engagements.vocabulary import EngagementKind
from domain.errors import Conflict, EntitlementRequired, Forbidden, NotFound, Refused, ValidationFailed
from domain.organisations.refusals import ContactIsErased
from projections.viewer import Role, Viewer
from services.commands import contracts, engagements, erasure
from services.runtime.act import Expected, Idempotency
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, World, world
from tests.services.commands.test_chat import in_force

pytestmark = pytest.mark.anyio

PLANNER = Viewer(Role.SERVICE, uuid4(), scopes=frozenset({"MEETINGS"}))
KIND = EngagementKind.MIGRATION
JOIN = "https://meet.example.org/eng"
DAY = timedelta(days=1)


async def holder(on: World, ref: str = "acme") -> tuple[UUID, UUID, Viewer]:
    """An organisation that may ask, its contract, and one of its people."""
    organisation = await on.organisation(ref)
    contract = await in_force(on, organisation, "SUPPORT-premium")
    return organisation, contract, await on.customer(f"anna@{ref}.example", organisation)


async def asked(on: World, who: Viewer, wish: str = "Help us to move.") -> UUID:
    receipt = await engagements.request(on.desk, on.by(who), KIND, wish)
    return UUID(receipt.ids["engagement"])


async def scheduled(on: World, who: Viewer, starts_at: datetime) -> UUID:
    made = await asked(on, who)
    await engagements.agree(on.desk, on.by(ADMIN), made, "Two sessions.", AGENT.id)
    await engagements.schedule(on.desk, on.by(ADMIN), made, starts_at, JOIN)
    return made


async def topics(on: World, engagement: UUID) -> list[str]:
    return [event.TOPIC.split(".")[1] for event in await on.recording.events(engagement)]


async def test_an_engagement_from_wish_to_outcome(database: TestDatabase) -> None:
    async with world(database) as on:
        _, _, anna = await holder(on)
        made = await scheduled(on, anna, on.at + 7 * DAY)
        on.later(days=7)
        await engagements.write(on.desk, on.by(ADMIN), made, Engagement.complete, "It moved.", at=on.at)
        assert await topics(on, made) == ["requested", "scoped", "scheduled", "completed"]
        agreed = [each for each in await on.recording.events(made) if isinstance(each, EngagementScheduled)]
        assert agreed[0].reminders == (DAY, timedelta(hours=1))


async def test_the_capability_is_judged_at_the_very_instant(database: TestDatabase) -> None:
    async with world(database) as on:
        organisation = await on.organisation("acme")
        anna = await on.customer("anna@acme.example", organisation)
        with pytest.raises(EntitlementRequired) as refusal:
            await asked(on, anna)
        assert refusal.value.product == "SUPPORT-premium"
        await in_force(on, organisation, "SUPPORT-standard")
        with pytest.raises(EntitlementRequired):
            await asked(on, anna)
        premium = await in_force(on, organisation, "SUPPORT-premium")
        end = datetime(2028, 2, 29, tzinfo=UTC)
        await contracts.change(on.desk, on.by(ADMIN), premium, SupportContract.terminate, at=on.at, effective_at=end)
        on.at = end - timedelta(microseconds=1)
        made = await asked(on, anna)
        on.at = end
        with pytest.raises(EntitlementRequired):
            await asked(on, anna)
        await engagements.change(on.desk, on.by(anna), made, Engagement.cancel, at=on.at)


async def test_who_belongs_nowhere_asks_for_nothing(database: TestDatabase) -> None:
    async with world(database) as on:
        stray = await on.customer("stray@example.org", None)
        with pytest.raises(EntitlementRequired):
            await asked(on, stray)


async def test_customers_ask_for_themselves_and_staff_and_programs_for_somebody(database: TestDatabase) -> None:
    async with world(database) as on:
        organisation, _, anna = await holder(on)
        bert = await on.customer("bert@acme.example", organisation)
        with pytest.raises(Forbidden):
            await engagements.request(on.desk, on.by(anna), KIND, "Help", requester=bert.id)
        with pytest.raises(NotFound):
            await engagements.request(on.desk, on.by(anna), KIND, "Help", organisation=uuid4())
        for who in (AGENT, PLANNER):
            with pytest.raises(ValidationFailed):
                await engagements.request(on.desk, on.by(who), KIND, "Help")
            with pytest.raises(NotFound):
                await engagements.request(on.desk, on.by(who), KIND, "Help", requester=uuid4())
            receipt = await engagements.request(on.desk, on.by(who), KIND, "Help", requester=bert.id, organisation=organisation)
            first = (await on.recording.events(UUID(receipt.ids["engagement"])))[0]
            assert isinstance(first, EngagementRequested)
            assert (first.requester, first.organisation, first.wish.of) == (bert.id, organisation, bert.id)


async def test_what_is_anothers_cannot_be_told_from_what_does_not_exist(database: TestDatabase) -> None:
    async with world(database) as on:
        organisation, _, anna = await holder(on)
        made = await asked(on, anna)
        rival = await on.customer("zoe@zenith.example", await on.organisation("zenith"))
        elsewhere = Viewer(Role.SERVICE_MANAGER, uuid4(), organisations=frozenset({uuid4()}))
        said = []
        for who, id in ((rival, made), (elsewhere, made), (rival, uuid4())):
            by = on.by(who, expected=Expected(99))
            with pytest.raises(NotFound) as refusal:
                await engagements.change(on.desk, by, id, Engagement.cancel, at=on.at)
            said.append((refusal.value.message, refusal.value.path))
        assert len(set(said)) == 1
        with pytest.raises(NotFound):
            await engagements.request(on.desk, on.by(elsewhere), KIND, "Help", requester=anna.id)
        colleague = await on.customer("bert@acme.example", organisation)
        await engagements.change(on.desk, on.by(colleague), made, Engagement.cancel, at=on.at)


async def test_the_lead_is_staff(database: TestDatabase) -> None:
    async with world(database) as on:
        _, _, anna = await holder(on)
        made = await asked(on, anna)
        for nobody in (anna.id, uuid4()):
            with pytest.raises(NotFound) as refusal:
                await engagements.agree(on.desk, on.by(ADMIN), made, "Two sessions.", nobody)
            assert refusal.value.path == ("input", "leadId")
        assert await topics(on, made) == ["requested"]


async def test_whoever_looked_before_is_told_so(database: TestDatabase) -> None:
    async with world(database) as on:
        _, _, anna = await holder(on)
        made = await asked(on, anna)
        await engagements.agree(on.desk, on.by(ADMIN, expected=Expected(1)), made, "Two sessions.", AGENT.id)
        with pytest.raises(Conflict) as refusal:
            await engagements.change(on.desk, on.by(anna, expected=Expected(1)), made, Engagement.cancel, at=on.at)
        assert refusal.value.current_version == 2


async def test_two_hundred_who_end_it_at_once_end_it_once(database: TestDatabase) -> None:
    async with world(database) as on:
        _, _, anna = await holder(on)
        made = await asked(on, anna)

        async def end(number: int) -> None:
            if number % 2:
                await engagements.change(on.desk, on.by(anna), made, Engagement.cancel, at=on.at)
            else:
                await engagements.write(on.desk, on.by(ADMIN), made, Engagement.decline, "No.", at=on.at)

        results = await asyncio.gather(*(end(number) for number in range(200)), return_exceptions=True)
        assert [result for result in results if result is None] == [None]
        assert all(result is None or isinstance(result, EngagementStandsOtherwise) for result in results)
        assert len(await topics(on, made)) == 2


async def test_numbers_are_in_a_row_and_a_retry_gives_the_same(database: TestDatabase) -> None:
    async with world(database) as on:
        _, _, anna = await holder(on)
        await asked(on, anna)
        with pytest.raises(Refused):
            await engagements.request(on.desk, on.by(anna), KIND, "Help", organisation=uuid4())
        by = on.by(anna)
        keyed = replace(by, act=replace(by.act, idempotency=Idempotency("anna", "k", b"x")))
        ids = {(await engagements.request(on.desk, keyed, KIND, "Help")).ids["engagement"] for _ in range(2)}
        assert len(ids) == 1
        first = (await on.recording.events(UUID(ids.pop())))[0]
        assert isinstance(first, EngagementRequested)
        assert first.ref == "ENG-2"


async def test_after_an_erasure_nothing_can_be_read_or_written_and_it_can_be_cancelled(database: TestDatabase) -> None:
    async with world(database) as on:
        _, _, anna = await holder(on)
        made = await scheduled(on, anna, on.at + DAY)
        await erasure.erase_contact(on.desk, on.by(ADMIN), anna.id, confirmation="anna@acme.example")
        first = (await on.recording.events(made))[0]
        assert isinstance(first, EngagementRequested)
        assert first.wish.value is None
        with pytest.raises(ContactIsErased):
            await engagements.agree(on.desk, on.by(ADMIN), made, "Three sessions.", AGENT.id)
        with pytest.raises(ContactIsErased):
            await engagements.request(on.desk, on.by(AGENT), KIND, "Help", requester=anna.id)
        await engagements.change(on.desk, on.by(ADMIN), made, Engagement.cancel, at=on.at)

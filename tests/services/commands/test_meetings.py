"""Operations meetings through the real store: one a contract and quarter, judged on the contract, seen by whose it is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.contracts.contract import SupportContract
from domain.errors import AlreadyExists, Conflict, EntitlementRequired, Forbidden, NotFound
from domain.meetings.events import MeetingActionItemRaised, MeetingMinutesRecorded, MeetingPackFrozen, MeetingScheduled
from domain.meetings.meeting import OperationsMeeting
from domain.meetings.quarters import Quarter
from domain.meetings.refusals import PackIsFrozen
from domain.meetings.vocabulary import OwnerKind
from domain.organisations.organisation import Organisation
from projections.review_pack_subject import Packed, Subject
from projections.viewer import Role, Viewer
from services.commands import contracts, meetings
from services.runtime.act import SYSTEM, Act, Expected
from services.runtime.decision import Decision
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, World, world
from tests.services.commands.test_chat import in_force

pytestmark = pytest.mark.anyio

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JOIN = "https://meet.example.org/acme"
Q3 = Quarter(2026, 3)


async def holder(on: World, ref: str = "acme") -> tuple[UUID, UUID, Viewer]:
    organisation = await on.organisation(ref)
    contract = await in_force(on, organisation, "SUPPORT-premium")
    return organisation, contract, await on.customer(f"anna@{ref}.example", organisation)


async def planned(on: World, contract: UUID, quarter: int = 3) -> UUID:
    receipt = await meetings.schedule(on.desk, on.by(ADMIN), contract, 2026, quarter, on.at + 7 * DAY, HOUR, JOIN)
    return UUID(receipt.ids["meeting"])


async def topics(on: World, meeting: UUID) -> list[str]:
    return [event.TOPIC.split(".")[1] for event in await on.recording.events(meeting)]


async def figures(asked: Subject) -> Packed:
    return Packed(f'{{"quarter":"{asked.quarter}"}}', 1, 42)


async def proposed(on: World, contract: UUID) -> bool:
    made: list[meetings.Proposed | None] = []

    async def decide(decision: Decision) -> None:
        made.append(await meetings.propose(decision, await on.desk.policies.now(), contract, Q3, on.at))

    receipt = await on.desk.writer.decide(Act(actor=SYSTEM, at=on.at, correlation=uuid4()), decide)
    return receipt.position is not None


async def test_a_meeting_from_plan_to_minutes(database: TestDatabase) -> None:
    async with world(database) as on:
        organisation, contract, anna = await holder(on)
        made = await planned(on, contract)
        await meetings.add_agenda_item(on.desk, on.by(anna), made, "Capacity")
        await meetings.freeze_pack(on.desk, on.by(ADMIN), made, figures)
        with pytest.raises(PackIsFrozen):
            await meetings.freeze_pack(on.desk, on.by(ADMIN), made, figures)
        on.later(days=7)
        await meetings.hold(on.desk, on.by(ADMIN), made)
        await meetings.record_minutes(on.desk, on.by(ADMIN), made, "We met.")
        task = await meetings.raise_action_item(on.desk, on.by(ADMIN), made, "Order disks", anna.id, OwnerKind.CONTACT)
        await meetings.complete_action_item(on.desk, on.by(anna), made, UUID(task.ids["item"]))
        events = await on.recording.events(made)
        assert [event.TOPIC.split(".")[1] for event in events] == [
            "scheduled", "agenda_item_added", "pack_frozen", "held", "minutes_recorded", "action_item_raised", "action_item_completed",
        ]  # fmt: skip
        first, frozen, said = events[0], events[2], events[4]
        assert isinstance(first, MeetingScheduled)
        assert (first.organisation, first.contract, first.ref[-8:]) == (organisation, contract, "-2026-Q3")
        assert isinstance(frozen, MeetingPackFrozen)
        assert (frozen.epoch, frozen.position, frozen.pack) == (1, 42, '{"quarter":"2026-Q3"}')
        assert isinstance(said, MeetingMinutesRecorded)
        assert (said.minutes.value, said.minutes.of) == ("We met.", organisation)


async def test_of_two_hundred_attempts_of_people_and_time_one_wins(database: TestDatabase) -> None:
    async with world(database) as on:
        _, contract, _ = await holder(on)

        async def attempt(number: int) -> bool:
            return await proposed(on, contract) if number % 4 == 0 else bool(await planned(on, contract))

        results = await asyncio.gather(*(attempt(number) for number in range(200)), return_exceptions=True)
        assert [result for result in results if result is True] == [True]
        assert all(result in (True, False) or isinstance(result, AlreadyExists) for result in results)
        assert await topics(on, OperationsMeeting.id_of(contract, Q3)) == ["scheduled"]
        refusal = next(result for result in results if isinstance(result, AlreadyExists))
        assert refusal.existing == OperationsMeeting.id_of(contract, Q3)
        await planned(on, contract, quarter=4)


async def test_what_people_called_off_time_does_not_propose_again_and_people_may(database: TestDatabase) -> None:
    async with world(database) as on:
        _, contract, _ = await holder(on)
        assert await proposed(on, contract)
        made = OperationsMeeting.id_of(contract, Q3)
        await meetings.change(on.desk, on.by(ADMIN), made, OperationsMeeting.cancel, at=on.at)
        assert not await proposed(on, contract)
        assert await planned(on, contract) == made
        assert await topics(on, made) == ["scheduled", "cancelled", "revived"]


async def test_the_capability_of_that_very_contract_is_judged_at_the_very_instant(database: TestDatabase) -> None:
    async with world(database) as on:
        organisation, premium, _ = await holder(on)
        standard = await in_force(on, organisation, "SUPPORT-standard")
        with pytest.raises(EntitlementRequired) as refusal:
            await planned(on, standard)
        assert refusal.value.product == "SUPPORT-premium"
        end = datetime(2028, 2, 29, tzinfo=UTC)
        await contracts.change(on.desk, on.by(ADMIN), premium, SupportContract.terminate, at=on.at, effective_at=end)
        on.at = end
        with pytest.raises(EntitlementRequired):
            await planned(on, premium)
        with pytest.raises(EntitlementRequired):
            await proposed(on, premium)
        on.at = end - timedelta(microseconds=1)
        made = await planned(on, premium)
        on.at = end + 8 * DAY
        await meetings.hold(on.desk, on.by(ADMIN), made)


async def test_time_proposes_nothing_for_after_the_contract(database: TestDatabase) -> None:
    async with world(database) as on:
        _, contract, _ = await holder(on)
        await contracts.change(
            on.desk, on.by(ADMIN), contract, SupportContract.terminate, at=on.at, effective_at=datetime(2026, 9, 1, tzinfo=UTC)
        )
        assert not await proposed(on, contract)


async def test_what_is_anothers_cannot_be_told_from_what_does_not_exist(database: TestDatabase) -> None:
    async with world(database) as on:
        _, contract, _ = await holder(on)
        made = await planned(on, contract)
        rival = await on.customer("zoe@zenith.example", await on.organisation("zenith"))
        elsewhere = Viewer(Role.SERVICE_MANAGER, uuid4(), organisations=frozenset({uuid4()}))
        said = set()
        for who, id in ((rival, made), (elsewhere, made), (rival, uuid4()), (rival, contract)):
            with pytest.raises(NotFound) as refusal:
                await meetings.change(on.desk, on.by(who, expected=Expected(99)), id, OperationsMeeting.cancel, at=on.at)
            said.add((refusal.value.message, refusal.value.path))
            with pytest.raises(NotFound):
                await meetings.freeze_pack(on.desk, on.by(who), id, figures)
        assert len(said) == 1
        with pytest.raises(NotFound):
            await meetings.schedule(on.desk, on.by(elsewhere), contract, 2026, 4, on.at + DAY, HOUR, JOIN)


async def test_whoever_looked_before_is_told_so(database: TestDatabase) -> None:
    async with world(database) as on:
        _, contract, anna = await holder(on)
        made = await planned(on, contract)
        await meetings.add_agenda_item(on.desk, on.by(anna, expected=Expected(1)), made, "Capacity")
        with pytest.raises(Conflict) as refusal:
            await meetings.hold(on.desk, on.by(ADMIN, expected=Expected(1)), made)
        assert refusal.value.current_version == 2


async def test_a_task_is_given_to_staff_or_to_the_organisations_people(database: TestDatabase) -> None:
    async with world(database) as on:
        _, contract, anna = await holder(on)
        made = await planned(on, contract)
        rival = await on.customer("zoe@zenith.example", await on.organisation("zenith"))
        for owner, kind in ((rival.id, OwnerKind.CONTACT), (uuid4(), OwnerKind.STAFF), (anna.id, OwnerKind.STAFF)):
            with pytest.raises(NotFound) as refusal:
                await meetings.raise_action_item(on.desk, on.by(ADMIN), made, "Order disks", owner, kind)
            assert refusal.value.path == ("input", "ownerId")
        task = await meetings.raise_action_item(on.desk, on.by(ADMIN), made, "Order disks", AGENT.id, OwnerKind.STAFF)
        with pytest.raises(Forbidden):
            await meetings.complete_action_item(on.desk, on.by(anna), made, UUID(task.ids["item"]))
        await meetings.complete_action_item(on.desk, on.by(AGENT), made, UUID(task.ids["item"]))
        raised = (await on.recording.events(made))[1]
        assert isinstance(raised, MeetingActionItemRaised)
        assert (raised.owner, raised.owner_kind) == (AGENT.id, OwnerKind.STAFF)


async def test_two_hundred_freezings_fix_one_pack(database: TestDatabase) -> None:
    async with world(database) as on:
        _, contract, _ = await holder(on)
        made = await planned(on, contract)
        every = (meetings.freeze_pack(on.desk, on.by(ADMIN), made, figures) for _ in range(200))
        results = await asyncio.gather(*every, return_exceptions=True)
        assert len([result for result in results if not isinstance(result, PackIsFrozen)]) == 1
        assert await topics(on, made) == ["scheduled", "pack_frozen"]


async def test_an_erased_organisation_leaves_minutes_that_nobody_can_read(database: TestDatabase) -> None:
    async with world(database) as on:
        organisation, contract, _ = await holder(on)
        made = await planned(on, contract)
        on.later(days=7)
        await meetings.hold(on.desk, on.by(ADMIN), made)
        await meetings.record_minutes(on.desk, on.by(ADMIN), made, "We met.")
        await contracts.change(on.desk, on.by(ADMIN), contract, SupportContract.terminate, at=on.at, effective_at=on.at)

        async def erase(decision: Decision) -> None:
            (await decision.load(Organisation, organisation)).erase(at=on.at)
            decision.destroy_person(organisation)

        await on.desk.writer.decide(on.by(ADMIN).act, erase)
        said = (await on.recording.another().events(made))[-1]
        assert isinstance(said, MeetingMinutesRecorded)
        assert said.minutes.value is None

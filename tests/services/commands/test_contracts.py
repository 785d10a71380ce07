"""Contracts through the real store: what they entitle to, what they refuse, and who wins when many want the same at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.catalogue import BASE_PRODUCT, Capability
from domain.contracts.contract import SupportContract
from domain.contracts.entitlements import Entitled
from domain.contracts.ledgers import ManagerLedger, OrganisationLedger
from domain.contracts.refusals import ManagerAssigned, ManagerReserved, PeriodsOverlap
from domain.contracts.vocabulary import ServiceManagerMode
from domain.errors import AlreadyExists, EntitlementRequired, NotFound, Refused
from domain.tickets.events import TicketSlaApplied
from domain.tickets.vocabulary import Priority, SlaMetric
from projections.viewer import Role, Viewer
from services.commands import contracts, entitlement
from services.runtime.act import Idempotency
from services.runtime.command import Loaded
from services.runtime.decision import Decision
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, World, world
from tests.services.projector.ground import ground

pytestmark = pytest.mark.anyio

STANDARD, PREMIUM = "SUPPORT-standard", "SUPPORT-premium"
BEGIN = datetime(2026, 7, 1, tzinfo=UTC)
END = datetime(2027, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)


async def drafted(
    on: World, organisation: UUID, product: str = PREMIUM, *, from_: datetime = BEGIN, to: datetime | None = END
) -> UUID:
    receipt = await contracts.draft(
        on.desk, on.by(ADMIN), organisation=organisation, ref=f"C-{uuid4()}", product=product, from_=from_, to=to
    )
    return UUID(receipt.ids["contract"])


async def in_force(
    on: World, organisation: UUID, product: str = PREMIUM, *, from_: datetime = BEGIN, to: datetime | None = END
) -> UUID:
    made = await drafted(on, organisation, product, from_=from_, to=to)
    await contracts.activate(on.desk, on.by(ADMIN), made)
    return made


async def entitled(on: World, organisation: UUID | None, at: datetime) -> Entitled:
    found: list[Entitled] = []
    policies = await on.desk.policies.now()

    async def look(decision: Decision) -> None:
        found.append(await entitlement.capabilities(decision, policies, organisation, at))

    await on.desk.writer.decide(on.by(ADMIN).act, look)
    return found[0]


async def staffed(on: World) -> UUID:
    manager = uuid4()
    on.staff.add(manager)
    return manager


async def outcomes(*attempts: object) -> tuple[int, list[BaseException]]:
    """How many were accepted, and why the others were not."""
    done = await asyncio.gather(*attempts, return_exceptions=True)  # type: ignore[call-overload]
    failed = [each for each in done if isinstance(each, BaseException)]
    return len(done) - len(failed), failed


async def test_entitlement_is_judged_from_the_streams_to_the_instant(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        contract = await in_force(on, acme, STANDARD)
        await contracts.change_plan(on.desk, on.by(ADMIN), contract, PREMIUM, BEGIN + 90 * DAY)
        tick = timedelta(microseconds=1)
        told = {at: (await entitled(on, acme, at)).product for at in (BEGIN - tick, BEGIN, BEGIN + 90 * DAY - tick)}
        assert list(told.values()) == [BASE_PRODUCT, STANDARD, STANDARD]
        told = {at: (await entitled(on, acme, at)).product for at in (BEGIN + 90 * DAY, END - tick, END)}
        assert list(told.values()) == [PREMIUM, PREMIUM, BASE_PRODUCT]
        reason = (await entitled(on, acme, BEGIN + 91 * DAY)).reason(Capability.ENGAGEMENTS)
        assert reason is not None
        assert (reason.contract, reason.from_, reason.to) == (contract, BEGIN + 90 * DAY, END)


async def test_what_is_lacking_is_refused_with_the_product_that_has_it(database: TestDatabase) -> None:
    async with world(database) as on:
        policies = await on.desk.policies.now()

        async def ask(decision: Decision) -> None:
            await entitlement.require(decision, policies, None, Capability.BACKCHANNEL_CHAT, on.at)

        with pytest.raises(EntitlementRequired) as refused:
            await on.desk.writer.decide(on.by(ADMIN).act, ask)
        assert (refused.value.capability, refused.value.product) == ("BACKCHANNEL_CHAT", STANDARD)


async def test_two_hundred_activations_of_overlapping_periods_leave_one_in_force(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        made = [await drafted(on, acme, from_=BEGIN + n * timedelta(hours=1)) for n in range(200)]
        accepted, failed = await outcomes(*(contracts.activate(on.desk, on.by(ADMIN), each) for each in made))
        assert accepted == 1
        assert {type(each) for each in failed} == {PeriodsOverlap}
        held = [event for event in await on.recording.events(OrganisationLedger.id_of(acme)) if "reserved" in event.TOPIC]
        assert len(held) == 1


async def test_periods_that_only_touch_do_not_overlap(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        await in_force(on, acme, to=END)
        await in_force(on, acme, from_=END, to=None)
        await in_force(on, acme, STANDARD, to=None)
        with pytest.raises(PeriodsOverlap):
            await in_force(on, acme, from_=END + 1000 * DAY, to=None)


async def test_a_change_of_plan_may_not_run_into_another_contract(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        await in_force(on, acme, PREMIUM, from_=BEGIN + 100 * DAY)
        contract = await in_force(on, acme, STANDARD, to=END)
        with pytest.raises(PeriodsOverlap):
            await contracts.change_plan(on.desk, on.by(ADMIN), contract, PREMIUM, BEGIN + 50 * DAY)


async def test_what_a_termination_frees_another_contract_may_have(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        first = await in_force(on, acme)
        until = BEGIN + 30 * DAY
        await contracts.change(on.desk, on.by(ADMIN), first, SupportContract.terminate, at=on.at, effective_at=until)
        await in_force(on, acme, from_=until)
        assert (await entitled(on, acme, until)).product == PREMIUM


async def test_two_hundred_organisations_want_one_dedicated_manager_and_one_gets_them(database: TestDatabase) -> None:
    async with world(database) as on:
        manager = await staffed(on)
        made = [await in_force(on, await on.organisation(f"org-{n}")) for n in range(200)]
        accepted, failed = await outcomes(
            *(contracts.assign_manager(on.desk, on.by(ADMIN), each, manager, ServiceManagerMode.DEDICATED) for each in made)
        )
        assert accepted == 1
        assert {type(each) for each in failed} == {ManagerReserved}


async def test_a_dedicated_manager_is_not_shared_and_a_shared_one_not_dedicated_elsewhere(database: TestDatabase) -> None:
    async with world(database) as on:
        manager = await staffed(on)
        acme, zenith = await in_force(on, await on.organisation("acme")), await in_force(on, await on.organisation("zenith"))
        dedicated, shared = ServiceManagerMode.DEDICATED, ServiceManagerMode.SHARED
        await contracts.assign_manager(on.desk, on.by(ADMIN), acme, manager, shared)
        await contracts.assign_manager(on.desk, on.by(ADMIN), zenith, manager, shared)
        with pytest.raises(ManagerReserved):
            await contracts.assign_manager(on.desk, on.by(ADMIN), acme, manager, dedicated, replace=True)
        await contracts.change(on.desk, on.by(ADMIN), zenith, SupportContract.release_manager, at=on.at)
        await contracts.assign_manager(on.desk, on.by(ADMIN), acme, manager, dedicated, replace=True)
        with pytest.raises(ManagerReserved):
            await contracts.assign_manager(on.desk, on.by(ADMIN), zenith, manager, shared)


async def test_a_manager_goes_with_the_capability_and_is_free_for_others(database: TestDatabase) -> None:
    async with world(database) as on:
        manager = await staffed(on)
        acme, zenith = await in_force(on, await on.organisation("acme")), await in_force(on, await on.organisation("zenith"))
        dedicated = ServiceManagerMode.DEDICATED
        await contracts.assign_manager(on.desk, on.by(ADMIN), acme, manager, dedicated)
        with pytest.raises(ManagerAssigned):
            await contracts.assign_manager(on.desk, on.by(ADMIN), acme, manager, dedicated)
        await contracts.change_plan(on.desk, on.by(ADMIN), acme, STANDARD, on.at)
        await contracts.assign_manager(on.desk, on.by(ADMIN), zenith, manager, dedicated)
        topics = [event.TOPIC for event in await on.recording.events(ManagerLedger.id_of(manager))]
        assert [topic.split(".")[1] for topic in topics] == ["opened", "engaged", "freed", "engaged"]


async def test_a_dedicated_manager_is_free_at_the_end_of_a_contract_whether_or_not_it_was_noted(database: TestDatabase) -> None:
    async with world(database) as on:
        manager, dedicated = await staffed(on), ServiceManagerMode.DEDICATED
        until = BEGIN + 30 * DAY
        acme = await in_force(on, await on.organisation("acme"), to=until)
        zenith, third = [await in_force(on, await on.organisation(ref)) for ref in ("zenith", "third")]
        await contracts.assign_manager(on.desk, on.by(ADMIN), acme, manager, dedicated)
        on.at = until - timedelta(microseconds=1)
        with pytest.raises(ManagerReserved):
            await contracts.assign_manager(on.desk, on.by(ADMIN), zenith, manager, dedicated)
        on.at = until
        await contracts.assign_manager(on.desk, on.by(ADMIN), zenith, manager, dedicated)
        await contracts.change(on.desk, on.by(ADMIN), acme, SupportContract.note_time, at=on.at)  # later, what time brought
        with pytest.raises(ManagerReserved):
            await contracts.assign_manager(on.desk, on.by(ADMIN), third, manager, ServiceManagerMode.SHARED)
        await contracts.change_plan(on.desk, on.by(ADMIN), zenith, STANDARD, on.at + DAY)
        on.later(days=1)
        await contracts.assign_manager(on.desk, on.by(ADMIN), third, manager, dedicated)


async def test_a_dedicated_manager_is_promised_ahead_and_then_stands_in_the_way_of_what_would_overlap(
    database: TestDatabase,
) -> None:
    async with world(database) as on:
        manager, dedicated = await staffed(on), ServiceManagerMode.DEDICATED
        until = BEGIN + 30 * DAY
        acme = await in_force(on, await on.organisation("acme"), to=until)
        zenith = await in_force(on, await on.organisation("zenith"), from_=until)
        third = await in_force(on, await on.organisation("third"), from_=until - timedelta(microseconds=1))
        for contract in (acme, zenith):
            await contracts.assign_manager(on.desk, on.by(ADMIN), contract, manager, dedicated)
        for refused in (
            contracts.assign_manager(on.desk, on.by(ADMIN), third, manager, dedicated),
            contracts.change(on.desk, on.by(ADMIN), acme, SupportContract.renew, at=on.at, to=until + DAY),
            contracts.change(on.desk, on.by(ADMIN), acme, SupportContract.renew, at=on.at, to=None),
        ):
            with pytest.raises(ManagerReserved):
                await refused
        await contracts.change(on.desk, on.by(ADMIN), zenith, SupportContract.release_manager, at=on.at)
        await contracts.change(on.desk, on.by(ADMIN), acme, SupportContract.renew, at=on.at, to=until + DAY)
        with pytest.raises(ManagerReserved):
            await contracts.assign_manager(on.desk, on.by(ADMIN), zenith, manager, dedicated)


async def test_a_contract_number_is_given_once(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        accepted, failed = await outcomes(
            *(
                contracts.draft(on.desk, on.by(ADMIN), organisation=acme, ref="C-1", product=PREMIUM, from_=BEGIN)
                for _ in range(200)
            )
        )
        assert accepted == 1
        assert {type(each) for each in failed} == {AlreadyExists}


async def test_anothers_contract_does_not_exist_for_a_service_manager(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        made = await drafted(on, acme)
        theirs = Viewer(Role.SERVICE_MANAGER, AGENT.id, organisations=frozenset())
        for attempt in (
            contracts.activate(on.desk, on.by(theirs), made),
            contracts.activate(on.desk, on.by(theirs), uuid4()),
            contracts.draft(on.desk, on.by(theirs), organisation=acme, ref="x", product=PREMIUM, from_=BEGIN),
        ):
            with pytest.raises(NotFound):
                await attempt


async def first_response(on: World, ticket: UUID) -> timedelta:
    applied = [event for event in await on.recording.events(ticket) if isinstance(event, TicketSlaApplied)]
    return next(event.within for event in applied if event.metric is SlaMetric.FIRST_RESPONSE)


async def test_a_ticket_is_promised_what_the_product_in_force_promises_and_never_refused(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        anna = await on.customer("anna@acme.example", acme)
        contract = await in_force(on, acme, PREMIUM)
        promised = {}
        on.at = BEGIN - DAY
        promised["before"] = await first_response(on, await on.opened(anna, priority=Priority.URGENT))
        on.at = BEGIN + DAY
        promised["premium"] = await first_response(on, await on.opened(anna, priority=Priority.URGENT))
        await contracts.change(on.desk, on.by(ADMIN), contract, SupportContract.suspend, at=on.at)
        promised["suspended"] = await first_response(on, await on.opened(anna, priority=Priority.URGENT))
        on.at = END
        promised["expired"] = await first_response(on, await on.opened(anna, priority=Priority.URGENT))
        hour, quarter = timedelta(hours=1), timedelta(minutes=15)
        assert promised == {"before": hour, "premium": quarter, "suspended": hour, "expired": hour}


async def test_an_organisation_without_a_ledger_costs_one_look_up(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        policies = await on.desk.policies.now()
        asked: list[UUID] = []
        load = on.recording.store.load

        async def counted(stream: UUID, idempotency: Idempotency | None) -> Loaded:
            asked.append(stream)
            return await load(stream, idempotency)

        async def ask(decision: Decision) -> None:
            for _ in range(3):
                assert await entitlement.product_in_force(decision, policies, acme, on.at) == BASE_PRODUCT

        monkeypatch.setattr(on.recording.store, "load", counted)
        await on.desk.writer.decide(on.by(ADMIN).act, ask)
        assert asked == [OrganisationLedger.id_of(acme)]


async def test_a_contract_that_changes_meanwhile_is_judged_anew(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        contract = await in_force(on, acme, PREMIUM)
        policies = await on.desk.policies.now()
        on.at = BEGIN + DAY
        seen: list[str] = []

        async def decide(decision: Decision) -> None:
            seen.append(await entitlement.product_in_force(decision, policies, acme, on.at))
            if len(seen) == 1:
                await contracts.change(on.desk, on.by(ADMIN), contract, SupportContract.terminate, at=on.at)
            other = SupportContract.draft(
                id=decision.new_id(), at=on.at, ref="X", organisation=acme, product=PREMIUM, from_=END
            )
            decision.add(other)

        await on.desk.writer.decide(on.by(ADMIN).act, decide)
        assert seen == [PREMIUM, BASE_PRODUCT]


async def test_a_refusal_leaves_ledgers_as_they_were(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        await in_force(on, acme)
        other = await drafted(on, acme)
        before = len(await on.recording.events(OrganisationLedger.id_of(acme)))
        with pytest.raises(Refused):
            await contracts.activate(on.desk, on.by(ADMIN), other)
        assert len(await on.recording.events(OrganisationLedger.id_of(acme))) == before


async def test_no_ticket_is_refused_for_a_contract_that_cannot_be_read(
    database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(database) as on, ground(database) as below:
        acme = await on.organisation("acme")
        anna = await on.customer("anna@acme.example", acme)
        contract = await in_force(on, acme, PREMIUM)
        on.at = BEGIN + DAY
        version = len(await on.recording.events(contract))
        await below.record(contract, version + 1, "contract.from_a_later_release.v1", b'{"at":"2026-07-01T12:00:00Z"}')
        ticket = await on.opened(anna, priority=Priority.URGENT)
        (applied, *_) = [each for each in await on.recording.events(ticket) if isinstance(each, TicketSlaApplied)]
        base = (await on.desk.policies.now()).terms(BASE_PRODUCT)
        assert base is not None
        assert applied.policy == base.policy.name
        assert "a contract cannot be read (UnknownTopic of topic contract.from_a_later_release.v1)" in caplog.text

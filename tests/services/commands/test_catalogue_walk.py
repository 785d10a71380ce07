"""The catalogue walked with real commands: product × capability × state of the contract → allowed or refused, with the reason and the
product that it takes; and the same at each side of every boundary instant.

tests/domain/contracts/test_entitlements.py walks the pure function; here every capability is used as its people use it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest

from domain.catalogue import PRODUCTS, Capability, smallest_with
from domain.chat.rooms import COMMUNITY, Room
from domain.contracts.contract import SupportContract
from domain.contracts.vocabulary import ServiceManagerMode
from domain.deliveries.vocabulary import NotificationChannel
from domain.engagements.vocabulary import EngagementKind
from domain.errors import EntitlementRequired, InvalidTransition
from projections.viewer import Viewer
from services.commands import chat, contracts, engagements, entitlement, meetings, subscriptions
from services.commands.subscriptions import NewSubscription
from services.runtime.decision import Decision
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, World, world
from tests.services.commands.test_chat import verified
from tests.services.commands.test_subscriptions import public

pytestmark = pytest.mark.anyio

BASE, STANDARD, PREMIUM = (product.code for product in PRODUCTS)
GIVES = {product.code: set(product.capabilities) for product in PRODUCTS}
OTHER = {BASE: STANDARD, STANDARD: PREMIUM, PREMIUM: BASE}
"""To which product the plan changes."""
STATES = ("none", "draft", "active", "suspended", "plan change ahead", "plan changed", "expired")
TICK, DAY = timedelta(microseconds=1), timedelta(days=1)
_numbers = count(1)


@dataclass(frozen=True)
class Case:
    """An organisation, one of its people, and its contract, where there is one."""

    who: Viewer
    contract: UUID | None

    @property
    def organisation(self) -> UUID:
        assert self.who.organisation is not None
        return self.who.organisation


async def somebody(on: World) -> Viewer:
    number = next(_numbers)
    who = await on.customer(f"anna@c{number}.example", await on.organisation(f"c{number}"))
    await verified(on, who.id)
    return who


async def standing(on: World, code: str, state: str) -> tuple[Case, str]:
    """Somebody whose contract is in that state now, and the product they hold by it."""
    who = await somebody(on)
    if state == "none":
        return Case(who, None), BASE
    to = on.at + DAY if state == "expired" else None
    receipt = await contracts.draft(
        on.desk, on.by(ADMIN), organisation=Case(who, None).organisation, ref=f"C-{uuid4()}", product=code,
        from_=on.at - DAY, to=to,
    )  # fmt: skip
    contract = UUID(receipt.ids["contract"])
    if state == "draft":
        return Case(who, contract), BASE
    await contracts.activate(on.desk, on.by(ADMIN), contract)
    match state:
        case "expired":
            on.later(days=1)
        case "suspended":
            await contracts.change(on.desk, on.by(ADMIN), contract, SupportContract.suspend, at=on.at)
        case "plan change ahead":
            await contracts.change_plan(on.desk, on.by(ADMIN), contract, OTHER[code], on.at + TICK)
        case "plan changed":
            await contracts.change_plan(on.desk, on.by(ADMIN), contract, OTHER[code], on.at)
            return Case(who, contract), OTHER[code]
    return Case(who, contract), BASE if state in ("suspended", "expired") else code


async def open_ticket(on: World, case: Case) -> None:
    await on.opened(case.who)


async def ask_for_the_community(on: World, case: Case) -> None:
    await chat.request(on.desk, on.by(case.who), COMMUNITY)


async def subscribe(on: World, case: Case) -> None:
    new = NewSubscription(NotificationChannel.EMAIL, f"ops@{uuid4().hex}.example")
    await subscriptions.request(on.desk, on.by(case.who), new, resolve=public)


async def ask_for_the_backchannel(on: World, case: Case) -> None:
    await chat.request(on.desk, on.by(case.who), Room.backchannel(case.organisation).id)


async def ask_for_an_engagement(on: World, case: Case) -> None:
    await engagements.request(on.desk, on.by(case.who), EngagementKind.MIGRATION, "Help us to move.")


async def assign_a_manager(on: World, case: Case) -> None:
    assert case.contract is not None
    await contracts.assign_manager(on.desk, on.by(ADMIN), case.contract, AGENT.id, ServiceManagerMode.SHARED)


async def plan_a_meeting(on: World, case: Case) -> None:
    assert case.contract is not None
    quarter = (on.at.month - 1) // 3 + 1
    join, length = "https://meet.example.org/acme", timedelta(hours=1)
    await meetings.schedule(on.desk, on.by(ADMIN), case.contract, on.at.year, quarter, on.at + TICK, length, join)


USES: dict[Capability, Callable[[World, Case], Awaitable[None]]] = {
    Capability.TICKETING: open_ticket,
    Capability.COMMUNITY_CHAT: ask_for_the_community,
    Capability.STATUS_NOTIFICATIONS: subscribe,
    Capability.BACKCHANNEL_CHAT: ask_for_the_backchannel,
    Capability.SERVICE_MANAGER: assign_a_manager,
    Capability.OPERATIONS_MEETINGS: plan_a_meeting,
    Capability.ENGAGEMENTS: ask_for_an_engagement,
}
OF_A_CONTRACT = {Capability.SERVICE_MANAGER, Capability.OPERATIONS_MEETINGS}
"""What is given to a contract itself, so that there is no command without one."""


async def judged(on: World, case: Case, capability: Capability) -> str:
    """`allowed`; or the product that the refusal names."""
    try:
        if case.contract is None and capability in OF_A_CONTRACT:
            await required(on, case, capability)
        else:
            await USES[capability](on, case)
    except EntitlementRequired as refused:
        named = refused.capability == capability.value and str(refused.product) in refused.message
        return str(refused.product) if named else f"refused without its reason: {refused.message}"
    except InvalidTransition as refused:
        # A manager is given to a contract that runs, and to no other.
        return f"contract is {refused.current}" if capability is Capability.SERVICE_MANAGER else refused.message
    return "allowed"


async def required(on: World, case: Case, capability: Capability) -> None:
    policies = await on.desk.policies.now()

    async def decide(decision: Decision) -> None:
        await entitlement.require(decision, policies, case.organisation, capability, on.at)

    await on.desk.writer.decide(on.by(ADMIN).act, decide)


def wanted(capability: Capability, state: str, holds: str) -> str:
    stopped = {"draft": "DRAFT", "suspended": "SUSPENDED", "expired": "EXPIRED"}
    if capability is Capability.SERVICE_MANAGER and state in stopped:
        return f"contract is {stopped[state]}"
    if capability in GIVES[holds]:
        return "allowed"
    smallest = smallest_with(capability)
    assert smallest is not None
    return smallest.code


@pytest.mark.parametrize("state", STATES)
async def test_every_capability_is_used_or_refused_with_the_product_it_takes(module_database: TestDatabase, state: str) -> None:
    async with world(module_database) as on:
        for code in GIVES:
            case, holds = await standing(on, code, state)
            found = {capability: await judged(on, case, capability) for capability in Capability}
            assert found == {capability: wanted(capability, state, holds) for capability in Capability}, code


@pytest.mark.parametrize("capability", [each for each in Capability if each not in GIVES[BASE]])
async def test_each_boundary_is_an_exact_instant(module_database: TestDatabase, capability: Capability) -> None:
    """Standard from `begin`, premium from `change`, nothing from `end`: judged a microsecond before and at each."""
    async with world(module_database) as on:
        begin, change, end = on.at + DAY, on.at + 2 * DAY, on.at + 3 * DAY
        last = end - (
            2 * TICK if capability is Capability.OPERATIONS_MEETINGS else TICK
        )  # a meeting begins later, and before the end
        held = {begin - TICK: BASE, begin: STANDARD, change - TICK: STANDARD, change: PREMIUM, last: PREMIUM, end: BASE}
        for at, holds in held.items():
            on.at = begin - DAY
            who = await somebody(on)
            receipt = await contracts.draft(
                on.desk, on.by(ADMIN), organisation=Case(who, None).organisation, ref=f"C-{uuid4()}", product=STANDARD,
                from_=begin, to=end,
            )  # fmt: skip
            case = Case(who, UUID(receipt.ids["contract"]))
            assert case.contract is not None
            await contracts.activate(on.desk, on.by(ADMIN), case.contract)
            await contracts.change_plan(on.desk, on.by(ADMIN), case.contract, PREMIUM, change)
            on.at = at
            found = await judged(on, case, capability)
            if capability is Capability.SERVICE_MANAGER and at in (begin - TICK, end):
                # Given ahead, from the beginning on, by what the contract gives then; and to none that has run out.
                assert found == (PREMIUM if at < begin else "contract is EXPIRED")
            else:
                assert found == wanted(capability, "active", holds), at

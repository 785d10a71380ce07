"""Who is entitled to what, why and until when: the catalogue walked through every state of a contract, and every boundary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.catalogue import PRODUCTS, Capability, smallest_with
from domain.contracts.contract import SupportContract
from domain.contracts.course import Course
from domain.contracts.entitlements import Entitlement, entitlements
from domain.errors import EntitlementRequired
from tests.domain.contracts.builders import ACME, BASE, BEGIN, DAY, END, PREMIUM, SIGNED, STANDARD, TICK, drafted, in_force

NOW = BEGIN + 30 * DAY
STATES = ("none", "draft", "active", "suspended", "plan change ahead", "plan changed", "to begin", "terminated", "expired")
GIVES = {product.code: set(product.capabilities) for product in PRODUCTS}
ORDER = {BASE: STANDARD, STANDARD: PREMIUM, PREMIUM: BASE}
"""To which product a plan changes in the walk: upwards, and from the top to the bottom."""


def walked(code: str, state: str) -> tuple[list[Course], str]:
    """The contracts of an organisation in this state now, and the product that is in force by them."""
    if state == "none":
        return [], BASE
    if state == "draft":
        return [drafted(code).course], BASE
    if state == "to begin":
        return [in_force(code, from_=NOW + TICK).course], BASE
    if state == "expired":
        return [in_force(code, to=NOW).course], BASE
    contract = in_force(code)
    match state:
        case "suspended":
            contract.suspend(at=NOW)
        case "terminated":
            contract.terminate(at=NOW)
        case "plan change ahead":
            contract.change_plan(ORDER[code], at=NOW - DAY, effective_at=NOW + TICK)
        case "plan changed":
            contract.change_plan(ORDER[code], at=NOW - DAY, effective_at=NOW)
            return [contract.course], ORDER[code]
    return [contract.course], BASE if state in ("suspended", "terminated") else code


@pytest.mark.parametrize(("code", "capability", "state"), list(product(GIVES, Capability, STATES)))
def test_the_catalogue_walked(code: str, capability: Capability, state: str) -> None:
    contracts, in_effect = walked(code, state)
    found = entitlements(contracts, NOW)
    if capability not in GIVES[in_effect]:
        with pytest.raises(EntitlementRequired) as refused:
            found.require(capability)
        smallest = smallest_with(capability)
        assert smallest is not None
        assert (refused.value.capability, refused.value.product) == (capability.value, smallest.code)
        assert smallest.code in refused.value.message
    elif capability in GIVES[BASE]:
        assert found.require(capability) == Entitlement(capability, BASE)
    else:
        reason = found.require(capability)
        assert (reason.product, reason.contract) == (in_effect, contracts[0].contract)
        assert reason.from_ is not None
        assert reason.from_ <= NOW
        assert reason.to is None or reason.to > NOW
    assert found.product == in_effect


def at_each(contract: SupportContract, *instants: datetime) -> list[str]:
    return [entitlements([contract.course], at).product for at in instants]


def test_the_first_instant_counts_and_the_last_does_not() -> None:
    contract = in_force(STANDARD)
    contract.change_plan(PREMIUM, at=SIGNED, effective_at=NOW)
    told = at_each(contract, BEGIN - TICK, BEGIN, NOW - TICK, NOW, END - TICK, END)
    assert told == [BASE, STANDARD, STANDARD, PREMIUM, PREMIUM, BASE]


def test_a_suspension_begins_and_ends_at_its_instants() -> None:
    contract = in_force()
    contract.suspend(at=NOW)
    contract.resume(at=NOW, effective_at=NOW + DAY)
    assert at_each(contract, NOW - TICK, NOW, NOW + DAY - TICK, NOW + DAY) == [PREMIUM, BASE, BASE, PREMIUM]


def test_a_plan_that_changes_during_a_suspension_is_there_at_its_end() -> None:
    contract = in_force(STANDARD)
    contract.change_plan(PREMIUM, at=SIGNED, effective_at=NOW + DAY)
    contract.suspend(at=NOW)
    contract.resume(at=NOW, effective_at=NOW + 2 * DAY)
    assert at_each(contract, NOW - TICK, NOW + DAY, NOW + 2 * DAY - TICK, NOW + 2 * DAY) == [STANDARD, BASE, BASE, PREMIUM]


def test_until_when_is_the_end_of_this_reason() -> None:
    contract = in_force(STANDARD)
    contract.change_plan(PREMIUM, at=SIGNED, effective_at=NOW)
    contract.suspend(at=NOW, effective_at=NOW + 10 * DAY)
    before = entitlements([contract.course], NOW - TICK).require(Capability.BACKCHANNEL_CHAT)
    since = entitlements([contract.course], NOW).require(Capability.BACKCHANNEL_CHAT)
    assert (before.product, before.from_, before.to) == (STANDARD, BEGIN, NOW)
    assert (since.product, since.from_, since.to) == (PREMIUM, NOW, NOW + 10 * DAY)


def test_of_several_reasons_the_one_that_lasts_longest_is_told() -> None:
    short, long, larger = in_force(STANDARD, to=END), in_force(STANDARD, to=END + DAY), in_force(PREMIUM, to=END)
    found = entitlements([short.course, larger.course, long.course], NOW)
    assert found.require(Capability.BACKCHANNEL_CHAT).contract == long.id
    assert found.require(Capability.ENGAGEMENTS).contract == larger.id
    assert found.product == PREMIUM
    endless = in_force(STANDARD, to=None)
    assert entitlements([long.course, endless.course], NOW).require(Capability.BACKCHANNEL_CHAT).to is None


def test_the_order_of_the_contracts_changes_nothing() -> None:
    courses = [in_force(STANDARD).course, in_force(PREMIUM, to=END + DAY).course, in_force(BASE, to=None).course]
    assert entitlements(courses, NOW) == entitlements(courses[::-1], NOW)


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2028, 2, 29, 0, 0, tzinfo=UTC),
        datetime(2028, 2, 28, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 0, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 0, tzinfo=UTC),
        datetime(2027, 3, 28, 1, 0, tzinfo=UTC),
    ],
)
def test_odd_days_have_the_same_boundaries(instant: datetime) -> None:
    contract = in_force(STANDARD, to=instant + DAY)
    contract.change_plan(PREMIUM, at=SIGNED, effective_at=instant)
    told = at_each(contract, instant - TICK, instant, instant + DAY - TICK, instant + DAY)
    assert told == [STANDARD, PREMIUM, PREMIUM, BASE]


def test_local_midnight_is_an_instant_like_any_other() -> None:
    from zoneinfo import ZoneInfo

    autumn = datetime(2026, 10, 26, tzinfo=ZoneInfo("Europe/Copenhagen")).astimezone(UTC)
    assert autumn - datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Copenhagen")).astimezone(UTC) == timedelta(hours=25)
    assert at_each(in_force(to=autumn), autumn - TICK, autumn) == [PREMIUM, BASE]


def test_an_organisation_without_contracts_has_base_always() -> None:
    for at in (datetime(1970, 1, 1, tzinfo=UTC), NOW, datetime(2999, 1, 1, tzinfo=UTC)):
        found = entitlements([], at)
        assert found.capabilities == GIVES[BASE]
        assert all((reason.contract, reason.from_, reason.to) == (None, None, None) for reason in found.reasons)


def test_entitlement_asks_for_no_organisation() -> None:
    other = SupportContract.draft(id=uuid7(), at=SIGNED, ref="X", organisation=UUID(int=1), product=PREMIUM, from_=BEGIN)
    other.activate(at=SIGNED)
    assert other.organisation != ACME
    assert entitlements([other.course], NOW).product == PREMIUM

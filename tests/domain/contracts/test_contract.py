"""The support contract: what it takes, what it refuses, and to which instant each thing counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.catalogue import Capability, Product
from domain.contracts.contract import SupportContract
from domain.contracts.events import (
    ContractActivated,
    ContractCeased,
    ContractDiscarded,
    ContractDrafted,
    ContractExpired,
    ContractPlanChanged,
    ContractServiceManagerAssigned,
    ContractServiceManagerReleased,
    ContractStarted,
    ContractTerminated,
)
from domain.contracts.refusals import (
    ContractIsEnding,
    ContractStandsOtherwise,
    ManagerAssigned,
    NoManager,
    SuspensionIsPlanned,
)
from domain.contracts.vocabulary import ContractStatus, ServiceManagerMode
from domain.errors import EntitlementRequired, Refused, ValidationFailed
from domain.event import Classification
from tests.domain.contracts.builders import (
    BASE,
    BEGIN,
    DAY,
    END,
    MANAGER,
    OTHER_MANAGER,
    PREMIUM,
    SIGNED,
    STANDARD,
    TICK,
    drafted,
    in_force,
    products_of,
)
from tests.domain.tickets.builders import names, recorded, replayed

DEDICATED, SHARED = ServiceManagerMode.DEDICATED, ServiceManagerMode.SHARED


def test_a_draft_is_staffs_alone_and_gives_nothing() -> None:
    contract = drafted()
    (event,) = recorded(contract)
    assert isinstance(event, ContractDrafted)
    assert event.CLASS is Classification.RESTRICTED
    assert contract.visible_version == 0
    assert contract.course.stretches == []
    assert contract.course.status_at(BEGIN + DAY) is ContractStatus.DRAFT


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"product": "support-premium"}, ("input", "product")),
        ({"to": BEGIN}, ("input", "to")),
        ({"to": BEGIN - TICK}, ("input", "to")),
    ],
)
def test_an_unusable_draft_is_refused(values: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(ValidationFailed) as refused:
        drafted(**values)
    assert refused.value.path == path


def test_activating_copies_what_the_product_gives_then() -> None:
    slim = (Product(PREMIUM, "Slim", (Capability.TICKETING,)),)
    made = drafted()
    made.activate(at=SIGNED, products=slim)
    event = recorded(made)[1]
    assert isinstance(event, ContractActivated)
    assert event.capabilities == (Capability.TICKETING,)


def test_a_contract_begins_at_its_instant_and_not_before() -> None:
    contract = in_force()
    recorded(contract)
    contract.note_time(at=BEGIN - TICK)
    assert recorded(contract) == []
    contract.note_time(at=BEGIN)
    (event,) = recorded(contract)
    assert isinstance(event, ContractStarted)
    assert (event.product, event.since) == (PREMIUM, BEGIN)
    contract.note_time(at=BEGIN)
    assert recorded(contract) == []


def test_activating_late_confirms_what_was_agreed() -> None:
    contract = drafted()
    contract.activate(at=BEGIN + 3 * DAY)
    assert names(contract) == ["drafted", "activated", "started"]
    assert contract.course.stretches[0].time.from_ == BEGIN


def test_what_is_over_is_not_activated() -> None:
    contract = drafted()
    with pytest.raises(ValidationFailed):
        contract.activate(at=END)


def test_plans_follow_each_other_without_a_gap() -> None:
    contract = in_force(STANDARD)
    contract.change_plan(PREMIUM, at=SIGNED, effective_at=BEGIN + 90 * DAY)
    assert products_of(contract.course) == [
        (STANDARD, BEGIN, BEGIN + 90 * DAY),
        (PREMIUM, BEGIN + 90 * DAY, END),
    ]
    event = recorded(contract)[-1]
    assert isinstance(event, ContractPlanChanged)
    assert event.previous == STANDARD


def test_a_later_change_is_void_once_an_earlier_one_is_made() -> None:
    contract = in_force(STANDARD)
    contract.change_plan(PREMIUM, at=SIGNED, effective_at=BEGIN + 90 * DAY)
    contract.change_plan(BASE, at=SIGNED, effective_at=BEGIN + 30 * DAY)
    assert products_of(contract.course) == [(STANDARD, BEGIN, BEGIN + 30 * DAY), (BASE, BEGIN + 30 * DAY, END)]


def test_a_planned_change_is_taken_back_by_the_product_before() -> None:
    contract = in_force(STANDARD)
    contract.change_plan(PREMIUM, at=SIGNED, effective_at=BEGIN + 90 * DAY)
    contract.change_plan(STANDARD, at=SIGNED, effective_at=BEGIN + 90 * DAY)
    assert products_of(contract.course) == [(STANDARD, BEGIN, END)]
    recorded(contract)
    contract.change_plan(STANDARD, at=SIGNED, effective_at=BEGIN + 90 * DAY)
    assert recorded(contract) == []


@pytest.mark.parametrize("effective_at", [BEGIN + DAY - TICK, END, END + DAY])
def test_a_change_takes_effect_now_or_later_within_the_term(effective_at: datetime) -> None:
    contract = in_force(STANDARD)
    with pytest.raises(ValidationFailed) as refused:
        contract.change_plan(PREMIUM, at=BEGIN + DAY, effective_at=effective_at)
    assert refused.value.path == ("input", "effectiveAt")


def test_a_change_now_starts_the_new_product_in_the_same_append() -> None:
    contract = in_force(STANDARD)
    recorded(contract)
    contract.change_plan(PREMIUM, at=BEGIN + DAY, effective_at=BEGIN + DAY)
    assert names(contract) == ["plan_changed", "started", "started"]


def test_renewing_lasts_longer_and_never_shorter() -> None:
    contract = in_force()
    with pytest.raises(ValidationFailed):
        contract.renew(at=SIGNED, to=END - DAY)
    contract.renew(at=SIGNED, to=END + DAY)
    contract.renew(at=SIGNED, to=None)
    with pytest.raises(ValidationFailed):
        contract.renew(at=SIGNED, to=END)
    assert contract.course.ends is None


def test_what_has_run_out_is_not_renewed_even_before_the_scheduler_said_so() -> None:
    contract = in_force()
    contract.renew(at=END - TICK, to=END)
    with pytest.raises(ContractStandsOtherwise) as refused:
        contract.renew(at=END, to=END + DAY)
    assert refused.value.current == "EXPIRED"


def test_a_suspension_halts_what_is_given_and_moves_no_date() -> None:
    contract = in_force()
    contract.suspend(at=BEGIN + DAY)
    contract.resume(at=BEGIN + 2 * DAY, effective_at=BEGIN + 3 * DAY)
    given = [(stretch.time.from_, stretch.time.to) for stretch in contract.course.stretches]
    assert given == [(BEGIN, BEGIN + DAY), (BEGIN + 3 * DAY, END)]
    assert products_of(contract.course) == [(PREMIUM, BEGIN, END)]


def test_states_change_at_their_instants() -> None:
    contract = in_force()
    contract.suspend(at=SIGNED, effective_at=BEGIN + DAY)
    contract.resume(at=SIGNED, effective_at=BEGIN + 2 * DAY)
    contract.terminate(at=SIGNED, effective_at=BEGIN + 3 * DAY)
    at = {
        SIGNED: "ACTIVE",
        BEGIN + DAY - TICK: "ACTIVE",
        BEGIN + DAY: "SUSPENDED",
        BEGIN + 2 * DAY - TICK: "SUSPENDED",
        BEGIN + 2 * DAY: "ACTIVE",
        BEGIN + 3 * DAY - TICK: "ACTIVE",
        BEGIN + 3 * DAY: "TERMINATED",
    }
    assert {when: contract.course.status_at(when).value for when in at} == at


def test_resuming_before_it_begins_undoes_a_planned_suspension() -> None:
    contract = in_force()
    contract.suspend(at=SIGNED, effective_at=BEGIN + DAY)
    contract.resume(at=SIGNED, effective_at=BEGIN)
    assert contract.course.suspensions == ()


def test_resuming_sooner_than_planned_ends_every_suspension_from_then_on() -> None:
    contract = in_force()
    contract.suspend(at=BEGIN)
    contract.resume(at=BEGIN, effective_at=BEGIN + 5 * DAY)
    contract.suspend(at=BEGIN, effective_at=BEGIN + 9 * DAY)
    contract.resume(at=BEGIN + DAY)
    assert [(each.from_, each.to) for each in contract.course.suspensions] == [(BEGIN, BEGIN + DAY)]


def test_a_suspended_contract_is_not_suspended_again() -> None:
    contract = in_force()
    contract.suspend(at=BEGIN, effective_at=BEGIN + DAY)
    with pytest.raises(SuspensionIsPlanned):
        contract.suspend(at=BEGIN)
    with pytest.raises(ContractStandsOtherwise):
        contract.suspend(at=BEGIN + DAY)


def test_only_the_suspended_is_resumed() -> None:
    contract = in_force()
    with pytest.raises(ContractStandsOtherwise) as refused:
        contract.resume(at=BEGIN)
    assert set(refused.value.allowed) == {"SUSPENDED", "TERMINATED"}


def test_terminating_a_draft_gives_it_up_unheard() -> None:
    contract = drafted()
    contract.terminate(at=SIGNED)
    event = recorded(contract)[-1]
    assert isinstance(event, ContractDiscarded)
    assert event.CLASS is Classification.RESTRICTED
    with pytest.raises(ContractStandsOtherwise):
        contract.activate(at=SIGNED)


def test_a_termination_may_be_brought_forward_but_not_put_off() -> None:
    contract = in_force()
    contract.terminate(at=SIGNED, effective_at=BEGIN + 9 * DAY)
    with pytest.raises(ValidationFailed):
        contract.terminate(at=SIGNED, effective_at=BEGIN + 10 * DAY)
    contract.terminate(at=SIGNED, effective_at=BEGIN + 2 * DAY)
    assert contract.course.ends == BEGIN + 2 * DAY
    recorded(contract)
    contract.terminate(at=SIGNED, effective_at=BEGIN + 2 * DAY)
    assert recorded(contract) == []
    with pytest.raises(ContractIsEnding):
        contract.renew(at=SIGNED, to=None)


def test_a_contract_terminated_before_it_begins_never_gives_anything() -> None:
    contract = in_force()
    contract.terminate(at=SIGNED)
    assert contract.course.periods == []
    recorded(contract)
    contract.note_time(at=END + DAY)
    assert recorded(contract) == []


def test_the_end_is_told_once_as_what_it_was() -> None:
    ended, ran_out = in_force(), in_force()
    ended.terminate(at=BEGIN, effective_at=BEGIN + DAY)
    for contract, kind in ((ended, ContractCeased), (ran_out, ContractExpired)):
        contract.note_time(at=END)
        assert isinstance(recorded(contract)[-1], kind)
        contract.note_time(at=END + DAY)
        assert recorded(contract) == []


def test_what_one_instant_brings_is_told_anew_when_a_command_changes_it_at_that_instant() -> None:
    contract = in_force()
    contract.note_time(at=BEGIN)
    recorded(contract)
    contract.suspend(at=BEGIN)
    assert names(contract) == ["suspended", "ceased"]


def test_a_suspension_at_the_instant_of_a_change_of_plan_is_told_once() -> None:
    contract = in_force(STANDARD)
    contract.change_plan(PREMIUM, at=SIGNED, effective_at=BEGIN + DAY)
    contract.note_time(at=BEGIN + DAY)
    recorded(contract)
    contract.suspend(at=BEGIN + DAY)
    assert names(contract) == ["suspended", "ceased"]
    contract.resume(at=BEGIN + DAY)
    assert names(contract) == ["resumed", "started"]


def test_a_service_manager_needs_the_capability() -> None:
    contract = in_force(STANDARD)
    with pytest.raises(EntitlementRequired) as refused:
        contract.assign_manager(MANAGER, DEDICATED, at=BEGIN)
    assert (refused.value.capability, refused.value.product) == ("SERVICE_MANAGER", PREMIUM)


def test_a_manager_assigned_ahead_serves_from_the_beginning() -> None:
    contract = in_force()
    contract.assign_manager(MANAGER, DEDICATED, at=SIGNED)
    event = recorded(contract)[-1]
    assert isinstance(event, ContractServiceManagerAssigned)
    assert event.from_ == BEGIN


def test_one_manager_follows_another_without_a_gap() -> None:
    contract = in_force()
    with pytest.raises(NoManager):
        contract.replace_manager(MANAGER, SHARED, at=BEGIN)
    contract.assign_manager(MANAGER, DEDICATED, at=BEGIN)
    with pytest.raises(ManagerAssigned):
        contract.assign_manager(OTHER_MANAGER, SHARED, at=BEGIN)
    contract.replace_manager(OTHER_MANAGER, SHARED, at=BEGIN + DAY)
    contract.release_manager(at=BEGIN + 2 * DAY)
    served = [(each.manager, each.time.from_, each.time.to) for each in contract.course.managers]
    assert served == [(MANAGER, BEGIN, BEGIN + DAY), (OTHER_MANAGER, BEGIN + DAY, BEGIN + 2 * DAY)]
    with pytest.raises(NoManager):
        contract.release_manager(at=BEGIN + 3 * DAY)


def ends(contract: SupportContract) -> None:
    contract.note_time(at=END)


def is_terminated(contract: SupportContract) -> None:
    contract.terminate(at=BEGIN + 2 * DAY)


def shrinks(contract: SupportContract) -> None:
    contract.change_plan(STANDARD, at=BEGIN + DAY, effective_at=BEGIN + 2 * DAY)
    contract.note_time(at=BEGIN + 2 * DAY)


@pytest.mark.parametrize(("happens", "at"), [(ends, END), (is_terminated, BEGIN + 2 * DAY), (shrinks, BEGIN + 2 * DAY)])
def test_the_manager_goes_when_the_capability_ends(happens: Callable[[SupportContract], None], at: datetime) -> None:
    contract = in_force()
    contract.assign_manager(MANAGER, DEDICATED, at=BEGIN)
    recorded(contract)
    happens(contract)
    event = recorded(contract)[-1]
    assert isinstance(event, ContractServiceManagerReleased)
    assert (event.manager, event.to) == (MANAGER, at)


def test_a_manager_outlasts_a_suspension() -> None:
    contract = in_force()
    contract.assign_manager(MANAGER, DEDICATED, at=BEGIN)
    contract.suspend(at=BEGIN + DAY)
    assert contract.course.manager is not None
    with pytest.raises(ContractStandsOtherwise):
        contract.replace_manager(OTHER_MANAGER, SHARED, at=BEGIN + DAY)


def test_a_service_is_covered_once() -> None:
    contract = drafted()
    recorded(contract)
    for _ in range(2):
        contract.cover_service(MANAGER, at=SIGNED)
    assert names(contract) == ["service_covered"]


def test_a_termination_counts_from_its_instant() -> None:
    contract = in_force()
    contract.terminate(at=BEGIN + DAY)
    event = next(event for event in recorded(contract) if isinstance(event, ContractTerminated))
    assert event.effective_at == BEGIN + DAY
    assert contract.course.stretch_at(BEGIN + DAY - TICK) is not None
    assert contract.course.stretch_at(BEGIN + DAY) is None


ENDED: dict[str, Callable[[SupportContract, datetime], object]] = {
    "change_plan": lambda contract, at: contract.change_plan(STANDARD, at=at, effective_at=at),
    "renew": lambda contract, at: contract.renew(at=at, to=None),
    "suspend": lambda contract, at: contract.suspend(at=at),
    "resume": lambda contract, at: contract.resume(at=at),
    "terminate": lambda contract, at: contract.terminate(at=at),
    "assign": lambda contract, at: contract.assign_manager(MANAGER, SHARED, at=at),
    "cover": lambda contract, at: contract.cover_service(MANAGER, at=at),
    "activate": lambda contract, at: contract.activate(at=at),
}


@pytest.mark.parametrize("command", ENDED)
def test_what_has_ended_takes_nothing_more(command: str) -> None:
    contract = in_force()
    recorded(contract)
    with pytest.raises(Refused):
        ENDED[command](contract, END + timedelta(hours=1))
    assert recorded(contract) == []


def test_a_history_replays_to_the_same_contract() -> None:
    contract = in_force()
    contract.assign_manager(MANAGER, SHARED, at=BEGIN)
    contract.suspend(at=BEGIN + DAY)
    contract.note_time(at=END)
    again = replayed(recorded(contract))
    assert isinstance(again, SupportContract)
    assert again.course == contract.course


def test_a_plan_changes_now_where_no_instant_is_given_or_as_it_begins() -> None:
    contract = in_force(STANDARD)
    contract.change_plan(PREMIUM, at=SIGNED)
    assert products_of(contract.course) == [(PREMIUM, BEGIN, END)]
    contract.change_plan(STANDARD, at=BEGIN + DAY)
    assert products_of(contract.course) == [(PREMIUM, BEGIN, BEGIN + DAY), (STANDARD, BEGIN + DAY, END)]

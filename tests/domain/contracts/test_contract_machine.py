"""Random lives of contracts of one organisation: rules hold, histories replay, refusals record nothing, and an oracle agrees.

The oracle knows nothing of courses: it keeps what was asked for and steps through time, one quarter of a day after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from uuid_utils.compat import uuid7

from domain.catalogue import Capability, product
from domain.contracts.contract import SupportContract
from domain.contracts.course import Interval
from domain.contracts.entitlements import entitlements
from domain.contracts.events import ContractCeased, ContractExpired, ContractStarted
from domain.contracts.ledgers import Engagement, ManagerLedger, OrganisationLedger
from domain.contracts.vocabulary import ServiceManagerMode
from domain.errors import Refused
from domain.event import DomainEvent
from tests.domain.contracts.builders import ACME, BASE, MANAGER, OTHER_MANAGER, PREMIUM, SIGNED, STANDARD
from tests.domain.tickets.builders import recorded, replayed

TOLD = (ContractStarted, ContractCeased, ContractExpired)
STEP = timedelta(hours=6)
products = st.sampled_from([BASE, STANDARD, PREMIUM])
steps = st.sampled_from([0, 0, 1, 2, 4, 12, 40])
modes = st.sampled_from(list(ServiceManagerMode))


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.at = SIGNED
        self.contracts: list[SupportContract] = []
        self.histories: dict[object, list[DomainEvent]] = {}
        self.asked: dict[object, list[tuple[datetime, str, str | None]]] = {}
        """Of each contract what takes effect when: ("plan", product), ("halt", None), ("go", None), ("end", None)."""
        self.ledger = OrganisationLedger.open(organisation=ACME, at=SIGNED)
        self.ledger.collect_events()

    @initialize()
    def begin(self) -> None:
        self.draft(STANDARD, 0, 20)

    def attempt(self, contract: SupportContract, command: Callable[[], object]) -> bool:
        """Run it with its ledger, as a use case does: all or nothing."""
        before = contract.course
        version = contract.version
        try:
            command()
        except Refused:
            assert contract.version == version
            assert contract.course == before
            return False
        if contract.course.activated_at is not None and contract.course.periods != before.periods:
            wanted = [(period.product, period.time) for period in contract.course.periods]
            try:
                self.ledger.hold(contract.id, wanted, at=self.at)
            except Refused:
                self.contracts[self.contracts.index(contract)] = replayed(self.histories[contract.id])
                return False
        self.histories.setdefault(contract.id, []).extend(recorded(contract))
        return True

    def chosen(self, number: int) -> SupportContract:
        return self.contracts[number % len(self.contracts)]

    @rule(product=products, begin=steps, length=st.none() | st.integers(1, 60))
    def draft(self, product: str, begin: int, length: int | None) -> None:
        if len(self.contracts) >= 4:
            return
        from_ = self.at + begin * STEP
        to = None if length is None else from_ + length * STEP
        contract = SupportContract.draft(
            id=uuid7(), at=self.at, ref="C", organisation=ACME, product=product, from_=from_, to=to
        )
        self.contracts.append(contract)
        self.histories[contract.id] = recorded(contract)
        self.asked[contract.id] = [(from_, "plan", product)] + ([(to, "term", None)] if to else [])

    @rule(which=steps)
    def activate(self, which: int) -> None:
        contract = self.chosen(which)
        self.attempt(contract, lambda: contract.activate(at=self.at))

    @rule(which=steps, product=products, later=steps)
    def change_plan(self, which: int, product: str, later: int) -> None:
        contract, when = self.chosen(which), self.at + later * STEP
        if self.attempt(contract, lambda: contract.change_plan(product, at=self.at, effective_at=when)):
            kept = [each for each in self.asked[contract.id] if each[1] != "plan" or each[0] < when]
            self.asked[contract.id] = [*kept, (when, "plan", product)]

    @rule(which=steps, later=st.none() | steps)
    def renew(self, which: int, later: int | None) -> None:
        contract = self.chosen(which)
        to = None if later is None else self.at + later * STEP
        if self.attempt(contract, lambda: contract.renew(at=self.at, to=to)):
            kept = [each for each in self.asked[contract.id] if each[1] != "term"]
            self.asked[contract.id] = kept + ([(to, "term", None)] if to else [])

    @rule(which=steps, later=steps)
    def suspend(self, which: int, later: int) -> None:
        contract, when = self.chosen(which), self.at + later * STEP
        if self.attempt(contract, lambda: contract.suspend(at=self.at, effective_at=when)):
            self.asked[contract.id].append((when, "halt", None))

    @rule(which=steps, later=steps)
    def resume(self, which: int, later: int) -> None:
        contract, when = self.chosen(which), self.at + later * STEP
        if self.attempt(contract, lambda: contract.resume(at=self.at, effective_at=when)):
            kept = [each for each in self.asked[contract.id] if each[1] not in ("halt", "go") or each[0] < when]
            halted = [each[1] for each in kept if each[1] in ("halt", "go")][-1:] == ["halt"]
            self.asked[contract.id] = [*kept, (when, "go", None)] if halted else kept

    @rule(which=steps, later=steps)
    def terminate(self, which: int, later: int) -> None:
        contract, when = self.chosen(which), self.at + later * STEP
        if self.attempt(contract, lambda: contract.terminate(at=self.at, effective_at=when)):
            self.asked[contract.id].append((when, "end", None))

    @rule(which=steps, manager=st.sampled_from([MANAGER, OTHER_MANAGER]), mode=modes, replace=st.booleans())
    def manage(self, which: int, manager: object, mode: ServiceManagerMode, replace: bool) -> None:
        contract = self.chosen(which)
        command = contract.replace_manager if replace else contract.assign_manager
        self.attempt(contract, lambda: command(manager, mode, at=self.at))  # type: ignore[arg-type]

    @rule(which=steps)
    def release(self, which: int) -> None:
        contract = self.chosen(which)
        self.attempt(contract, lambda: contract.release_manager(at=self.at))

    @rule(length=st.integers(1, 30))
    def time_passes(self, length: int) -> None:
        self.at += length * STEP
        for contract in self.contracts:
            self.attempt(contract, lambda contract=contract: contract.note_time(at=self.at))  # type: ignore[misc]

    def oracle(self, contract: SupportContract, when: datetime) -> str | None:
        """The product it gives at an instant, by what was asked for."""
        if contract.course.activated_at is None:
            return None
        asked = self.asked[contract.id]
        if any(each[1] in ("term", "end") and each[0] <= when for each in asked):
            return None
        past = sorted((each for each in asked if each[0] <= when), key=lambda each: each[0])
        plans = [each[2] for each in past if each[1] == "plan"]
        switches = [each for each in past if each[1] in ("halt", "go")]
        # At one instant a suspension that follows a resumption holds, so the order of asking decides.
        halted = bool(switches) and switches[-1][1] == "halt"
        return plans[-1] if plans and not halted else None

    @invariant()
    def the_oracle_agrees(self) -> None:
        for contract in self.contracts:
            for number in range(-2, 60, 3):
                when = self.at + number * STEP
                given = contract.course.stretch_at(when)
                assert (given.product if given else None) == self.oracle(contract, when), (when, contract.course)

    @invariant()
    def no_product_is_held_twice(self) -> None:
        for number in range(0, 60, 3):
            when = self.at + number * STEP
            held = [
                period.product
                for contract in self.contracts
                if contract.course.activated_at is not None
                for period in contract.course.periods
                if period.time.covers(when)
            ]
            assert len(held) == len(set(held))
            alive = {c.id for c in self.contracts if c.course.stretch_at(when) is not None}
            assert alive <= set(self.ledger.contracts_at(when))

    @invariant()
    def histories_replay(self) -> None:
        for contract in self.contracts:
            again = replayed(self.histories[contract.id])
            assert again.course == contract.course
            assert again.version == contract.version

    @invariant()
    def each_instant_is_told_once(self) -> None:
        for history in self.histories.values():
            told = [(event.since, type(event), getattr(event, "product", None)) for event in history if isinstance(event, TOLD)]
            assert all(one != other for one, other in pairwise(told))
            assert [since for since, _, _ in told] == sorted(since for since, _, _ in told)

    @invariant()
    def whoever_heard_all_that_was_told_knows_what_is_given(self) -> None:
        for contract in self.contracts:
            heard = None
            for event in self.histories[contract.id]:
                if isinstance(event, TOLD):
                    heard = event.product if isinstance(event, ContractStarted) else None
            given = contract.course.stretch_at(self.at)
            assert heard == (given.product if given else None)

    @invariant()
    def a_manager_comes_with_the_capability(self) -> None:
        for contract in self.contracts:
            if contract.course.manager is not None and contract.course.begins <= self.at:
                plan = contract.course.period_at(self.at).product
                found = product(plan)
                assert found is not None
                assert found.gives(Capability.SERVICE_MANAGER)

    @invariant()
    def base_is_always_there(self) -> None:
        found = entitlements([contract.course for contract in self.contracts], self.at)
        base = product(BASE)
        assert base is not None
        assert found.capabilities >= set(base.capabilities)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


class Engagements(RuleBasedStateMachine):
    """Whoever is dedicated serves one organisation, whatever is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = ManagerLedger.open(manager=MANAGER, at=SIGNED)
        self.history = recorded(self.ledger)

    @rule(contract=st.integers(1, 6), mode=modes, begin=st.integers(0, 8), length=st.none() | st.integers(1, 4))
    def engage(self, contract: int, mode: ServiceManagerMode, begin: int, length: int | None) -> None:
        before = self.ledger.version
        since = SIGNED + timedelta(days=begin)
        time = Interval(since, None if length is None else since + timedelta(days=length))
        try:
            self.ledger.engage(UUID(int=contract), Engagement(UUID(int=contract % 3), mode, time), at=SIGNED)
        except Refused:
            assert self.ledger.version == before
        self.history += recorded(self.ledger)

    @rule(contract=st.integers(1, 6))
    def free(self, contract: int) -> None:
        self.ledger.free(UUID(int=contract), at=SIGNED)
        self.history += recorded(self.ledger)

    @invariant()
    def the_dedicated_serve_one(self) -> None:
        for day in range(13):  # day by day, as whoever looks at a calendar
            now = [each for each in self.ledger.engagements.values() if each.time.covers(SIGNED + timedelta(days=day))]
            if any(each.mode is ServiceManagerMode.DEDICATED for each in now):
                assert len({each.organisation for each in now}) == 1

    @invariant()
    def the_history_replays(self) -> None:
        assert replayed(self.history).engagements == self.ledger.engagements


TestEngagements = Engagements.TestCase
TestEngagements.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)

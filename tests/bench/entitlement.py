"""Judging an entitlement within a decision: by the organisation's ledger, against loading every contract it ever had.

The organisation has had a contract a year for ten years and two run now. The peer knows the ten ids for nothing (a look-up would have to
give them) and judges with the same pure function; what it loads too much is what the ledger saves. How cheap it is where there
is no ledger at all, which is what each ticket of a base customer pays, is stated against one contract.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from domain.contracts.contract import SupportContract
from domain.contracts.entitlements import entitlements
from domain.contracts.ledgers import OrganisationLedger
from domain.errors import NotFound
from domain.policies import Policies
from services.commands.entitlement import capabilities
from services.policies.file import DEFAULT, read
from services.runtime.decision import Decision
from services.runtime.writer import Writer
from tests.bench import Ground, Measure, Ratio, alternate
from tests.services.recording import act, recording

LOOK_UPS = 150
FIRST = datetime(2017, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 7, 1, tzinfo=UTC)
YEAR = timedelta(days=365)


async def run(ground: Ground) -> dict[str, Ratio]:
    async with recording(ground.database()) as on:
        policies = read(DEFAULT).policies
        old, one, none = uuid7(), uuid7(), uuid7()
        contracts = await _history(on.writer, old, [(FIRST + n * YEAR, FIRST + (n + 1) * YEAR) for n in range(10)])
        contracts += await _history(on.writer, old, [(NOW - YEAR, None)], "SUPPORT-standard", at=NOW)
        await _history(on.writer, one, [(NOW - YEAR, None)])
        look_ups = _LookUps(on.writer, policies)
        return {
            "entitlement.by_ledger.vs_all_contracts": await alternate(
                Ratio("look-ups/s", target=1.3), look_ups.by_ledger(old), look_ups.by_all(contracts), ground.rounds
            ),
            "entitlement.no_contract.vs_one_contract": await alternate(
                Ratio("look-ups/s"), look_ups.by_ledger(none), look_ups.by_ledger(one), ground.rounds
            ),
        }


class _LookUps:
    """Each look-up is a decision of its own, so nothing loaded before is at hand."""

    def __init__(self, writer: Writer, policies: Policies) -> None:
        self._writer = writer
        self._policies = policies

    def by_ledger(self, organisation: UUID) -> Measure:
        async def look(decision: Decision) -> None:
            await capabilities(decision, self._policies, organisation, NOW)

        return self._measure(look)

    def by_all(self, contracts: list[UUID]) -> Measure:
        async def look(decision: Decision) -> None:
            found = [await decision.load(SupportContract, each, seen=False) for each in contracts]
            entitlements([each.course for each in found], NOW, self._policies.products)

        return self._measure(look)

    def _measure(self, look: Callable[[Decision], Awaitable[None]]) -> Measure:
        async def measure() -> float:
            began = perf_counter()
            for _ in range(LOOK_UPS):
                await self._writer.decide(act(), look)
            return LOOK_UPS / (perf_counter() - began)

        return measure


async def _history(
    writer: Writer,
    organisation: UUID,
    terms: list[tuple[datetime, datetime | None]],
    product: str = "SUPPORT-premium",
    *,
    at: datetime = FIRST,
) -> list[UUID]:
    """Contracts one after the other, each told its beginning and its end."""
    made: list[UUID] = []

    async def decide(decision: Decision) -> None:
        ledger = OrganisationLedger.open(organisation=organisation, at=at)
        try:
            ledger = await decision.load(OrganisationLedger, ledger.id, seen=False)
        except NotFound:
            decision.add(ledger)
        made.clear()
        for from_, to in terms:
            contract = SupportContract.draft(
                id=uuid7(), at=at, ref=str(uuid4()), organisation=organisation, product=product, from_=from_, to=to
            )
            contract.activate(at=at)
            contract.note_time(at=NOW)
            ledger.hold(contract.id, [(period.product, period.time) for period in contract.course.periods], at=at)
            decision.add(contract)
            made.append(contract.id)

    await writer.decide(act(), decide)
    return made

"""What an organisation may use, judged within a decision: from the contract streams themselves, at the act's instant.

The ledger of the organisation leads to the contracts that may give something then; each stream read becomes a check, so nothing is
decided on a contract that changed meanwhile. An organisation that never had a contract costs one look-up.
"""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from domain.catalogue import BASE_PRODUCT, Capability
from domain.contracts.contract import SupportContract
from domain.contracts.course import Stretch
from domain.contracts.entitlements import Entitled, Entitlement, entitlements, lacking
from domain.contracts.ledgers import OrganisationLedger
from domain.errors import NotFound
from domain.policies import Policies, SlaTerms
from services.runtime.codec import Undecodable, UnknownTopic
from services.runtime.decision import Decision

_log = logging.getLogger("support.entitlement")


async def capabilities(decision: Decision, policies: Policies, organisation: UUID | None, at: datetime) -> Entitled:
    """All that an organisation may use at an instant, each with its reason. Whoever belongs to none has base."""
    ledger = await ledger_of(decision, organisation)
    if ledger is None:
        return entitlements((), at, policies.products)
    contracts = [await decision.load(SupportContract, contract, seen=False) for contract in ledger.contracts_at(at)]
    return entitlements([contract.course for contract in contracts], at, policies.products)


async def require(
    decision: Decision, policies: Policies, organisation: UUID | None, capability: Capability, at: datetime
) -> Entitlement:
    """Why the organisation may use it. Raises EntitlementRequired, with the smallest product that would do."""
    return (await capabilities(decision, policies, organisation, at)).require(capability)


def require_of(contract: SupportContract, policies: Policies, capability: Capability, at: datetime) -> Stretch:
    """The stretch in which this very contract, loaded in the decision, gives a capability. Raises EntitlementRequired."""
    stretch = contract.course.stretch_at(at)
    if stretch is None or not stretch.gives(capability):
        raise lacking(capability, policies.products)
    return stretch


async def product_in_force(decision: Decision, policies: Policies, organisation: UUID | None, at: datetime) -> str:
    """The code of the largest product an organisation holds at an instant; base where it holds none."""
    if await ledger_of(decision, organisation) is None:
        return BASE_PRODUCT
    return (await capabilities(decision, policies, organisation, at)).product


async def terms_for(decision: Decision, policies: Policies, organisation: UUID | None, at: datetime) -> SlaTerms | None:
    """What is promised on a ticket of this organisation now: the terms of the product in force, for which no ticket is ever refused.

    Nor for a contract that this process cannot read, written by a later release perhaps: then base is promised, and said in the log.
    """
    try:
        product = await product_in_force(decision, policies, organisation, at)
    except (Undecodable, UnknownTopic) as unreadable:
        _log.error("a contract cannot be read (%s of topic %s): base is promised", type(unreadable).__name__, unreadable.topic)
        product = BASE_PRODUCT
    return policies.terms(product)


async def contract_in_force(decision: Decision, organisation: UUID, at: datetime) -> bool:
    """Whether a contract runs now or is to run; such an organisation is not erased."""
    ledger = await ledger_of(decision, organisation)
    return ledger is not None and ledger.holds_after(at)


async def ledger_of(decision: Decision, organisation: UUID | None) -> OrganisationLedger | None:
    """None: there was never a contract in force."""
    if organisation is None:
        return None
    try:
        return await decision.load(OrganisationLedger, OrganisationLedger.id_of(organisation), seen=False)
    except NotFound:
        return None

"""Support contracts: drafted, put in force, changed, ended, with what each change means for the ledgers in the same append.

Every command on a contract goes through `kept`, so that no period and no service manager is ever held twice, whichever command it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Concatenate, ParamSpec
from uuid import UUID

from domain.contracts.contract import SupportContract
from domain.contracts.ledgers import Engagement, ManagerLedger, OrganisationLedger
from domain.contracts.refusals import NoServiceManager
from domain.contracts.vocabulary import ServiceManagerMode
from domain.errors import AlreadyExists, NotFound
from domain.organisations.organisation import Organisation
from domain.status.component import ServiceComponent
from projections.viewer import Role
from services.commands.desk import By, Desk
from services.commands.entitlement import ledger_of
from services.runtime.command import Receipt
from services.runtime.decision import Decision

P = ParamSpec("P")


async def draft(
    desk: Desk, by: By, *, organisation: UUID, ref: str, product: str, from_: datetime, to: datetime | None = None
) -> Receipt:
    """Write a contract down. Raises AlreadyExists where the number is another's. The receipt's id: contract."""
    policies = await desk.policies.now()

    async def decide(decision: Decision) -> None:
        home = await _organisation(decision, by, organisation)
        contract = SupportContract.draft(
            id=decision.new_id(),
            at=by.act.at,
            ref=ref,
            organisation=home.id,
            product=product,
            from_=from_,
            to=to,
            products=policies.products,
        )
        taken = await decision.find("contract_ref", contract.course.ref)
        if taken is not None:
            raise AlreadyExists("There is a contract with this number.", existing=taken, path=("input", "ref"))
        decision.add(contract)
        decision.reserve("contract_ref", contract.course.ref, owner=contract.id)
        decision.remember(contract=contract.id)

    return await desk.writer.decide(by.act, decide)


async def change(
    desk: Desk,
    by: By,
    contract: UUID,
    command: Callable[Concatenate[SupportContract, P], object],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Receipt:
    """Let one contract decide: any command of its that needs nothing else. The receipt's id: contract."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, contract)
        await kept(decision, found, by.act.at, lambda: command(found, *args, **kwargs))
        decision.remember(contract=found.id)

    return await desk.writer.decide(by.act, decide)


async def activate(desk: Desk, by: By, contract: UUID) -> Receipt:
    """Put it in force. Raises PeriodsOverlap where the organisation has the product already in that time."""
    policies = await desk.policies.now()
    return await change(desk, by, contract, SupportContract.activate, at=by.act.at, products=policies.products)


async def change_plan(desk: Desk, by: By, contract: UUID, product: str, effective_at: datetime | None = None) -> Receipt:
    """Change the product from an instant on, now where none is given."""
    policies = await desk.policies.now()
    return await change(
        desk,
        by,
        contract,
        SupportContract.change_plan,
        product,
        at=by.act.at,
        effective_at=effective_at,
        products=policies.products,
    )


async def assign_manager(
    desk: Desk, by: By, contract: UUID, manager: UUID, mode: ServiceManagerMode, *, replace: bool = False
) -> Receipt:
    """Give a service manager, or another. Raises ManagerReserved where a dedicated one serves another organisation,
    and NoServiceManager where it is another member of staff."""
    if not await desk.is_staff(manager):
        raise NotFound("There is no such member of staff.", path=("input", "agentId"))
    if desk.is_manager is not None and not await desk.is_manager(manager):
        raise NoServiceManager
    policies = await desk.policies.now()
    command = SupportContract.replace_manager if replace else SupportContract.assign_manager
    return await change(desk, by, contract, command, manager, mode, at=by.act.at, products=policies.products)


async def cover_service(desk: Desk, by: By, contract: UUID, component: UUID) -> Receipt:
    """Name a service component as covered; it must exist and be in use. The receipt's id: contract."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, contract)
        try:
            covered = await decision.load(ServiceComponent, component, seen=False)
        except NotFound:
            covered = None
        if covered is None or covered.retired:
            raise NotFound("There is no such service.", path=("input", "componentId"))
        found.cover_service(component, at=by.act.at)
        decision.remember(contract=found.id)

    return await desk.writer.decide(by.act, decide)


async def note_time(decision: Decision, contract: UUID, at: datetime) -> None:
    """Record what has come by now on a contract; for the scheduler."""
    found = await decision.load(SupportContract, contract)
    await kept(decision, found, at, lambda: found.note_time(at=at))


async def kept(decision: Decision, contract: SupportContract, at: datetime, command: Callable[[], object]) -> None:
    """Run a command of a contract and keep the ledgers of its organisation and of its service managers in step."""
    before = contract.course
    command()
    now = contract.course
    if now.activated_at is not None and before.activated_at is None:
        # Judged again in the append: an organisation whose erasure begins meanwhile gets no contract any more.
        (await decision.load(Organisation, contract.organisation, seen=False)).must_exist()
    if now.activated_at is not None and (before.activated_at is None or before.periods != now.periods):
        periods = [(period.product, period.time) for period in now.periods]
        (await _ledger(decision, contract.organisation, at)).hold(contract.id, periods, at=at)
    left, came, time = before.manager, now.manager, now.served
    if left is not None and (came is None or time is None or came.manager != left.manager):
        (await _engagements(decision, left.manager, at)).free(contract.id, at=at)
    if came is not None and time is not None and (came, time) != (left, before.served):
        ledger = await _engagements(decision, came.manager, at)
        ledger.engage(contract.id, Engagement(contract.organisation, came.mode, time), at=at)


async def see(decision: Decision, by: By, contract: UUID) -> SupportContract:
    """The contract, if the one who asks may see it. What is another's cannot be told from what does not exist."""
    path = ("input", "contractId")
    try:
        found = await decision.load(SupportContract, contract, seen=False)
    except NotFound:
        raise NotFound("There is no such contract.", path=path) from None
    if by.viewer.role is not Role.SERVICE and not by.viewer.sees(found.organisation, None):
        raise NotFound("There is no such contract.", path=path)
    # Judged after sight: a Conflict would tell that there is something to be in conflict with.
    return await decision.load(SupportContract, contract)


async def _ledger(decision: Decision, organisation: UUID, at: datetime) -> OrganisationLedger:
    found = await ledger_of(decision, organisation)
    if found is None:
        found = OrganisationLedger.open(organisation=organisation, at=at)
        decision.add(found)
    return found


async def _engagements(decision: Decision, manager: UUID, at: datetime) -> ManagerLedger:
    try:
        return await decision.load(ManagerLedger, ManagerLedger.id_of(manager), seen=False)
    except NotFound:
        ledger = ManagerLedger.open(manager=manager, at=at)
        decision.add(ledger)
        return ledger


async def _organisation(decision: Decision, by: By, organisation: UUID) -> Organisation:
    path = ("input", "organisationId")
    try:
        found = await decision.load(Organisation, organisation, seen=False)
    except NotFound:
        raise NotFound("There is no such organisation.", path=path) from None
    if by.viewer.role is not Role.SERVICE and not by.viewer.sees(found.id, None):
        raise NotFound("There is no such organisation.", path=path)
    found.must_exist()
    return found

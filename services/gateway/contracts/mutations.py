"""Commands on contracts, and what they return."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Concatenate, ParamSpec, Protocol
from uuid import UUID

import strawberry

from domain.contracts import vocabulary as words
from domain.contracts.contract import SupportContract
from projections.contracts import contracts_by_id
from services.commands import contracts
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.acting import Keyed, by
from services.gateway.context import Info
from services.gateway.contracts.types import Contract
from services.gateway.contracts.vocabulary import ServiceManagerMode
from services.gateway.ids import of_kind
from services.gateway.payload import PATIENCE, Payload, position_of
from services.gateway.read_models import CONTRACTS
from services.gateway.scalars import IdempotencyKey, ProductCode
from services.gateway.tickets.changing import What
from services.runtime.command import Receipt

P = ParamSpec("P")
STAFF = [Access(level=AccessLevel.STAFF, scope=Scope.CONTRACTS_WRITE)]
ADMIN = [Access(level=AccessLevel.ADMIN, scope=Scope.CONTRACTS_WRITE)]


@strawberry.input(description="For draftContract.")
class DraftContractInput:
    organisation_id: strawberry.ID = strawberry.field(description="Whose.")
    ref: str = strawberry.field(description="Contract number, unique.")
    product: ProductCode = strawberry.field(description="Product.")
    from_: datetime = strawberry.field(description="From; may lie in the past.", name="from")
    to: datetime | None = strawberry.field(description="Until, not included; open if left out.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For activateContract.")
class ActivateContractInput:
    contract_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For changeContractPlan.")
class ChangeContractPlanInput:
    contract_id: strawberry.ID = strawberry.field(description="Which.")
    product: ProductCode = strawberry.field(description="New product.")
    effective_at: datetime | None = strawberry.field(
        description="From, now or later; now if left out. Changes planned for then or later are void.", default=None
    )
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For renewContract.")
class RenewContractInput:
    contract_id: strawberry.ID = strawberry.field(description="Which.")
    to: datetime | None = strawberry.field(description="New end, not included; open if left out.", default=None)
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For suspendContract.")
class SuspendContractInput:
    contract_id: strawberry.ID = strawberry.field(description="Which.")
    effective_at: datetime | None = strawberry.field(description="From; now if left out.", default=None)
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For resumeContract.")
class ResumeContractInput:
    contract_id: strawberry.ID = strawberry.field(description="Which.")
    effective_at: datetime | None = strawberry.field(description="From; now if left out.", default=None)
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For terminateContract.")
class TerminateContractInput:
    contract_id: strawberry.ID = strawberry.field(description="Which.")
    effective_at: datetime | None = strawberry.field(
        description="From; now if left out. A draft is given up at once.", default=None
    )
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For assignServiceManager.")
class AssignServiceManagerInput:
    contract_id: strawberry.ID = strawberry.field(description="Which.")
    agent_id: strawberry.ID = strawberry.field(description="Who.")
    mode: ServiceManagerMode = strawberry.field(description="Dedicated or shared.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For replaceServiceManager.")
class ReplaceServiceManagerInput:
    contract_id: strawberry.ID = strawberry.field(description="Which.")
    agent_id: strawberry.ID = strawberry.field(description="Who.")
    mode: ServiceManagerMode = strawberry.field(description="Dedicated or shared.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For releaseServiceManager.")
class ReleaseServiceManagerInput:
    contract_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For coverService.")
class CoverServiceInput:
    contract_id: strawberry.ID = strawberry.field(description="Which.")
    component_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.type(description="Result of a command on a contract.")
class ContractPayload(Payload):
    @classmethod
    def of(cls, receipt: Receipt) -> ContractPayload:
        return cls(receipt=receipt, subject=UUID(receipt.ids["contract"]))

    @strawberry.field(description="It, changed; null when refused.")
    async def contract(self, info: Info) -> Contract | None:
        position = await position_of(info, self.receipt)
        if position is None or self.subject is None:
            return None
        database = await info.context.after(position, CONTRACTS, PATIENCE)
        rows = await contracts_by_id(database, info.context.viewer, [self.subject])
        return Contract.of(rows[0]) if rows else None


class OfContract(Keyed, Protocol):
    contract_id: strawberry.ID


class OfManager(OfContract, Protocol):
    agent_id: strawberry.ID
    mode: ServiceManagerMode


@strawberry.type
class ContractMutations:
    @strawberry.mutation(description="Writes a contract down.", directives=STAFF)
    async def draft_contract(self, info: Info, input: What[DraftContractInput]) -> ContractPayload:
        receipt = await contracts.draft(
            info.context.services.desk,
            by(info.context, input),
            organisation=of_kind("organisation", input.organisation_id, "input", "organisationId"),
            ref=input.ref,
            product=input.product,
            from_=input.from_,
            to=input.to,
        )
        return ContractPayload.of(receipt)

    @strawberry.mutation(description="Puts it in force from its date.", directives=ADMIN)
    async def activate_contract(self, info: Info, input: What[ActivateContractInput]) -> ContractPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        return ContractPayload.of(await contracts.activate(desk, act, _contract(input)))

    @strawberry.mutation(description="Changes the product from a date.", directives=ADMIN)
    async def change_contract_plan(self, info: Info, input: What[ChangeContractPlanInput]) -> ContractPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        return ContractPayload.of(await contracts.change_plan(desk, act, _contract(input), input.product, input.effective_at))

    @strawberry.mutation(description="Makes it last longer.", directives=ADMIN)
    async def renew_contract(self, info: Info, input: What[RenewContractInput]) -> ContractPayload:
        return await _changed(info, input, SupportContract.renew, at=info.context.at, to=input.to)

    @strawberry.mutation(description="Halts it.", directives=ADMIN)
    async def suspend_contract(self, info: Info, input: What[SuspendContractInput]) -> ContractPayload:
        return await _changed(info, input, SupportContract.suspend, at=info.context.at, effective_at=input.effective_at)

    @strawberry.mutation(description="Lets it go on.", directives=ADMIN)
    async def resume_contract(self, info: Info, input: What[ResumeContractInput]) -> ContractPayload:
        return await _changed(info, input, SupportContract.resume, at=info.context.at, effective_at=input.effective_at)

    @strawberry.mutation(description="Ends it early.", directives=ADMIN)
    async def terminate_contract(self, info: Info, input: What[TerminateContractInput]) -> ContractPayload:
        return await _changed(info, input, SupportContract.terminate, at=info.context.at, effective_at=input.effective_at)

    @strawberry.mutation(description="Gives a service manager; the product must have it.", directives=ADMIN)
    async def assign_service_manager(self, info: Info, input: What[AssignServiceManagerInput]) -> ContractPayload:
        return await _managed(info, input, replace=False)

    @strawberry.mutation(description="Gives another in one step.", directives=ADMIN)
    async def replace_service_manager(self, info: Info, input: What[ReplaceServiceManagerInput]) -> ContractPayload:
        return await _managed(info, input, replace=True)

    @strawberry.mutation(description="Takes the service manager off.", directives=ADMIN)
    async def release_service_manager(self, info: Info, input: What[ReleaseServiceManagerInput]) -> ContractPayload:
        return await _changed(info, input, SupportContract.release_manager, at=info.context.at)

    @strawberry.mutation(description="Adds a service to those covered.", directives=ADMIN)
    async def cover_service(self, info: Info, input: What[CoverServiceInput]) -> ContractPayload:
        component = of_kind("component", input.component_id, "input", "componentId")
        desk, act = info.context.services.desk, by(info.context, input)
        return ContractPayload.of(await contracts.cover_service(desk, act, _contract(input), component))


def _contract(input: OfContract) -> UUID:
    return of_kind("contract", input.contract_id, "input", "contractId")


async def _changed(
    info: Info,
    input: OfContract,
    command: Callable[Concatenate[SupportContract, P], object],
    *args: P.args,
    **kwargs: P.kwargs,
) -> ContractPayload:
    act = by(info.context, input)
    return ContractPayload.of(
        await contracts.change(info.context.services.desk, act, _contract(input), command, *args, **kwargs)
    )


async def _managed(info: Info, input: OfManager, *, replace: bool) -> ContractPayload:
    manager = of_kind("agent", input.agent_id, "input", "agentId")
    mode = words.ServiceManagerMode(input.mode.name)
    desk, act = info.context.services.desk, by(info.context, input)
    return ContractPayload.of(await contracts.assign_manager(desk, act, _contract(input), manager, mode, replace=replace))

"""Contracts, what they give and by whom it is given."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry

from domain.contracts import entitlements as judged
from projections import contracts as contracts_read
from projections import service_managers as managers_read
from projections.agents import Agent as AgentRow
from services.gateway.catalogue.products import Capability, Product, products
from services.gateway.context import Context, Info
from services.gateway.contracts import loading
from services.gateway.contracts.vocabulary import ContractStatus, ServiceManagerMode
from services.gateway.ids import global_id
from services.gateway.people import loading as people
from services.gateway.people.parties import Agent, Organisation
from services.gateway.scalars import Cursor, ProductCode
from services.gateway.shapes import Node, PageInfo, member, page_info
from services.gateway.status.components import ServiceComponent
from services.gateway.tickets.wants import page_of

if TYPE_CHECKING:
    from services.gateway.meetings.types import OperationsMeetingConnection

Meetings = Annotated["OperationsMeetingConnection", strawberry.lazy("services.gateway.meetings.types")]


async def product_shown(context: Context, code: str) -> Product:
    """The product as the catalogue has it now; by its code alone where it has it no more."""
    known = products((await context.policies()).products)
    found = next((each for each in known if each.code == code), None)
    return found or Product(code=ProductCode(code), name=code, capabilities=[], upgrades_to=None)


@strawberry.type(description="A stretch of a contract.")
class ContractPeriod:
    product: Product = strawberry.field(description="Product.")
    from_: datetime = strawberry.field(description="From.", name="from")
    to: datetime | None = strawberry.field(description="Until, not included; null without an end.")


@strawberry.type(description="A service manager for an organisation.")
class ServiceManagerAssignment:
    manager: Agent = strawberry.field(description="Who.")
    mode: ServiceManagerMode = strawberry.field(description="Dedicated or shared.")
    from_: datetime = strawberry.field(description="From.", name="from")
    to: datetime | None = strawberry.field(description="Until, not included; null while it lasts.")

    @classmethod
    async def of(cls, context: Context, row: managers_read.Assigned) -> Self:
        known = await people.agents(context).load(row.manager)
        return cls(
            manager=Agent.of(known or AgentRow(id=row.manager)),
            mode=member(ServiceManagerMode, row.mode),
            from_=row.from_at,
            to=row.to_at,
        )


@strawberry.type(description="An agreement that adds products to base.")
class Contract(Node):
    ref: str = strawberry.field(description="Contract number.")
    version: int = strawberry.field(description="For expectedVersion.")
    row: strawberry.Private[contracts_read.Contract]

    @classmethod
    def of(cls, row: contracts_read.Contract) -> Self:
        return cls(id=global_id("contract", row.id), ref=row.ref, version=row.version, row=row)

    @strawberry.field(description="Whose.")
    async def organisation(self, info: Info) -> Organisation:
        found = await people.organisations(info.context).load(self.row.organisation_id)
        if found is None:  # a program may read contracts and not people
            id = self.row.organisation_id
            return Organisation(id=global_id("organisation", id), ref="", version=0, name="", email_domains=[], uuid=id)
        return Organisation.of(found)

    @strawberry.field(description="Its state.")
    def status(self, info: Info) -> ContractStatus:
        return member(ContractStatus, self.row.status_at(info.context.now))

    @strawberry.field(description="Its product now; the first before it begins, the last after it ended.")
    async def product(self, info: Info) -> Product:
        return await product_shown(info.context, self.row.product_at(info.context.now))

    @strawberry.field(description="Product periods, past and planned, half-open and gapless.")
    async def periods(self, info: Info) -> list[ContractPeriod]:
        return [
            ContractPeriod(product=await product_shown(info.context, each.product), from_=each.from_at, to=each.to_at)
            for each in self.row.periods
        ]

    @strawberry.field(description="Managers given by it, oldest first.")
    async def service_managers(self, info: Info) -> list[ServiceManagerAssignment]:
        rows = await loading.managers_of_contract(info.context).load(self.row.id)
        return [await ServiceManagerAssignment.of(info.context, row) for row in rows]

    @strawberry.field(description="Services it covers, by name; empty means all.")
    async def covered_services(self, info: Info) -> list[ServiceComponent]:
        found = await loading.components(info.context).load_many(self.row.services)
        return sorted((ServiceComponent.of(row) for row in found if row is not None), key=lambda each: each.name)

    @strawberry.field(description="Its operations meetings, the latest first. Not under a list of contracts: of one at a time.")
    async def operations_meetings(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="Rows from the start.")] = None,
        after: Annotated[Cursor | None, strawberry.argument(description="After this.")] = None,
        last: Annotated[int | None, strawberry.argument(description="Rows from the end.")] = None,
        before: Annotated[Cursor | None, strawberry.argument(description="Before this.")] = None,
    ) -> Meetings:
        from services.gateway.meetings.queries import meetings_of_contract  # the rooms show each other; at import they cannot

        return await meetings_of_contract(info.context, self.row.id, page_of(first, after, last, before))


@strawberry.type(description="Why an organisation may use something.")
class Entitlement:
    capability: Capability = strawberry.field(description="What.")
    from_: datetime | None = strawberry.field(description="From; null for base, which has no beginning.", name="from")
    to: datetime | None = strawberry.field(description="Until, not included; null without an end.")
    code: strawberry.Private[str]
    by: strawberry.Private[UUID | None]

    @classmethod
    def of(cls, reason: judged.Entitlement) -> Self:
        capability = member(Capability, reason.capability.value)
        return cls(capability=capability, from_=reason.from_, to=reason.to, code=reason.product, by=reason.contract)

    @strawberry.field(description="By which product.")
    async def product(self, info: Info) -> Product:
        return await product_shown(info.context, self.code)

    @strawberry.field(description="By which contract; null for base, which needs none.")
    async def contract(self, info: Info) -> Contract | None:
        row = await loading.contracts(info.context).load(self.by) if self.by else None
        return Contract.of(row) if row else None


@strawberry.type(description="One row.")
class ContractEdge:
    cursor: Cursor = strawberry.field(description="Its place.")
    node: Contract = strawberry.field(description="The row.")


@strawberry.type(description="A page of contracts.")
class ContractConnection:
    edges: list[ContractEdge] = strawberry.field(description="Rows with cursors.")
    nodes: list[Contract] = strawberry.field(description="Rows.")
    page_info: PageInfo = strawberry.field(description="Where it lies.")
    total_count: int = strawberry.field(description="How many you may see.")

    @classmethod
    def of(cls, found: contracts_read.Contracts) -> Self:
        edges = [ContractEdge(cursor=Cursor(edge.cursor), node=Contract.of(edge.row)) for edge in found.page.edges]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=page_info(found.page), total_count=found.total)

"""The root fields that read contracts."""

from __future__ import annotations

from typing import Annotated

import strawberry

from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.context import Info
from services.gateway.contracts.filters import ContractFilter
from services.gateway.contracts.reading import contract_page
from services.gateway.contracts.types import ContractConnection
from services.gateway.tickets.queries import After, AtLeast, Before, First, Last
from services.gateway.tickets.wants import page_of


@strawberry.type
class ContractQueries:
    @strawberry.field(
        description="Contracts, newest first.", directives=[Access(level=AccessLevel.CONTACT, scope=Scope.CONTRACTS_READ)]
    )
    async def contracts(
        self,
        info: Info,
        filter: Annotated[ContractFilter | None, strawberry.argument(description="Which.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        at_least: AtLeast = None,
    ) -> ContractConnection:
        return await contract_page(info.context, filter, page_of(first, after, last, before), at_least)

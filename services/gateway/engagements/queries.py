"""The root field that reads engagements."""

from __future__ import annotations

from typing import Annotated

import strawberry

from projections.engagements import Wanted, engagements_page
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.context import Info
from services.gateway.engagements.types import EngagementConnection
from services.gateway.engagements.vocabulary import EngagementStatus
from services.gateway.read_models import ENGAGEMENTS
from services.gateway.tickets.filters import IdComparator
from services.gateway.tickets.queries import After, AtLeast, Before, First, Last
from services.gateway.tickets.reading import compared_ids, compared_names
from services.gateway.tickets.wants import page_of


@strawberry.input(description="Compares with values of EngagementStatus.")
class EngagementStatusComparator:
    eq: EngagementStatus | None = strawberry.field(description="Is this.", default=None)
    in_: list[EngagementStatus] | None = strawberry.field(description="Is one of, at most 50.", name="in", default=None)
    nin: list[EngagementStatus] | None = strawberry.field(description="Is none of, at most 50.", default=None)


@strawberry.input(description="Which engagements.")
class EngagementFilter:
    organisation: IdComparator | None = strawberry.field(description="Organisation.", default=None)
    status: EngagementStatusComparator | None = strawberry.field(description="State.", default=None)


@strawberry.type
class EngagementQueries:
    @strawberry.field(
        description="Engagements, newest first.", directives=[Access(level=AccessLevel.CONTACT, scope=Scope.MEETINGS)]
    )
    async def engagements(
        self,
        info: Info,
        filter: Annotated[EngagementFilter | None, strawberry.argument(description="Which.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        at_least: AtLeast = None,
    ) -> EngagementConnection:
        page = page_of(first, after, last, before)
        wanted = Wanted()
        if filter is not None:
            whose = compared_ids("organisation", filter.organisation)
            wanted = Wanted(organisation=whose, status=compared_names(filter.status))
        database = await info.context.reading(at_least, ENGAGEMENTS)
        return EngagementConnection.of(await engagements_page(database, info.context.viewer, wanted, page))

"""Reading operations meetings: the root field, and what hangs on a contract."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from projections.meetings import Wanted, meetings_page
from projections.paging import Page
from projections.ticket_filter import Compare
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.context import Context, Info
from services.gateway.meetings.types import OperationsMeetingConnection
from services.gateway.meetings.vocabulary import MeetingStatus
from services.gateway.read_models import MEETINGS
from services.gateway.tickets.filters import IdComparator
from services.gateway.tickets.queries import After, AtLeast, Before, First, Last
from services.gateway.tickets.reading import compared_ids, compared_names
from services.gateway.tickets.wants import page_of


@strawberry.input(description="Compares with values of MeetingStatus.")
class MeetingStatusComparator:
    eq: MeetingStatus | None = strawberry.field(description="Is this.", default=None)
    in_: list[MeetingStatus] | None = strawberry.field(description="Is one of, at most 50.", name="in", default=None)
    nin: list[MeetingStatus] | None = strawberry.field(description="Is none of, at most 50.", default=None)


@strawberry.input(description="Which operations meetings.")
class OperationsMeetingFilter:
    organisation: IdComparator | None = strawberry.field(description="Organisation.", default=None)
    contract: IdComparator | None = strawberry.field(description="Contract.", default=None)
    status: MeetingStatusComparator | None = strawberry.field(description="State.", default=None)
    year: int | None = strawberry.field(description="Year of the quarter.", default=None)
    quarter: int | None = strawberry.field(description="1 to 4.", default=None)


@strawberry.type
class MeetingQueries:
    @strawberry.field(
        description="Operations meetings, the latest first, so that those to come stand before those that were.",
        directives=[Access(level=AccessLevel.CONTACT, scope=Scope.MEETINGS)],
    )
    async def operations_meetings(
        self,
        info: Info,
        filter: Annotated[OperationsMeetingFilter | None, strawberry.argument(description="Which.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        at_least: AtLeast = None,
    ) -> OperationsMeetingConnection:
        page = page_of(first, after, last, before)
        wanted = Wanted()
        if filter is not None:
            wanted = Wanted(
                organisation=compared_ids("organisation", filter.organisation),
                contract=compared_ids("contract", filter.contract),
                status=compared_names(filter.status),
                year=filter.year,
                quarter=filter.quarter,
            )
        database = await info.context.reading(at_least, MEETINGS)
        return OperationsMeetingConnection.of(await meetings_page(database, info.context.viewer, wanted, page))


async def meetings_of_contract(context: Context, contract: UUID, page: Page) -> OperationsMeetingConnection:
    """Those of one contract, the latest first."""
    found = await meetings_page(context.database, context.viewer, Wanted(contract=Compare(eq=contract)), page)
    return OperationsMeetingConnection.of(found)

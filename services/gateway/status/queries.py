"""The status page and the incidents, for anybody, signed in or not."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from domain.status import vocabulary as words
from projections import status_incidents, status_page
from services.gateway.access import Access, AccessLevel
from services.gateway.context import Info
from services.gateway.read_models import STATUS
from services.gateway.shapes import member
from services.gateway.status.components import ServiceComponent
from services.gateway.status.notices import Maintenance, StatusIncident, StatusIncidentConnection
from services.gateway.status.vocabulary import ComponentState, IncidentStatus
from services.gateway.tickets.filters import DateTimeComparator, IdComparator
from services.gateway.tickets.queries import After, AtLeast, Before, First, Last
from services.gateway.tickets.reading import compared_ids, compared_names, compared_times
from services.gateway.tickets.wants import page_of

ANYBODY = [Access(level=AccessLevel.PUBLIC)]


@strawberry.input(description="Compares with values of IncidentStatus.")
class IncidentStatusComparator:
    eq: IncidentStatus | None = strawberry.field(description="Is this.", default=None)
    in_: list[IncidentStatus] | None = strawberry.field(description="Is one of, at most 50.", name="in", default=None)
    nin: list[IncidentStatus] | None = strawberry.field(description="Is none of, at most 50.", default=None)


@strawberry.input(description="Which incidents.")
class IncidentFilter:
    status: IncidentStatusComparator | None = strawberry.field(description="State.", default=None)
    component: IdComparator | None = strawberry.field(description="Service it did something to.", default=None)
    started_at: DateTimeComparator | None = strawberry.field(description="Began.", default=None)


@strawberry.type(description="The page itself.")
class StatusPage:
    overall: ComponentState = strawberry.field(description="The worst state of all.")
    components: list[ServiceComponent] = strawberry.field(description="Every live service.")
    incidents: list[StatusIncident] = strawberry.field(description="Open incidents.")
    maintenance: list[Maintenance] = strawberry.field(description="Planned and running.")
    at: datetime = strawberry.field(description="Taken at.")


@strawberry.type
class StatusQueries:
    @strawberry.field(description="The status page.", directives=ANYBODY)
    async def status_page(self, info: Info, at_least: AtLeast = None) -> StatusPage:
        context = info.context
        database = await context.reading_public(at_least, STATUS)
        page = await status_page.status_page(database, context.anybody)
        states = [words.ComponentState(each.state) for each in page.components]
        return StatusPage(
            overall=member(ComponentState, words.worst(states).value),
            components=[ServiceComponent.of(row) for row in page.components],
            incidents=[StatusIncident.of(row) for row in page.incidents],
            maintenance=[Maintenance.of(row) for row in page.maintenance],
            at=context.now,
        )

    @strawberry.field(description="Incidents, newest first.", directives=ANYBODY)
    async def incidents(
        self,
        info: Info,
        filter: Annotated[IncidentFilter | None, strawberry.argument(description="Which.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        at_least: AtLeast = None,
    ) -> StatusIncidentConnection:
        context = info.context
        page = page_of(first, after, last, before)
        which = status_incidents.EVERYTHING
        if filter is not None:
            which = status_incidents.IncidentFilter(
                status=compared_names(filter.status),
                component=compared_ids("component", filter.component),
                started_at=compared_times(filter.started_at),
            )
        database = await context.reading_public(at_least, STATUS)
        found = await status_incidents.incidents_page(database, context.anybody, which, page)
        return StatusIncidentConnection.of(info, found)

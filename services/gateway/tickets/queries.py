"""The root fields that read tickets."""

from __future__ import annotations

from typing import Annotated

import strawberry

from projections.queues import all_queues
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.context import Info
from services.gateway.people.parties import Queue
from services.gateway.read_models import QUEUES
from services.gateway.scalars import Cursor
from services.gateway.shapes import BoundedCount
from services.gateway.tickets.fields import TicketFieldDefinition, definitions
from services.gateway.tickets.filters import NEWEST_CHANGES_FIRST, TicketBy, TicketFilter, TicketOrder
from services.gateway.tickets.finds import SearchHitConnection, SearchScope
from services.gateway.tickets.promises import SlaPolicy, configured
from services.gateway.tickets.reading import counted, found, one_ticket, ticket_page
from services.gateway.tickets.ticket import Ticket, TicketConnection
from services.gateway.tickets.wants import page_of
from services.runtime.position import Position

AtLeast = Annotated[Position | None, strawberry.argument(description="No older than this.")]
First = Annotated[int | None, strawberry.argument(description="Rows from the start.")]
After = Annotated[Cursor | None, strawberry.argument(description="After this.")]
Last = Annotated[int | None, strawberry.argument(description="Rows from the end.")]
Before = Annotated[Cursor | None, strawberry.argument(description="Before this.")]
READING = [Access(level=AccessLevel.CONTACT, scope=Scope.TICKETS_READ)]


@strawberry.type
class TicketQueries:
    @strawberry.field(description="One ticket.", directives=READING)
    async def ticket(
        self,
        info: Info,
        by: Annotated[TicketBy, strawberry.argument(description="Which.")],
        at_least: AtLeast = None,
    ) -> Ticket | None:
        return await one_ticket(info, by, at_least)

    @strawberry.field(
        description="Tickets you may see. Those that could not be taken into the view are left out; READ_BLOCKED beside the data"
        " names them.",
        directives=READING,
    )
    async def tickets(
        self,
        info: Info,
        filter: Annotated[TicketFilter | None, strawberry.argument(description="Which.")] = None,
        order_by: Annotated[TicketOrder, strawberry.argument(description="In what order.")] = NEWEST_CHANGES_FIRST,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        at_least: AtLeast = None,
    ) -> TicketConnection:
        return await ticket_page(info, filter, order_by, page_of(first, after, last, before), at_least)

    @strawberry.field(description="How many tickets, bounded; READ_BLOCKED as for tickets.", directives=READING)
    async def ticket_count(
        self,
        info: Info,
        filter: Annotated[TicketFilter | None, strawberry.argument(description="Which.")] = None,
        at_least: AtLeast = None,
    ) -> BoundedCount:
        return await counted(info, filter, at_least)

    @strawberry.field(description="Custom fields a ticket can have, as far as you may see them.", directives=READING)
    async def ticket_field_definitions(self, info: Info) -> list[TicketFieldDefinition]:
        return definitions(await info.context.policies(), staff=info.context.viewer.sees_staff)

    @strawberry.field(description="Promises as configured now.", directives=READING)
    async def sla_policies(self, info: Info) -> list[SlaPolicy]:
        return configured(await info.context.policies())

    @strawberry.field(description="Teams.", directives=[Access(level=AccessLevel.STAFF, scope=Scope.TICKETS_READ)])
    async def queues(self, info: Info, at_least: AtLeast = None) -> list[Queue]:
        database = await info.context.reading(at_least, QUEUES)
        return [Queue.of(row) for row in await all_queues(database, info.context.viewer)]

    @strawberry.field(description="Finds by words, best first; what you may not see plays no part.", directives=READING)
    async def search(
        self,
        info: Info,
        query: Annotated[str, strawberry.argument(description="The words, 2–200 characters.")],
        in_: Annotated[
            list[SearchScope] | None, strawberry.argument(description="Where; all you may see if left out.", name="in")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        at_least: AtLeast = None,
    ) -> SearchHitConnection:
        return await found(info, query, in_, page_of(first, after, last, before), at_least)

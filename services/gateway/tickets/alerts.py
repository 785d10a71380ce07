"""Promises that are near their end or broken, as it is recorded. Sight is judged for every message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import strawberry

from domain.tickets.events import TicketSlaBreached, TicketSlaImminent
from projections.ticket_filter import Compare
from projections.ticket_filter import TicketFilter as Which
from services.gateway import feeds, ids
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.context import Context, Info
from services.gateway.failures import Code, RequestFailed
from services.gateway.shapes import member
from services.gateway.tickets.blocked import warn_of
from services.gateway.tickets.happenings import SlaChange
from services.gateway.tickets.promises import SlaTarget
from services.gateway.tickets.reading import MOST_VALUES, NOBODY
from services.gateway.tickets.subscriptions import Feed, LiveMessage, Resume
from services.gateway.tickets.ticket import Ticket

TOPICS = (TicketSlaImminent.TOPIC, TicketSlaBreached.TOPIC)


@strawberry.type(description="A promise is near its end or broken.")
class SlaAlert(LiveMessage):
    change: SlaChange = strawberry.field(description="What.")
    target: SlaTarget = strawberry.field(description="Which.")
    ticket: Ticket = strawberry.field(description="On what.")


@strawberry.type
class AlertSubscriptions:
    @strawberry.subscription(
        description="Promises near or broken.", directives=[Access(level=AccessLevel.STAFF, scope=Scope.TICKETS_READ)]
    )
    async def sla_alerts(
        self,
        info: Info,
        queue_ids: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description="Teams; all of yours if left out, and all there are for who is in none."),
        ] = None,
        after: Resume = None,
    ) -> AsyncIterator[SlaAlert]:
        which = Which(queue=await _teams(info.context, queue_ids))
        feed = Feed(info, feeds.binding("sla alerts", queue_ids), which=which, topics=TOPICS, message="SlaAlert")
        async for change in feed.run(after):
            if change.blocked:
                warn_of(info, [change.ticket_id])
            if change.ticket is None or change.entry is None or change.entry.sla is None:
                continue
            cursor, position = feed.place(change)
            yield SlaAlert(
                cursor=cursor,
                position=position,
                change=member(SlaChange, change.entry.detail["change"]),
                target=SlaTarget.of(change.entry.sla),
                ticket=Ticket.of(change.ticket),
            )


async def _teams(context: Context, asked: list[strawberry.ID] | None) -> Compare | None:
    if asked is None:
        own = context.identity.queues if context.identity else ()
        known = [queue.id for queue in (await context.policies()).queues if queue.ref in own]
        return Compare(in_=known) if known else None
    if len(asked) > MOST_VALUES:
        raise RequestFailed(Code.BAD_INPUT, f"At most {MOST_VALUES} teams.")
    read = [ids.read(each) for each in asked]
    return Compare(in_=[found[1] if found and found[0] == "queue" else NOBODY for found in read])

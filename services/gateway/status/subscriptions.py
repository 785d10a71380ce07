"""Watching the status page: a message for each public event of an incident or planned work, for anybody."""

from __future__ import annotations

from collections.abc import AsyncIterator

import strawberry

from projections.status_changes import status_changes
from projections.status_incidents import Incident
from services.gateway import feeds
from services.gateway.access import Access, AccessLevel
from services.gateway.context import Info
from services.gateway.live import Restored
from services.gateway.people.standing import standing
from services.gateway.status.notices import Maintenance, StatusIncident, StatusNotice
from services.gateway.tickets.subscriptions import LiveMessage, Resume
from services.runtime.position import Position

PAGE = 100
BOUND = feeds.binding("status")


@strawberry.type(description="The status page changed.")
class StatusChange(LiveMessage):
    notice: StatusNotice = strawberry.field(description="Incident or maintenance.")


@strawberry.type
class StatusSubscriptions:
    @strawberry.subscription(description="The status page.", directives=[Access(level=AccessLevel.PUBLIC)])
    async def status_changed(self, info: Info, after: Resume = None) -> AsyncIterator[StatusChange]:
        context = info.context
        tail = context.services.tail
        mark = await tail.mark()
        last = mark
        if after is not None:
            last = feeds.read(after, BOUND)
            await feeds.must_be_kept(context.public, last, mark)
        try:
            async for upto in tail.marks(None, last):
                while last < upto:
                    context.identity = await standing(context.services, context.identity)
                    context.loaders.clear()
                    found, reached = await status_changes(context.public, context.anybody, last.number, upto.number, limit=PAGE)
                    for change in found:
                        position = Position(change.epoch, change.position)
                        row = change.notice
                        notice = StatusIncident.of(row) if isinstance(row, Incident) else Maintenance.of(row)
                        yield StatusChange(cursor=feeds.write(position, BOUND), position=position, notice=notice)
                    last = Position(upto.epoch, reached)
        except Restored:
            raise feeds.expired() from None

"""Watching the status page: a message for each public event of an incident or planned work, for anybody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import strawberry

from projections import status_changes
from projections.status_incidents import Incident
from services.gateway import feeds
from services.gateway.access import Access, AccessLevel
from services.gateway.context import Info
from services.gateway.following import PAGE, beginning, follow
from services.gateway.status.notices import Maintenance, StatusIncident, StatusNotice
from services.gateway.tickets.subscriptions import LiveMessage, Resume
from services.runtime.position import Position

BOUND = feeds.binding("status")


@strawberry.type(description="The status page changed.")
class StatusChange(LiveMessage):
    notice: StatusNotice = strawberry.field(description="Incident or maintenance.")


@strawberry.type
class StatusSubscriptions:
    @strawberry.subscription(description="The status page.", directives=[Access(level=AccessLevel.PUBLIC)])
    async def status_changed(self, info: Info, after: Resume = None) -> AsyncIterator[StatusChange]:
        context = info.context

        async def read(after: int, upto: int) -> tuple[Sequence[status_changes.StatusChange], int]:
            return await status_changes.status_changes(context.public, context.anybody, after, upto, limit=PAGE)

        begin = await beginning(context, context.public, BOUND, after)
        async for change in follow(context, begin, read):
            position, row = Position(change.epoch, change.position), change.notice
            notice = StatusIncident.of(row) if isinstance(row, Incident) else Maintenance.of(row)
            yield StatusChange(cursor=feeds.write(position, BOUND), position=position, notice=notice)

"""The root field that reads status subscriptions."""

from __future__ import annotations

import strawberry

from projections.paging import BadCursor
from projections.subscriptions import subscriptions_page
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.context import Info
from services.gateway.read_models import SUBSCRIPTIONS
from services.gateway.subscriptions.types import StatusSubscriptionConnection
from services.gateway.tickets.queries import After, AtLeast, Before, First, Last
from services.gateway.tickets.wants import bad_cursor, page_of


@strawberry.type
class SubscriptionQueries:
    @strawberry.field(
        description="Your status subscriptions, newest first; for customer administrators, the organisation's.",
        directives=[Access(level=AccessLevel.CONTACT, scope=Scope.STATUS_SUBSCRIPTIONS)],
    )
    async def status_subscriptions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        at_least: AtLeast = None,
    ) -> StatusSubscriptionConnection:
        context, page = info.context, page_of(first, after, last, before)
        database = await context.reading(at_least, SUBSCRIPTIONS)
        try:
            return StatusSubscriptionConnection.of(await subscriptions_page(database, context.viewer, page, context.now))
        except BadCursor as bad:
            raise bad_cursor(bad) from None

"""A status post is told to the people of the tickets it concerns, and to whoever subscribed to such posts.

Decision: a ticket that is linked after a post hears only of what follows; the agent who links it tells its customer what was before. What
happened more than a day before it is dealt with, because the notifier was away or history was recorded, is told only where it is still
how things stand: one message for each open notice, not one for everything that was missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.event import DomainEvent
from projections.projection import Projection
from projections.subscription_targets import FIRST, subscription_targets, targets
from services.commands.notifying import Telling
from services.commands.posts import POSTS, Posts
from services.notifier import metrics
from services.notifier.rules import Together
from services.runtime.clock import Clock
from services.runtime.command import RecordedEvent

STALE = timedelta(days=1)
PAGE = 1000


@dataclass(frozen=True)
class StatusPosts:
    """`database` reads the read models."""

    together: Together
    telling: Telling
    posts: Posts
    database: Any
    clock: Clock
    name: str = "status posts"
    events: Sequence[type[DomainEvent]] = POSTS
    reads: Sequence[Projection] = (subscription_targets,)

    async def tell(self, event: RecordedEvent) -> None:
        post, now = await self.posts.fresh(f"{event.stream}/{event.version}"), self.clock.now()
        if now - event.occurred_at > STALE and (post.over or not post.last):
            metrics.STALE.labels(event.topic).inc()
            return
        await self.together.each("linked tickets", (self.telling.ticket(post, ticket, now) for ticket in sorted(post.tickets)))
        after = FIRST
        while True:
            page = await targets(self.database, post.severity, post.services, event.position, after=after, limit=PAGE)
            # Those who may hear it now come before those whose quiet hours hold it back.
            soonest = sorted(page, key=lambda target: target.not_before(post.severity, now))
            await self.together.each(
                "subscriptions", (self.telling.subscriber(post, target.subscription, now) for target in soonest)
            )
            if len(page) < PAGE:
                return
            after = page[-1].subscription

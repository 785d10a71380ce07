"""What concerns somebody's own matter is told to them by mail. Nobody is told of what they did themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.event import DomainEvent
from projections.contacts import contacts
from projections.projection import Projection
from services.commands.notifying import Telling
from services.notifier import metrics
from services.notifier.heard import Heard, Log
from services.notifier.notices import NOTICES
from services.notifier.rules import Together
from services.runtime.clock import Clock
from services.runtime.command import RecordedEvent

STALE = timedelta(days=7)
"""What happened before that is history, and no news to anybody."""


@dataclass(frozen=True)
class People:
    """`database` reads the read models."""

    together: Together
    telling: Telling
    log: Log
    database: Any
    clock: Clock
    name: str = "people"
    events: Sequence[type[DomainEvent]] = tuple(NOTICES)
    reads: Sequence[Projection] = (contacts,)

    async def tell(self, event: RecordedEvent) -> None:
        now = self.clock.now()
        if now - event.occurred_at > STALE:
            metrics.STALE.labels(event.topic).inc()
            return
        decoded = await self.log.decoded(event)
        heard: Heard[Any] = Heard(decoded, event, self.log, self.database, now)
        messages = await NOTICES[type(decoded)](heard)
        told = (self.telling.person(event, one, now) for one in messages if one.recipient != event.actor)
        await self.together.each(self.name, told)

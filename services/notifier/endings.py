"""What waits to be sent is not sent any more once its subscription was stopped, or whoever it is for was erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.deliveries.vocabulary import SuppressionReason
from domain.event import DomainEvent
from domain.organisations.events import ContactErased, OrganisationErased
from domain.subscriptions import events as e
from projections.deliveries import Waiting, deliveries, of_recipient, of_subject
from projections.projection import Projection
from services.commands.notifying import Telling
from services.notifier.rules import Together
from services.runtime.clock import Clock
from services.runtime.command import RecordedEvent

PAGE = 500
REASONS: dict[type[DomainEvent], SuppressionReason] = {
    e.SubscriptionPaused: SuppressionReason.PAUSED,
    e.SubscriptionDisabled: SuppressionReason.DISABLED,
    e.SubscriptionCancelled: SuppressionReason.CANCELLED,
    e.SubscriptionDestinationErased: SuppressionReason.ERASED,
    ContactErased: SuppressionReason.ERASED,
    OrganisationErased: SuppressionReason.ERASED,
}
_BY_TOPIC = {kind.TOPIC: (kind, reason) for kind, reason in REASONS.items()}


@dataclass(frozen=True)
class Endings:
    """`database` reads the read models. Once a destination is erased, what was sent to it can be read by nobody."""

    together: Together
    telling: Telling
    database: Any
    clock: Clock
    name: str = "endings"
    events: Sequence[type[DomainEvent]] = tuple(REASONS)
    reads: Sequence[Projection] = (deliveries,)

    async def tell(self, event: RecordedEvent) -> None:
        kind, reason = _BY_TOPIC[event.topic]
        shred, after, now = kind is e.SubscriptionDestinationErased, 0, self.clock.now()
        while found := await self._waiting(kind, event, after):
            await self.together.each(
                self.name, (self.telling.suppress(event, one.id, reason, now, shred=shred) for one in found)
            )
            after = found[-1].position

    async def _waiting(self, kind: type[DomainEvent], event: RecordedEvent, after: int) -> Sequence[Waiting]:
        if kind in (ContactErased, OrganisationErased):
            return await of_recipient(self.database, event.stream, event.position, after=after, limit=PAGE)
        shred = kind is e.SubscriptionDestinationErased
        return await of_subject(self.database, event.stream, event.position, after=after, limit=PAGE, all=shred)

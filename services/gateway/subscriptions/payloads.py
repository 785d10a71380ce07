"""What commands on status subscriptions return. Who came by a token and is not signed in learns that it worked, and nothing else."""

from __future__ import annotations

from typing import Self
from uuid import UUID

import strawberry

from projections.subscriptions import subscriptions_by_id
from services.gateway.context import Info
from services.gateway.payload import PATIENCE, Payload, position_of
from services.gateway.read_models import SUBSCRIPTIONS
from services.gateway.subscriptions.types import StatusSubscription
from services.runtime.command import Receipt


async def _subscription(info: Info, receipt: Receipt | None, subject: UUID | None) -> StatusSubscription | None:
    position = await position_of(info, receipt)
    viewer = info.context.anybody
    if position is None or subject is None or viewer is None:
        return None
    database = await info.context.after(position, SUBSCRIPTIONS, PATIENCE)
    rows = await subscriptions_by_id(database, viewer, [subject], info.context.now)
    return StatusSubscription.of(rows[0]) if rows else None


@strawberry.type(description="Result of a command on a status subscription.")
class StatusSubscriptionPayload(Payload):
    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        return cls(receipt=receipt, subject=UUID(receipt.ids["subscription"]))

    @strawberry.field(description="It, changed; null when refused, and to whom may not see it.")
    async def subscription(self, info: Info) -> StatusSubscription | None:
        return await _subscription(info, self.receipt, self.subject)


@strawberry.type(description="Result of a command on a webhook secret.")
class WebhookSecretPayload(Payload):
    secret: str | None = strawberry.field(
        description="The new secret, shown this once; the old one works for 24 hours more. Null when refused, and to a repetition.",
        default=None,
    )

    @strawberry.field(description="The subscription; null when refused.")
    async def subscription(self, info: Info) -> StatusSubscription | None:
        return await _subscription(info, self.receipt, self.subject)

"""What time, erasure, leaving and catalogues do to status subscriptions: confirmations run out; what lost its owner or its ground ends.

Read models name the candidates; the subscription is judged anew on its own stream, that of its owner and those of contracts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from domain.catalogue import BASE_PRODUCT, Capability, product
from domain.policies import Policies
from projections import subscription_timers
from services.commands.subscriptions import settle
from services.runtime.act import SYSTEM, Act
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from services.runtime.writer import Writer
from services.scheduler.moments import Moment

GRID = timedelta(seconds=5)
"""To which the time of a loss is rounded down: within it a candidate is one moment, tried once."""
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """The room of status subscriptions, for the scheduler."""

    writer: Writer
    name: str = "subscriptions"

    async def due(self, connection: Any, now: datetime, policies: Policies, limit: int) -> Sequence[Moment]:
        base = product(BASE_PRODUCT, policies.products)
        by_contract = base is None or not base.gives(Capability.STATUS_NOTIFICATIONS)
        noticed = now - (now - _BEGIN) % GRID
        return [
            Moment(
                each.subscription,
                "SUBSCRIPTION_EXPIRY" if each.due_at else "SUBSCRIPTION_LOSS",
                each.subscription,
                each.due_at or noticed,
            )
            for each in await subscription_timers.endings(connection, now, limit, by_contract=by_contract, claim=True)
        ]

    async def record(self, moment: Moment, policies: Policies, now: datetime) -> Receipt:
        async def decide(decision: Decision) -> None:
            await settle(decision, policies, moment.stream)

        return await self.writer.decide(Act(actor=SYSTEM, at=now, correlation=uuid4()), decide)

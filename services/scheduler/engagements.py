"""What time does to engagements: people are reminded before they begin, and of what has begun no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from domain.policies import Policies
from projections.engagement_timers import claim_due
from services.commands.engagements import remind
from services.runtime.act import SYSTEM, Act
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from services.runtime.writer import Writer
from services.scheduler import metrics
from services.scheduler.moments import Moment

REMINDER = "ENGAGEMENT_REMINDER"


@dataclass(frozen=True, slots=True)
class Engagements:
    """The room of engagements, for the scheduler."""

    writer: Writer
    name: str = "engagements"

    async def due(self, connection: Any, now: datetime, policies: Policies, limit: int) -> Sequence[Moment]:  # noqa: ARG002 - a Room's
        found = await claim_due(connection, now, limit)
        return [Moment(reminder.engagement, REMINDER, reminder.engagement, reminder.due_at) for reminder in found]

    async def record(self, moment: Moment, policies: Policies, now: datetime) -> Receipt:  # noqa: ARG002 - a Room's
        """All of the engagement's that are due, in one append: whatever passed together is one reminder, or none."""
        dropped = 0

        async def decide(decision: Decision) -> None:
            nonlocal dropped
            dropped = await remind(decision, moment.stream, now)

        receipt = await self.writer.decide(Act(actor=SYSTEM, at=now, correlation=uuid4()), decide)
        metrics.DROPPED.labels(moment.kind).inc(dropped)
        return receipt

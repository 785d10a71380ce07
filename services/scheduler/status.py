"""Time on planned work: it begins and it ends, each dated to its instant.

After a downtime in which it came and went, both are recorded at once with the times at which they were, so that availability is right;
who tells people of it sees by the times that there is nothing left to announce.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from domain.policies import Policies
from projections.status_maintenance import claim_due
from services.commands.status import begin_or_end
from services.runtime.act import SYSTEM, Act
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from services.runtime.writer import Writer
from services.scheduler.moments import Moment


@dataclass(frozen=True, slots=True)
class Status:
    """The room of status, for the scheduler."""

    writer: Writer
    name: str = "status"

    async def due(self, connection: Any, now: datetime, policies: Policies, limit: int) -> Sequence[Moment]:  # noqa: ARG002 - a Room's
        found = await claim_due(connection, now, limit)
        return [Moment(timer.maintenance, timer.kind, timer.maintenance, timer.due_at) for timer in found]

    async def record(self, moment: Moment, policies: Policies, now: datetime) -> Receipt:  # noqa: ARG002 - a Room's
        async def decide(decision: Decision) -> None:
            await begin_or_end(decision, moment.stream, now)

        return await self.writer.decide(Act(actor=SYSTEM, at=now, correlation=uuid4()), decide)

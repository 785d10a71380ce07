"""What time does to operations meetings: every contract that gives them gets that of the quarter proposed, once.

Only the quarter that is now is looked at and only days to come in it, so nothing is proposed in the past: after a downtime, and after a
whole quarter of it, what is still possible is proposed and nothing more.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from domain.meetings.meeting import OperationsMeeting
from domain.meetings.quarters import Quarter, slot
from domain.policies import Policies
from projections.meetings_unplanned import unplanned
from services.commands.meetings import propose
from services.runtime.act import SYSTEM, Act
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from services.runtime.writer import Writer
from services.scheduler.moments import Moment

PROPOSAL = "OPERATIONS_MEETING"
_log = logging.getLogger("support.scheduler")


@dataclass(frozen=True, slots=True)
class Meetings:
    """The room of operations meetings, for the scheduler."""

    writer: Writer
    name: str = "meetings"

    async def due(self, connection: Any, now: datetime, policies: Policies, limit: int) -> Sequence[Moment]:
        policy = policies.operations_meetings
        quarter = Quarter.of(now, policy.time_zone)
        starts_at = slot(policy, quarter, now)
        if starts_at is None:
            return []
        begins = quarter.begins(policy.time_zone)
        found = await unplanned(connection, now, starts_at, quarter.year, quarter.number, limit)
        return [
            Moment(OperationsMeeting.id_of(each.contract, quarter), PROPOSAL, each.contract, max(begins, each.since))
            for each in found
        ]

    async def record(self, moment: Moment, policies: Policies, now: datetime) -> Receipt:
        hosted = True

        async def decide(decision: Decision) -> None:
            nonlocal hosted
            quarter = Quarter.of(now, policies.operations_meetings.time_zone)
            proposed = await propose(decision, policies, moment.target, quarter, now)
            hosted = proposed is None or proposed.hosted

        receipt = await self.writer.decide(Act(actor=SYSTEM, at=now, correlation=uuid4()), decide)
        if not hosted and receipt.position is not None:
            _log.warning(
                "the operations meeting %s has no host: its contract %s has no service manager; assign one",
                moment.stream,
                moment.target,
            )
        return receipt

"""What time does to operations meetings: every contract that gives them gets that of the quarter proposed, once; one that stops giving
them takes along what had not begun.

Only the quarter that is now is looked at and only days to come in it, so nothing is proposed in the past: after a downtime, and after a
whole quarter of it, what is still possible is proposed and nothing more.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from domain.meetings.meeting import OperationsMeeting
from domain.meetings.quarters import Quarter, slot
from domain.policies import Policies
from projections import meetings_unplanned
from services.commands.meetings import propose, settle
from services.runtime.act import SYSTEM, Act
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from services.runtime.writer import Writer
from services.scheduler.moments import Moment

PROPOSAL, LOSS = "OPERATIONS_MEETING", "OPERATIONS_MEETING_LOSS"
_log = logging.getLogger("support.scheduler")


class Quiet(NamedTuple):
    """There was nothing to do at `at`, and there is nothing until `until`, as long as all the rest is the same."""

    quarter: Quarter
    starts_at: datetime | None
    contracts: int
    meetings: int
    at: datetime
    until: datetime | None

    def holds(self, now: Quiet) -> bool:
        return self[:4] == now[:4] and self.at <= now.at and (self.until is None or now.at < self.until)


@dataclass(slots=True)
class Meetings:
    """The room of operations meetings, for the scheduler."""

    writer: Writer
    name: str = "meetings"
    _quiet: Quiet | None = None

    async def due(self, connection: Any, now: datetime, policies: Policies, limit: int) -> Sequence[Moment]:
        policy = policies.operations_meetings
        quarter = Quarter.of(now, policy.time_zone)
        starts_at = slot(policy, quarter, now)
        # Asked before all else: what changes after this is another mark the next time.
        mark = await meetings_unplanned.mark(connection, now)
        quiet = Quiet(quarter, starts_at, mark.contracts, mark.meetings, now, mark.next)
        if self._quiet is not None and self._quiet.holds(quiet):
            return []
        gone = await meetings_unplanned.lost(connection, now, limit)
        found = [Moment(each.meeting, LOSS, each.meeting, each.since) for each in gone]
        if starts_at is not None:
            begins = quarter.begins(policy.time_zone)
            wanted = await meetings_unplanned.unplanned(connection, now, starts_at, quarter.year, quarter.number, limit)
            found += [
                Moment(OperationsMeeting.id_of(each.contract, quarter), PROPOSAL, each.contract, max(begins, each.since))
                for each in wanted
            ]
        self._quiet = None if found else quiet
        return found

    async def record(self, moment: Moment, policies: Policies, now: datetime) -> Receipt:
        return await (self._end(moment, now) if moment.kind == LOSS else self._propose(moment, policies, now))

    async def _end(self, moment: Moment, now: datetime) -> Receipt:
        async def decide(decision: Decision) -> None:
            await settle(decision, moment.stream, now)

        return await self.writer.decide(Act(actor=SYSTEM, at=now, correlation=uuid4()), decide)

    async def _propose(self, moment: Moment, policies: Policies, now: datetime) -> Receipt:
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

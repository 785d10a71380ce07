"""Time on contracts: one begins, changes its plan, ceases to give or runs out, and its service manager goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from domain.policies import Policies
from projections import contract_timers
from services.commands.contracts import note_time
from services.runtime.act import SYSTEM, Act
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from services.runtime.writer import Writer
from services.scheduler.moments import Moment


@dataclass(frozen=True, slots=True)
class Contracts:
    """The room of contracts, for the scheduler."""

    writer: Writer
    name: str = "contracts"

    async def due(self, connection: Any, now: datetime, policies: Policies, limit: int) -> Sequence[Moment]:  # noqa: ARG002 - a Room's
        found = await contract_timers.due(connection, now, limit, claim=True)
        return [Moment(timer.contract, timer.kind, timer.contract, timer.due_at) for timer in found]

    async def record(self, moment: Moment, policies: Policies, now: datetime) -> Receipt:  # noqa: ARG002 - a Room's
        """All that has come on the contract by now, in order and in one append: after a downtime there is nothing to repeat."""

        async def decide(decision: Decision) -> None:
            await note_time(decision, moment.stream, now)

        return await self.writer.decide(Act(actor=SYSTEM, at=now, correlation=uuid4()), decide)

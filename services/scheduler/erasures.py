"""What time does to an erasure that was stopped half way: it is finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from domain.policies import Policies
from projections.organisations import claim_erasing
from services.commands.desk import Desk
from services.commands.erasure import finish_erasure
from services.runtime.act import SYSTEM, Act
from services.runtime.command import Receipt
from services.scheduler.moments import Moment

UNFINISHED = "ORGANISATION_ERASURE"
LEFT_ALONE = timedelta(seconds=30)
"""For whoever began it to finish it."""


@dataclass(frozen=True, slots=True)
class Erasures:
    """Organisations whose erasure began, for the scheduler. Whoever began it is usually done long before."""

    desk: Desk
    name: str = "erasures"

    async def due(self, connection: Any, now: datetime, policies: Policies, limit: int) -> Sequence[Moment]:  # noqa: ARG002 - a Room's
        found = await claim_erasing(connection, now - LEFT_ALONE, limit)
        return [Moment(each, UNFINISHED, each, since) for each, since in found]

    async def record(self, moment: Moment, policies: Policies, now: datetime) -> Receipt:  # noqa: ARG002 - a Room's
        receipt = await finish_erasure(self.desk, Act(actor=SYSTEM, at=now, correlation=uuid4()), moment.stream)
        return receipt or Receipt(position=None, versions={}, ids={})

"""What time, contracts and leaving do to accesses to chat rooms: they end by themselves.

Read models name the candidates; the access is judged anew on its own stream, that of its person and those of the contracts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from domain.catalogue import BASE_PRODUCT, product
from domain.chat.vocabulary import ChatRoomKind
from domain.policies import Policies
from projections import chat_timers
from services.commands.chat import settle
from services.runtime.act import SYSTEM, Act
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from services.runtime.writer import Writer
from services.scheduler.moments import Moment

GRID = timedelta(seconds=5)
"""To which the time of a loss is rounded down: within it a candidate is one moment, tried once."""
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Chat:
    """The room of chat rooms, for the scheduler."""

    writer: Writer
    name: str = "chat"

    async def due(self, connection: Any, now: datetime, policies: Policies, limit: int) -> Sequence[Moment]:
        base, shipped = product(BASE_PRODUCT, policies.products), product(BASE_PRODUCT)
        kinds = [kind for kind in ChatRoomKind if base is None or not base.gives(kind.needs)]
        taken = [kind for kind in kinds if shipped is not None and shipped.gives(kind.needs)]
        found = await chat_timers.endings(connection, now, kinds, limit, taken=taken, claim=True)
        noticed = now - (now - _BEGIN) % GRID
        return [
            Moment(
                each.access, "CHAT_ACCESS_EXPIRY" if each.due_at else "CHAT_ACCESS_LOSS", each.access, each.due_at or noticed
            )
            for each in found
        ]

    async def record(self, moment: Moment, policies: Policies, now: datetime) -> Receipt:
        async def decide(decision: Decision) -> None:
            await settle(decision, policies, moment.stream, now)

        return await self.writer.decide(Act(actor=SYSTEM, at=now, correlation=uuid4()), decide)

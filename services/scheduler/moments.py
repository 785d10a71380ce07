"""What the scheduler asks of each room: which of its moments are due, and what each records when it has come.

The aggregate itself judges, on its own stream, whether a moment still stands and was not recorded before. So each is recorded once,
whatever the number of schedulers, and a moment read from a read model that lags does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from domain.policies import Policies
from services.runtime.command import Receipt


@dataclass(frozen=True, slots=True)
class Moment:
    """Something due on a stream. `target` is what within it; `due_at` when its time had come."""

    stream: UUID
    kind: str
    target: UUID
    due_at: datetime


class Room(Protocol):
    """One room's part of time; services/scheduler/<room>.py."""

    @property
    def name(self) -> str: ...

    async def due(self, connection: Any, now: datetime, policies: Policies, limit: int) -> Sequence[Moment]:
        """Claim what is due, longest due first: lock the rows and leave out those that others have locked (SKIP LOCKED)."""
        ...

    async def record(self, moment: Moment, policies: Policies, now: datetime) -> Receipt:
        """Let the aggregate judge. A receipt without position: there was nothing to record."""
        ...


def lateness(moment: Moment, now: datetime) -> timedelta:
    return max(now - moment.due_at, timedelta())

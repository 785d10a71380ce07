"""Time: reads what is due in every room, claims it, and lets aggregates record what has come.

Any number may run. Rows are claimed with FOR UPDATE SKIP LOCKED, so replicas share the work; that each moment is recorded once rests on
the aggregate's own stream, not on the claim. The clock is the deployment's, so tests and the development clock drive it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.errors import Refused
from domain.policies import Policies
from services.runtime.clock import Clock
from services.runtime.logs import failure
from services.scheduler import metrics
from services.scheduler.moments import Moment, Room, lateness

_log = logging.getLogger("support.scheduler")
TICK = 0.5
"""Seconds between two looks; the query is one index look-up a kind."""
BATCH = 25
"""Rows claimed at once. Few, because the projector waits for their locks."""
PATIENCE = timedelta(seconds=5)
"""After which a moment is tried again that is still due though it was dealt with: the read model lags, or it was refused."""
TROUBLE = 2.0
"""Seconds to wait when PostgreSQL cannot be reached."""


@dataclass
class Status:
    """What /readyz tells: None, or why not."""

    problem: str | None = "not begun yet"


@dataclass
class Scheduler:
    """`pool` reads and claims the rooms' moments; `policies` gives those in force."""

    pool: Any
    rooms: Sequence[Room]
    policies: Callable[[], Awaitable[Policies]]
    clock: Clock
    status: Status = field(default_factory=Status)
    _dealt_with: dict[Moment, datetime] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; then what is in flight is finished. Outlives every outage of the database."""
        while not stop.is_set():
            pause = TICK
            try:
                if await self.look() >= BATCH:
                    pause = 0.0
            except Exception as problem:  # an outage, or a fault of ours: said, counted, tried again; time does not stop
                self._trouble(failure(problem))
                pause = TROUBLE
            if pause:
                await _sleep(stop, pause)

    async def look(self) -> int:
        """Claim what is due and record it. Returns how many moments of the busiest room were due and not dealt with before.

        A room that cannot be looked at stops no other. Raises where none could be.
        """
        policies, now = await self.policies(), self.clock.now()
        self._dealt_with = {moment: when for moment, when in self._dealt_with.items() if abs(now - when) < PATIENCE}
        most, problems = 0, dict[str, Exception]()
        for room in self.rooms:
            try:
                most = max(most, await self._look(room, policies, now))
            except Exception as problem:
                problems[room.name] = problem
        if problems and len(problems) == len(self.rooms):
            raise next(iter(problems.values()))
        if problems:
            self._trouble("; ".join(f"{name}: {failure(problem)}" for name, problem in problems.items()))
        else:
            self.status.problem = None
        return most

    async def _look(self, room: Room, policies: Policies, now: datetime) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            found = await room.due(connection, now, policies, BATCH + len(self._dealt_with))
            waiting = [moment for moment in found if moment not in self._dealt_with][:BATCH]
            late = max((lateness(moment, now).total_seconds() for moment in waiting), default=0.0)
            metrics.LATENESS.labels(room.name).set(late)
            for moment in waiting:
                await self._deal_with(room, moment, policies, now)
            self._dealt_with.update(dict.fromkeys(waiting, now))
        return len(waiting)

    async def _deal_with(self, room: Room, moment: Moment, policies: Policies, now: datetime) -> None:
        try:
            receipt = await room.record(moment, policies, now)
        except Refused as refusal:
            metrics.REFUSED.labels(moment.kind, refusal.code).inc()
            _log.warning("%s of %s is refused: %s", moment.kind, moment.stream, refusal.code)
        except Exception as problem:  # one stream that cannot be loaded must not stop time for all others
            metrics.FAILED.labels(moment.kind, type(problem).__name__).inc()
            _log.warning("%s of %s is not recorded yet: %s", moment.kind, moment.stream, failure(problem))
        else:
            (metrics.RECORDED if receipt.position is not None else metrics.MOOT).labels(moment.kind).inc()

    def _trouble(self, what: str) -> None:
        said = f"cannot look what is due ({what})"
        if self.status.problem != said:
            _log.warning("%s: trying again; see SUPPORT_POSTGRES_DSN", said)
        self.status.problem = said


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return

"""Time: reads what is due, claims it, and lets tickets record what has come.

Any number may run. Rows are claimed with FOR UPDATE SKIP LOCKED, so replicas share the work; that each moment is recorded once rests on
the ticket's own stream, not on the claim. The clock is the deployment's, so tests and the development clock drive it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.errors import Refused
from domain.policies import Policies
from projections.timers import Timer, due
from services.runtime.clock import Clock
from services.runtime.logs import failure
from services.scheduler import metrics
from services.scheduler.moments import Recorder

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
    """`pool` reads and claims timers; `record` lets a ticket judge one; `policies` gives those in force."""

    pool: Any
    record: Recorder
    policies: Callable[[], Awaitable[Policies]]
    clock: Clock
    status: Status = field(default_factory=Status)
    _dealt_with: dict[Timer, datetime] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; then what is in flight is finished. Outlives every outage of the database."""
        while not stop.is_set():
            pause = TICK
            try:
                if await self.look() == BATCH:
                    pause = 0.0
                self.status.problem = None
            except Exception as problem:  # an outage, or a fault of ours: said, counted, tried again; time does not stop
                self._trouble(problem)
                pause = TROUBLE
            if pause:
                await _sleep(stop, pause)

    async def look(self) -> int:
        """Claim what is due and record it. Returns how many rows were due and not dealt with before."""
        policies, now = await self.policies(), self.clock.now()
        self._dealt_with = {timer: when for timer, when in self._dealt_with.items() if now - when < PATIENCE}
        async with self.pool.acquire() as connection, connection.transaction():
            found = await due(connection, now, policies.close_after, BATCH + len(self._dealt_with), claim=True)
            waiting = [timer for timer in found if timer not in self._dealt_with][:BATCH]
            metrics.LATENESS.set(max((_lateness(timer, now, policies) for timer in waiting), default=0.0))
            for timer in waiting:
                await self._deal_with(timer, policies, now)
            self._dealt_with.update(dict.fromkeys(waiting, now))
        return len(waiting)

    async def _deal_with(self, timer: Timer, policies: Policies, now: datetime) -> None:
        try:
            receipt = await self.record(timer, policies, now)
        except Refused as refusal:
            metrics.REFUSED.labels(timer.kind, refusal.code).inc()
            _log.warning("ticket %s refuses %s: %s", timer.ticket, timer.kind, refusal.code)
        except Exception as problem:  # one ticket that cannot be loaded must not stop time for all others
            metrics.FAILED.labels(timer.kind, type(problem).__name__).inc()
            _log.warning("%s of ticket %s is not recorded yet: %s", timer.kind, timer.ticket, failure(problem))
        else:
            (metrics.RECORDED if receipt.position is not None else metrics.MOOT).labels(timer.kind).inc()

    def _trouble(self, problem: Exception) -> None:
        said = f"cannot look what is due ({failure(problem)})"
        if self.status.problem != said:
            _log.warning("%s: trying again; see SUPPORT_POSTGRES_DSN", said)
        self.status.problem = said


def _lateness(timer: Timer, now: datetime, policies: Policies) -> float:
    due_at = timer.due_at + policies.close_after if timer.kind == "AUTO_CLOSE" else timer.due_at
    return (now - due_at).total_seconds()


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return

"""What a rule of the notifier is: which events it hears, what it needs to know, and what it does about one.

A rule may be given the same event any number of times, by any number of processes: what it records is recorded once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.event import DomainEvent
from projections.projection import Projection
from services.notifier import metrics
from services.runtime.command import Receipt, RecordedEvent

AT_ONCE = 64
"""Decisions under way together: the store takes them in groups, and people who wait for theirs are let in between."""


class Rule(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def events(self) -> Sequence[type[DomainEvent]]:
        """Those it hears."""
        ...

    @property
    def reads(self) -> Sequence[Projection]:
        """Read models that must have reached the event first."""
        ...

    async def tell(self, event: RecordedEvent) -> None:
        """Act on it. Raises what went wrong once all others that it concerns were dealt with."""
        ...


class Stopped(Exception):
    """The process is to end: what is under way was finished, the rest is for whoever leads next."""


@dataclass(frozen=True)
class Together:
    """Takes decisions some at a time until `stop` is set."""

    stop: asyncio.Event

    async def each(self, rule: str, decisions: Iterable[Awaitable[Receipt]]) -> None:
        """Take these. One that fails stops no other; the first failure is raised in the end. Raises Stopped."""
        failures: list[BaseException] = []
        waiting = iter(decisions)

        async def work() -> None:
            while not self.stop.is_set() and (decision := next(waiting, None)) is not None:
                try:
                    receipt = await decision
                except Exception as failure:
                    failures.append(failure)
                else:
                    recorded = receipt.position is not None and not receipt.replayed
                    (metrics.RECORDED if recorded else metrics.MOOT).labels(rule).inc()

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        if self.stop.is_set():
            raise Stopped
        if failures:
            raise failures[0]

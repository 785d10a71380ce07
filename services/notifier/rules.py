"""What a rule of the notifier is: which events it hears, what it needs to know, and what it does about one.

A rule may be given the same event any number of times, by any number of processes: what it records is recorded once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
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


async def each(rule: str, decisions: Iterable[Awaitable[Receipt]]) -> None:
    """Take these decisions, some at a time. One that fails stops no other; the first failure is raised in the end."""
    failures: list[BaseException] = []
    waiting = iter(decisions)

    async def work() -> None:
        for decision in waiting:
            try:
                receipt = await decision
            except Exception as failure:
                failures.append(failure)
            else:
                (metrics.RECORDED if receipt.position is not None and not receipt.replayed else metrics.MOOT).labels(rule).inc()

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    if failures:
        raise failures[0]

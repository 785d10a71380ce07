"""In which order it is told: by time, many at once, and yet as if one after the other.

Each moment names what it changes and what it rests on. Moments that have a thing in common follow one another in the order of their
times, all others run together, so that their commands share a commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

AT_ONCE = 96
"""Moments under way. More gains nothing: the log takes a batch while the next is being decided."""
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Moment:
    """Something told at a time. `changes` and `rests_on` are names of things, such as `ticket/7` or `organisation/fjordlab`."""

    at: datetime
    tell: Callable[[], Awaitable[object]]
    changes: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()


async def told(moments: Sequence[Moment], report: Report, *, at_once: int = AT_ONCE) -> None:
    """Tell all. The first that fails ends it; what was told stays."""
    ordered = sorted(moments, key=lambda each: each.at)
    changed: dict[str, asyncio.Task[None]] = {}
    rested: dict[str, list[asyncio.Task[None]]] = {}
    room = asyncio.Semaphore(at_once)
    done = 0

    async def tell(moment: Moment, before: set[asyncio.Task[None]]) -> None:
        nonlocal done
        try:
            if before:
                await asyncio.wait(before)
            await moment.tell()
        finally:
            room.release()
        done += 1
        report(done, len(ordered))

    async with asyncio.TaskGroup() as group:
        for moment in ordered:
            await room.acquire()
            before = {changed[name] for name in (*moment.changes, *moment.rests_on) if name in changed}
            for name in moment.changes:
                before.update(rested.pop(name, ()))
            task = group.create_task(tell(moment, {each for each in before if not each.done()}))
            changed.update(dict.fromkeys(moment.changes, task))
            for name in moment.rests_on:
                waiting = rested.setdefault(name, [])
                waiting[:] = [each for each in waiting if not each.done()]
                waiting.append(task)

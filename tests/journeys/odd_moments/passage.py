"""Odd moments, and the passage of several journeys through one of them, on one clock that only goes forward."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.journeys.running import RunningDesk, shifted_to

AHEAD = timedelta(days=3)
"""How long before its moment a passage begins."""
TICK = timedelta(microseconds=1)
MOMENTS = {
    "the end of summer time": datetime(2027, 10, 31, 1, tzinfo=UTC),
    "a year's end": datetime(2028, 1, 1, tzinfo=UTC),
    "29 February": datetime(2028, 2, 29, tzinfo=UTC),
    "the begin of summer time": datetime(2028, 3, 26, 1, tzinfo=UTC),
}
"""In the order in which the desk lives through them."""


@dataclass
class Passage:
    """The time of journeys that are under way together: it moves on when all of them wait, to the nearest instant waited for."""

    desk: RunningDesk
    moment: datetime
    under_way: int
    _waiting: list[tuple[datetime, asyncio.Future[None]]] = field(default_factory=list)

    def near(self, **duration: float) -> datetime:
        """An instant near the moment: `near(hours=-1)` is an hour before."""
        return self.moment + timedelta(**duration)

    async def reach(self, instant: datetime) -> None:
        """Wait until it is that instant, exactly. Others may still be busy there: time stands still for them."""
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((instant, reached))
        self._move()
        await reached

    def left(self) -> None:
        """A journey is at its end."""
        self.under_way -= 1
        self._move()

    def _move(self) -> None:
        if not self._waiting or len(self._waiting) < self.under_way:
            return
        instant = min(instant for instant, _ in self._waiting)
        self.desk.pass_to(instant)
        for at, reached in [each for each in self._waiting if each[0] <= instant]:
            self._waiting.remove((at, reached))
            if not reached.done():
                reached.set_result(None)


Journey = Callable[[RunningDesk, Passage], Awaitable[None]]


async def through(desk: RunningDesk, moment: datetime, journeys: Mapping[str, Journey]) -> dict[str, BaseException | None]:
    """All journeys through the moment. By name what went wrong with each; whoever fails holds nobody up."""
    desk.pass_to(moment - AHEAD)
    passage = Passage(desk, moment, len(journeys))

    async def one(journey: Journey) -> None:
        try:
            await journey(desk, passage)
        finally:
            passage.left()

    ended = await asyncio.gather(*(one(each) for each in journeys.values()), return_exceptions=True)
    desk.clock.write_text(shifted_to(desk.now()))  # and on it goes
    return dict(zip(journeys, ended, strict=True))

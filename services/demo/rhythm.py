"""When people write: in their own time zone's working hours mostly, less on Fridays, little at night and at weekends."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

DAYS = (1.15, 1.1, 1.05, 1.0, 0.8, 0.1, 0.08)
"""From Monday on."""
HOURS = (
    0.02, 0.01, 0.01, 0.01, 0.02, 0.05, 0.15, 0.5, 1.0, 1.35, 1.3, 1.0, 0.7, 1.1, 1.2, 0.95, 0.6, 0.3, 0.15, 0.1, 0.1, 0.08, 0.05, 0.03
)  # fmt: skip
ALWAYS = 0.22
"""What breaks does so at any hour; added for incidents."""
MORNING, EVENING, FRIDAY = 8, 17, 4
Rhythm = Callable[[datetime], float]


def working(zone: ZoneInfo) -> Rhythm:
    def weight(at: datetime) -> float:
        local = at.astimezone(zone)
        return DAYS[local.weekday()] * HOURS[local.hour]

    return weight


class Times:
    """Draws times from a span by a rhythm, an hour at a time."""

    def __init__(self, since: datetime, until: datetime, zone: ZoneInfo, *, always: float = 0.0) -> None:
        self._since = since
        weight = working(zone)
        hours = max(1, int((until - since) / timedelta(hours=1)))
        # A growing provider: a third more a day at the end than at the beginning.
        grown = (1 + hour / hours / 3 for hour in range(hours))
        self._sums = list(
            accumulate((weight(since + timedelta(hours=hour)) + always) * more for hour, more in enumerate(grown))
        )

    def draw(self, chance: Random) -> datetime:
        hour = bisect_left(self._sums, chance.random() * self._sums[-1])
        return self._since + timedelta(hours=hour, seconds=chance.randrange(3600), microseconds=1000 * chance.randrange(1000))


def at_work(at: datetime, zone: ZoneInfo, chance: Random) -> datetime:
    """The same moment, or, out of hours, some time in the next working morning."""
    local = at.astimezone(zone)
    if local.weekday() <= FRIDAY and MORNING <= local.hour < EVENING:
        return at
    day = local.date() + timedelta(days=local.hour >= EVENING)
    while day.weekday() > FRIDAY:
        day += timedelta(days=1)
    morning = datetime(day.year, day.month, day.day, MORNING, tzinfo=zone) + timedelta(seconds=chance.randrange(9000))
    return max(at, morning.astimezone(at.tzinfo))

"""Quarters of a year in a time zone, and the slot in one that the operator's policy names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.calendars import WEEK
from domain.errors import ValidationFailed
from domain.policies import MeetingPolicy

FIRST_YEAR, LAST_YEAR = 2000, 2199


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """`number` is 1 to 4."""

    year: int
    number: int

    @classmethod
    def of(cls, at: datetime, zone: str) -> Quarter:
        """The quarter that the calendar on the wall of that zone shows at an instant."""
        local = at.astimezone(ZoneInfo(zone))
        return cls(local.year, (local.month + 2) // 3)

    @classmethod
    def checked(cls, year: int, number: int) -> Quarter:
        """Raises ValidationFailed."""
        if not FIRST_YEAR <= year <= LAST_YEAR:
            limit = f"{FIRST_YEAR} to {LAST_YEAR}"
            raise ValidationFailed(f"The year is {limit}.", problem="OUT_OF_RANGE", path=("input", "year"), limit=limit)
        if not 1 <= number <= 4:
            raise ValidationFailed("A quarter is 1 to 4.", problem="OUT_OF_RANGE", path=("input", "quarter"), limit="1 to 4")
        return cls(year, number)

    @property
    def name(self) -> str:
        return f"{self.year}-Q{self.number}"

    @property
    def next(self) -> Quarter:
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)

    def begins(self, zone: str) -> datetime:
        """Midnight of its first day on the wall of that zone, in UTC."""
        return datetime(self.year, 3 * self.number - 2, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)

    def ends(self, zone: str) -> datetime:
        """Not included: the next one begins."""
        return self.next.begins(zone)


def slot(policy: MeetingPolicy, quarter: Quarter, now: datetime) -> datetime | None:
    """When the meeting of a quarter is proposed for, asked at `now`: on the policy's day, or as soon after it as the notice allows.

    The first day of the policy's weekday in its week of the quarter, at its hour on the wall; where that is nearer than the notice, or
    past, the same weekday of a later week. None: no such day is left in the quarter, so none is proposed. An hour that the
    wall skips in spring is the hour after; of one that comes twice it is the first.
    """
    zone = ZoneInfo(policy.time_zone)
    first = quarter.begins(policy.time_zone).astimezone(zone).date()
    first += timedelta(days=(WEEK.index(policy.weekday) - first.weekday()) % 7)
    hour = time.fromisoformat(policy.at)
    end = quarter.ends(policy.time_zone)
    for week in range(policy.week - 1, 14):
        at = datetime.combine(first + timedelta(weeks=week), hour, zone).astimezone(UTC)
        if at >= end:
            return None
        if at >= now + policy.notice:
            return at
    return None

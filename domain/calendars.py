"""Which time counts: service hours on the wall clock of a zone, and arithmetic with them.

Rule for daylight saving: an instant is open exactly when a clock on the wall shows an open time on an open day. So a stretch that
falls into the hour skipped in spring is shorter, one that spans the hour repeated in autumn is longer, and one that ends within the
repeated hour opens twice. All instants are aware datetimes; answers are in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.errors import ValidationFailed

DAY = timedelta(days=1)
ZERO = timedelta()
HORIZON = timedelta(days=366 * 50)
"""How far ahead an end is looked for. A calendar with hours in a week reaches any promise long before."""


class ServiceHours(StrEnum):
    ALWAYS = "ALWAYS"
    """Day and night, all year; `opens` and `holidays` say nothing then."""
    WEEKLY = "WEEKLY"


class Weekday(StrEnum):
    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


WEEK = tuple(Weekday)


@dataclass(frozen=True)
class WeeklyHours:
    """Open hours of a weekday on the wall clock, "08:00" to "16:00"; "24:00" is the end of the day. Half-open."""

    day: Weekday
    from_: str
    to: str


@dataclass(frozen=True)
class Calendar:
    """Service hours. `holidays` are days closed, from midnight to midnight on the wall clock."""

    name: str
    time_zone: str
    hours: ServiceHours
    opens: tuple[WeeklyHours, ...] = ()
    holidays: tuple[date, ...] = ()


ALWAYS = Calendar("24/7", "UTC", ServiceHours.ALWAYS)


@dataclass(frozen=True)
class Stretch:
    """A half-open stretch of open time, in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


def opening_stretches(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Stretch]:
    """The open stretches within [start, end), in order, those that touch joined into one."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if start >= end:
        return
    if calendar.hours is ServiceHours.ALWAYS:
        yield Stretch(start, end)
        return
    pending: Stretch | None = None
    for stretch in _pieces(calendar, start, end):
        if pending is not None and pending.end == stretch.start:
            pending = Stretch(pending.start, stretch.end)
            continue
        if pending is not None:
            yield pending
        pending = stretch
    if pending is not None:
        yield pending


def counted(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How much open time lies in [start, end); zero where they are reversed."""
    return sum((stretch.length for stretch in opening_stretches(calendar, start, end)), ZERO)


def after(calendar: Calendar, start: datetime, amount: timedelta) -> datetime | None:
    """The first instant by which `amount` of open time has gone by since `start`; `start` itself where the amount is not positive.

    None where that lies beyond the horizon of fifty years, or beyond the last year that a datetime can say.
    """
    start = start.astimezone(UTC)
    if amount <= ZERO:
        return start
    try:
        horizon = start + HORIZON
        if calendar.hours is ServiceHours.ALWAYS:
            return start + amount
    except OverflowError:
        return None
    for stretch in opening_stretches(calendar, start, horizon):
        if stretch.length >= amount:
            return stretch.start + amount
        amount -= stretch.length
    return None


def check(calendar: Calendar) -> None:
    """Refuse a calendar that cannot be meant. Asked when a policy is applied, never when one is replayed.

    Raises ValidationFailed.
    """
    try:
        ZoneInfo(calendar.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise ValidationFailed(
            f"Calendar {calendar.name!r}: the time zone {calendar.time_zone!r} is not in the IANA database.",
            problem="NOT_ALLOWED",
            path=("calendars", calendar.name, "timeZone"),
        ) from unknown
    for hours in calendar.opens:
        path = ("calendars", calendar.name, "opens", hours.day)
        try:
            opens, closes = _on_the_wall(hours.from_), _on_the_wall(hours.to)
        except ValueError as malformed:
            raise ValidationFailed(f"Calendar {calendar.name!r}: {malformed}", problem="BAD_FORMAT", path=path) from malformed
        if opens >= closes:
            raise ValidationFailed(
                f"Calendar {calendar.name!r}: {hours.from_} is not before {hours.to}; hours past midnight are two entries.",
                problem="OUT_OF_RANGE",
                path=path,
            )
    if calendar.hours is ServiceHours.WEEKLY and not calendar.opens:
        raise ValidationFailed(
            f"Calendar {calendar.name!r} is weekly and never opens.",
            problem="REQUIRED",
            path=("calendars", calendar.name, "opens"),
        )


def _pieces(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Stretch]:
    """The open stretches, not yet joined: for every run of one UTC offset, the wall days in it."""
    week = _week(calendar)
    closed = frozenset(calendar.holidays)
    for since, until, offset in _runs_of_one_offset(ZoneInfo(calendar.time_zone), start, end):
        wall_since, wall_until = (since + offset).replace(tzinfo=None), (until + offset).replace(tzinfo=None)
        day = wall_since.date()
        while (midnight := datetime.combine(day, time.min)) < wall_until:
            if day not in closed:
                for opens, closes in week[day.weekday()]:
                    from_, to = max(midnight + opens, wall_since), min(midnight + closes, wall_until)
                    if from_ < to:
                        yield Stretch(from_.replace(tzinfo=UTC) - offset, to.replace(tzinfo=UTC) - offset)
            day += DAY


def _runs_of_one_offset(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """[start, end) cut where the zone's offset changes, found to the microsecond by halving.

    Looked at day by day, so two changes within 24 hours that cancel one another would be missed; no zone has had that.
    """
    since, offset = start, _offset(zone, start)
    at = start
    while at < end:
        ahead = min(at + DAY, end)
        if _offset(zone, ahead) != offset:
            before, behind = at, ahead
            while behind - before > timedelta.resolution:
                middle = before + (behind - before) // 2
                if _offset(zone, middle) == offset:
                    before = middle
                else:
                    behind = middle
            yield since, behind, offset
            since, offset, ahead = behind, _offset(zone, behind), behind
        at = ahead
    if since < end:
        yield since, end, offset


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or ZERO


@lru_cache(maxsize=256)
def _week(calendar: Calendar) -> tuple[tuple[tuple[timedelta, timedelta], ...], ...]:
    """Monday to Sunday: when it opens and closes, counted from midnight on the wall, in order and without overlaps."""
    return tuple(_joined(calendar, day) for day in WEEK)


def _joined(calendar: Calendar, day: Weekday) -> tuple[tuple[timedelta, timedelta], ...]:
    joined: list[tuple[timedelta, timedelta]] = []
    for opens, closes in sorted(
        (_on_the_wall(each.from_), _on_the_wall(each.to)) for each in calendar.opens if each.day is day
    ):
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
        else:
            joined.append((opens, closes))
    return tuple(joined)


def _on_the_wall(text: str) -> timedelta:
    hours, colon, minutes = text.partition(":")
    if not (colon and len(hours) == 2 and len(minutes) == 2 and (hours + minutes).isascii() and (hours + minutes).isdigit()):
        raise ValueError(f"{text!r} is not a time of day such as 08:00.")
    since_midnight = timedelta(hours=int(hours), minutes=int(minutes))
    if int(minutes) > 59 or since_midnight > DAY:
        raise ValueError(f"{text!r} is not a time of day between 00:00 and 24:00.")
    return since_midnight

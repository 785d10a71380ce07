"""Which time counts, held against a slow oracle that looks at a clock on the wall every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.calendars import (
    ALWAYS,
    WEEK,
    Calendar,
    ServiceHours,
    Weekday,
    WeeklyHours,
    after,
    check,
    counted,
    opening_stretches,
)
from domain.errors import ValidationFailed

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ZERO = timedelta()
OFFICE = Calendar(
    "office", "Europe/Copenhagen", ServiceHours.WEEKLY, tuple(WeeklyHours(day, "08:00", "16:00") for day in WEEK[:5])
)


def every_day(from_: str, to: str, zone: str = "Europe/Copenhagen") -> Calendar:
    return Calendar("daily", zone, ServiceHours.WEEKLY, tuple(WeeklyHours(day, from_, to) for day in WEEK))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def is_open(calendar: Calendar, at: datetime) -> bool:
    """What a clock on the wall says."""
    if calendar.hours is ServiceHours.ALWAYS:
        return True
    wall = at.astimezone(ZoneInfo(calendar.time_zone))
    day, time = WEEK[wall.weekday()], wall.strftime("%H:%M")
    return wall.date() not in calendar.holidays and any(
        hours.day is day and hours.from_ <= time < hours.to for hours in calendar.opens
    )


def counted_slowly(calendar: Calendar, start: datetime, minutes: int) -> timedelta:
    return sum((MINUTE for minute in range(minutes) if is_open(calendar, start + minute * MINUTE)), ZERO)


times = st.integers(0, 48).map(lambda half: f"{half // 2:02}:{half % 2 * 30:02}")
hours = (
    st.tuples(st.sampled_from(WEEK), times, times).filter(lambda each: each[1] < each[2]).map(lambda each: WeeklyHours(*each))
)
zones = st.sampled_from(
    [
        "UTC",
        "Europe/Copenhagen",
        "America/New_York",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",  # shifts by half an hour
        "America/Havana",  # shifts at midnight
        "Pacific/Apia",  # left out 2011-12-30
        "Africa/Casablanca",  # shifts twice around Ramadan
        "Asia/Tehran",
    ]
)
moments = st.sampled_from(
    [
        utc("2026-03-29T00:00"),  # spring in Europe
        utc("2026-10-25T00:00"),  # autumn in Europe
        utc("2026-03-08T05:00"),  # spring in America
        utc("2026-11-01T04:00"),
        utc("2026-04-04T14:00"),  # autumn on Lord Howe
        utc("2026-10-03T15:00"),
        utc("2026-02-14T00:00"),  # before Ramadan
        utc("2011-12-29T00:00"),  # the day Apia left out
        utc("2028-02-28T12:00"),
        utc("2027-12-31T12:00"),
        utc("2026-07-01T00:00"),
    ]
)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    near = draw(moments).date()
    holidays = draw(st.lists(st.integers(-2, 3).map(lambda days: near + days * DAY), max_size=3))
    return Calendar(
        "any", draw(zones), ServiceHours.WEEKLY, tuple(draw(st.lists(hours, min_size=1, max_size=6))), tuple(holidays)
    )


@st.composite
def starts(draw: st.DrawFn) -> datetime:
    return draw(moments) + draw(st.integers(-2 * 24 * 60, 2 * 24 * 60)) * MINUTE


@settings(deadline=None, max_examples=150)
@given(calendars(), starts(), st.integers(0, 3 * 24 * 60))
def test_counted_time_is_what_the_clock_on_the_wall_says(calendar: Calendar, start: datetime, minutes: int) -> None:
    assert counted(calendar, start, start + minutes * MINUTE) == counted_slowly(calendar, start, minutes)


@settings(deadline=None, max_examples=150)
@given(calendars(), starts(), st.integers(1, 20 * 60))
@example(OFFICE, utc("2026-10-23T14:00"), 60)
def test_after_is_the_first_instant_by_which_that_much_was_counted(calendar: Calendar, start: datetime, minutes: int) -> None:
    amount = minutes * MINUTE
    end = after(calendar, start, amount)
    assert end is not None
    assert counted(calendar, start, end) == amount
    assert counted(calendar, start, end - timedelta.resolution) < amount


@settings(deadline=None, max_examples=150)
@given(calendars(), starts(), st.integers(0, 3 * 24 * 60), st.integers(0, 3 * 24 * 60))
def test_counting_is_additive(calendar: Calendar, start: datetime, minutes: int, more: int) -> None:
    middle, end = start + minutes * MINUTE, start + (minutes + more) * MINUTE
    assert counted(calendar, start, middle) + counted(calendar, middle, end) == counted(calendar, start, end)


@settings(deadline=None, max_examples=100)
@given(calendars(), starts(), st.integers(0, 5 * 24 * 60))
def test_stretches_are_in_order_apart_and_within(calendar: Calendar, start: datetime, minutes: int) -> None:
    end = start + minutes * MINUTE
    stretches = list(opening_stretches(calendar, start, end))
    assert all(start <= each.start < each.end <= end for each in stretches)
    assert all(one.end < other.start for one, other in pairwise(stretches))
    assert all(is_open(calendar, each.start) for each in stretches)


def test_day_and_night_all_time_counts() -> None:
    start = utc("2026-03-28T00:00")
    assert counted(ALWAYS, start, start + 3 * DAY) == 3 * DAY
    assert after(ALWAYS, start, 36 * HOUR) == start + 36 * HOUR
    assert counted(ALWAYS, start, start - HOUR) == ZERO


def test_four_hours_begun_on_friday_afternoon_end_on_monday_morning() -> None:
    assert after(OFFICE, utc("2026-07-03T12:00"), 4 * HOUR) == utc("2026-07-06T08:00")


def test_the_hour_skipped_in_spring_does_not_count() -> None:
    night = every_day("01:00", "05:00")
    assert counted(night, utc("2026-03-29T00:00"), utc("2026-03-29T06:00")) == 3 * HOUR
    assert counted(every_day("02:00", "03:00"), utc("2026-03-28T12:00"), utc("2026-03-29T12:00")) == ZERO


def test_the_hour_repeated_in_autumn_counts_twice() -> None:
    night = every_day("01:00", "05:00")
    assert counted(night, utc("2026-10-24T22:00"), utc("2026-10-25T06:00")) == 5 * HOUR


def test_hours_that_end_within_the_repeated_hour_open_twice() -> None:
    stretches = list(opening_stretches(every_day("01:00", "02:30"), utc("2026-10-24T20:00"), utc("2026-10-25T06:00")))
    assert [(each.start, each.length) for each in stretches] == [
        (utc("2026-10-24T23:00"), 90 * MINUTE),
        (utc("2026-10-25T01:00"), 30 * MINUTE),
    ]


def test_business_hours_keep_their_wall_time_through_the_year() -> None:
    for day, opens in (("2026-01-05", "07:00"), ("2026-07-06", "06:00")):
        (stretch,) = opening_stretches(OFFICE, utc(f"{day}T00:00"), utc(f"{day}T23:00"))
        assert (stretch.start, stretch.length) == (utc(f"{day}T{opens}"), 8 * HOUR)


def test_a_leap_day_is_a_day_like_others() -> None:
    assert counted(OFFICE, utc("2028-02-28T00:00"), utc("2028-03-02T00:00")) == 24 * HOUR  # Monday 28 to Wednesday 1


def test_a_holiday_is_closed_from_midnight_to_midnight_on_the_wall() -> None:
    closed = Calendar(
        "holiday", "Europe/Copenhagen", ServiceHours.WEEKLY, every_day("00:00", "24:00").opens, (date(2026, 12, 25),)
    )
    stretches = list(opening_stretches(closed, utc("2026-12-24T12:00"), utc("2026-12-26T12:00")))
    assert [(each.start, each.end) for each in stretches] == [
        (utc("2026-12-24T12:00"), utc("2026-12-24T23:00")),
        (utc("2026-12-25T23:00"), utc("2026-12-26T12:00")),
    ]


def test_round_the_clock_hours_are_one_stretch_over_the_years_end() -> None:
    (stretch,) = opening_stretches(every_day("00:00", "24:00"), utc("2026-12-30T00:00"), utc("2027-01-03T00:00"))
    assert stretch.length == 4 * DAY


def test_hours_that_overlap_count_once() -> None:
    calendar = Calendar(
        "overlap",
        "UTC",
        ServiceHours.WEEKLY,
        (
            WeeklyHours(Weekday.MONDAY, "08:00", "12:00"),
            WeeklyHours(Weekday.MONDAY, "10:00", "14:00"),
            WeeklyHours(Weekday.MONDAY, "14:00", "15:00"),
        ),
    )
    assert counted(calendar, utc("2026-06-29T00:00"), utc("2026-06-30T00:00")) == 7 * HOUR


def test_nothing_takes_no_time_and_what_is_beyond_all_calendars_has_no_end() -> None:
    start = utc("2026-07-04T00:00")
    assert after(OFFICE, start, ZERO) == start
    assert after(ALWAYS, start, timedelta.max) is None
    assert after(ALWAYS, datetime.max.replace(tzinfo=UTC), HOUR) is None


@pytest.mark.parametrize(
    ("calendar", "problem"),
    [
        (Calendar("c", "Europe/Atlantis", ServiceHours.ALWAYS), "NOT_ALLOWED"),
        (Calendar("c", "../../etc/passwd", ServiceHours.ALWAYS), "NOT_ALLOWED"),
        (Calendar("c", "UTC", ServiceHours.WEEKLY), "REQUIRED"),
        (Calendar("c", "UTC", ServiceHours.WEEKLY, (WeeklyHours(Weekday.MONDAY, "8:00", "16:00"),)), "BAD_FORMAT"),
        (Calendar("c", "UTC", ServiceHours.WEEKLY, (WeeklyHours(Weekday.MONDAY, "08:00", "25:00"),)), "BAD_FORMAT"),
        (Calendar("c", "UTC", ServiceHours.WEEKLY, (WeeklyHours(Weekday.MONDAY, "08:60", "09:00"),)), "BAD_FORMAT"),
        (Calendar("c", "UTC", ServiceHours.WEEKLY, (WeeklyHours(Weekday.MONDAY, "16:00", "08:00"),)), "OUT_OF_RANGE"),
    ],
)
def test_a_calendar_that_cannot_be_meant_is_refused(calendar: Calendar, problem: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        check(calendar)
    assert refused.value.problem == problem


def test_a_calendar_that_can_be_meant_is_taken() -> None:
    check(ALWAYS)
    check(OFFICE)
    check(every_day("00:00", "24:00"))

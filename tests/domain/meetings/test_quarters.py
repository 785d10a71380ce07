"""Quarters and the slot of a meeting: over year's ends, summer time and leap days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendars import WEEK, Weekday
from domain.meetings.quarters import Quarter, slot
from domain.policies import MeetingPolicy

ZONES = ["UTC", "Europe/Copenhagen", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu", "Pacific/Apia"]
CPH = MeetingPolicy(time_zone="Europe/Copenhagen")
INSTANTS = st.integers(0, 80 * 366 * 24 * 60).map(lambda minutes: utc(2001, 1, 1) + timedelta(minutes=minutes))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def night(week: int) -> MeetingPolicy:
    """At the hour that is skipped in spring and comes twice in autumn."""
    return MeetingPolicy(week=week, weekday=Weekday.SUNDAY, at="02:30", time_zone="Europe/Copenhagen")


def test_a_quarter_begins_at_midnight_on_the_wall() -> None:
    assert Quarter(2027, 1).begins("Europe/Copenhagen") == utc(2026, 12, 31, 23)
    assert Quarter(2026, 4).ends("Europe/Copenhagen") == utc(2026, 12, 31, 23)
    assert Quarter(2026, 3).begins("Europe/Copenhagen") == utc(2026, 6, 30, 22)
    assert Quarter.of(utc(2026, 12, 31, 22, 59), "Europe/Copenhagen") == Quarter(2026, 4)
    assert Quarter.of(utc(2026, 12, 31, 23), "Europe/Copenhagen") == Quarter(2027, 1)


@given(INSTANTS, st.sampled_from(ZONES))
def test_every_instant_lies_in_one_quarter(at: datetime, zone: str) -> None:
    quarter = Quarter.of(at, zone)
    assert quarter.begins(zone) <= at < quarter.ends(zone) == quarter.next.begins(zone)


@pytest.mark.parametrize(
    ("quarter", "policy", "expected"),
    [
        (Quarter(2026, 3), CPH, utc(2026, 9, 22, 8)),
        (Quarter(2026, 4), CPH, utc(2026, 12, 22, 9)),
        (Quarter(2027, 1), CPH, utc(2027, 3, 23, 9)),  # before summer time
        (Quarter(2027, 1), MeetingPolicy(week=13, time_zone="Europe/Copenhagen"), utc(2027, 3, 30, 8)),  # in it
        (Quarter(2028, 1), MeetingPolicy(week=9, weekday=Weekday.TUESDAY), utc(2028, 2, 29, 10)),
        (Quarter(2026, 1), night(13), utc(2026, 3, 29, 1, 30)),
        (Quarter(2026, 4), night(4), utc(2026, 10, 25, 0, 30)),
    ],
)  # fmt: skip
def test_the_slot_is_the_policys_day_and_hour_on_the_wall(quarter: Quarter, policy: MeetingPolicy, expected: datetime) -> None:
    assert slot(policy, quarter, quarter.begins(policy.time_zone)) == expected


def test_what_is_near_or_past_is_a_later_week_and_then_none() -> None:
    quarter, usual = Quarter(2026, 3), utc(2026, 9, 22, 8)
    assert slot(CPH, quarter, usual - CPH.notice) == usual
    assert slot(CPH, quarter, usual - CPH.notice + timedelta(microseconds=1)) == usual + timedelta(days=7)
    assert slot(CPH, quarter, usual + timedelta(days=1)) is None
    assert slot(CPH, quarter, utc(2027, 5, 1)) is None


@given(
    INSTANTS,
    st.sampled_from(ZONES),
    st.integers(1, 13),
    st.sampled_from(Weekday),
    st.sampled_from(["00:00", "02:30", "10:00", "23:59"]),
    st.integers(0, 60),
)
def test_a_slot_lies_in_its_quarter_on_its_weekday_and_never_too_soon(
    now: datetime, zone: str, week: int, weekday: Weekday, at: str, notice: int
) -> None:
    policy = MeetingPolicy(week=week, weekday=weekday, at=at, time_zone=zone, notice=timedelta(days=notice))
    quarter = Quarter.of(now, zone)
    found = slot(policy, quarter, now)
    if found is None:
        return
    assert quarter.begins(zone) <= found < quarter.ends(zone)
    assert found >= now + policy.notice
    assert WEEK[found.astimezone(ZoneInfo(zone)).weekday()] is weekday

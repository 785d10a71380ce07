"""Availability against a slow oracle that looks at every minute, and at the borders that matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain.status.availability import Stretch, availability, by_day
from domain.status.vocabulary import ComponentState, NoticeKind, worst
from tests.domain.status.builders import DAY, HOUR, MONDAY, new_id

MINUTE = timedelta(minutes=1)
S = ComponentState
PLANNED, HAPPENED = NoticeKind.MAINTENANCE, NoticeKind.INCIDENT
ID = UUID(int=1)
minutes = st.integers(-20, 80)


@st.composite
def stretches(draw: st.DrawFn) -> Stretch:
    begin = draw(minutes)
    end = draw(st.none() | st.integers(begin, 90))
    kind = draw(st.sampled_from(NoticeKind))
    state = draw(st.sampled_from([S.DEGRADED, S.PARTIAL_OUTAGE, S.MAJOR_OUTAGE]))
    return Stretch(ID, kind, state, MONDAY + begin * MINUTE, None if end is None else MONDAY + end * MINUTE)


@given(st.lists(stretches(), max_size=6))
def test_every_minute_counts_once_as_what_it_was(held: list[Stretch]) -> None:
    until = MONDAY + 60 * MINUTE
    expected = dict.fromkeys(ComponentState, timedelta())
    for minute in range(60):
        at = MONDAY + minute * MINUTE
        now = [each for each in held if each.since <= at and (each.until is None or at < each.until)]
        planned = any(each.kind is PLANNED for each in now)
        expected[S.UNDER_MAINTENANCE if planned else worst(each.state for each in now)] += MINUTE
    found = availability(held, MONDAY, until)
    assert found.spent == expected
    assert 0.0 <= found.uptime_ratio <= 1.0


@given(st.lists(stretches(), max_size=6))
def test_the_days_add_up_to_the_whole(held: list[Stretch]) -> None:
    since, until = MONDAY - 10 * HOUR, MONDAY + 2 * DAY
    days = by_day(held, since, until)
    whole = availability(held, since, until)
    for state in ComponentState:
        assert sum((day.spent[state] for day in days), timedelta()) == whole.spent[state]
    assert [day.until for day in days[:-1]] == [day.since for day in days[1:]]


def test_time_under_maintenance_is_taken_out_and_degraded_is_up() -> None:
    held = [
        Stretch(new_id(), HAPPENED, S.MAJOR_OUTAGE, MONDAY, MONDAY + HOUR),
        Stretch(new_id(), HAPPENED, S.DEGRADED, MONDAY + HOUR, MONDAY + 2 * HOUR),
        Stretch(new_id(), PLANNED, S.MAJOR_OUTAGE, MONDAY + 5 * HOUR, MONDAY + 6 * HOUR),
    ]
    found = availability(held, MONDAY, MONDAY + 11 * HOUR)
    assert (found.downtime, found.degraded, found.maintenance) == (HOUR, HOUR, HOUR)
    assert found.uptime_ratio == 0.9


def test_a_service_that_was_under_maintenance_all_the_time_is_not_blamed() -> None:
    held = [Stretch(new_id(), PLANNED, S.UNDER_MAINTENANCE, MONDAY - DAY)]
    assert availability(held, MONDAY, MONDAY + DAY).uptime_ratio == 1.0
    assert availability([], MONDAY, MONDAY).uptime_ratio == 1.0


def test_a_day_has_24_hours_of_utc_whatever_clocks_on_walls_do() -> None:
    for begin in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)):
        local = begin.astimezone(ZoneInfo("Europe/Copenhagen"))
        (day,) = by_day([Stretch(ID, HAPPENED, S.MAJOR_OUTAGE, local)], begin, begin + DAY)
        assert day.downtime == DAY
    new_year = by_day([], datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC))
    assert [day.since.date().isoformat() for day in new_year] == ["2026-12-31", "2027-01-01"]

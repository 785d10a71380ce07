"""When a message goes out: quiet hours and digests, over odd nights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ValidationFailed
from domain.status.vocabulary import StatusSeverity as S
from domain.subscriptions.timing import at_least, not_before, quiet_hours
from domain.subscriptions.vocabulary import DigestMode, QuietHours

NIGHT = QuietHours("22:00", "07:00", "Europe/Copenhagen")
ZONE = ZoneInfo("Europe/Copenhagen")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        ("2026-07-01 21:59", "2026-07-01 21:59"),
        ("2026-07-01 22:00", "2026-07-02 07:00"),
        ("2026-07-02 06:59", "2026-07-02 07:00"),
        ("2026-07-02 07:00", "2026-07-02 07:00"),
        ("2026-10-24 23:00", "2026-10-25 07:00"),
        ("2027-03-27 23:00", "2027-03-28 07:00"),
        ("2028-02-28 23:00", "2028-02-29 07:00"),
        ("2026-12-31 23:30", "2027-01-01 07:00"),
    ],
)
def test_a_night_holds_until_its_local_end(came: str, goes: str) -> None:
    assert not_before(at(came), S.MAJOR, urgent_from=S.CRITICAL, quiet=NIGHT) == at(goes)


def test_an_end_that_the_clock_leaves_out_is_the_change_and_one_that_it_repeats_the_later_instant() -> None:
    quiet = QuietHours("22:00", "02:30", "Europe/Copenhagen")
    spring = not_before(at("2027-03-27 23:00"), S.MINOR, urgent_from=S.CRITICAL, quiet=quiet)
    autumn = not_before(at("2026-10-24 23:00"), S.MINOR, urgent_from=S.CRITICAL, quiet=quiet)
    assert spring == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    assert autumn == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_an_end_in_the_midnight_hour_that_a_clock_leaves_out_does_not_run_into_the_next_pause() -> None:
    quiet = QuietHours("01:30", "00:59", "America/Havana")
    goes = not_before(datetime(2026, 3, 8, 3, 0, tzinfo=UTC), S.MINOR, urgent_from=S.CRITICAL, quiet=quiet)
    assert goes == datetime(2026, 3, 8, 5, 0, tzinfo=UTC)  # 00:00 is 01:00 there


def test_a_pause_within_a_day_is_that_alone() -> None:
    lunch = QuietHours("12:00", "13:00", "Europe/Copenhagen")
    for came, goes in (("11:59", "11:59"), ("12:00", "13:00"), ("13:00", "13:00")):
        day = "2026-07-01 "
        assert not_before(at(day + came), S.MINOR, urgent_from=S.CRITICAL, quiet=lunch) == at(day + goes)


def test_digests_are_collected_to_the_end_of_the_hour_or_local_day() -> None:
    came = at("2026-07-01 14:20")
    hourly = not_before(came, S.MINOR, urgent_from=S.CRITICAL, quiet=None, digest=DigestMode.HOURLY)
    daily = not_before(came, S.MINOR, urgent_from=S.CRITICAL, quiet=NIGHT, digest=DigestMode.DAILY)
    assert (hourly, daily) == (at("2026-07-01 15:00"), at("2026-07-02 07:00"))


@given(
    came=st.integers(0, 3 * 366 * 24 * 60),
    severity=st.sampled_from(S),
    urgent=st.sampled_from(S),
    begin=st.times(),
    end=st.times(),
    zone=st.sampled_from(["Europe/Copenhagen", "UTC", "Australia/Lord_Howe", "America/St_Johns", "America/Havana"]),
    digest=st.sampled_from(DigestMode),
)
def test_nothing_urgent_is_ever_held_and_nothing_is_held_for_long(
    came: int, severity: S, urgent: S, begin: datetime, end: datetime, zone: str, digest: DigestMode
) -> None:
    quiet = QuietHours(begin.strftime("%H:%M"), end.strftime("%H:%M"), zone)
    if quiet.from_ == quiet.to:
        return
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=came)
    goes = not_before(moment, severity, urgent_from=urgent, quiet=quiet, digest=digest)
    assert moment <= goes <= moment + timedelta(hours=50)
    if at_least(severity, urgent):
        assert goes == moment
    elif digest is DigestMode.IMMEDIATE:
        assert not_before(goes, severity, urgent_from=urgent, quiet=quiet) == goes


@pytest.mark.parametrize(
    "quiet",
    [
        QuietHours("22", "07:00", "UTC"),
        QuietHours("22:00", "24:00", "UTC"),
        QuietHours("22:00", "22:00", "UTC"),
        QuietHours("22:00", "07:00", "Mars/Base"),
        QuietHours("22:00", "07:00", "../etc/passwd"),
    ],
)
def test_what_is_no_pause_is_refused(quiet: QuietHours) -> None:
    with pytest.raises(ValidationFailed):
        quiet_hours(quiet)

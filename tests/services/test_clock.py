"""One clock for all processes, driven by a file."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.runtime.clock import Clock, ClockFileUnreadable


def test_without_a_file_it_is_now_in_utc() -> None:
    before = datetime.now(UTC)
    told = Clock().now()
    assert before <= told <= datetime.now(UTC)
    assert told.utcoffset() == timedelta(0)


def test_an_instant_stops_time_and_the_next_write_moves_every_clock(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("2026-03-29T02:30:00+01:00\n")
    one, other = Clock(file), Clock(file)
    assert one.now() == other.now() == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    file.write_text("2026-03-29T12:00:00Z")
    assert one.now() == other.now() == datetime(2026, 3, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("offset", "shift"),
    [
        ("PT2H", timedelta(hours=2)),
        ("-PT5M", -timedelta(minutes=5)),
        ("P1DT12H", timedelta(hours=36)),
        ("+P2W", timedelta(weeks=2)),
    ],
)
def test_an_offset_shifts_time_and_lets_it_run(tmp_path: Path, offset: str, shift: timedelta) -> None:
    file = tmp_path / "clock"
    file.write_text(offset)
    clock = Clock(file)
    before = datetime.now(UTC)
    first, second = clock.now(), clock.now()
    assert before + shift <= first <= second <= datetime.now(UTC) + shift


def test_a_half_written_file_leaves_the_time_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("2026-07-01T08:00:00Z")
    clock = Clock(file)
    file.write_text("2026-")
    assert clock.now() == datetime(2026, 7, 1, 8, tzinfo=UTC)
    os.remove(file)
    assert clock.now() == datetime(2026, 7, 1, 8, tzinfo=UTC)
    file.write_text("2026-07-02T08:00:00Z")
    assert clock.now() == datetime(2026, 7, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "2026-07-01T08:00:00", "P", "PT", "P1Y", "PT-5M"])
def test_an_unreadable_file_is_refused_at_the_start_with_examples(tmp_path: Path, text: str) -> None:
    (tmp_path / "clock").write_text(text)
    with pytest.raises(ClockFileUnreadable, match="PT2H"):
        Clock(tmp_path / "clock")

"""What time it is: one clock for all processes, which tests can drive.

With SUPPORT_CLOCK_FILE every process obeys the file: an instant (`2026-03-29T00:30:00Z`) stops time there, an offset (`PT2H`,
`-P1D`) shifts it. The file is read again when it changes, so one write moves every process at once.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

_DURATION = re.compile(
    r"\A(?P<sign>[+-]?)P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?\Z"
)


class ClockFileUnreadable(Exception):
    """The clock file says neither an instant nor an offset."""


class Clock:
    """The time of this deployment. `now()` is always UTC and timezone-aware."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._seen: tuple[int, int, int] | None = None
        self._told: datetime | timedelta = timedelta()
        if file:
            self._look(file)

    def now(self) -> datetime:
        if self._file:
            self._look(self._file)
        return self._told if isinstance(self._told, datetime) else datetime.now(UTC) + self._told

    def _look(self, file: Path) -> None:
        try:
            status = file.stat()
            seen = (status.st_mtime_ns, status.st_ino, status.st_size)
            if seen != self._seen:
                self._told = read(file.read_text())
                self._seen = seen
        except (OSError, ClockFileUnreadable):
            # Seen half-written or between two writes: what it said last holds, and the next look reads it.
            if self._seen is None:
                raise


def read(text: str) -> datetime | timedelta:
    """An instant with its offset from UTC, or an ISO 8601 duration. Raises ClockFileUnreadable."""
    text = text.strip()
    if text.lstrip("+-").startswith("P"):
        return duration(text)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ClockFileUnreadable(
            f"SUPPORT_CLOCK_FILE says {text[:40]!r}: write an instant (2026-07-01T08:00:00Z) or an offset (PT2H, -P1D)"
        )
    return instant.astimezone(UTC)


def duration(text: str) -> timedelta:
    """An ISO 8601 duration of weeks, days, hours, minutes and seconds; months and years have no fixed length."""
    found = _DURATION.match(text)
    parts = {name: float(value) for name, value in found.groupdict().items() if name != "sign" and value} if found else {}
    if found is None or not parts:
        raise ClockFileUnreadable(f"{text[:40]!r} is no duration such as PT2H, -PT5M or P1D")
    length = timedelta(**parts)
    return -length if found["sign"] == "-" else length

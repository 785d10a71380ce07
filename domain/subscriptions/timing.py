"""When a message may go out: quiet hours and digests hold it back, unless it is urgent.

Pure; local times are those of the subscription's zone. On the night a clock is put back, the hour that comes twice is quiet twice; an
end that a clock put forward leaves out is the instant at which it was put forward.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.errors import ValidationFailed
from domain.status.vocabulary import StatusSeverity
from domain.subscriptions.vocabulary import DigestMode, QuietHours

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_RANK = {severity: rank for rank, severity in enumerate(StatusSeverity)}


def at_least(severity: StatusSeverity, bound: StatusSeverity) -> bool:
    """Whether it is as serious as the bound, or more."""
    return _RANK[severity] >= _RANK[bound]


def quiet_hours(quiet: QuietHours, *, path: Sequence[str] = ("input", "quietHours")) -> QuietHours:
    """The same, judged. Raises ValidationFailed."""
    for name, value in (("from", quiet.from_), ("to", quiet.to)):
        if not _TIME.fullmatch(value):
            raise ValidationFailed("A time is written as 22:00.", problem="BAD_FORMAT", path=(*path, name))
    if quiet.from_ == quiet.to:
        raise ValidationFailed("A pause that never ends is `pause`.", problem="OUT_OF_RANGE", path=(*path, "to"))
    try:
        ZoneInfo(quiet.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationFailed(
            "This time zone is not in the IANA database.", problem="NOT_ALLOWED", path=(*path, "timeZone")
        ) from None
    return quiet


def not_before(
    at: datetime,
    severity: StatusSeverity,
    *,
    urgent_from: StatusSeverity,
    quiet: QuietHours | None,
    digest: DigestMode = DigestMode.IMMEDIATE,
) -> datetime:
    """The first instant at which a message that came up at `at` may go out: `at` itself where nothing holds it back."""
    if at_least(severity, urgent_from):
        return at
    return _after_quiet(_collected(at, digest, quiet), quiet)


def _collected(at: datetime, digest: DigestMode, quiet: QuietHours | None) -> datetime:
    """The end of the hour or local day in which it came up."""
    if digest is DigestMode.IMMEDIATE:
        return at
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if digest is DigestMode.HOURLY:
        return hour if hour == at else hour + timedelta(hours=1)
    zone = ZoneInfo(quiet.time_zone) if quiet else ZoneInfo("UTC")
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)


def _after_quiet(at: datetime, quiet: QuietHours | None) -> datetime:
    if quiet is None:
        return at
    zone = ZoneInfo(quiet.time_zone)
    begin, end = time.fromisoformat(quiet.from_), time.fromisoformat(quiet.to)
    local = at.astimezone(zone)
    now = local.time().replace(tzinfo=None)
    is_quiet = begin <= now < end if begin < end else now >= begin or now < end
    if not is_quiet:
        return at
    day = local.date() if now < end else local.date() + timedelta(days=1)
    first, second = (datetime.combine(day, end, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return second if first <= second else _put_forward(second, first, datetime.combine(day, end), zone)


def _put_forward(after: datetime, until: datetime, wall: datetime, zone: ZoneInfo) -> datetime:
    """The minute in (after, until] from which on the clock on the wall shows that time or a later one."""
    minutes = range(int((until - after) / timedelta(minutes=1)))
    return after + timedelta(
        minutes=bisect_left(
            minutes, wall, key=lambda gone: (after + timedelta(minutes=gone)).astimezone(zone).replace(tzinfo=None)
        )
    )

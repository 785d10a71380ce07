"""A ticket's clocks as plain JSON values and back, for who keeps them between events (the projections, in a column).

A form of our own read models, rebuilt at will; no contract with anybody.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.calendars import Calendar, ServiceHours, Weekday, WeeklyHours
from domain.tickets.sla import SlaClocks
from domain.tickets.sla_clock import Clock, Mark, SlaCause, SlaState
from domain.tickets.status import Status
from domain.tickets.vocabulary import SlaMetric

MICROSECOND = timedelta(microseconds=1)


def to_json(clocks: SlaClocks) -> dict[str, Any]:
    """Values that any JSON writer takes; `from_json` makes an equal object of them."""
    return {
        "marks": [[mark.at.isoformat(), mark.status, mark.cause, mark.version] for mark in clocks.marks],
        "clocks": [_clock(clock) for clock in clocks.clocks.values()],
        "first_responded_at": _instant(clocks.first_responded_at),
        "before_merge": clocks.before_merge,
    }


def from_json(value: dict[str, Any]) -> SlaClocks:
    clocks = [_read_clock(each) for each in value["clocks"]]
    return SlaClocks(
        marks=[
            Mark(datetime.fromisoformat(at), Status(status), SlaCause(cause), version)
            for at, status, cause, version in value["marks"]
        ],
        clocks={clock.target: clock for clock in clocks},
        first_responded_at=_read_instant(value["first_responded_at"]),
        before_merge=Status(value["before_merge"]) if value["before_merge"] else None,
    )


def calendar_to_json(calendar: Calendar) -> dict[str, Any]:
    return {
        "name": calendar.name,
        "time_zone": calendar.time_zone,
        "hours": calendar.hours,
        "opens": [[hours.day, hours.from_, hours.to] for hours in calendar.opens],
        "holidays": [holiday.isoformat() for holiday in calendar.holidays],
    }


def calendar_from_json(value: dict[str, Any]) -> Calendar:
    return Calendar(
        name=value["name"],
        time_zone=value["time_zone"],
        hours=ServiceHours(value["hours"]),
        opens=tuple(WeeklyHours(Weekday(day), from_, to) for day, from_, to in value["opens"]),
        holidays=tuple(date.fromisoformat(holiday) for holiday in value["holidays"]),
    )


def _clock(clock: Clock) -> dict[str, Any]:
    return {
        "target": str(clock.target),
        "metric": clock.metric,
        "within": clock.within // MICROSECOND,
        "imminent_after": clock.imminent_after // MICROSECOND,
        "calendar": calendar_to_json(clock.calendar),
        "policy": clock.policy,
        "applied_at": clock.applied_at.isoformat(),
        "version": clock.version,
        "started_at": clock.started_at.isoformat(),
        "supersedes": str(clock.supersedes) if clock.supersedes else None,
        "warned": clock.warned,
        "end": clock.end,
        "ended_at": _instant(clock.ended_at),
    }


def _read_clock(value: dict[str, Any]) -> Clock:
    return Clock(
        target=UUID(value["target"]),
        metric=SlaMetric(value["metric"]),
        within=value["within"] * MICROSECOND,
        imminent_after=value["imminent_after"] * MICROSECOND,
        calendar=calendar_from_json(value["calendar"]),
        policy=value["policy"],
        applied_at=datetime.fromisoformat(value["applied_at"]),
        version=value["version"],
        started_at=datetime.fromisoformat(value["started_at"]),
        supersedes=UUID(value["supersedes"]) if value["supersedes"] else None,
        warned=value["warned"],
        end=SlaState(value["end"]) if value["end"] else None,
        ended_at=_read_instant(value["ended_at"]),
    )


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _read_instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

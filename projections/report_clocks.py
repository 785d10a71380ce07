"""How did the promises on a ticket end, and how long did it wait? Worked out from the same clocks as the promises themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from domain import calendars
from domain.tickets import sla_clock
from domain.tickets.sla import SlaClocks
from domain.tickets.sla_clock import Clock
from domain.tickets.status import ENDED, Status
from domain.tickets.vocabulary import SlaMetric
from projections.clocks import Clocks, written
from projections.database import Statement

LOAD = "SELECT ticket AS stream, state FROM report_clocks WHERE ticket = ANY($1)"
SAVE = "INSERT INTO report_clocks(ticket, state) VALUES ($1, $2) ON CONFLICT (ticket) DO UPDATE SET state = $2"
SAVE_TARGET = """INSERT INTO report_targets AS t (id, ticket, metric, state, started_at, due_at, ended_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (id) DO UPDATE SET state = excluded.state, due_at = excluded.due_at, ended_at = excluded.ended_at
  WHERE (t.state, t.due_at, t.ended_at) IS DISTINCT FROM (excluded.state, excluded.due_at, excluded.ended_at)"""
SAVE_TIMES = """INSERT INTO report_times(ticket, responded_at, response_microseconds, resolved_at, resolution_microseconds)
  VALUES ($1, $2, $3, $4, $5) ON CONFLICT (ticket) DO UPDATE SET responded_at = $2, response_microseconds = $3, resolved_at = $4,
  resolution_microseconds = $5"""
MICROSECOND = timedelta(microseconds=1)


def rows(ticket: UUID, state: Clocks) -> list[Statement]:
    sla = state.sla
    found: list[Statement] = [(SAVE, (ticket, written(state)))]
    for target, clock in sla.clocks.items():
        if clock.end is None or target in state.changed:
            stands = (clock.end.value if clock.end else "RUNNING", clock.started_at, sla.overdue_at(target), clock.ended_at)
            found.append((SAVE_TARGET, (target, ticket, clock.metric.value, *stands)))
    responded, resolved = sla.first_responded_at, resolved_at(sla)
    if responded is not None or any(mark.status is Status.RESOLVED for mark in sla.marks):
        first = spent(ticket, sla, SlaMetric.FIRST_RESPONSE, responded)
        whole = spent(ticket, sla, SlaMetric.RESOLUTION, resolved)
        found.append((SAVE_TIMES, (ticket, responded, first, resolved, whole)))
    return found


def resolved_at(sla: SlaClocks) -> datetime | None:
    """When it was resolved last; None while it goes on, or goes on again."""
    at: datetime | None = None
    for mark in sla.marks:
        if mark.status is Status.RESOLVED:
            at = mark.at
        elif mark.status not in ENDED:
            at = None
    return at


def spent(ticket: UUID, sla: SlaClocks, metric: SlaMetric, until: datetime | None) -> int | None:
    """Counted time up to an instant, in microseconds: by the clock of the last promise of that kind, as if it had run on.

    Where nothing was promised, day and night from the opening on.
    """
    if until is None:
        return None
    promised = [clock for clock in sla.clocks.values() if clock.metric is metric]
    opened = sla.marks[0]
    clock = (
        promised[-1]._replace(end=None, ended_at=None)
        if promised
        else Clock(
            target=ticket,
            metric=metric,
            within=timedelta(),
            imminent_after=timedelta(),
            calendar=calendars.ALWAYS,
            policy="",
            applied_at=opened.at,
            version=opened.version,
            started_at=opened.at,
        )
    )
    return sla_clock.consumed(clock, sla.marks, until) // MICROSECOND

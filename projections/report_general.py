"""What else went on in a quarter? Incidents and planned work on the services, engagements, what was published, open action items."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from projections.database import Database

MOST_NOTICES = 200
"""Listed in a pack, the latest; all are counted."""


class NoticeFact(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """An incident, or planned work; public words alone. `to` None: it goes on."""

    ref: str
    title: str
    severity: str
    from_: datetime
    to: datetime | None = None


class General(Struct, frozen=True, kw_only=True):
    """Of `[from, to)`. Notices are those that touched it and the services; `open` and `overdue` as they stood at `to`.

    An action item is overdue from the day after the one on which it was due, on the wall of the meeting's zone.
    """

    incident_count: int
    incidents: tuple[NoticeFact, ...]
    maintenance_count: int
    maintenance: tuple[NoticeFact, ...]
    engagements_requested: int
    engagements_completed: int
    engagements_open: int
    published: dict[str, int]
    actions_raised: int
    actions_done: int
    actions_open: int
    actions_overdue: int


NOTICES = """SELECT n.kind, n.ref, n.title, n.severity, n.from_at, n.to_at FROM report_notices n
  WHERE n.from_at < $2 AND (n.to_at IS NULL OR n.to_at > $1) AND ($3::uuid[] IS NULL OR n.services && $3)
  ORDER BY n.from_at, n.ref"""
ENGAGEMENTS = """SELECT count(*) FILTER (WHERE e.requested_at >= $2) AS requested,
    count(*) FILTER (WHERE e.completed AND e.ended_at >= $2 AND e.ended_at < $3) AS completed,
    count(*) FILTER (WHERE e.ended_at IS NULL OR e.ended_at >= $3) AS open
  FROM report_engagements e WHERE e.audience = $1 AND e.requested_at < $3"""
PUBLISHED = """SELECT k.kind, count(*) AS n_of FROM report_knowledge k WHERE k.published_at >= $1 AND k.published_at < $2
  GROUP BY 1 ORDER BY 1"""
ACTIONS = """SELECT count(*) FILTER (WHERE a.raised_at >= $2) AS raised,
    count(*) FILTER (WHERE a.done_at >= $2 AND a.done_at < $3) AS done,
    count(*) FILTER (WHERE a.done_at IS NULL OR a.done_at >= $3) AS open,
    count(*) FILTER (WHERE (a.done_at IS NULL OR a.done_at >= $3) AND a.due_on < $4::date) AS overdue
  FROM report_actions a WHERE a.audience = $1 AND a.raised_at < $3"""


async def general(
    db: Database, organisation: UUID, from_: datetime, to: datetime, today: date, services: Sequence[UUID] | None
) -> General:
    """`today` is the day of `to` on the wall; `services` None: all."""
    notices: dict[str, list[NoticeFact]] = {"INCIDENT": [], "MAINTENANCE": []}
    for row in await db.fetch(NOTICES, from_, to, None if services is None else list(services)):
        over = row["to_at"] if row["to_at"] is not None and row["to_at"] <= to else None
        fact = NoticeFact(ref=row["ref"], title=row["title"], severity=row["severity"], from_=row["from_at"], to=over)
        notices[row["kind"]].append(fact)
    engagements = await db.fetchrow(ENGAGEMENTS, organisation, from_, to)
    actions = await db.fetchrow(ACTIONS, organisation, from_, to, today)
    published = {row["kind"]: row["n_of"] for row in await db.fetch(PUBLISHED, from_, to)}
    assert engagements is not None
    assert actions is not None
    return General(
        incident_count=len(notices["INCIDENT"]),
        incidents=tuple(notices["INCIDENT"][-MOST_NOTICES:]),
        maintenance_count=len(notices["MAINTENANCE"]),
        maintenance=tuple(notices["MAINTENANCE"][-MOST_NOTICES:]),
        engagements_requested=engagements["requested"],
        engagements_completed=engagements["completed"],
        engagements_open=engagements["open"],
        published=published,
        actions_raised=actions["raised"],
        actions_done=actions["done"],
        actions_open=actions["open"],
        actions_overdue=actions["overdue"],
    )

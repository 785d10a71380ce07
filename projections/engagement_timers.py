"""Which engagements are people to be reminded of next?

For the scheduler; see timers.py for how rows are claimed. One row for each reminder that is still to come; whether it is one to send or
to drop is decided on the engagement.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.engagements.events import (
    EngagementCancelled,
    EngagementCompleted,
    EngagementReminderDropped,
    EngagementReminderDue,
    EngagementScheduled,
)
from domain.event import DomainEvent
from projections.database import Database, Statement
from projections.projection import Envelope, Projection

engagement_timers = Projection(
    "engagement_timers",
    version=1,
    tables="""
    CREATE TABLE engagement_timers(engagement uuid NOT NULL, due_at timestamptz NOT NULL, PRIMARY KEY (engagement, due_at));
    CREATE INDEX engagement_timers_by_due ON engagement_timers(due_at, engagement);
    """,
    staff_tables=frozenset({"engagement_timers"}),
)

SET = "INSERT INTO engagement_timers(engagement, due_at) VALUES ($1, $2)"
DONE = "DELETE FROM engagement_timers WHERE engagement = $1 AND due_at = $2"
FORGET = "DELETE FROM engagement_timers WHERE engagement = $1"


@engagement_timers.on(EngagementScheduled)
def scheduled(event: EngagementScheduled, envelope: Envelope) -> list[Statement]:
    coming: list[Statement] = [(SET, (envelope.stream, event.starts_at - each)) for each in event.reminders]
    return [(FORGET, (envelope.stream,)), *coming]


@engagement_timers.on(EngagementReminderDue)
def sent(event: EngagementReminderDue, envelope: Envelope) -> Statement:
    return DONE, (envelope.stream, event.starts_at - event.before)


@engagement_timers.on(EngagementReminderDropped)
def dropped(event: EngagementReminderDropped, envelope: Envelope) -> Statement:
    return DONE, (envelope.stream, event.starts_at - event.before)


@engagement_timers.on(EngagementCompleted, EngagementCancelled)
def ended(_: DomainEvent, envelope: Envelope) -> Statement:
    return FORGET, (envelope.stream,)


class Reminder(Struct, frozen=True, kw_only=True):
    engagement: UUID
    due_at: datetime


DUE = """SELECT engagement, due_at FROM engagement_timers WHERE due_at <= $1 ORDER BY due_at, engagement LIMIT $2
  FOR UPDATE SKIP LOCKED"""


async def claim_due(db: Database, now: datetime, limit: int) -> Sequence[Reminder]:
    """What is due, longest due first; locked in the caller's transaction, without what others have locked."""
    rows = await db.fetch(DUE, now, limit)
    return [Reminder(engagement=row["engagement"], due_at=row["due_at"]) for row in rows]

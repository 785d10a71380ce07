"""Which digests are due?

For the scheduler; see timers.py for how rows are claimed. One row for each that is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.subscriptions.digest_events import DigestClosed, DigestPostCollected
from projections.database import Database, Statement
from projections.projection import Envelope, Projection

digest_timers = Projection(
    "digest_timers",
    version=1,
    tables="""
    CREATE TABLE digest_timers(digest uuid PRIMARY KEY, subscription uuid NOT NULL, due_at timestamptz NOT NULL);
    CREATE INDEX digest_timers_by_due ON digest_timers(due_at, digest);
    """,
    staff_tables=frozenset({"digest_timers"}),
)

SET = "INSERT INTO digest_timers(digest, subscription, due_at) VALUES ($1, $2, $3)"
DONE = "DELETE FROM digest_timers WHERE digest = $1"


@digest_timers.on(DigestPostCollected)
def collected(event: DigestPostCollected, envelope: Envelope) -> Statement | None:
    return (SET, (envelope.stream, event.subscription, event.due_at)) if envelope.version == 1 else None


@digest_timers.on(DigestClosed)
def closed(_: DigestClosed, envelope: Envelope) -> Statement:
    return DONE, (envelope.stream,)


class Due(Struct, frozen=True, kw_only=True):
    digest: UUID
    due_at: datetime


DUE = """SELECT digest, due_at FROM digest_timers WHERE due_at <= $1 ORDER BY due_at, digest LIMIT $2
  FOR UPDATE SKIP LOCKED"""


async def claim_due(db: Database, now: datetime, limit: int) -> Sequence[Due]:
    """What is due, longest due first; locked in the caller's transaction, without what others have locked."""
    return [Due(**row) for row in await db.fetch(DUE, now, limit)]

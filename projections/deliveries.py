"""What became of outgoing messages: which wait, which are held until when, and which will never go out?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.deliveries.events import DeliveryQueued, DeliverySuppressed
from projections.arguments import Arguments, document
from projections.database import Database, Statement
from projections.projection import Envelope, Projection

MOST = 20
"""Of one thing's deliveries that are shown."""
deliveries = Projection(
    "deliveries",
    version=1,
    tables="""
    CREATE TABLE deliveries(
      id uuid PRIMARY KEY, position bigint NOT NULL, subject_id uuid NOT NULL, recipient uuid NOT NULL, channel text NOT NULL,
      state text NOT NULL, queued_at timestamptz NOT NULL, not_before timestamptz, suppressed_at timestamptz);
    CREATE INDEX deliveries_of_subject ON deliveries(subject_id, position);
    CREATE INDEX deliveries_of_recipient ON deliveries(recipient, position);
    """,
)

QUEUE = """INSERT INTO deliveries(id, position, subject_id, recipient, channel, state, queued_at, not_before)
  VALUES ($1, $2, $3, $4, $5, 'QUEUED', $6, $7)"""
SUPPRESS = "UPDATE deliveries SET state = 'SUPPRESSED', suppressed_at = $2 WHERE id = $1"


@deliveries.on(DeliveryQueued)
def queued(event: DeliveryQueued, envelope: Envelope) -> Statement:
    return QUEUE, (
        envelope.stream, envelope.position, event.subject_id, event.recipient, event.channel, event.timestamp, event.not_before,
    )  # fmt: skip


@deliveries.on(DeliverySuppressed)
def suppressed(event: DeliverySuppressed, envelope: Envelope) -> Statement:
    return SUPPRESS, (envelope.stream, event.timestamp)


class Delivery(Struct, frozen=True, kw_only=True):
    """`state` is HELD until its time has come. `at`: since when it is in it."""

    channel: str
    state: str
    at: datetime


def recent(arguments: Arguments, subject: str, now: datetime) -> str:
    """The last deliveries of what this SQL expression names, newest first, as JSON."""
    at = arguments(now, "timestamptz")
    shown = document(
        {
            "channel": "d.channel",
            "state": f"CASE WHEN d.state = 'QUEUED' AND d.not_before > {at} THEN 'HELD' ELSE d.state END",
            "at": f"coalesce(d.suppressed_at, CASE WHEN d.not_before <= {at} THEN d.not_before END, d.queued_at)",
        }
    )
    newest = f"SELECT * FROM deliveries WHERE subject_id = {subject} ORDER BY position DESC LIMIT {MOST}"
    return f"(SELECT coalesce(json_agg({shown} ORDER BY d.position DESC), '[]') FROM ({newest}) d)"


class Waiting(Struct, frozen=True, kw_only=True):
    id: UUID
    position: int


WAITING = """SELECT id, position FROM deliveries WHERE {column} = $1 AND position < $2 AND position > $3{state}
  ORDER BY position LIMIT $4"""
_ONLY_WAITING = " AND state = 'QUEUED'"


async def of_subject(db: Database, subject: UUID, before: int, *, after: int, limit: int, all: bool) -> Sequence[Waiting]:
    """Deliveries for this subscription queued before this position, in order: those that wait, or, to shred them, all."""
    sql = WAITING.format(column="subject_id", state="" if all else _ONLY_WAITING)
    return [Waiting(**row) for row in await db.fetch(sql, subject, before, after, limit)]


async def of_recipient(db: Database, recipient: UUID, before: int, *, after: int, limit: int) -> Sequence[Waiting]:
    """Likewise, those that wait for this person or organisation."""
    sql = WAITING.format(column="recipient", state=_ONLY_WAITING)
    return [Waiting(**row) for row in await db.fetch(sql, recipient, before, after, limit)]

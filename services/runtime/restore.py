"""Beginning a new epoch: what `support restore` does after the database was restored to an earlier point, or failed over and lost its tail.

Facts that the store no longer has were told to others. A new epoch says so: what others do not know is of another line, so nobody takes
it for one of the lost facts. That includes what was recorded since the restore at positions where others know something else: it moves
into the new epoch before anybody was told of it (a relay that meets such a store publishes nothing). The relay then makes the stream
anew, and read models that had gone further are rebuilt. Run twice it begins two epochs, which harms nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from nats.aio.client import Client

from domain.log.events import LOG, LogRestored
from services.runtime.act import SYSTEM
from services.runtime.cloudevents import Identity
from services.runtime.codec import Codec
from services.runtime.locks import Lock
from services.runtime.postgres import Connection, Login
from services.runtime.provisioning import fact_in_stream, last_in_stream

_STATE = """
SELECT l.epoch, coalesce((SELECT max(notification_id) FROM store.stored_events), l.base) AS head,
  (SELECT coalesce(max(originator_version), 0) FROM store.stored_events WHERE originator_id = $1) AS version
FROM store.logs l ORDER BY l.epoch DESC LIMIT 1
"""
_FACT = "SELECT epoch, originator_id, originator_version, recorded_at FROM store.stored_events WHERE notification_id = $1"
_BEGIN = "INSERT INTO store.logs (epoch, began_at, base) VALUES ($1, $2, $3)"
_MOVE = (
    "UPDATE store.stored_events SET epoch = $1 WHERE notification_id > $2",
    "UPDATE store.idempotency SET epoch = $1 WHERE position > $2",
)

_RECORD = """
INSERT INTO store.stored_events (originator_id, originator_version, topic, state, notification_id, epoch, class, occurred_at, recorded_at,
  correlation, actor_kind, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp(), $9, $10, $11)
"""


@dataclass(frozen=True, slots=True)
class Restored:
    """The epoch that began. Positions up to `kept_through` are as they were; those up to `lost_through` were once other facts."""

    epoch: int
    kept_through: int
    lost_through: int


async def begin_epoch(
    owner_dsn: str, client: Client, *, at: datetime, correlation: UUID, kept_through: int | None = None
) -> Restored:
    """Begin the epoch after every one that store or stream have seen, and record it. The stream is only looked at.

    `kept_through` is the position to which the store was restored, for when the stream cannot tell: it was behind, or is gone too.
    """
    connection = await Login(owner_dsn).connect()
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", Lock.APPEND)  # nothing is appended meanwhile
            row = await connection.fetchrow(_STATE, LOG)
            last = await last_in_stream(client)
            published, fact = last if last is not None else (0, None)
            kept = await _in_common(connection, client, row["head"], published)
            kept = kept if kept_through is None else min(kept, kept_through)
            lost = max(kept, published, row["head"] if kept_through is not None else 0)
            restored = Restored(max(row["epoch"], fact.epoch if fact else 0) + 1, kept, lost)
            await connection.execute(_BEGIN, restored.epoch, at, kept)
            for statement in _MOVE:
                await connection.execute(statement, restored.epoch, kept)
            await _record(connection, restored, row["head"] + 1, row["version"] + 1, at, correlation)
        return restored
    finally:
        await connection.close()


async def _in_common(connection: Connection, client: Client, head: int, published: int) -> int:
    """The last position up to which stream and store hold the same; all of the store's where the stream does not say otherwise.

    Both are lines that part once, so some twenty looks find the place in a million.
    """

    async def same(position: int) -> bool:
        row = await connection.fetchrow(_FACT, position)
        return row is not None and await fact_in_stream(client, position) == Identity(*row)

    known, parted = 0, min(head, published)
    if parted == 0 or await same(parted):
        return head
    while parted - known > 1:
        middle = (known + parted) // 2
        known, parted = (middle, parted) if await same(middle) else (known, middle)
    return known


async def _record(
    connection: Connection, restored: Restored, position: int, version: int, at: datetime, correlation: UUID
) -> None:
    """The owner's own act, in the transaction that begins the epoch and under the lock of store.append."""
    event = LogRestored(
        originator_id=LOG,
        originator_version=version,
        timestamp=at,
        kept_through=restored.kept_through,
        lost_through=restored.lost_through,
    )
    place = (LOG, version, LogRestored.TOPIC, Codec().encode(event), position, restored.epoch, LogRestored.CLASS.value)
    await connection.execute(_RECORD, *place, at, correlation, SYSTEM.kind.value, SYSTEM.id)
    await connection.execute("SELECT pg_notify('support_appended', $1)", str(position))

"""Reading the log: a stream, a stretch of positions, the head. Any role that may see the log will do."""

from __future__ import annotations

from uuid import UUID

from services.runtime.command import RecordedEvent
from services.runtime.position import Position
from services.runtime.postgres import Pool

COLUMNS = (
    "originator_id, originator_version, topic, state, notification_id, epoch, class, organisation, occurred_at, recorded_at,"
    " correlation, causation, actor_kind, actor, traceparent"
)
"""In the order of RecordedEvent's fields."""
HEAD = (
    "SELECT l.epoch, coalesce((SELECT max(notification_id) FROM store.stored_events), l.base)"
    " FROM store.logs l ORDER BY l.epoch DESC LIMIT 1"
)
STREAM = (
    f"SELECT {COLUMNS} FROM store.stored_events WHERE originator_id = $1 AND originator_version > $2"  # noqa: S608 - constants
    " ORDER BY originator_version"
)
NEWEST = f"SELECT {COLUMNS} FROM store.stored_events WHERE topic = $1 ORDER BY notification_id DESC LIMIT $2"  # noqa: S608
READ = f"SELECT {COLUMNS} FROM store.stored_events WHERE notification_id > $1 ORDER BY notification_id LIMIT $2"  # noqa: S608


class EventLog:
    """The log as readers see it. Position order is commit order, so `read(last seen)` never passes over anything."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @property
    def pool(self) -> Pool:
        """For those who read beside the log what the same role may: the keyring."""
        return self._pool

    async def stream(self, stream: UUID, after: int = 0) -> list[RecordedEvent]:
        """The events of one aggregate above version `after`, in order."""
        return [RecordedEvent(*row) for row in await self._pool.fetch(STREAM, stream, after)]

    async def read(self, after: int, limit: int) -> list[RecordedEvent]:
        """At most `limit` events above position `after`, in order."""
        return [RecordedEvent(*row) for row in await self._pool.fetch(READ, after, limit)]

    async def newest(self, topic: str, limit: int) -> list[RecordedEvent]:
        """The last `limit` events of a topic, in order. No index has topics: for development."""
        return [RecordedEvent(*row) for row in reversed(await self._pool.fetch(NEWEST, topic, limit))]

    async def head(self) -> Position:
        """The last position; number 0 in an empty log."""
        epoch, number = await self._pool.fetchrow(HEAD)
        return Position(epoch, number)

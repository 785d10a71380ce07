"""The relay's side towards the store: one direct session that holds the lead, hears of new facts and reads them in order.

The lead is a session advisory lock, so it ends with the session whatever ends that. It only saves work: what keeps the stream whole
is the fence of expected sequences, even with two leaders. The lock is tried, never waited for: a waiting statement would hold
back vacuum for as long as the standby stands by.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from services.runtime.cloudevents import Identity
from services.runtime.command import RecordedEvent
from services.runtime.locks import Lock
from services.runtime.postgres import Connection, Login

CHANNEL = "support_appended"

_STATE = """
SELECT l.epoch, l.base,
  (SELECT min(notification_id) FROM store.stored_events) AS first,
  (SELECT max(notification_id) FROM store.stored_events) AS head
FROM store.logs l ORDER BY l.epoch DESC LIMIT 1
"""
_IDENTITY = "SELECT epoch, originator_id, originator_version, recorded_at FROM store.stored_events WHERE notification_id = $1"
_AFTER = """
SELECT originator_id, originator_version, topic, state, notification_id, epoch, class, organisation, occurred_at, recorded_at,
  correlation, causation, actor_kind, actor, traceparent
FROM (
  SELECT e.*, sum(octet_length(state)) OVER (ORDER BY notification_id) - octet_length(state) AS before
  FROM (SELECT * FROM store.stored_events WHERE notification_id > $1 ORDER BY notification_id LIMIT $2) AS e
) AS e
WHERE before < $3 ORDER BY notification_id
"""
_NOTE = """
INSERT INTO store.consumers AS c (durable, epoch, ack_floor, config, seen_at) VALUES ($1, $2, $3, $4::jsonb, now())
ON CONFLICT (durable) DO UPDATE SET epoch = excluded.epoch, ack_floor = excluded.ack_floor, config = excluded.config, seen_at = now()
"""


@dataclass(frozen=True, slots=True)
class LogState:
    """Where the log is. `first` is the position of the oldest fact (the next one's in an empty log), `head` of the newest."""

    epoch: int
    first: int
    head: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a durable was when somebody last looked: everything up to `floor` of the line `epoch` was acknowledged."""

    epoch: int
    floor: int
    config: Mapping[str, Any]


class Log:
    """One session with the store. Not for two tasks at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._news = asyncio.Event()
        self._leads = False

    @classmethod
    @contextlib.asynccontextmanager
    async def session(cls, dsn: str) -> AsyncIterator[Self]:
        """A session that ends with the block, and the lead with it."""
        connection = await Login(dsn, settings={"application_name": "support relay"}).connect()
        log = cls(connection)
        try:
            await connection.add_listener(CHANNEL, log.wake)
            yield log
        finally:
            connection.terminate()

    async def try_to_lead(self) -> bool:
        """Take the lead if nobody has it."""
        if not self._leads:
            self._leads = bool(await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", Lock.RELAY))
        return self._leads

    async def stand_back(self) -> None:
        """Give the lead to whoever stands by."""
        if self._leads:
            self._leads = False
            await self._connection.execute("SELECT pg_advisory_unlock($1)", Lock.RELAY)

    async def state(self) -> LogState:
        row = await self._connection.fetchrow(_STATE)
        head = row["base"] if row["head"] is None else row["head"]
        return LogState(row["epoch"], head + 1 if row["first"] is None else row["first"], head)

    async def identity(self, position: int) -> Identity | None:
        """Which fact lies at a position; None beyond the log."""
        row = await self._connection.fetchrow(_IDENTITY, position)
        return Identity(*row) if row else None

    async def after(self, position: int, limit: int, size: int) -> list[RecordedEvent]:
        """The next facts, at most `limit`, and no further one once `size` bytes are reached."""
        return [RecordedEvent(*row) for row in await self._connection.fetch(_AFTER, position, limit, size)]

    async def wait(self, seconds: float) -> None:
        """Return when something was appended, or after `seconds`: a notification may be lost with its connection."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)

    def wake(self, *_: object) -> None:
        """End the wait."""
        self._news.set()

    def read_anew(self) -> None:
        """Whatever was heard until now is about to be read."""
        self._news.clear()

    async def places(self) -> dict[str, Place]:
        """Where the durables were, as noted."""
        rows = await self._connection.fetch("SELECT durable, epoch, ack_floor, config::text AS config FROM store.consumers")
        return {row["durable"]: Place(row["epoch"], row["ack_floor"], json.loads(row["config"])) for row in rows}

    async def note(self, places: Mapping[str, Place]) -> None:
        """Note where durables are."""
        await self._connection.executemany(
            _NOTE, [(name, place.epoch, place.floor, json.dumps(dict(place.config))) for name, place in places.items()]
        )

    async def kept_of(self, epoch: int) -> int | None:
        """The last position that every later line kept of the line `epoch`; None where it is still the current one."""
        kept: int | None = await self._connection.fetchval("SELECT min(base) FROM store.logs WHERE epoch > $1", epoch)
        return kept

"""Where the notifier is in the log, held by one process at a time.

The lock is the session's, and the place is moved on that same session: whoever has lost the one cannot move the other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from services.runtime.command import RecordedEvent
from services.runtime.event_log import COLUMNS, HEAD
from services.runtime.locks import Lock
from services.runtime.position import Position

APPENDED = "support_appended"
NAME = "notifier"
PATIENCE = 5.0
"""Seconds after which a server that does not answer counts as away."""
_BEGIN = f"""INSERT INTO notifier.places (name, epoch, position) SELECT $1, h.epoch, h.number FROM ({HEAD}) AS h(epoch, number)
  ON CONFLICT (name) DO NOTHING"""  # noqa: S608 - constants
_MOVE = "UPDATE notifier.places SET epoch = $2, position = $3, moved_at = now() WHERE name = $1"
_NEXT = f"""SELECT {COLUMNS} FROM store.stored_events
  WHERE notification_id > $1 AND notification_id <= $2 AND topic = ANY($3) ORDER BY notification_id"""  # noqa: S608 - constants
_PARK = """INSERT INTO notifier.parked AS p (epoch, position, topic, error) VALUES ($1, $2, $3, $4)
  ON CONFLICT (epoch, position) DO UPDATE SET error = excluded.error, attempts = p.attempts + 1, again = false"""
_AGAIN = f"""SELECT {COLUMNS} FROM store.stored_events
  WHERE (epoch, notification_id) IN (SELECT epoch, position FROM notifier.parked WHERE again) ORDER BY notification_id"""  # noqa: S608
_DONE = "DELETE FROM notifier.parked WHERE epoch = $1 AND position = $2"
# What was lost in a restore is in no log any more: there is nothing to try again.
_LOST = """DELETE FROM notifier.parked p WHERE again
  AND NOT EXISTS (SELECT FROM store.stored_events e WHERE e.notification_id = p.position AND e.epoch = p.epoch)"""


class Place:
    """`connection` is its own: it locks, listens, reads the log and moves the place."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._news = asyncio.Event()

    async def listen(self) -> None:
        await self._connection.add_listener(APPENDED, lambda *_: self._news.set())

    async def lead(self) -> bool:
        """Whether this process is the one. Let go of by hanging up."""
        return bool(await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", Lock.NOTIFIER))

    async def begin(self) -> Position:
        """Where to go on after: where it was, or, at the first start of all, the end of the log."""
        await self._connection.execute(_BEGIN, NAME)
        return Position(*await self._connection.fetchrow("SELECT epoch, position FROM notifier.places WHERE name = $1", NAME))

    async def head(self) -> Position:
        """Asked at every step, so that a server which holds the connection and does not answer is told from one that has no news."""
        return Position(*await self._connection.fetchrow(HEAD, timeout=PATIENCE))

    async def next(self, after: int, upto: int, topics: Sequence[str]) -> list[RecordedEvent]:
        """The events of these topics in (after, upto], in order."""
        return [RecordedEvent(*row) for row in await self._connection.fetch(_NEXT, after, upto, topics)]

    async def move(self, to: Position) -> None:
        await self._connection.execute(_MOVE, NAME, *to)

    async def park(self, event: RecordedEvent, error: str) -> None:
        await self._connection.execute(_PARK, event.epoch, event.position, event.topic, error)

    async def again(self) -> list[RecordedEvent]:
        """Events that were passed over and are to be tried again, in order."""
        await self._connection.execute(_LOST)
        return [RecordedEvent(*row) for row in await self._connection.fetch(_AGAIN)]

    async def done(self, event: RecordedEvent) -> None:
        """One of these was dealt with."""
        await self._connection.execute(_DONE, event.epoch, event.position)

    async def news(self, seconds: float) -> None:
        """Wait until something is appended, or so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)
        self._news.clear()

    def wake(self) -> None:
        self._news.set()

    async def close(self) -> None:
        try:
            await self._connection.close(timeout=2)
        except Exception:  # it is gone, which is all that was wanted
            self._connection.terminate()

"""One tail of the log in this process, which wakes everybody who watches tickets, the status page or room accesses.

It follows the read models, not the bare log: what is told has been projected, so that whoever reads on a message finds it. Each watcher
keeps its own place and reads, from there up to a fixed mark, what it may see now. So a cursor that comes back, a slow client and the
live tail are one path: no gap, no double, and nothing piles up in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from projections.projection import Projection
from services.runtime.freshness import CHANNEL
from services.runtime.position import Position
from services.runtime.postgres import LOST

POLL = 1.0
"""Seconds between two looks when nothing was announced; an announcement may be lost with its connection."""
PATIENCE = 20.0
"""Seconds for one look, after which the connection is given up: one that was cut off without a word would never say so."""
PAGE = 5000
WATCHED = "'ticket.%', 'incident.%', 'maintenance.%', 'chat_access.%'"
STREAMS = f"""SELECT position, stream FROM store.tail WHERE position > $1 AND position <= $2 AND topic LIKE ANY (ARRAY[{WATCHED}])
  ORDER BY position LIMIT {PAGE}"""  # noqa: S608 - a constant
_LOST = (*LOST, asyncpg.PostgresError)
_log = logging.getLogger("support.live")


class Restored(Exception):
    """The log was restored to an earlier point: nothing that was told before leads on from here."""


class Tail:
    """Start it with `async with`; watch with `marks`."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], projections: Sequence[Projection]) -> None:
        self._connect = connect
        listed = ", ".join(f"('{each.name}', {each.version})" for each in projections)
        self._mark_sql = (
            "SELECT min(c.epoch), min(c.position) FROM projector.checkpoints c"  # noqa: S608 - declared names
            f" WHERE (c.projection, c.version) IN ({listed}) HAVING count(*) = {len(projections)}"
        )
        self._of_one: dict[UUID, set[asyncio.Event]] = {}
        self._of_all: set[asyncio.Event] = set()
        self._moved = asyncio.Event()
        self._begun = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._mark = Position(1, 0)

    async def __aenter__(self) -> Tail:
        self._task = asyncio.create_task(self._keep_looking())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def mark(self) -> Position:
        """How far the read models are, as this process knows."""
        await self._begun.wait()
        return self._mark

    async def marks(self, ticket: UUID | None, since: Position) -> AsyncIterator[Position]:
        """A new mark whenever something happened on the ticket, or on any, beginning with the present one. Raises Restored."""
        woken = asyncio.Event()
        group = self._of_all if ticket is None else self._of_one.setdefault(ticket, set())
        group.add(woken)
        try:
            while True:
                woken.clear()
                mark = await self.mark()
                if mark.epoch != since.epoch:
                    raise Restored
                yield mark
                await woken.wait()
        finally:
            group.discard(woken)
            if ticket is not None and not group:
                self._of_one.pop(ticket, None)

    async def _keep_looking(self) -> None:
        connection: Any = None
        try:
            while True:
                try:
                    if connection is None or connection.is_closed():
                        connection = await self._connect()
                        await connection.add_listener(CHANNEL, lambda *_: self._moved.set())
                    self._moved.clear()
                    await _bounded(self._look(connection))
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(POLL):
                            await self._moved.wait()
                except _LOST as problem:
                    _log.warning("cannot follow the log: %s", type(problem).__name__)
                    if connection is not None:
                        connection.terminate()
                        connection = None
                    await asyncio.sleep(POLL)
        finally:
            if connection is not None:
                connection.terminate()

    async def _look(self, connection: Any) -> None:
        row = await connection.fetchrow(self._mark_sql)
        if row is None:
            return
        mark = Position(row[0], row[1])
        if not self._begun.is_set():
            self._mark = mark
            self._begun.set()
        if mark.epoch != self._mark.epoch or mark.number < self._mark.number:
            self._mark = mark
            self._wake(self._of_all, *self._of_one.values())
        while self._mark.number < mark.number and (self._of_all or self._of_one):
            rows = await connection.fetch(STREAMS, self._mark.number, mark.number)
            # Moved before anybody is woken: whoever wakes reads up to here.
            self._mark = Position(mark.epoch, rows[-1]["position"]) if len(rows) == PAGE else mark
            if rows:
                self._wake(self._of_all, *(self._of_one.get(stream, ()) for stream in {row["stream"] for row in rows}))
        self._mark = max(self._mark, mark)

    @staticmethod
    def _wake(*groups: Any) -> None:
        for group in groups:
            for woken in group:
                woken.set()


async def _bounded(look: Coroutine[Any, Any, None]) -> None:
    """Raises ConnectionError where it takes too long. Not wait_for: asyncpg asks a server that stands still to cancel, and waits for it."""
    looking = asyncio.ensure_future(look)
    try:
        done, _ = await asyncio.wait({looking}, timeout=PATIENCE)
        if not done:
            raise ConnectionError("stands still")
        looking.result()
    finally:
        if not looking.done():
            looking.cancel()
            looking.add_done_callback(_forget)


def _forget(late: asyncio.Future[Any]) -> None:
    if not late.cancelled():
        late.exception()

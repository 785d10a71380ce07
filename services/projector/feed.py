"""Where the next batch comes from: JetStream first, the store when JetStream is silent, out of step or not to be trusted.

Stream and store are one log in two places, so either may give the next batch. Once JetStream was silent while the store was ahead, the
store is read at once, without patience, until messages arrive in step again: an outage of NATS delays no one's reads.

What JetStream brings is compared with the store, the last fact of each batch, until a fact agrees that is newer than the session: after
a restore the stream may hold positions of a lost line until the relay has mended it, and those are never applied. A store cannot be
restored under a session, so from then on both are one line.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

from services.projector import log
from services.projector.log import Batch, Reader
from services.projector.metrics import BATCHES
from services.runtime.command import RecordedEvent

APPENDED = "support_appended"
PATIENCE = 0.25
"""Seconds that JetStream may take to bring what the store is known to have."""
_log = logging.getLogger("support.projector")


class LogWentBack(Exception):
    """The log ends before what was already read, or goes on in another epoch: it was restored."""


class Arrival(Protocol):
    @property
    def event(self) -> RecordedEvent: ...


class Stream(Protocol):
    """JetStream as a durable brings it (services/runtime/stream.py)."""

    async def batch(self, limit: int = ..., *, wait: float = ...) -> Sequence[Any]: ...

    async def ack(self, last: Any) -> None: ...


class Feed:
    """The log, batch by batch. `connection` is the feed's own: it listens, and reads ahead while the last batch is being written."""

    def __init__(
        self,
        connection: Any,
        reader: Reader,
        wanted: frozenset[str],
        *,
        stream: Stream | None = None,
        limit: int = 500,
        poll: float = 1.0,
        patience: float = PATIENCE,
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._wanted = wanted
        self._stream = stream
        self._limit = limit
        self._poll = poll
        self._patience = patience
        self._in_step = stream is not None
        self._trusted = False
        self._began = 0
        self._arrived: deque[Any] = deque()
        self._unacknowledged: Any = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._ahead: tuple[int, asyncio.Task[Batch | None]] | None = None
        self._pump: asyncio.Task[None] | None = None
        self._closing = False
        self.head = 0
        self.epoch = 0

    async def start(self) -> None:
        """Begin to listen and to receive."""
        await self._connection.add_listener(APPENDED, self._appended)
        self.epoch, self.head = await log.head(self._connection)
        self._began = self.head
        if self._stream is not None:
            self._pump = asyncio.create_task(self._receive(self._stream))

    def wake(self) -> None:
        """Let `next` return soon, and from now on at once when nothing is there: the process is to end."""
        self._closing = True
        self._news.set()

    async def close(self) -> None:
        """Stop receiving; the connection is its owner's to close."""
        tasks = [task for task in (self._pump, self._ahead and self._ahead[1]) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def next(self, after: int) -> Batch | None:
        """The batch that begins at `after` + 1; None when there was none for a while. Raises LogWentBack."""
        self._forget(after)
        waited = False
        while not self._closing:
            self._news.clear()
            if self._arrived and self._arrived[0].event.position == after + 1:
                batch = await self._from_stream(after)
                if batch is not None:
                    self._in_step = True
                    return batch
            if self._ahead is not None or self.head > after:
                if self._in_step and not self._arrived and not waited and self._ahead is None:
                    waited = True
                    await self._wait(self._patience)
                    self._forget(after)
                    continue
                if waited or self._arrived:
                    self._in_step = False
                return await self._from_store(after)
            if not await self._wait(self._poll):
                await self._ask_head(after)
                if self.head <= after:
                    return None
            self._forget(after)
        return None

    async def committed(self, position: int) -> None:
        """What came up to here is done with: acknowledge it. Lost acknowledgements only bring the same again."""
        self._forget(position)
        if self._unacknowledged is not None and self._stream is not None:
            last, self._unacknowledged = self._unacknowledged, None
            await self._stream.ack(last)

    def _forget(self, position: int) -> None:
        while self._arrived and self._arrived[0].event.position <= position:
            self._unacknowledged = self._arrived.popleft()
        if len(self._arrived) <= self._limit:
            self._room.set()

    async def _from_stream(self, after: int) -> Batch | None:
        """What has arrived without a gap; None when it is not the store's."""
        taken: list[RecordedEvent] = []
        for arrival in self._arrived:
            if arrival.event.position != after + len(taken) + 1 or len(taken) == self._limit:
                break
            taken.append(arrival.event)
        await self._no_longer_ahead()
        if not self._trusted and not await self._is_fact(taken[-1]):
            return None
        for _ in taken:
            self._unacknowledged = self._arrived.popleft()
        self.head = max(self.head, taken[-1].position)
        BATCHES.labels("stream").inc()
        return await self._read(taken, after)

    async def _from_store(self, after: int) -> Batch | None:
        if self._ahead is not None and self._ahead[0] == after:
            (_, task), self._ahead = self._ahead, None
            batch = await task
        else:
            await self._no_longer_ahead()
            batch = await self._fetch(after)
        if batch is None:
            self.head = min(self.head, after)
            await self._ask_head(after)
            return None
        BATCHES.labels("store").inc()
        if batch.position - after == self._limit:
            self._ahead = batch.position, asyncio.create_task(self._fetch(batch.position))
        return batch

    async def _fetch(self, after: int) -> Batch | None:
        rows = await log.rows(self._connection, after, self._limit)
        if not rows:
            return None
        if rows[0].position != after + 1:
            raise LogWentBack(f"position {after + 1} is not in the log")
        self.head = max(self.head, rows[-1].position)
        return await self._read(rows, after)

    async def _read(self, rows: Sequence[RecordedEvent], after: int) -> Batch:
        last = rows[-1]
        if last.epoch > self.epoch:
            raise LogWentBack(f"epoch {last.epoch} began")
        return await log.read(
            self._connection, self._reader, rows, self._wanted, after=after, upto=last.position, epoch=last.epoch
        )

    async def _no_longer_ahead(self) -> None:
        if self._ahead is not None:
            (_, task), self._ahead = self._ahead, None
            await task  # a query that is under way is let finish: the connection does one thing at a time

    async def _ask_head(self, after: int) -> None:
        await self._no_longer_ahead()
        epoch, self.head = await log.head(self._connection)
        if self.head < after or epoch != self.epoch:
            raise LogWentBack(f"the log ends at {epoch}.{self.head}")

    async def _is_fact(self, event: RecordedEvent) -> bool:
        """Whether the store has this very event at its position."""
        rows = await log.rows(self._connection, event.position - 1, 1)
        same = bool(rows) and (rows[0].epoch, rows[0].stream, rows[0].version) == (event.epoch, event.stream, event.version)
        if same:
            self._trusted = event.position > self._began
        else:
            _log.warning("what JetStream has at position %d is not what the store has; reading the store", event.position)
            self._arrived.clear()
            self._room.set()
            self._in_step = False
        return same

    async def _receive(self, stream: Stream) -> None:
        while True:
            try:
                arrived = await stream.batch(self._limit, wait=5.0)
            except Exception as trouble:  # whatever is wrong with NATS, the store is read
                _log.warning("JetStream cannot be read: %s", type(trouble).__name__)
                self._in_step = False
                await asyncio.sleep(1.0)
                continue
            if arrived:
                self._arrived.extend(arrived)
                self._news.set()
            if len(self._arrived) > 4 * self._limit:
                self._room.clear()
                await self._room.wait()

    def _appended(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        with contextlib.suppress(ValueError):
            self.head = max(self.head, int(str(payload).rpartition(".")[2]))
        self._news.set()

    async def _wait(self, seconds: float) -> bool:
        if self._closing:
            return True
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return False
        return True

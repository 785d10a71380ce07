"""Group commit: concurrent commands of a process become one call of store.append, one commit, one fsync.

One batch is in flight at a time. It runs in a task of its own that nobody cancels, so neither a caller that leaves nor a time-out ever
reaches the append connection: a batch is sent whole and answered whole.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import asyncpg

from services.runtime.batch import CALL, Candidate, Verdict, arguments, digest_of, verdicts
from services.runtime.command import Command, Receipt
from services.runtime.errors import (
    EpochMismatch,
    NotRecorded,
    OutcomeUnknown,
    Overloaded,
    StoreClosed,
    Unavailable,
)
from services.runtime.postgres import LOST, Connection

MOST_COMMANDS = 256
"""In one batch, so that the lock is held for a short time only."""
MOST_BYTES = 4 * 1024 * 1024
"""Of events' state in one batch, unless one command alone has more."""
_BUSY = (asyncpg.LockNotAvailableError, asyncpg.InsufficientResourcesError, asyncpg.TransactionRollbackError)


class Waiting(Candidate):
    """A command in the queue and whoever waits for it."""

    __slots__ = ("answer",)

    def __init__(self, command: Command, digest: bytes | None, answer: asyncio.Future[Receipt]) -> None:
        super().__init__(command, digest)
        self.answer = answer

    def tell(self, verdict: Verdict) -> None:
        """Answer, unless the caller has left."""
        if self.answer.done():
            return
        if isinstance(verdict, Exception):
            self.answer.set_exception(verdict)
        else:
            self.answer.set_result(verdict)


def _unrelated(waiting: Collection[Waiting]) -> bool:
    """Whether nothing stands between these being one batch: the usual case, told in a third of the time of sorting them out."""
    if len(waiting) < 2:
        return True
    writes = [token for one in waiting for token in one.writes]
    written = set(writes)
    reads = [token for one in waiting for token in one.reads]
    epochs = {one.command.epoch for one in waiting}
    return (
        len(written) == len(writes)
        and written.isdisjoint(reads)
        and len(epochs - {None}) < 2
        and sum(one.size for one in waiting) <= MOST_BYTES
    )


class AppendQueue:
    """Takes commands from any number of tasks and appends them in batches over one connection, which it renews by itself."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        *,
        secret: bytes,
        capacity: int = 4096,
        patience: float = 5.0,
    ) -> None:
        """`secret`, at most 64 bytes, keys the hashes of requests; `capacity` is in commands; `patience`, in seconds, bridges a restart."""
        self._connect = connect
        self._secret = secret
        self._capacity = capacity
        self._patience = patience
        self._waiting: deque[Waiting] = deque()
        self._connection: Connection | None = None
        self._call: Any = None  # the prepared statement of that connection
        self._lost_at: float | None = None
        self._wake: asyncio.Future[None] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def depth(self) -> int:
        """Commands that wait."""
        return len(self._waiting)

    async def append(self, command: Command) -> Receipt:
        """Record it. Raises the refusals and errors of services.runtime.errors, AlreadyExists and IdempotencyKeyReused."""
        if self._closed:
            raise StoreClosed("this process is shutting down")
        if len(self._waiting) >= self._capacity:
            raise Overloaded(f"{self._capacity} commands are waiting")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Receipt] = loop.create_future()
        idempotency = command.act.idempotency
        digest = digest_of(self._secret, idempotency.request) if idempotency is not None else None
        self._waiting.append(Waiting(command, digest, answer))
        if self._worker is None:
            self._worker = loop.create_task(self._work(), name="append")
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
        return await answer

    async def close(self) -> None:
        """Take no more, finish what waits, hang up."""
        self._closed = True
        if self._worker is not None:
            if self._wake is not None and not self._wake.done():
                self._wake.set_result(None)
            await asyncio.shield(self._worker)
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _work(self) -> None:
        while True:
            batch = self._take()
            if batch:
                await self._flush(batch)
            elif self._closed:
                return
            else:
                self._wake = asyncio.get_running_loop().create_future()
                await self._wake
                self._wake = None

    def _take(self) -> list[Waiting]:
        """The next batch, in order; what would touch the same as an earlier command waits for the batch after."""
        waiting = self._waiting
        if len(waiting) <= MOST_COMMANDS and _unrelated(waiting):
            batch = [one for one in waiting if not one.answer.done()]
            waiting.clear()
            return batch
        batch = []
        postponed: list[Waiting] = []
        written: set[Hashable] = set()
        read: set[Hashable] = set()
        size = 0
        epoch: int | None = None
        while waiting and len(batch) < MOST_COMMANDS and len(postponed) < MOST_COMMANDS:
            one = waiting.popleft()
            if one.answer.done():  # its caller has left before it was sent
                continue
            judged = one.command.epoch
            alone = written.isdisjoint(one.writes) and read.isdisjoint(one.writes) and written.isdisjoint(one.reads)
            fits = not batch or size + one.size <= MOST_BYTES
            if alone and fits and (epoch is None or judged is None or judged == epoch):
                batch.append(one)
                size += one.size
                epoch = judged if epoch is None else epoch
            else:
                postponed.append(one)
            written.update(one.writes)
            read.update(one.reads)
        waiting.extendleft(reversed(postponed))
        return batch

    async def _flush(self, batch: Sequence[Waiting]) -> None:
        """Append these. Where the database refuses the batch, each is tried alone, so that a bad one fails alone."""
        try:
            answers = await self._send(batch)
        except NotRecorded as error:
            if len(batch) == 1:
                batch[0].tell(error)
                return
            for one in batch:
                await self._flush([one])
        except Exception as error:
            for one in batch:
                one.tell(error)
        else:
            for one, answer in zip(batch, answers, strict=True):
                one.tell(answer)

    async def _send(self, batch: Sequence[Waiting]) -> list[Verdict]:
        judged = next((one.command.epoch for one in batch if one.command.epoch is not None), None)
        try:
            rows = arguments(batch)
        except Exception as error:
            raise NotRecorded(type(error).__name__) from error
        connection = await self._connected()
        try:
            epoch, head, refused = await self._call.fetchrow(judged, *rows)
        except _BUSY as error:
            raise Overloaded(f"the log is busy ({type(error).__name__})") from None
        except asyncpg.PostgresError as error:
            if connection.is_closed() or isinstance(error, LOST):
                self._lost(error)
            raise NotRecorded(error.sqlstate or type(error).__name__) from None
        except Exception as error:
            self._lost(error)
        if judged is not None and judged != epoch:
            raise EpochMismatch(judged, epoch)
        return verdicts(batch, epoch, head, refused)

    async def _connected(self) -> Connection:
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        self._connection = None
        loop = asyncio.get_running_loop()
        self._lost_at = self._lost_at if self._lost_at is not None else loop.time()
        pause = 0.05
        while True:
            try:
                connection = await self._connect()
                self._call = await connection.prepare(CALL)
            except (*LOST, asyncpg.PostgresError) as error:
                if loop.time() + pause - self._lost_at > self._patience:
                    raise Unavailable(f"PostgreSQL cannot be reached ({type(error).__name__})") from None
            else:
                self._connection = connection
                self._lost_at = None
                return connection
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)

    def _lost(self, error: Exception) -> NoReturn:
        """Whatever is not an answer of the server leaves it open whether the batch was written."""
        if self._connection is not None:
            with suppress(Exception):
                self._connection.terminate()
            self._connection = None
        raise OutcomeUnknown("the connection broke; send it again with the same idempotency key") from error

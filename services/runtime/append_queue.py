"""Group commit: concurrent commands of a process become one call of store.append, one commit, one fsync.

One batch is in flight at a time. It runs in a task of its own that nobody cancels, so neither a caller that leaves nor a time-out ever
reaches the append connection: a batch is sent whole and answered whole.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress

import asyncpg

from services.runtime.batch import CALL, Verdict, arguments, verdicts
from services.runtime.command import Command, Receipt
from services.runtime.errors import (
    EVENT_LIMIT,
    EpochMismatch,
    EventTooLarge,
    NotRecorded,
    OutcomeUnknown,
    Overloaded,
    StoreClosed,
    Unavailable,
)
from services.runtime.postgres import Connection

MOST_COMMANDS = 256
"""In one batch, so that the lock is held for a short time only."""
MOST_BYTES = 4 * 1024 * 1024
"""Of events' state in one batch, unless one command alone has more."""

_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InvalidTransactionStateError,
    EOFError,
)
_BUSY = (asyncpg.LockNotAvailableError, asyncpg.InsufficientResourcesError, asyncpg.TransactionRollbackError)


class Waiting:
    """A command in the queue and whoever waits for it.

    `writes` are the streams, keys and look-ups no other command of the batch may touch, `reads` what others may read too.
    """

    __slots__ = ("answer", "command", "digest", "reads", "size", "writes")

    def __init__(self, command: Command, digest: bytes | None, answer: asyncio.Future[Receipt]) -> None:
        self.command = command
        self.digest = digest
        self.answer = answer
        self.size = check_events(command)
        writes: set[Hashable] = {event.stream for event in command.events}
        if command.act.idempotency is not None:
            writes.add((command.act.idempotency.principal, command.act.idempotency.key))
        reads: set[Hashable] = {stream for stream, _ in command.checks}
        if command.has_sides:
            writes.update((look.kind, look.digest) for look in command.lookups)
            writes.update(key.person for key in command.person_keys)
            writes.update(command.destroy_persons)
            writes.update(command.destroy_entries)
            reads.update(command.uses)
            reads.update(key.person for key in command.entry_keys)
        self.writes = writes
        self.reads = reads

    def tell(self, verdict: Verdict) -> None:
        """Answer, unless the caller has left."""
        if self.answer.done():
            return
        if isinstance(verdict, Exception):
            self.answer.set_exception(verdict)
        else:
            self.answer.set_result(verdict)


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
        """`secret` keys the HMAC of requests; `capacity` is in commands; `patience`, in seconds, bridges a restart of the database."""
        self._connect = connect
        self._secret = secret
        self._capacity = capacity
        self._patience = patience
        self._waiting: deque[Waiting] = deque()
        self._connection: Connection | None = None
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
        digest = hmac.digest(self._secret, idempotency.request, "sha256") if idempotency is not None else None
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
        if len(waiting) == 1:
            one = waiting.popleft()
            return [] if one.answer.done() else [one]
        batch: list[Waiting] = []
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
            alone = written.isdisjoint(one.writes) and written.isdisjoint(one.reads) and read.isdisjoint(one.writes)
            fits = not batch or size + one.size <= MOST_BYTES
            if alone and fits and (epoch is None or judged is None or judged == epoch):
                batch.append(one)
                size += one.size
                epoch = judged if epoch is None else epoch
            else:
                postponed.append(one)
            written |= one.writes
            read |= one.reads
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
        commands = [one.command for one in batch]
        judged = next((command.epoch for command in commands if command.epoch is not None), None)
        try:
            columns = arguments(commands, [one.digest for one in batch])
        except Exception as error:
            raise NotRecorded(type(error).__name__) from error
        connection = await self._connected()
        try:
            epoch, head, refused = await connection.fetchrow(CALL, judged, *columns)
        except _BUSY as error:
            raise Overloaded(f"the log is busy ({type(error).__name__})") from None
        except Exception as error:
            if connection.is_closed() or isinstance(error, _LOST):
                self._hang_up()
                raise OutcomeUnknown("the connection broke; send it again with the same idempotency key") from error
            raise NotRecorded(getattr(error, "sqlstate", None) or type(error).__name__) from None
        if judged is not None and judged != epoch:
            raise EpochMismatch(judged, epoch)
        return verdicts(commands, epoch, head, refused)

    async def _connected(self) -> Connection:
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        self._connection = None
        loop = asyncio.get_running_loop()
        self._lost_at = self._lost_at if self._lost_at is not None else loop.time()
        pause = 0.05
        while True:
            try:
                self._connection = await self._connect()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if loop.time() + pause - self._lost_at > self._patience:
                    raise Unavailable(f"PostgreSQL cannot be reached ({type(error).__name__})") from None
            else:
                self._lost_at = None
                return self._connection
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)

    def _hang_up(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.terminate()
            self._connection = None


def check_events(command: Command) -> int:
    """The bytes of its events. Raises EventTooLarge, and ValueError where a stream's versions leave a hole."""
    size = 0
    following: dict[Hashable, int] = {stream: version + 1 for stream, version in command.checks}
    for event in command.events:
        length = len(event.state)
        if length > EVENT_LIMIT:
            raise EventTooLarge(event.topic, length)
        if following.setdefault(event.stream, event.version) != event.version:
            raise ValueError(f"{event.topic} is version {event.version} where {following[event.stream]} follows")
        following[event.stream] = event.version + 1
        size += length
    return size

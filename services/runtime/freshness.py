"""How far the read models are, so that a query can wait for a position: one poller a process, however many requests wait.

It listens for what the projector announces at each commit, and asks once in a while as long as somebody waits, for an announcement
may be missed. A query that got past `wait` reads a later snapshot, so it sees the rows; projections/snapshot.py lets it say, from the very
snapshot of its rows, up to where they go.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import asyncpg

from services.runtime.position import Position
from services.runtime.postgres import LOST

CHANNEL = "support_projected"
POLL = 0.1
"""Seconds between two looks while somebody waits."""
_LOST = (*LOST, asyncpg.PostgresError)
_log = logging.getLogger("support.freshness")

ProjectionKey = tuple[str, int]
"""Name and version."""


class BadPosition(ValueError):
    """The position lies beyond the end of the log, or in another epoch: it was not returned by this log."""


class ReadBehind(Exception):
    """The read models did not get there in time; `reached` is how far all of them are."""

    def __init__(self, reached: Position) -> None:
        super().__init__(f"the read models have reached {reached}")
        self.reached = reached


def announcement(epoch: int, position: int, projections: Iterable[ProjectionKey]) -> str:
    """What the projector says at a commit: `<epoch>.<position> name/version …`."""
    return f"{epoch}.{position} " + " ".join(f"{name}/{version}" for name, version in projections)


class Freshness:
    """The checkpoints of all projections, as this process knows them. `dsn` is a login that may read them.

    Use it as `async with Freshness(dsn) as fresh`, then `await fresh.wait(position, [("tickets", 1)])`.
    """

    def __init__(self, dsn: str, *, poll: float = POLL) -> None:
        self._dsn = dsn
        self._poll = poll
        self._connection: Any = None
        self._reached: dict[ProjectionKey, Position] = {}
        self._head = Position(1, 0)
        self._waiting = 0
        self._begun = 0
        self._done = 0
        self._moved = asyncio.Event()
        self._wanted = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._poller = asyncio.create_task(self._keep_looking())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._poller:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
        if self._connection is not None:
            self._connection.terminate()

    def position(self, projections: Iterable[ProjectionKey]) -> Position:
        """How far all of these are, as last heard."""
        return min((self._reached.get(key, Position(1, 0)) for key in projections), default=self._head)

    async def wait(self, position: Position, projections: Sequence[ProjectionKey], *, timeout: float = 5.0) -> Position:
        """Return as soon as all of `projections` include `position`. Raises BadPosition at once, ReadBehind after `timeout` seconds."""
        there = self._compare(position, projections)
        if there is not None:
            return there
        with self._somebody_waits():
            own = self._begun + 1
            try:
                async with asyncio.timeout(timeout):
                    while (there := self._compare(position, projections)) is None:
                        # Judged only after a look that began later: the head known here may be of before the position was written.
                        if self._done >= own:
                            self._must_exist(position)
                        await self._moved.wait()
            except TimeoutError:
                raise ReadBehind(self.position(projections)) from None
            return there

    async def caught_up(self, projections: Sequence[ProjectionKey], *, within: int = 500, timeout: float = 5.0) -> bool:
        """Whether these are close to the head of the log, as a release must be before it takes requests."""
        with self._somebody_waits():
            own = self._begun + 1
            try:
                async with asyncio.timeout(timeout):
                    while self._done < own:
                        await self._moved.wait()
            except TimeoutError:
                return False
        there = all(key in self._reached for key in projections)
        return there and self.position(projections).number >= self._head.number - within

    @contextlib.contextmanager
    def _somebody_waits(self) -> Iterator[None]:
        self._waiting += 1
        self._wanted.set()
        try:
            yield
        finally:
            self._waiting -= 1

    def _compare(self, position: Position, projections: Sequence[ProjectionKey]) -> Position | None:
        now = self.position(projections)
        return now if now.epoch == position.epoch and now.number >= position.number else None

    def _must_exist(self, position: Position) -> None:
        if position.epoch != self._head.epoch:
            raise BadPosition(f"the log is in epoch {self._head.epoch}; {position} is of another")
        if position.number > self._head.number:
            raise BadPosition(f"the log ends at {self._head}; {position} lies beyond")

    async def _keep_looking(self) -> None:
        while True:
            if not self._waiting:
                await self._wanted.wait()
            self._wanted.clear()
            self._begun += 1
            with contextlib.suppress(*_LOST):  # said in _connected; whoever waits is told READ_BEHIND in time
                await self._look()
                self._done = self._begun
            self._tell()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), self._poll)

    async def _look(self) -> None:
        connection = await self._connected()
        end = await connection.fetchrow("SELECT epoch, position FROM store.tail ORDER BY position DESC LIMIT 1")
        if end is not None:
            self._head = max(self._head, Position(*end))
        found = await connection.fetch("SELECT projection, version, epoch, position FROM projector.checkpoints")
        # What a checkpoint says is taken as it is, also when it went back: after a restore it is rebuilt.
        self._reached = {(row[0], row[1]): Position(row[2], row[3]) for row in found}

    async def _connected(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            try:
                self._connection = await asyncpg.connect(self._dsn, timeout=5, command_timeout=5)
                await self._connection.add_listener(CHANNEL, self._heard)
            except _LOST as problem:
                _log.warning("cannot see how far the read models are: %s", type(problem).__name__)
                raise
        return self._connection

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        at, _, names = str(payload).partition(" ")
        position = Position.parse(at)
        self._head = max(self._head, position)
        for name, _, version in (each.partition("/") for each in names.split()):
            self._reached[name, int(version)] = max(self._reached.get((name, int(version)), position), position)
        self._tell()

    def _tell(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

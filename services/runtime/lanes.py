"""Short queries, each one statement, over a few connections that keep them prepared.

asyncpg's pool is made for connections that are lent out: taking one, putting it back and looking the statement up costs as much as the
query of a small aggregate (measured: 40 µs of 75). Here a connection is used for one statement at a time, so a stack of idle ones will do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from services.runtime.errors import StoreClosed, Unavailable
from services.runtime.postgres import LOST, Connection


class _Lane:
    __slots__ = ("connection", "statements")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.statements: dict[str, Any] = {}


class Lanes:
    """At most `most` connections, opened when first needed; whoever comes later waits. For few, constant statements."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], most: int = 8) -> None:
        self._connect = connect
        self._most = most
        self._open = 0
        self._idle: list[_Lane] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def fetch(self, query: str, *args: object) -> list[Any]:
        """The rows. Raises Unavailable where the database cannot be reached, StoreClosed after `close`."""
        lane = await self._take()
        try:
            statement = lane.statements.get(query)
            if statement is None:
                statement = lane.statements[query] = await lane.connection.prepare(query)
            rows: list[Any] = await statement.fetch(*args)
        except LOST:
            self._drop(lane)
            raise Unavailable("the database cannot be reached; nothing was done, try again") from None
        except BaseException:
            # Refused or cancelled half-way: what the connection is at is not known, and it is cheap to make another.
            self._drop(lane)
            raise
        self._put_back(lane)
        return rows

    async def close(self) -> None:
        """Hang up; queries under way end first."""
        self._closed = True
        while self._waiting:
            self._wake()
        while self._open:
            if self._idle:
                await self._idle.pop().connection.close()
                self._open -= 1
            else:
                await self._turn()

    async def _take(self) -> _Lane:
        while True:
            if self._closed:
                raise StoreClosed("this process is shutting down; nothing was done")
            while self._idle:
                lane = self._idle.pop()
                if not lane.connection.is_closed():
                    return lane
                self._open -= 1
            if self._open < self._most:
                return await self._new()
            await self._turn()

    async def _new(self) -> _Lane:
        self._open += 1
        try:
            return _Lane(await self._connect())
        except BaseException as error:
            self._open -= 1
            self._wake()
            if isinstance(error, LOST):
                raise Unavailable("the database cannot be reached; nothing was done, try again") from None
            raise

    async def _turn(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._wake()  # it was this one's turn: let the next one have it
            raise

    def _put_back(self, lane: _Lane) -> None:
        self._idle.append(lane)
        self._wake()

    def _drop(self, lane: _Lane) -> None:
        lane.connection.terminate()
        self._open -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

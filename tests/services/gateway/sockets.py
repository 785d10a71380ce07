"""A client of graphql-transport-ws that shows every message."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.services.gateway.world import World


class Socket:
    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self, seconds: float = 10) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.connection.recv(), seconds))
        return message

    async def subscribe(self, query: str, op: str = "1", **variables: Any) -> None:
        await self.send(type="subscribe", id=op, payload={"query": query, "variables": variables})

    async def next(self, op: str = "1") -> dict[str, Any]:
        """The data of the next message of an operation."""
        message = await self.receive()
        assert message["type"] == "next", message
        assert message["id"] == op
        assert "errors" not in message["payload"], message
        (value,) = message["payload"]["data"].values()
        data: dict[str, Any] = value
        return data

    async def quiet(self, seconds: float = 0.6) -> bool:
        """Whether nothing comes. Only ever true for what must not come, so a slow machine cannot fail it."""
        try:
            await self.receive(seconds)
        except TimeoutError:
            return True
        return False

    async def closed(self) -> tuple[int | None, str | None]:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self.receive(15)
        return self.connection.close_code, self.connection.close_reason


@asynccontextmanager
async def socket(
    world: World, who: str | None = None, *, init: bool = True, protocol: str = "graphql-transport-ws"
) -> AsyncIterator[Socket]:
    address = world.url.replace("http://", "ws://")
    async with connect(address, subprotocols=[Subprotocol(protocol)], proxy=None, compression=None) as connection:
        opened = Socket(connection)
        if init:
            await opened.send(type="connection_init", payload=world.headers(who))
            assert await opened.receive() == {"type": "connection_ack"}
        yield opened

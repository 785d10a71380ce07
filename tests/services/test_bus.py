"""Connections to NATS hang up whatever they do not go on with, also when the server is slow. A warning about a socket fails a test."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from services.runtime import bus
from services.runtime.bus import Credentials

pytestmark = pytest.mark.anyio

INFO = b'INFO {"server_id":"x","version":"2.15.0","max_payload":1048576,"headers":true,"proto":1}\r\n'
Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], "asyncio.Future[None]"]


class Server:
    """Answers each connection as the next of `manners` says: `well`, `never` (accepts and says nothing) or `cut` (hangs up at once)."""

    def __init__(self, *manners: str) -> None:
        self.manners = iter(manners)
        self.met = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.met += 1
        self.writers.append(writer)
        manner = next(self.manners, "well")
        if manner == "cut":
            writer.close()
            return
        if manner == "well":
            writer.write(INFO)
        with suppress(ConnectionError):
            while line := await reader.readline():
                if manner == "well" and line.startswith(b"PING"):
                    writer.write(b"PONG\r\n")


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Credentials]:
    listening = await asyncio.start_server(server.meet, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield Credentials(f"nats://127.0.0.1:{port}", "relay", "", "SUPPORT_NATS_RELAY_PASSWORD")
    finally:
        for writer in server.writers:
            writer.close()
        listening.close()
        await listening.wait_closed()
        gc.collect()


async def test_an_attempt_to_reconnect_that_is_not_answered_is_hung_up() -> None:
    server = Server("well", "never", "never", "well")
    async with serving(server) as at:
        client = await bus.connect(at, "test")
        client.options["connect_timeout"] = 0.1
        server.writers[0].close()
        async with asyncio.timeout(20):
            while server.met < 4 or not client.is_connected:
                await asyncio.sleep(0.02)
        gc.collect()
        await client.close()


async def test_whoever_stops_waiting_for_a_server_that_says_nothing_leaves_no_socket() -> None:
    server = Server("never")
    async with serving(server) as at:
        waiting = asyncio.create_task(bus.connect(at, "test"))
        async with asyncio.timeout(20):
            while server.met < 1:
                await asyncio.sleep(0.02)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        del waiting
        gc.collect()

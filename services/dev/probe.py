"""Is it ready? One GET on the loopback, without a client library: it runs many times a second while things start."""

from __future__ import annotations

import asyncio
import contextlib


async def answers_ok(port: int, path: str = "/readyz", host: str = "127.0.0.1") -> bool:
    """Whether `path` answers 200 within two seconds."""
    with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
                await writer.drain()
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    return False

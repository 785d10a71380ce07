"""Is it ready? One GET on the loopback, without a client library: it runs many times a second while things start."""

from __future__ import annotations

import asyncio


async def unreadiness(port: int, host: str = "127.0.0.1") -> str | None:
    """None when /readyz answers 200 within two seconds, else why not."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET /readyz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
                await writer.drain()
                head, _, body = (await reader.read(4096)).partition(b"\r\n\r\n")
                return (
                    None
                    if b" 200 " in head.split(b"\r\n", 1)[0]
                    else body.decode(errors="replace").strip() or "no reason given"
                )
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        return f"port {port} does not answer ({type(error).__name__})"

"""The head of an HTTP request, bounded: uvicorn on httptools takes headers of any length for any time.

One client could fill the memory, or hold connections by the thousand, before anything of ours has seen a byte of theirs.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES = 64 * 1024
"""Of request line and headers together; a GET may carry its query there."""
SECONDS = 20.0
"""For all of the head to arrive."""


class BoundedHeads(HttpToolsProtocol):
    """Refuses a head that is too long or too slow, and closes the connection."""

    _size = 0
    _asked = False
    _wait: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        head = self._wait
        super().data_received(data)
        if (
            head is not None and self._wait is head
        ):  # still the same one; what began within these bytes is counted from the next on
            self._size += len(data)
            if self._size > MOST_BYTES:
                self._refuse(f"The head of a request has at most {MOST_BYTES} bytes.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin()
        self._asked = True

    def on_headers_complete(self) -> None:
        self._end()
        super().on_headers_complete()

    def _begin(self) -> None:
        self._end()
        self._wait = self.loop.call_later(SECONDS, self._refuse, "The head of the request did not come in time.")

    def _end(self) -> None:
        self._size, self._asked = 0, False
        if self._wait is not None:
            self._wait.cancel()
            self._wait = None

    def _refuse(self, why: str) -> None:
        asked = self._asked
        self._end()
        if not self.transport.is_closing():
            if asked:
                self.send_400_response(why)
            else:
                self.transport.close()

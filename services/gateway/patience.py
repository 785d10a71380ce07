"""An answer within `PATIENCE`, whatever becomes of the servers behind.

A server that stands still, or is cut off without a word, breaks no connection, and nobody would ever be answered. asyncpg cannot even
be cancelled then (it asks that server to), so what was begun is told to end and not waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from services.gateway.failures import Code, RequestFailed

T = TypeVar("T")
PATIENCE = 20.0
"""Seconds for an answer or for the head of a stream, with the body's way here. A statement may take ten."""


TOO_LONG = "This takes too long; a command may have been done. Send it again, with the same key, to learn."


async def within_patience(work: Coroutine[Any, Any, T], seconds: float | None = None, *, said: str = TOO_LONG) -> T:
    """What comes of it. Raises RequestFailed(OVERLOADED) when it takes longer than `seconds`, `PATIENCE` where none are given."""
    answering = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({answering}, timeout=PATIENCE if seconds is None else seconds)
    except asyncio.CancelledError:
        answering.cancel()
        raise
    if done:
        return answering.result()
    answering.cancel()
    answering.add_done_callback(_forget)
    raise RequestFailed(Code.OVERLOADED, said)


def _forget(late: asyncio.Future[Any]) -> None:
    """Nobody waits any more: how it ends is nobody's business, and no warning that nobody looked."""
    if not late.cancelled():
        late.exception()

"""GraphQL over Server-Sent Events, one operation a connection (graphql-sse, "distinct connections"): the feed for clients without
WebSocket.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.responses import StreamingResponse

from services.gateway.context import Context
from services.gateway.documents import Operation
from services.gateway.execution import Answer, Asked, Engine, is_subscription, refused
from services.gateway.failures import RequestFailed
from services.gateway.telling import FEEDS, observed

KEEP_ALIVE = 15.0
"""Seconds without a message after which a comment is sent, so that nothing between us and the client hangs up."""
COMPLETE = b"event: complete\ndata:\n\n"


def response(engine: Engine, operation: Operation, asked: Asked, context: Context) -> StreamingResponse:
    if is_subscription(operation):
        with context.services.rates.connected(context.identity, context.address):
            pass  # too many are refused while there is a status to say so with; it is held once the stream begins
    headers = {"cache-control": "no-store", "x-accel-buffering": "no", "x-correlation-id": str(context.correlation)}
    return StreamingResponse(_events(engine, operation, asked, context), 200, headers, "text/event-stream")


async def _events(engine: Engine, operation: Operation, asked: Asked, context: Context) -> AsyncIterator[bytes]:
    if not is_subscription(operation):
        try:
            with observed(operation.kind.value) as note:
                answer = await engine.run(operation, asked, context)
                note(answer)
        except RequestFailed as failed:  # the status is sent already
            answer = refused([failed], context)
        yield _next(answer)
        yield COMPLETE
        return
    until = context.identity.expires_at if context.identity else datetime.max.replace(tzinfo=UTC)
    with FEEDS.track_inprogress(), context.services.rates.connected(context.identity, context.address):
        async with contextlib.aclosing(engine.feed(operation, asked, context)) as feed:
            waiting: asyncio.Future[Any] | None = None
            ended: asyncio.Future[Any] = asyncio.ensure_future(context.services.draining.wait())
            try:
                yield b":\n\n"
                while datetime.now(UTC) < until and not ended.done():
                    waiting = waiting or asyncio.ensure_future(anext(feed))
                    await asyncio.wait({waiting, ended}, timeout=KEEP_ALIVE, return_when=asyncio.FIRST_COMPLETED)
                    if not waiting.done():
                        yield b":\n\n"
                        continue
                    try:
                        answer, waiting = waiting.result(), None
                    except StopAsyncIteration:
                        waiting = None
                        break
                    yield _next(answer)
            finally:
                for task in (waiting, ended):
                    if task is not None:
                        task.cancel()
                        with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                            await task
    yield COMPLETE


def _next(answer: Answer) -> bytes:
    return b"event: next\ndata: " + orjson.dumps(answer.body) + b"\n\n"

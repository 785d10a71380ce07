"""GraphQL over WebSocket: the protocol graphql-transport-ws and no other (the older graphql-ws lets operations in before the client is
known).

The client says who it is in connection_init ({"authorization": "Bearer …"}) or in the request's header; when the token expires the
connection ends, for sight is judged for every message and an expired party sees nothing. Feeds wait for the client: each keeps its
place in the log, so a slow client is behind, never wrong, and nothing piles up here. One that takes nothing at all is let go. Queries and
mutations are answered within the same time as over HTTP; a feed waits for as long as its database does.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime
from typing import Any

import orjson
from graphql import OperationType
from starlette.websockets import WebSocket, WebSocketDisconnect

from services.gateway import body
from services.gateway.context import Context
from services.gateway.documents import Operation
from services.gateway.execution import Answer, Asked, Engine, Unfit, is_subscription, refused
from services.gateway.failures import Code, RequestFailed
from services.gateway.http import correlation_of, traceparent_of, wrapped
from services.gateway.patience import within_patience
from services.gateway.people.standing import standing
from services.gateway.services import Services
from services.gateway.telling import CONNECTIONS, FEEDS, observed
from services.runtime.logs import failure

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
SLOW_SECONDS = 20.0
"""A client that takes no message for so long is let go."""
OPERATIONS = 50
"""Under way at once on a connection."""
WAITING = 64
"""Messages that may wait for the socket; then the feeds wait."""

BAD_REQUEST, UNAUTHORISED, FORBIDDEN = 4400, 4401, 4403
NO_SUCH_PROTOCOL, INIT_TOO_LATE, TAKEN, TOO_MANY_INITS = 4406, 4408, 4409, 4429
GOING_AWAY, TRY_AGAIN = 1001, 1013
LONGEST_REASON = 120
ENDING_SECONDS = 5.0
"""For what runs on a connection that ended: a read of a database that stands still cannot be cancelled, and is left to itself."""
log = logging.getLogger("support.gateway.websocket")


class Hangup(Exception):
    """The connection is to end, with a code and a reason for the client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason[:LONGEST_REASON]


class Connection:
    """One client's socket and what runs on it."""

    def __init__(self, socket: WebSocket, engine: Engine, services: Services) -> None:
        self._socket = socket
        self._engine = engine
        self._services = services
        self._context: Context | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue(WAITING)
        self._held = contextlib.ExitStack()
        self._ending: asyncio.Future[Hangup] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """From the handshake to the end."""
        if PROTOCOL not in self._socket.scope.get("subprotocols", ()):
            await self._socket.close(NO_SUCH_PROTOCOL, f"speak {PROTOCOL}")
            return
        await self._socket.accept(PROTOCOL)
        address = self._socket.client.host if self._socket.client else ""
        try:
            self._held.enter_context(self._services.rates.connected(None, address))
        except RequestFailed as failed:
            await self._socket.close(TRY_AGAIN, failed.message)
            return
        helpers = [asyncio.create_task(each) for each in (self._receive(), self._send(), self._drained(), self._begun())]
        with CONNECTIONS.track_inprogress():
            try:
                hangup = await self._ending
            finally:
                self._held.close()
                running = [*helpers, *self._operations.values()]
                for task in running:
                    task.cancel()
                done, _ = await asyncio.wait(running, timeout=ENDING_SECONDS)
                for task in done:
                    if not task.cancelled():
                        task.exception()
        with contextlib.suppress(Exception):  # it may be gone, or too slow to be told
            async with asyncio.timeout(1):
                await self._socket.close(hangup.code, hangup.reason)

    def _end(self, hangup: Hangup) -> None:
        if not self._ending.done():
            self._ending.set_result(hangup)

    async def _receive(self) -> None:
        try:
            while True:
                await self._take(await self._socket.receive_text())
        except Hangup as hangup:
            self._end(hangup)
        except (WebSocketDisconnect, RuntimeError, KeyError):  # gone, or sent bytes where text belongs
            self._end(Hangup(BAD_REQUEST, "messages are JSON texts"))
        except Exception as error:
            refused([wrapped(error)], Context(self._services, None, correlation_of({})))  # noted
            self._end(Hangup(1011, "something failed on our side"))

    async def _send(self) -> None:
        try:
            while True:
                message = await self._outgoing.get()
                async with asyncio.timeout(SLOW_SECONDS):  # wait_for of Python 3.11 may swallow a cancellation
                    await self._socket.send_text(message.decode())
        except TimeoutError:
            self._end(Hangup(TRY_AGAIN, "too slow: connect again and go on after your last cursor"))
        except (WebSocketDisconnect, OSError):  # the client is gone
            self._end(Hangup(GOING_AWAY, "gone"))
        except Exception as error:
            log.warning("a message could not be sent (%s): the connection is ended", failure(error))
            self._end(Hangup(GOING_AWAY, "gone"))

    async def _drained(self) -> None:
        await self._services.draining.wait()
        self._end(Hangup(1012, "restarting: connect again and go on after your last cursor"))

    async def _begun(self) -> None:
        await asyncio.sleep(INIT_SECONDS)
        if self._context is None:
            self._end(Hangup(INIT_TOO_LATE, "Connection initialisation timeout"))

    async def _expires(self, at: datetime) -> None:
        await asyncio.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))
        self._end(Hangup(UNAUTHORISED, "the token has expired"))

    async def _take(self, text: str) -> None:
        try:
            message = orjson.loads(text)
            kind = message["type"]
        except (orjson.JSONDecodeError, UnicodeEncodeError, TypeError, KeyError):
            raise Hangup(BAD_REQUEST, "Invalid message") from None
        match kind:
            case "connection_init":
                await self._initialise(message.get("payload"))
            case "ping":
                await self._put({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                self._subscribe(message)
            case "complete":
                task = self._operations.pop(str(message.get("id")), None)
                if task is not None:
                    task.cancel()
            case _:
                raise Hangup(BAD_REQUEST, "Invalid message type")

    async def _initialise(self, payload: Any) -> None:
        if self._context is not None:
            raise Hangup(TOO_MANY_INITS, "Too many initialisation requests")
        given = {str(name).lower(): value for name, value in payload.items()} if isinstance(payload, dict) else {}
        headers = self._socket.headers
        address = self._socket.client.host if self._socket.client else ""
        header = given.get("authorization", headers.get("authorization"))
        try:
            if header is not None and not isinstance(header, str):
                raise RequestFailed(Code.UNAUTHENTICATED, "authorization is a string.")
            identity = await standing(self._services, self._services.verifier.bearer(header))
        except RequestFailed as failed:
            raise Hangup(FORBIDDEN, failed.message) from None
        if identity is not None:  # counts by who they are from now on: many may share an address
            self._held.close()
            try:
                self._held.enter_context(self._services.rates.connected(identity, address))
            except RequestFailed as failed:
                raise Hangup(TRY_AGAIN, failed.message) from None
        self._context = Context(self._services, identity, correlation_of(headers), traceparent_of(headers), address)
        if identity is not None:
            self._operations[""] = asyncio.create_task(self._expires(identity.expires_at))
        await self._put({"type": "connection_ack"})

    def _subscribe(self, message: dict[str, Any]) -> None:
        if self._context is None:
            raise Hangup(UNAUTHORISED, "Unauthorized")
        id = message.get("id")
        if not isinstance(id, str) or not 1 <= len(id) <= 128:
            raise Hangup(BAD_REQUEST, "An operation has an id of 1 to 128 characters")
        if id in self._operations:
            raise Hangup(TAKEN, f"Subscriber for {id} already exists")
        if len(self._operations) > OPERATIONS:
            raise Hangup(TOO_MANY_INITS, f"at most {OPERATIONS} operations at once on a connection")
        task = asyncio.create_task(self._operate(id, message.get("payload"), self._context))
        self._operations[id] = task
        task.add_done_callback(lambda _: self._operations.pop(id, None) if self._operations.get(id) is task else None)

    async def _operate(self, id: str, payload: Any, connection: Context) -> None:
        context = connection.anew()
        try:
            asked = body.asked(payload)
            operation = self._engine.choose(asked)
            if operation.kind is not OperationType.MUTATION:
                self._services.rates.request(context.identity, context.address)
            if not is_subscription(operation):
                answer = await within_patience(self._once(operation, asked, context))
                if not await self._answer(id, answer):
                    return
            else:
                with FEEDS.track_inprogress():
                    async with contextlib.aclosing(self._engine.feed(operation, asked, context)) as feed:
                        async for answer in feed:
                            if not await self._answer(id, answer):
                                return
        except Unfit as unfit:
            await self._answer(id, unfit.answer(context))
            return
        except RequestFailed as failed:
            await self._answer(id, refused([failed], context))
            return
        except Exception as error:
            await self._answer(id, refused([wrapped(error)], context))
            return
        await self._put({"id": id, "type": "complete"})

    async def _once(self, operation: Operation, asked: Asked, context: Context) -> Answer:
        """The answer to a query or mutation, to the party as it stands now."""
        context.identity = await standing(self._services, context.identity)
        with observed(operation.kind.value) as note:
            answer = await self._engine.run(operation, asked, context)
            note(answer)
        return answer

    async def _answer(self, id: str, answer: Answer) -> bool:
        """Send a result, or why there is none; False when that ended the operation."""
        if answer.executed:
            await self._put({"id": id, "type": "next", "payload": answer.body})
            return True
        await self._put({"id": id, "type": "error", "payload": answer.body["errors"]})
        return False

    async def _put(self, message: dict[str, Any]) -> None:
        await self._outgoing.put(orjson.dumps(message))

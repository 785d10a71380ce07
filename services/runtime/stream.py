"""Reading the stream through a durable that was provisioned for this reader: batches in order, acknowledged after the reader's commit.

A callback fed by a standing pull request that is renewed half-way, not `fetch` loops: those wait a round trip for every batch. What
comes may come again (at least once): whoever reads keeps its last (epoch, position) and drops what is not newer. When nothing comes
although the store is ahead, the next batch may be taken from the store: stream and store are one log in two places.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from time import monotonic
from types import TracebackType
from typing import NamedTuple, Self

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from services.runtime.cloudevents import Naming, NotAnEvent
from services.runtime.command import RecordedEvent
from services.runtime.nats_permissions import STREAM

_HEARTBEAT = 2.0
_EXPIRES = 30.0
_log = logging.getLogger("support.bus")


class Delivery(NamedTuple):
    """One fact as it came; `reply` is what acknowledges it."""

    event: RecordedEvent
    reply: str


class Reader:
    """One durable's reader. `ahead` is how many messages may wait in memory.

    Use it as `async with Reader(client, "projector", naming) as reader`, then `batch` and `ack` in a loop. It outlives outages of NATS
    and a durable that is made again.
    """

    def __init__(self, client: Client, durable: str, naming: Naming, *, ahead: int = 2_000) -> None:
        self._client = client
        self._durable = durable
        self._naming = naming
        self._ahead = ahead
        self._asked = 0
        self._heard = monotonic()
        self._waiting: deque[Msg] = deque()
        self._some = asyncio.Event()
        self._subscription: Subscription | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._inbox = self._client.new_inbox()
        self._subscription = await self._client.subscribe(
            self._inbox, cb=self._came, pending_msgs_limit=0, pending_bytes_limit=0
        )
        self._keeper = asyncio.create_task(self._keep_asking())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._subscription and not self._client.is_closed:
            await self._subscription.unsubscribe()

    async def batch(self, limit: int = 500, *, wait: float = 1.0) -> list[Delivery]:
        """Up to `limit` deliveries, in the order in which they came; empty when none came for `wait` seconds.

        A message that is no event of ours is logged and skipped; it cannot be there unless somebody else published.
        """
        if not self._waiting:
            self._some.clear()
            try:
                await asyncio.wait_for(self._some.wait(), wait)
            except TimeoutError:
                return []
        taken: list[Delivery] = []
        while self._waiting and len(taken) < limit:
            message = self._waiting.popleft()
            try:
                event = self._naming.event(message.subject, message.headers or {}, message.data)
            except NotAnEvent as problem:
                _log.error("skipped a message of the stream %s that is no event: %s", STREAM, problem)
                continue
            taken.append(Delivery(event, message.reply))
        await self._ask()
        return taken

    async def ack(self, last: Delivery) -> None:
        """The reader has committed everything up to `last`. Call it for the last of a batch where the durable acks all before, else for
        each. A lost acknowledgement only means that the same comes again."""
        try:
            await self._client.publish(last.reply)
        except nats.errors.Error:
            _log.debug("an acknowledgement was not sent; the same will come again")

    async def _came(self, message: Msg) -> None:
        self._heard = monotonic()
        if message.reply.startswith("$JS.ACK."):
            self._asked -= 1
            self._waiting.append(message)
            self._some.set()
            return
        headers = message.headers or {}
        if headers.get("Status") != "100":  # 100 is a heartbeat; all others end a request: expired, durable or server gone
            self._asked = max(0, self._asked - int(headers.get("Nats-Pending-Messages", self._asked)))

    async def _keep_asking(self) -> None:
        connection = self._client.stats["reconnects"]
        while True:
            # A request dies with its connection, and with a server that forgot it.
            if connection != self._client.stats["reconnects"] or monotonic() - self._heard > 2.5 * _HEARTBEAT:
                connection = self._client.stats["reconnects"]
                self._asked = 0
            await self._ask()
            await asyncio.sleep(0.3)

    async def _ask(self) -> None:
        free = self._ahead - len(self._waiting) - self._asked
        if self._asked > self._ahead // 2 or free < self._ahead // 4 or not self._client.is_connected:
            return
        request = {"batch": free, "expires": int(_EXPIRES * 1e9), "idle_heartbeat": int(_HEARTBEAT * 1e9)}
        self._asked += free
        self._heard = monotonic()
        try:
            await self._client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{self._durable}", json.dumps(request).encode(), reply=self._inbox
            )
        except nats.errors.Error:
            self._asked = 0

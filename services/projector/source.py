"""JetStream as the projector takes it: there when NATS is, and silent when it is not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Self

from nats.aio.client import Client

from services.runtime import stream
from services.runtime.bus import BusError
from services.runtime.cloudevents import Naming
from services.runtime.provisioning import PROJECTOR
from services.runtime.stream import Delivery

_log = logging.getLogger("support.projector")


class NatsSource:
    """The projector's durable. The connection is made beside everything else: nobody waits for NATS."""

    def __init__(self, connect: Callable[[], Awaitable[Client]], naming: Naming) -> None:
        self._connect = connect
        self._naming = naming
        self._task: asyncio.Task[None] | None = None
        self._reader: stream.Reader | None = None
        self._there = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._hold())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def batch(self, limit: int = 500, *, wait: float = 1.0) -> list[Delivery]:
        """What came; nothing while NATS is not reached."""
        if self._reader is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._there.wait(), wait)
        return await self._reader.batch(limit, wait=wait) if self._reader is not None else []

    async def ack(self, last: Delivery) -> None:
        if self._reader is not None:
            await self._reader.ack(last)

    async def _hold(self) -> None:
        while True:
            try:
                await self._hold_one()
            except BusError as trouble:
                _log.warning("%s; reading the store meanwhile", trouble)
                await asyncio.sleep(5)

    async def _hold_one(self) -> None:
        client = await self._connect()
        try:
            async with stream.Reader(client, PROJECTOR.name, self._naming) as reader:
                self._reader = reader
                self._there.set()
                while not client.is_closed:  # noqa: ASYNC110 - nats-py closes for good only where the server turned it away
                    await asyncio.sleep(1)
        finally:
            self._reader = None
            self._there.clear()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(client.flush(), 2)  # what was acknowledged last gets out
            await client.close()

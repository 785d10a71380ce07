"""The relay: event store → JetStream, every fact once and in order, at the sequence that is its position.

Any number run; one leads, the others stand by and take over when its session with the store ends. Whatever breaks, store or NATS, it
tries again by itself. On SIGTERM it finishes the batch in flight.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from time import monotonic
from typing import Any

import asyncpg
import nats.errors
from nats.aio.client import Client

from services.relay import metrics
from services.relay.judgement import Stopped
from services.relay.leader import Leader
from services.relay.log import Log
from services.relay.metrics import Status
from services.relay.publisher import Publisher
from services.runtime import bus
from services.runtime.errors import StoreError
from services.runtime.settings import Settings

CAMPAIGN = 1.0
"""Seconds between two tries of a standby, and between two looks of a stopped relay at whether it may go on."""
REPEAT = 30.0
"""Seconds after which a trouble that lasts is said again."""
_log = logging.getLogger("support.relay")


async def run(settings: Settings, stop: asyncio.Event, status: Status | None = None) -> None:
    """Relay until `stop` is set. Raises SettingsInvalid where a setting is missing; everything else it outlives."""
    status, said = status or Status(), _Said()
    dsn, to = settings.postgres("relay"), bus.credentials(settings, "relay")
    while not stop.is_set():
        client = await _unless(stop, bus.connect(to, "support relay"))
        if client is None:
            return
        publisher = Publisher(client, bus.naming(settings))
        try:
            await publisher.open()
            # A client that the server turned away for good closes itself; then a new one is made.
            while not (stop.is_set() or client.is_closed):
                try:
                    async with Log.session(dsn) as log:
                        await _campaign(log, client, publisher, status, said, stop)
                except (asyncpg.PostgresError, asyncpg.InterfaceError, StoreError, OSError) as problem:
                    status.connected = False
                    said.once(f"the store cannot be used ({_named(problem)}): trying again; see SUPPORT_POSTGRES_DSN")
                    await _pause(stop)
        finally:
            metrics.LEADER.set(0)
            await publisher.close()
            await client.close()


async def _campaign(log: Log, client: Client, publisher: Publisher, status: Status, said: _Said, stop: asyncio.Event) -> None:
    """Stand by until the lead is free and NATS there, lead, and again. Without NATS somebody else may be better off with the lead."""
    while not (stop.is_set() or client.is_closed):
        status.connected = client.is_connected
        if not client.is_connected:
            if status.last is not None:
                status.reached(status.last, (await log.state()).head)  # what waits for NATS to come back
        elif not await log.try_to_lead():
            status.stop("")
            status.reached(None)
        else:
            try:
                metrics.LEADER.set(1)
                await Leader(log, client, publisher, status).lead(stop, settled=lambda: _well(status, said))
            except (Stopped, bus.BusError) as refusal:
                status.stop(str(refusal))
                said.once(str(refusal), logging.ERROR)
            except (nats.errors.Error, TimeoutError) as problem:
                said.once(f"NATS cannot be used now ({_named(problem)}): trying again; see SUPPORT_NATS_URL")
            finally:
                metrics.LEADER.set(0)
            await log.stand_back()
        await _pause(stop)


def _named(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"


class _Said:
    """A trouble that lasts is said when it begins and every half minute."""

    def __init__(self) -> None:
        self._text = ""
        self._when = 0.0

    def once(self, text: str, level: int = logging.WARNING) -> None:
        if text != self._text or monotonic() - self._when > REPEAT:
            _log.log(level, "%s", text)
            self._text, self._when = text, monotonic()

    def over(self) -> None:
        self._text = ""


def _well(status: Status, said: _Said) -> None:
    said.over()
    status.stop("")


async def _pause(stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), CAMPAIGN)


async def _unless(stop: asyncio.Event, connecting: Coroutine[Any, Any, Client]) -> Client | None:
    """Wait for NATS, or for the end."""
    task, ending = asyncio.create_task(connecting), asyncio.create_task(stop.wait())
    await asyncio.wait({task, ending}, return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if task.done():
        return await task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return None

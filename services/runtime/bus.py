"""The way to NATS: where it is, as whom, and a connection that comes back by itself. What is there: provisioning.py."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.aio.client import Client

from services.runtime.cloudevents import Naming
from services.runtime.nats_permissions import inbox_prefix
from services.runtime.settings import NatsRole, Settings, variable

OLDEST = (2, 12)
_log = logging.getLogger("support.bus")


class BusError(Exception):
    """NATS cannot be used as it is; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where NATS is and as whom; `setting` is the one a refused login is told to look at."""

    url: str
    user: str
    password: str
    setting: str


def credentials(settings: Settings, role: NatsRole) -> Credentials:
    """Where NATS is, and one role's login there."""
    user, password = settings.nats(role)
    return Credentials(str(settings.nats_url), user, password, variable(f"nats_{role}_password"))


def naming(settings: Settings) -> Naming:
    """How this deployment names its events."""
    return Naming(settings.source, settings.type_prefix)


class _Client(Client):
    """nats-py (2.16) looks at every character of every header name, two thirds of the time a message takes: ours are known to be plain."""

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        try:
            return dict([line.split(": ", 1) for line in raw.decode("ascii").split("\r\n") if line])
        except ValueError:
            return Client._parse_header_lines(raw)

    async def _connect_to_server(self, s: Any) -> None:
        await self.hang_up()
        await super()._connect_to_server(s)

    async def hang_up(self) -> None:
        """nats-py forgets the connection of an attempt that was accepted and not answered, and leaves its socket to the collector."""
        writer = getattr(self._transport, "_io_writer", None)
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def connect(to: Credentials, name: str, *, forever: bool = True) -> Client:
    """A connection that reconnects by itself; `forever` waits for a server that is not up yet, else BusError says it is not.

    nats-py's buffer for what is published while disconnected is off: the relay would rather know.
    """
    client = _Client()
    said = refused = ""

    async def error(problem: Exception) -> None:
        nonlocal said, refused
        text = _plainly(problem, to)
        if _is_refusal(problem):  # the attempts after it may end with something that says less
            refused = text
        if text != said and not isinstance(problem, nats.errors.UnexpectedEOF):  # `disconnected` says that
            _log.warning("%s", text)
        said = text

    async def disconnected() -> None:
        if not client.is_closed:
            _log.warning("lost NATS at %s; trying again until it is back", to.url)

    async def reconnected() -> None:
        nonlocal said
        said = ""
        _log.info("reached NATS at %s again", to.url)

    try:
        await _to_its_end(
            client,
            client.connect(
                to.url,
                name=name,
                user=to.user,
                password=to.password,
                inbox_prefix=inbox_prefix(to.user),
                error_cb=error,
                disconnected_cb=disconnected,
                reconnected_cb=reconnected,
                connect_timeout=2,
                reconnect_time_wait=0.2,  # type: ignore[arg-type]  # fractions of a second work
                max_reconnect_attempts=-1 if forever else 3,
                ping_interval=5,
                max_outstanding_pings=2,
                pending_size=-1,
            ),
        )
    except (OSError, nats.errors.Error) as problem:
        raise BusError(refused or said or _plainly(problem, to)) from None
    return client


async def _to_its_end(client: _Client, connecting: Coroutine[Any, Any, None]) -> None:
    """Cancel it until it ends: an attempt that is refused in the very moment of the cancellation swallows it (wait_for of Python
    3.11), and nats-py would go on trying for ever."""
    task = asyncio.create_task(connecting)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.1)
        if not task.cancelled() and task.exception() is None:
            await client.close()
        await client.hang_up()
        raise


def _is_refusal(problem: Exception) -> bool:
    return "authorization violation" in str(problem).lower()


def _plainly(problem: Exception, to: Credentials) -> str:
    if _is_refusal(problem):
        return f"NATS at {to.url} refuses the user {to.user!r}: check {to.setting}"
    if isinstance(problem, OSError | nats.errors.NoServersError | TimeoutError | nats.errors.TimeoutError):
        return f"nobody answers at {to.url}: start NATS there or set SUPPORT_NATS_URL"
    return f"NATS at {to.url}: {problem}"


def require_version(major: int, minor: int) -> None:
    """Refuse a server without atomic batches."""
    if (major, minor) < OLDEST:
        raise BusError(
            f"nats-server {major}.{minor} is too old, atomic batches need 2.12 or later: replace it or set SUPPORT_NATS_URL"
        )

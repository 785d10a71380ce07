"""How each process is put together from its parts. Imports stand in the functions: a relay never loads a gateway."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from services.runtime.clock import Clock
from services.runtime.settings import Settings
from services.runtime.telemetry import Check, health_server

_log = logging.getLogger("support")


@asynccontextmanager
async def _watched(name: str, settings: Settings, checks: Mapping[str, Check]) -> AsyncIterator[None]:
    """With /metrics, /livez and /readyz of a background process while the block runs."""
    async with health_server(settings.metrics_host, getattr(settings, f"metrics_port_{name}"), checks) as port:
        _log.info("%s runs; /metrics, /livez and /readyz on %s:%d", name, settings.metrics_host, port)
        yield


async def run_relay(settings: Settings, clock: Clock, stop: asyncio.Event) -> None:  # noqa: ARG001 - its times are the log's
    from services.relay import run
    from services.relay.metrics import Status

    status = Status()

    async def publishing() -> str | None:
        return None if status.ready else status.stopped or "store or NATS is not reached"

    async with _watched("relay", settings, {"relay": publishing}):
        await run(settings, stop, status)

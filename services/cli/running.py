"""Running a process: logs, traces, the loop, and signals that let it finish what is in flight."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import uvloop

from services.runtime.clock import Clock
from services.runtime.logs import configure_logs
from services.runtime.settings import Settings, load_settings
from services.runtime.telemetry import configure_traces

T = TypeVar("T")
Process = Callable[[Settings, Clock, asyncio.Event], Awaitable[None]]
_log = logging.getLogger("support")


def imported(place: str) -> Any:
    """`module:name`, imported now."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def run_once(work: Coroutine[Any, Any, T]) -> T:
    """Run a task of the command line to its end."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def run_process(name: str, process: Process) -> None:
    """Run a process until SIGTERM or SIGINT, then let it drain; SUPPORT_DRAIN_SECONDS later, or at a second signal, it is over."""
    settings = load_settings()
    configure_logs(name, level=settings.log_level, form=settings.log_format, production=settings.production)
    configure_traces(name, settings.traces)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_told(name, process, settings))


async def _until_told(name: str, process: Process, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told() -> None:
        if stop.is_set():
            os._exit(1)
        _log.info("stopping %s: finishing what is in flight", name)
        stop.set()
        loop.call_later(settings.drain_seconds, over)

    def over() -> None:
        _log.error("%s did not finish within SUPPORT_DRAIN_SECONDS=%g", name, settings.drain_seconds)
        os._exit(1)

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, told)
    await process(settings, Clock(settings.clock_file), stop)

"""Keeps one child alive: starts it, waits until it is ready, starts it again when it ends, stops it in the end.

Polled, not signalled: SIGCHLD handlers are global and the children are few.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from services.runtime.embedded.process import CannotStart, Launch, last_words

POLL = 0.05
PAUSES = (0.1, 0.3, 1.0, 2.0, 5.0, 10.0)
"""Seconds before each next try; after a minute of health the first pause comes again."""
HEALTHY = 60.0
GIVES_UP_BEFORE_READY = 4
PATIENCE = 60.0
"""Seconds that a child may take to be ready."""

Say = Callable[[str], None]


@dataclass
class Child:
    """One supervised process. `problem(pid)` says why it is not ready, None when it is; `prepare` runs before each start."""

    launch: Launch
    problem: Callable[[int], Awaitable[str | None]]
    say: Say
    prepare: Callable[[], None] = lambda: None
    patience: float = PATIENCE
    running: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    _stopping: bool = False
    _watch: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return self.launch.name

    async def start(self) -> None:
        """Start it and wait for its readiness. CannotStart with its last words when it will not come up."""
        for attempt in range(GIVES_UP_BEFORE_READY):
            self.prepare()
            self.running = self.launch.start()
            if await self._becomes_ready():
                self._watch = asyncio.create_task(self._keep_alive(), name=f"supervise {self.name}")
                return
            await asyncio.sleep(PAUSES[attempt])
        log = self.launch.log
        raise CannotStart(
            f"{self.name} does not start: {last_words(log) if log else 'see above'}" + (f" (all of it in {log})" if log else "")
        )

    async def stop(self, patience: float) -> None:
        """Ask it to finish what is in flight; after `patience` seconds it is killed."""
        self._stopping = True
        if self._watch:
            self._watch.cancel()
        child = self.running
        if child is None or child.poll() is not None:
            return
        child.send_signal(self.launch.stops_with)
        end = time.monotonic() + patience
        while child.poll() is None:
            if time.monotonic() > end:
                self.say(f"{self.name} did not stop within {patience:.0f} seconds and was killed")
                child.kill()
                end = time.monotonic() + 3600
            await asyncio.sleep(0.02)

    def kill(self) -> None:
        """At once, without asking."""
        self._stopping = True
        if self.running and self.running.poll() is None:
            self.running.kill()

    async def _becomes_ready(self) -> bool:
        child = self.running
        assert child is not None
        end = time.monotonic() + self.patience
        while child.poll() is None:
            problem = await self.problem(child.pid)
            if problem is None:
                return True
            if time.monotonic() > end:
                child.kill()
                child.wait()
                raise CannotStart(
                    f"{self.name} is not ready after {self.patience:.0f} seconds: {problem} (see {self.launch.log})"
                )
            await asyncio.sleep(POLL)
        return False

    async def _keep_alive(self) -> None:
        failures = 0
        while True:
            child = self.running
            assert child is not None
            since = time.monotonic()
            await ended(child)
            failures = 0 if time.monotonic() - since > HEALTHY else failures + 1
            pause = PAUSES[min(failures, len(PAUSES)) - 1] if failures else PAUSES[0]
            # A kill needs no explanation; what ended by itself has said why.
            why = "" if child.returncode < 0 or self.launch.log is None else f": {last_words(self.launch.log)}"
            self.say(f"{self.name} ended ({_how(child.returncode)}){why}; starting it again")
            await asyncio.sleep(pause)
            if self._stopping:
                return
            self.restarts += 1
            try:
                self.prepare()
                self.running = self.launch.start()
                if await self._becomes_ready():
                    self.say(f"{self.name} is back")
            except (CannotStart, OSError) as problem:
                self.say(str(problem))


async def ended(child: subprocess.Popen[bytes]) -> int:
    """Wait for its end; returns its exit code."""
    while (code := child.poll()) is None:  # noqa: ASYNC110 - a process is no event
        await asyncio.sleep(POLL)
    return code


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"

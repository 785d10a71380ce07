"""The course of `support dev`: servers, migrate, processes, demo data, and all of it back in the right order."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import click

from services.dev import home, servers
from services.dev.probe import unreadiness
from services.dev.supervisor import PATIENCE, Child, ended
from services.runtime.embedded.process import CannotStart, Launch, free_port, last_words, port_is_taken
from services.runtime.origins import given
from services.runtime.settings import Settings, SettingsInvalid, load_settings

PROCESSES = ("gateway", "relay", "projector", "scheduler", "notifier")
PROJECTOR_PATIENCE = 3600.0
"""Seconds in which the read models may catch up after a long absence; the others are up at once or not at all."""
STOPPING_ORDER = ("gateway", "scheduler", "notifier", "projector", "relay", "NATS", "PostgreSQL")
"""First whoever takes new work, last what the others need to finish theirs."""

Describe = Callable[[Settings], Awaitable[str]]
CatchUp = Callable[[Settings], Awaitable[None]]


@dataclass
class Everything:
    """What runs now, by name."""

    logs_to_terminal: bool
    children: dict[str, Child] = field(default_factory=dict)

    async def start(self, child: Child) -> None:
        self.children[child.name] = child
        await child.start()

    async def stop(self, patience: float) -> None:
        for name in STOPPING_ORDER:
            if name in self.children:
                await self.children[name].stop(patience)

    def kill(self) -> None:
        for child in self.children.values():
            child.kill()


async def run(settings: Settings, *, demo: str, external: bool, logs: bool, catch_up: CatchUp, describe: Describe) -> None:
    """Start everything, see the read models catch up with the log, describe it, and wait for Ctrl-C or SIGTERM.

    CannotStart in one sentence when it cannot be.
    """
    if settings.production:
        raise SettingsInvalid("SUPPORT_ENVIRONMENT=production: `support dev` is for development; run the processes one by one")
    with home.claimed(settings.home):
        stop = asyncio.Event()
        everything = Everything(logs)
        _obey_signals(stop, everything)
        try:
            async with _unless_stopped(stop):
                settings = await _start_servers(everything, settings, external=external)
                await _once(settings, "migrate")
                await _once(settings, "policies", "apply")
                if demo != "none":  # before time runs: the scheduler would record now what the demo records when it happened
                    await _seed(settings, demo)
                await _start_processes(everything, settings, catch_up)
                say(await describe(settings))
                await stop.wait()
        finally:
            if everything.children:
                say("stopping …")
            await everything.stop(settings.drain_seconds + 5)
    say("stopped; the next start goes on from here")


async def _start_servers(everything: Everything, settings: Settings, *, external: bool) -> Settings:
    """The embedded servers, or a look at those that are named. Returns the settings by which all others find them."""
    own_postgres, own_nats = not given(settings, "postgres_dsn"), not given(settings, "nats_url")
    if external and (own_postgres or own_nats):
        missing = "SUPPORT_POSTGRES_DSN" if own_postgres else "SUPPORT_NATS_URL"
        raise SettingsInvalid(f"{missing} is missing: --external uses the servers that the settings name")
    home.refuse_taken(settings.http_port, "SUPPORT_HTTP_PORT", "the gateway", settings.http_host)
    ports: dict[str, int] = {}
    if own_nats:
        home.refuse_taken(settings.nats_port, "SUPPORT_NATS_PORT", "NATS")
        ports["nats_port"] = settings.nats_port
    if own_postgres:
        ports["postgres_port"] = home.postgres_port(settings)
        if not (settings.home / "postgres").exists():
            say("first start: making the database …")
        await everything.start(servers.postgres(settings, ports["postgres_port"], say))
    if own_nats:
        await everything.start(servers.nats(settings, say))
    home.remember(settings.home, ports)
    settings = load_settings()
    await servers.check_postgres(settings.owner_dsn)
    settings.require("nats_url")
    await servers.check_nats(str(settings.nats_url))
    return settings


async def _start_processes(everything: Everything, settings: Settings, catch_up: CatchUp) -> None:
    """All at once: each waits by itself for what it needs. That the read models may have far to go is shown."""
    starting = [everything.start(_process(everything, settings, name)) for name in PROCESSES]
    await _all_or_first_failure([*starting, catch_up(settings)])


def _process(everything: Everything, settings: Settings, name: str) -> Child:
    if name == "gateway":
        port, host, environment = settings.http_port, settings.http_host, {}
        host = host if host not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104
    else:
        variable, host = f"SUPPORT_METRICS_PORT_{name.upper()}", settings.metrics_host
        port = getattr(settings, f"metrics_port_{name}")
        if port:
            home.refuse_taken(port, variable, f"the metrics of the {name}", host, host_setting="SUPPORT_METRICS_HOST")
        port = port or free_port()
        environment = {variable: str(port)}

    async def problem(_pid: int) -> str | None:
        return await unreadiness(port, host)

    # A killed gateway's port is free for us again only when nobody took it meanwhile; the sentence is better than its stack.
    def still_free() -> None:
        if port_is_taken(port, host):
            raise CannotStart(f"port {port} of the {name} was taken by another program meanwhile")

    log = None if everything.logs_to_terminal else settings.home / "logs" / f"{name}.log"
    launch = Launch(name, _command(name), log, environment=environment)
    return Child(launch, problem, say, still_free, PROJECTOR_PATIENCE if name == "projector" else PATIENCE)


def _command(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "services.cli", *arguments)


async def _once(settings: Settings, *arguments: str, shown: bool = False) -> None:
    """Run a task of the command line; CannotStart with its last words when it fails. One that is `shown` writes to this terminal."""
    name = arguments[0]
    log = settings.home / "logs" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    task = Launch(name, _command(*arguments), None if shown else log).start()
    try:
        await ended(task)
    finally:
        if task.poll() is None:
            task.terminate()
    if task.returncode:
        why = "see above" if shown else f"{last_words(log)} (all of it in {log})"
        raise CannotStart(f"`support {' '.join(arguments)}` failed: {why}")


async def _seed(settings: Settings, size: str) -> None:
    """Demo data, at the first start only; a seeding that was interrupted is taken up again."""
    done = settings.home / "seeded"
    if not done.exists():
        say("first start: recording the demo data …")
        await _once(settings, "seed", "--size", size, shown=True)
        done.touch()


def _obey_signals(stop: asyncio.Event, everything: Everything) -> None:
    loop = asyncio.get_running_loop()

    def told() -> None:
        if stop.is_set():  # a second Ctrl-C: now
            everything.kill()
        stop.set()

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(each, told)


@asynccontextmanager
async def _unless_stopped(stop: asyncio.Event) -> AsyncIterator[None]:
    """The block ends where it is when `stop` is set: Ctrl-C is obeyed during a slow start too."""
    work = asyncio.current_task()
    assert work is not None
    told = False

    async def watch() -> None:
        nonlocal told
        await stop.wait()
        told = True
        work.cancel()

    watching = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        if not told:
            raise
        work.uncancel()
    finally:
        watching.cancel()


async def _all_or_first_failure(starting: Sequence[Awaitable[None]]) -> None:
    tasks = [asyncio.ensure_future(each) for each in starting]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def say(text: str) -> None:
    """To the terminal; a terminal that is gone stops nobody."""
    try:
        click.echo(text)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

"""One `support dev` a folder: the lock, and the ports that are remembered from run to run."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.runtime.development import SERVERS_FILE, listening, write_private
from services.runtime.embedded.process import CannotStart, free_port, port_is_taken
from services.runtime.settings import Settings


@contextmanager
def claimed(home: Path) -> Iterator[None]:
    """Hold the folder. The kernel lets go of the lock whatever ends us."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "dev.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(
                f"`support dev` already runs on {home} (pid {lock.read().strip() or 'unknown'}): "
                "stop it, or set SUPPORT_HOME to another folder"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def postgres_port(settings: Settings) -> int:
    """The port asked for; else the one of last time while it is free; else a new one."""
    if settings.postgres_port:
        refuse_taken(settings.postgres_port, "SUPPORT_POSTGRES_PORT", "PostgreSQL")
        return settings.postgres_port
    last = listening(settings.home).get("postgres_port", 0)
    return last if last and not port_is_taken(last) else free_port()


def refuse_taken(
    port: int, setting: str, what: str, host: str = "127.0.0.1", *, host_setting: str = "SUPPORT_HTTP_HOST"
) -> None:
    """One sentence when the port cannot be had: taken, not allowed, or no address of this machine."""
    try:
        taken = port_is_taken(port, host)
    except PermissionError:
        raise CannotStart(f"port {port} for {what} needs more rights than we have: set {setting} to one above 1023") from None
    except OSError as error:
        raise CannotStart(
            f"{what} cannot listen on {host}: {error.strerror}; set {host_setting} to an address of this machine"
        ) from None
    if taken:
        raise CannotStart(f"port {port} for {what} is taken by another program: stop that one, or set {setting} to a free port")


def remember(home: Path, ports: dict[str, int]) -> None:
    """For the other commands on this folder (`support verify`, `support token` …)."""
    write_private(home / SERVERS_FILE, ports)

"""Starting a server so that it ends with us, whatever kills us.

The kernel sends the child a signal when its parent is gone (PR_SET_PDEATHSIG), so nothing is left even after `kill -9`. The
signal is tied to the *thread* that started the child: start servers from a thread that lives as long as they shall.
"""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

NOBODY = 65534
_PR_SET_PDEATHSIG = 1
_CHOWN, _DAC_OVERRIDE, _KILL, _SETGID, _SETUID, _SETPCAP = 0, 1, 5, 6, 7, 8
_libc = ctypes.CDLL(None, use_errno=True)


class CannotStart(Exception):
    """A server of ours cannot run here; the message is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start one process. `ends_with` is the signal that it gets when we are gone; output goes to `log`."""

    name: str
    argv: tuple[str, ...]
    log: Path | None
    ends_with: signal.Signals = signal.SIGTERM
    stops_with: signal.Signals = signal.SIGTERM
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; the caller waits for its readiness."""
        output = _open_log(self.log) if self.log else None
        try:
            return subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                env={**os.environ, **self.environment},
                # A session of its own: Ctrl-C goes to us alone, and we stop the servers in the right order.
                start_new_session=True,
                preexec_fn=ends_with_us(self.ends_with),  # noqa: PLW1509 - prctl has no other place
            )
        finally:
            if output:
                output.close()


def _open_log(log: Path) -> BinaryIO:
    """Append; a log past 16 MB becomes the one old log that is kept."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > 16 * 2**20:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


def ends_with_us(signal_: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the child gets this signal when we are gone."""
    parent = os.getpid()

    def prepare() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal_), 0, 0, 0)
        if os.getppid() != parent:  # it went before the kernel knew
            os._exit(1)

    return prepare


def unprivileged(argv: Sequence[str], folder: Path, *, ends_with: signal.Signals) -> tuple[str, ...]:
    """`argv`, run as nobody when we are root (PostgreSQL refuses to run as root), as it is otherwise.

    Nobody keeps the one capability of root to pass folders that are closed to others, so a checkout under a 0700 home works
    and nobody's modes are changed. A change of user clears the death signal, so setpriv sets it again.
    """
    if os.geteuid() != 0:
        return tuple(argv)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise CannotStart("PostgreSQL does not run as root: install setpriv (package util-linux), or start as an ordinary user")
    if not _has(_SETUID, _SETGID, _CHOWN, _KILL):
        raise CannotStart(
            "PostgreSQL does not run as root, and this root may not become another user: start as an ordinary user"
        )
    become = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", f"--pdeathsig={ends_with.name[3:]}"]
    if _has(_DAC_OVERRIDE, _SETPCAP):
        keep = ["--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        return (*become, *keep, *argv)
    probe = subprocess.run([*become, "test", "-x", argv[0], "-a", "-x", str(folder)], check=False, capture_output=True)
    if probe.returncode:
        raise CannotStart(
            f"PostgreSQL runs as nobody here and cannot reach {folder} or {argv[0]}: "
            "set SUPPORT_HOME to a folder that every user may enter, such as /var/tmp/support"
        )
    return (*become, *argv)


def own(folder: Path) -> None:
    """Make `folder`, closed to others, for whoever PostgreSQL runs as."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)


def _has(*capabilities: int) -> bool:
    lines = Path("/proc/self/status").read_text().splitlines()
    effective = int(next(line for line in lines if line.startswith("CapEff:")).split()[1], 16)
    return all(effective >> capability & 1 for capability in capabilities)


def stop(child: subprocess.Popen[bytes], with_signal: signal.Signals, *, patience: float = 20.0) -> None:
    """Ask `child` to stop and wait; after `patience` seconds it is killed."""
    if child.poll() is None:
        child.send_signal(with_signal)
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_until(
    ready: Callable[[int], bool], child: subprocess.Popen[bytes], name: str, log: Path, *, patience: float = 60.0
) -> None:
    """Wait until `ready(pid)`; CannotStart when the process ends first, with what it said last."""
    end = time.monotonic() + patience
    while not ready(child.pid):
        if child.poll() is not None:
            raise CannotStart(f"{name} ended at its start: {last_words(log)} (all of it in {log})")
        if time.monotonic() > end:
            raise CannotStart(f"{name} is not ready after {patience:.0f} seconds: see {log}")
        time.sleep(0.02)


def wait_for_end(pid: int, *, patience: float = 20.0) -> None:
    """Wait until a process that is no child of ours is gone; after `patience` seconds it is killed."""
    end = time.monotonic() + patience
    while alive(pid):
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs. One that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def last_words(log: Path) -> str:
    """The last line of a log that says something of an error, else the last line."""
    lines = (
        [line.strip() for line in log.read_text(errors="replace").splitlines()[-40:] if line.strip()] if log.exists() else []
    )
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "[FTL]" in line or "[ERR]" in line]
    return (telling or lines or ["nothing was said"])[-1]


def free_port() -> int:
    """A port of the loopback that is free now, outside the range from which the kernel gives ports to outgoing connections."""
    while port_is_taken(port := secrets.choice(range(12_000, 32_000))):
        pass
    return port


def port_is_taken(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody listens there already. A port in TIME_WAIT counts as free. OSError when nobody could listen there."""
    try:
        listen_once(port, host)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return True
        raise
    return False


def listen_once(port: int, host: str) -> None:
    """Take the port and let go of it. OSError tells why it cannot be had."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)

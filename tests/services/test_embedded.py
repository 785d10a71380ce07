"""The newcomer's servers: they start anywhere, let nobody in without a password, and end with whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import pytest

from services.runtime.embedded import process
from services.runtime.embedded.nats import EmbeddedNats, greeting
from services.runtime.embedded.postgres import EmbeddedPostgres
from tests.ground import TestDatabase

pytestmark = pytest.mark.anyio


async def test_the_owner_owns_its_database_and_is_no_superuser(empty_database: TestDatabase) -> None:
    connection = await asyncpg.connect(empty_database.owner_dsn)
    assert await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert await connection.fetchval("SHOW server_version_num") >= "170000"
    assert await connection.fetchval("SHOW server_encoding") == "UTF8"
    await connection.execute("CREATE TABLE t(a int); CREATE ROLE somebody")
    await connection.execute("DROP ROLE somebody")
    await connection.close()


async def test_nobody_gets_in_without_the_password(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.dsn("postgres", "guess", "postgres"))


@pytest.mark.parametrize("nats_server", ["default", "always"], indirect=True)
def test_nats_greets_with_jetstream_and_asks_for_a_login(nats_server: EmbeddedNats) -> None:
    said = greeting(nats_server.port)
    assert said is not None
    assert said["jetstream"] is True
    assert said["auth_required"] is True


STARTER = """
import sys, time
from pathlib import Path
from services.runtime.embedded.nats import EmbeddedNats
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.embedded import process
home = Path(sys.argv[1])
postgres = EmbeddedPostgres(home, process.free_port(), "a", "b", volatile=True).start()
nats = EmbeddedNats(home, process.free_port(), []).start()
print(postgres.pid, nats.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("killed", [signal.SIGKILL, signal.SIGTERM])
def test_servers_end_when_whoever_started_them_is_killed(tmp_path: Path, killed: signal.Signals) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=process.ends_with_us(signal.SIGKILL),
    )
    assert starter.stdout is not None
    pids = [int(pid) for pid in starter.stdout.readline().split()]
    assert len(pids) == 2
    assert all(process.alive(pid) for pid in pids)
    starter.send_signal(killed)
    starter.communicate()
    gone_in_time(pids)


def test_data_survives_a_kill_of_everything(tmp_path: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=process.ends_with_us(signal.SIGKILL),
    )
    assert starter.stdout is not None
    pids = [int(pid) for pid in starter.stdout.readline().split()]
    starter.kill()
    starter.communicate()
    # No waiting for the old server: the next start ends what is left of it.
    again = EmbeddedPostgres(tmp_path, process.free_port(), "a", "b", volatile=True)
    child = again.start()
    process.stop(child, signal.SIGQUIT)
    gone_in_time(pids)


def gone_in_time(pids: list[int]) -> None:
    end = time.monotonic() + 60
    while any(process.alive(pid) for pid in pids):
        assert time.monotonic() < end, f"still there: {pids}"
        time.sleep(0.02)


def test_data_of_another_major_version_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres.version").write_text("16")
    with pytest.raises(process.CannotStart, match=r"PostgreSQL 16.*SUPPORT_HOME"):
        EmbeddedPostgres(tmp_path, process.free_port(), "a", "b").start()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    port = process.free_port()
    first = EmbeddedNats(tmp_path / "first", port, []).start()
    try:
        second = EmbeddedNats(tmp_path / "second", port, [])
        second.prepare()
        child = second.launch().start()
        with pytest.raises(process.CannotStart, match=r"NATS ended at its start: .*address already in use"):
            process.wait_until(lambda _: False, child, "NATS", second.log)
    finally:
        process.stop(first, signal.SIGKILL)


def test_a_first_start_that_was_interrupted_is_begun_anew(tmp_path: Path) -> None:
    half = tmp_path / "postgres.making"
    process.own(half)
    (half / "base").mkdir()
    (half / "base" / "1").touch()
    if os.geteuid() == 0:
        os.chown(half / "base", process.NOBODY, process.NOBODY)
    child = EmbeddedPostgres(tmp_path, process.free_port(), "a", "b", volatile=True).start()
    process.stop(child, signal.SIGQUIT)
    assert not half.exists()


def start_without_the_capability(home: Path) -> subprocess.CompletedProcess[str]:
    """As root who may not pass folders that are closed to others; an ordinary user never may."""
    program = (
        "import signal, sys\nfrom pathlib import Path\nfrom services.runtime.embedded import postgres, process\n"
        "child = postgres.EmbeddedPostgres(Path(sys.argv[1]), process.free_port(), 'a', 'b', volatile=True).start()\n"
        "process.stop(child, signal.SIGINT)\nprint('stopped with', child.returncode)"
    )
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    return subprocess.run([*drop, sys.executable, "-c", program, str(home)], capture_output=True, text=True, check=False)


def test_without_the_capability_a_folder_that_all_may_enter_will_do_for_root() -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        for _ in ("first start", "second start"):
            done = start_without_the_capability(Path(folder))
            assert done.stdout == "stopped with 0\n", done.stderr


def test_without_the_capability_a_closed_folder_is_named_with_the_setting() -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o700)
        done = start_without_the_capability(Path(folder))
    if os.geteuid() == 0:
        assert "set SUPPORT_HOME to a folder that every user may enter" in done.stderr
    else:
        assert done.stdout == "stopped with 0\n", done.stderr


@pytest.mark.parametrize("closed", [0o700, 0o755])
def test_a_home_that_is_closed_to_others_will_do_and_keeps_its_modes(tmp_path: Path, closed: int) -> None:
    above = tmp_path / "root-only"
    above.mkdir(mode=closed)
    server = EmbeddedPostgres(above / "home", process.free_port(), "a", "b", volatile=True)
    child = server.start()
    try:
        assert above.stat().st_mode & 0o777 == closed
        if os.geteuid() == 0:
            assert above.stat().st_uid == 0
            assert server.data.stat().st_uid == process.NOBODY
        assert server.data.stat().st_mode & 0o777 == 0o700
    finally:
        process.stop(child, signal.SIGQUIT)

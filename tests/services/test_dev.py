"""`support dev` keeps its children: ready before it says so, started again when they end, stopped in order, gone when it is."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import anyio
import pytest

from services.dev import home, servers, supervisor
from services.dev.supervisor import Child
from services.runtime.bus import BusError
from services.runtime.embedded import process
from services.runtime.embedded.postgres import binary
from services.runtime.embedded.process import CannotStart, Launch
from services.runtime.settings import Settings, load_settings

pytestmark = pytest.mark.anyio

SLEEPER = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Child]]]:
    """Start a small Python program under supervision; its file says that it is ready."""
    children: list[Child] = []

    async def begin(program: str = SLEEPER, says: Callable[[str], None] = lambda _: None, patience: float = 60) -> Child:
        mark = tmp_path / f"ready-{len(children)}"

        async def problem(_pid: int) -> str | None:
            return None if mark.exists() else "no mark"

        launch = Launch("child", (sys.executable, "-c", program, str(mark)), tmp_path / "child.log")
        child = Child(launch, problem, says, prepare=lambda: mark.unlink(missing_ok=True), patience=patience)
        children.append(child)
        await child.start()
        return child

    yield begin
    for child in children:
        await child.stop(0)


async def until(happens: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        while not happens():
            await anyio.sleep(0.02)


async def test_a_killed_child_is_started_again_and_it_is_said(start: Callable[..., Awaitable[Child]]) -> None:
    said: list[str] = []
    child = await start(says=said.append)
    assert child.running is not None
    first = child.running.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: "child is back" in said)
    assert said == ["child ended (killed by SIGKILL); starting it again", "child is back"]
    assert child.running.pid != first
    assert not process.alive(first)


async def test_a_child_that_ends_at_once_is_given_up_with_its_last_words(
    start: Callable[..., Awaitable[Child]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PAUSES", (0.0,) * 6)
    with pytest.raises(CannotStart, match=r"child does not start: the reason \(all of it in .*child.log\)"):
        await start("import sys; sys.exit('the reason')")


async def test_a_child_that_never_gets_ready_is_given_up(start: Callable[..., Awaitable[Child]]) -> None:
    with pytest.raises(CannotStart, match="child is not ready after 0 seconds: no mark"):
        await start("import time; time.sleep(600)", patience=0.2)


async def test_a_stopped_child_may_finish_and_is_not_started_again(
    start: Callable[..., Awaitable[Child]], tmp_path: Path
) -> None:
    polite = (
        "import pathlib, signal, sys, time\n"
        "def finish(*_):\n    pathlib.Path(sys.argv[1] + '-finished').touch()\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, finish)\npathlib.Path(sys.argv[1]).touch()\ntime.sleep(600)"
    )
    child = await start(polite)
    await child.stop(60)
    assert (tmp_path / "ready-0-finished").exists()
    assert child.running is not None
    assert child.running.returncode == 0
    assert child.restarts == 0


async def test_a_child_that_does_not_stop_is_killed(start: Callable[..., Awaitable[Child]]) -> None:
    stubborn = (
        "import pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pathlib.Path(sys.argv[1]).touch()\n"
        "time.sleep(600)"
    )
    said: list[str] = []
    child = await start(stubborn, says=said.append)
    await child.stop(0.1)
    assert child.running is not None
    assert child.running.returncode == -signal.SIGKILL
    assert said == ["child did not stop within 0 seconds and was killed"]


def test_a_taken_port_is_one_sentence_that_names_the_setting() -> None:

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart) as refused:
            home.refuse_taken(port, "SUPPORT_HTTP_PORT", "the gateway")
    assert (
        str(refused.value)
        == f"port {port} for the gateway is taken by another program: stop that one, or set SUPPORT_HTTP_PORT to a free port"
    )


def test_an_address_that_is_not_ours_is_one_sentence_too() -> None:
    with pytest.raises(CannotStart, match=r"the gateway cannot listen on 192.0.2.1: .*SUPPORT_HTTP_HOST"):
        home.refuse_taken(process.free_port(), "SUPPORT_HTTP_PORT", "the gateway", "192.0.2.1")
    home.refuse_taken(process.free_port(), "SUPPORT_HTTP_PORT", "the gateway", "localhost")


def test_a_folder_has_one_support_dev(tmp_path: Path) -> None:
    refusal = rf"already runs on {tmp_path} \(pid {os.getpid()}\).*SUPPORT_HOME"
    with home.claimed(tmp_path), pytest.raises(CannotStart, match=refusal), home.claimed(tmp_path):
        pass
    with home.claimed(tmp_path):
        pass


def test_the_port_of_postgresql_is_remembered_while_it_is_free(settings_of_home: Settings) -> None:
    first = home.postgres_port(settings_of_home)
    home.remember(settings_of_home.home, {"postgres_port": first})
    assert home.postgres_port(settings_of_home) == first
    assert load_settings(home=settings_of_home.home).postgres_dsn == f"postgresql://127.0.0.1:{first}/support"


@pytest.fixture
def settings_of_home(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path)


@pytest.fixture
def postgres_16(tmp_path: Path) -> Iterator[str]:
    """The wheel carries an older PostgreSQL beside ours: its owner's connection string."""
    old, data, port = binary("postgres").parents[2] / "pginstall" / "bin", tmp_path / "old", process.free_port()
    process.own(data)

    def become(*argv: str) -> tuple[str, ...]:
        return process.unprivileged([str(old / argv[0]), *argv[1:]], tmp_path, ends_with=signal.SIGQUIT)

    subprocess.run(
        become("initdb", "-D", str(data), "--username=o", "--auth=trust", "--no-sync"), check=True, capture_output=True, cwd="/"
    )
    options = ("-c", f"port={port}", "-c", "unix_socket_directories=", "-c", "listen_addresses=127.0.0.1")
    log = tmp_path / "old.log"
    server = Launch("old", become("postgres", "-D", str(data), *options), log, ends_with=signal.SIGQUIT).start()
    process.wait_until(lambda _: b"ready to accept connections" in log.read_bytes(), server, "old", log)
    yield f"postgresql://o:o@127.0.0.1:{port}/postgres"
    process.stop(server, signal.SIGQUIT)


async def test_an_old_postgresql_is_refused_with_what_is_needed(postgres_16: str) -> None:
    with pytest.raises(CannotStart, match=r"PostgreSQL 17 or later is needed; this server is 16; set SUPPORT_POSTGRES_DSN"):
        await servers.check_postgres(postgres_16)


async def test_an_old_nats_is_refused_with_what_is_needed() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"version":"2.11.9","jetstream":true}\r\n')
        await writer.drain()
        writer.close()

    old = await asyncio.start_server(greet, "127.0.0.1", 0)
    with pytest.raises(BusError, match=r"nats-server 2.11 is too old, .*2.12 or later.*SUPPORT_NATS_URL"):
        await servers.check_nats(f"nats://127.0.0.1:{old.sockets[0].getsockname()[1]}")
    old.close()
    await old.wait_closed()


async def test_servers_that_are_not_there_are_named(settings_of_home: Settings) -> None:
    port = process.free_port()
    with pytest.raises(CannotStart, match=rf"PostgreSQL at 127.0.0.1:{port}/support: nobody answers; check SUPPORT_POSTGRES"):
        await servers.check_postgres(f"postgresql://owner:secret@127.0.0.1:{port}/support")
    with pytest.raises(CannotStart, match=f"nobody answers at nats://127.0.0.1:{port}"):
        await servers.check_nats(f"nats://127.0.0.1:{port}")


async def test_embedded_servers_are_started_again_after_a_kill(settings_of_home: Settings) -> None:
    said: list[str] = []
    settings = settings_of_home.model_copy(update={"nats_port": process.free_port()})
    children = [servers.postgres(settings, process.free_port(), said.append), servers.nats(settings, said.append)]
    try:
        for child in children:
            await child.start()
            assert child.running is not None
            child.running.kill()
            await until(lambda child=child: f"{child.name} is back" in said)  # type: ignore[misc]
    finally:
        for child in reversed(children):
            await child.stop(60)
    assert all(child.running is not None and child.running.returncode == 0 for child in children), said

"""`support dev` as a newcomer has it: everything comes up, comes back, stops well, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from services.runtime.embedded import process
from services.runtime.settings import Settings, load_settings
from tests.ground import TestDatabase, apart

PROCESSES = {"gateway", "relay", "projector", "scheduler", "notifier"}


class Dev:
    """One folder's `support dev`, started as often as a test likes."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.http_port = process.free_port()
        self.environment = {
            **os.environ,
            "SUPPORT_HOME": str(home),
            "SUPPORT_HTTP_PORT": str(self.http_port),
            "SUPPORT_NATS_PORT": str(process.free_port()),
            "SUPPORT_DEMO": "small",
            "PYTHONUNBUFFERED": "1",
        }
        self.said: list[str] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str) -> None:
        """Start it and wait for its summary."""
        self.said = []
        self.process = self.spawn(*arguments)
        self.listening = threading.Thread(target=self._listen, args=(self.process,), daemon=True)
        self.listening.start()
        self.hear("Watch events arrive")

    def _listen(self, running: subprocess.Popen[str]) -> None:
        for line in running.stdout or ():
            self.said.append(line)

    def spawn(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "services.cli", "dev", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**self.environment, **environment},
            preexec_fn=process.ends_with_us(signal.SIGTERM),
        )

    def hear(self, text: str) -> None:
        """Wait until it says so; what it ends with instead is the failure's message."""
        end = time.monotonic() + 240
        while not any(text in line for line in self.said):
            over = not self.listening.is_alive() or time.monotonic() > end
            assert not over or any(text in line for line in self.said), f"it never said {text!r}: {''.join(self.said)}"
            time.sleep(0.02)

    def children(self) -> dict[str, int]:
        """Its running children by name, as `support dev` names them."""
        assert self.process is not None
        found = {}
        for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            names = {"postgres": "PostgreSQL", "nats-server": "NATS"}
            name = next((names[Path(part).name] for part in command if Path(part).name in names), command[-2])
            found[name] = int(pid)
        return found

    def stop(self, with_signal: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(with_signal)
        code = self.process.wait()
        self.listening.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def events(self) -> tuple[int, str]:
        """How many there are, and the last one's id."""

        async def count() -> tuple[int, str]:
            connection = await asyncpg.connect(load_settings(home=self.home).owner_dsn)
            try:
                row = await connection.fetchrow("SELECT count(*), max(originator_id::text) FROM store.stored_events")
                return row[0], row[1]
            finally:
                await connection.close()

        return apart(count())


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    running = Dev(tmp_path_factory.mktemp("dev"))
    try:
        running.start()
        yield running
    finally:
        if running.process and running.process.returncode is None:
            running.stop(signal.SIGTERM)


def test_the_first_start_says_what_runs_where_with_a_token_for_each_role(dev: Dev) -> None:
    told = "".join(dev.said)
    for role in ("CUSTOMER", "CUSTOMER_ADMIN", "AGENT", "SERVICE_MANAGER", "ADMIN", "AUDITOR", "SERVICE"):
        assert re.search(rf"^  {role} .*\n  ey[\w-]+\.[\w-]+\.[\w-]+$", told, re.M), told
    assert f"http://127.0.0.1:{dev.http_port}/graphql" in told
    assert "nats://subscriber:" in told
    assert "psql 'postgresql://support_read:" in told
    assert dev.children().keys() == PROCESSES | {"PostgreSQL", "NATS"}
    with urllib.request.urlopen(f"http://127.0.0.1:{dev.http_port}/readyz") as answer:
        assert answer.status == 200


def test_a_token_of_the_command_line_is_taken_by_the_gateway(dev: Dev) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "services.cli", "token", "--role", "AGENT"],
        capture_output=True,
        text=True,
        check=True,
        env=dev.environment,
    )
    request = urllib.request.Request(
        f"http://127.0.0.1:{dev.http_port}/graphql",
        json.dumps({"query": "{ tickets(first: 1) { nodes { ref } } }"}).encode(),
        {"content-type": "application/json", "authorization": f"Bearer {made.stdout.strip()}"},
    )
    with urllib.request.urlopen(request) as answer:
        assert re.fullmatch(r'\{"data": ?\{"tickets": ?\{"nodes": ?\[\{"ref": ?"\d+"\}\]\}\}\}', answer.read().decode())


def support(dev: Dev, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dev.environment)


def test_a_token_can_be_had_for_whoever_fits_and_nobody_else(dev: Dev) -> None:
    made = json.loads(support(dev, "token", "--role", "customer", "--organisation", "fjordlab", "--json").stdout)
    assert made["role"] == "CUSTOMER"
    assert made["who"] in {"Magnus Eide", "Tuva Berge"}
    by_address = json.loads(
        support(dev, "token", "--role", "CUSTOMER", "--contact", "Ingrid@fjordlab.example", "--json").stdout
    )
    assert by_address["who"] == "Ingrid Solheim"
    for wrong, says in {
        ("--role", "CUSTOMER", "--organisation", "nobody"): "there is no such contact of nobody",
        ("--role", "SERVICE_MANAGER", "--organisation", "nobody"): "there is no organisation nobody",
        ("--role", "SERVICE", "--scope", "EVERYTHING"): "there is no scope EVERYTHING; there are",
        ("--role", "KING"): "'KING' is not one of",
    }.items():
        done = support(dev, "token", *wrong)
        assert done.returncode != 0
        assert done.stdout == ""
        assert says in " ".join(done.stderr.split()), done.stderr


def test_verify_says_equal_while_everything_runs(dev: Dev) -> None:
    done = support(dev, "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("equal\n")


def test_a_second_one_on_the_same_folder_is_told_so(dev: Dev) -> None:
    second = dev.spawn()
    said = second.communicate()[0]
    assert second.returncode == 1
    assert said.startswith(f"`support dev` already runs on {dev.home} (pid ")
    assert len(said.splitlines()) == 1


def test_a_taken_port_is_one_sentence_that_names_the_setting(dev: Dev, tmp_path: Path) -> None:
    for setting in ("SUPPORT_HTTP_PORT", "SUPPORT_NATS_PORT"):
        ports = {name: str(process.free_port()) for name in ("SUPPORT_HTTP_PORT", "SUPPORT_NATS_PORT")}
        ports[setting] = dev.environment[setting]
        other = dev.spawn(SUPPORT_HOME=str(tmp_path / setting), **ports)
        said = other.communicate()[0]
        assert other.returncode == 1
        assert f"port {dev.environment[setting]}" in said
        assert f"set {setting} to a free port" in said
        assert len(said.splitlines()) == 1


def test_whoever_is_killed_is_started_again(dev: Dev) -> None:
    before = dev.children()
    for name, pid in before.items():
        os.kill(pid, signal.SIGKILL)
        dev.hear(f"{name} is back")
    after = dev.children()
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())


def test_ctrl_c_stops_everything_well_and_the_next_start_finds_all_as_it_was(dev: Dev) -> None:
    children, events = dev.children(), dev.events()
    assert dev.stop(signal.SIGINT) == 0, "".join(dev.said)
    assert not [name for name, pid in children.items() if process.alive(pid)]
    dev.start()
    assert "first start" not in "".join(dev.said)
    assert dev.events() == events


def test_nothing_is_left_after_a_kill_of_the_supervisor_and_the_next_start_works(dev: Dev) -> None:
    children, events = dev.children(), dev.events()
    dev.stop(signal.SIGKILL)
    end = time.monotonic() + 60
    while left := [name for name, pid in children.items() if process.alive(pid)]:
        assert time.monotonic() < end, f"left behind: {left}"
        time.sleep(0.05)
    dev.start()
    assert dev.events() == events


def test_servers_that_the_settings_name_are_used_instead(settings: Settings, database: TestDatabase) -> None:
    run = Dev(settings.home)
    named = {
        "SUPPORT_POSTGRES_DSN": database.dsn,
        "SUPPORT_POSTGRES_OWNER_DSN": database.owner_dsn,
        "SUPPORT_NATS_URL": settings.nats_url,
    }
    run.environment |= {name: str(value) for name, value in named.items()}
    run.start("--external", "--no-demo")
    assert run.children().keys() == PROCESSES
    assert run.stop(signal.SIGTERM) == 0, "".join(run.said)


def test_servers_that_shall_be_used_and_are_not_named_are_asked_for(dev: Dev, tmp_path: Path) -> None:
    incomplete = dev.spawn("--external", SUPPORT_HOME=str(tmp_path))
    said = incomplete.communicate()[0]
    assert incomplete.returncode == 2
    assert said == "SUPPORT_POSTGRES_DSN is missing: --external uses the servers that the settings name\n"

"""The command line teaches, answers other programs in JSON, and fails in one sentence."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.cli import COMMANDS, main
from services.cli.declared import PROJECTIONS
from services.cli.failures import sentence
from services.runtime.embedded import process
from services.runtime.errors import Overloaded
from tests.ground import TestDatabase

Support = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def support(tmp_path: Path) -> Support:
    """Run `support …` as a process of its own, as people do."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "SUPPORT_HOME": str(tmp_path / "home"), **environment},
        )

    return run


def of(database: TestDatabase, home: Path) -> dict[str, str]:
    """The environment of a process on this database."""
    return {
        "SUPPORT_HOME": str(database.settings.home),
        "SUPPORT_POSTGRES_DSN": database.dsn,
        "SUPPORT_POSTGRES_OWNER_DSN": database.owner_dsn,
    }


def test_every_command_says_what_it_does_and_gives_an_example() -> None:
    for name in COMMANDS:
        command = main.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        assert command.name == name
        assert "Example" in (command.help or ""), name


def test_help_is_quick_because_it_loads_no_process(support: Support) -> None:
    loaded = (
        "import sys; from services.cli import main; main.main(['--help'], standalone_mode=False); print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in COMMANDS)
    assert "services.gateway" not in done.stdout
    assert "strawberry" not in done.stdout


def test_settings_are_shown_for_people_and_for_programs_with_secrets_masked(support: Support, tmp_path: Path) -> None:
    people, programs = support("settings"), support("settings", "--json", SUPPORT_HTTP_PORT="8099")
    secrets = json.loads((tmp_path / "home" / "secrets.json").read_text())
    shown = json.loads(programs.stdout)
    assert shown["SUPPORT_HTTP_PORT"]["value"] == 8099
    assert shown["SUPPORT_HTTP_PORT"]["from"] == "environment SUPPORT_HTTP_PORT"
    assert shown["SUPPORT_TOKEN_SECRET"]["value"] == "********"
    assert not [name for name, value in secrets.items() if value in people.stdout + programs.stdout]


def test_a_variable_that_is_no_setting_is_pointed_out(support: Support) -> None:
    assert "SUPPORT_HTPP_PORT is set but is no setting of ours" in support("settings", SUPPORT_HTPP_PORT="1").stderr


@pytest.mark.parametrize(
    "command", ["settings", "gateway", "relay", "projector", "scheduler", "notifier", "migrate", "verify", "dev"]
)
def test_a_bad_setting_is_one_sentence_and_exit_code_two(support: Support, command: str) -> None:
    done = support(command, SUPPORT_HTTP_PORT="many")
    assert done.returncode == 2
    assert done.stderr.startswith("SUPPORT_HTTP_PORT=many cannot be used")
    assert len(done.stderr.splitlines()) == 1


def test_a_stack_is_shown_to_those_who_ask(support: Support) -> None:
    assert "Traceback" in support("settings", SUPPORT_HTTP_PORT="many", SUPPORT_LOG_LEVEL="debug").stderr


@pytest.mark.parametrize("command", ["migrate", "verify", "projections"])
def test_a_task_without_a_database_says_what_to_do(support: Support, command: str) -> None:
    done = support(command)
    assert done.returncode == 2
    assert "is missing: set it (or start the embedded servers with `support dev`)" in done.stderr
    unreachable = {
        "SUPPORT_POSTGRES_DSN": "postgresql://127.0.0.1:9/x",
        "SUPPORT_POSTGRES_OWNER_DSN": "postgresql://o:p@127.0.0.1:9/x",
    }
    done = support(command, **unreachable)
    assert done.returncode == 1
    assert "check SUPPORT_POSTGRES_DSN" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_failure_is_one_sentence_without_its_message() -> None:
    try:
        raise RuntimeError("marker@example.eu")
    except RuntimeError as error:
        text, code = sentence(error)
    assert code == 1
    assert "RuntimeError at test_cli.py" in text
    assert "marker" not in text
    assert "SUPPORT_LOG_LEVEL=debug" in text


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (asyncpg.InvalidPasswordError("x"), "support migrate"),
        (asyncpg.UndefinedTableError("relation x"), "support migrate"),
        (ConnectionRefusedError(111, "x"), "SUPPORT_POSTGRES_DSN"),
        (ExceptionGroup("several", [ConnectionRefusedError(111, "x")]), "SUPPORT_POSTGRES_DSN"),
        (Overloaded("too much at once"), "too much at once"),
        (PermissionError(13, "Permission denied", "/root/x"), "SUPPORT_HOME"),
    ],
)
def test_a_known_failure_names_what_to_change(error: Exception, says: str) -> None:
    assert says in sentence(error)[0]


def test_development_tokens_are_refused_in_production(support: Support, tmp_path: Path) -> None:
    done = support("token", "--role", "ADMIN", SUPPORT_ENVIRONMENT="production", SUPPORT_SOURCE="https://support.example.eu")
    assert done.returncode == 2
    assert done.stderr.startswith("SUPPORT_ENVIRONMENT=production")
    assert done.stdout == ""


def test_a_database_is_migrated_as_often_as_one_likes_and_then_verifies(
    support: Support, empty_database: TestDatabase, tmp_path: Path
) -> None:
    where = of(empty_database, tmp_path)
    first, second = support("migrate", **where), support("migrate", **where)
    assert (first.returncode, first.stderr) == (0, "")
    assert "applied 0001" in first.stdout
    assert second.stdout == "the database is what this release needs\n"
    listed: list[dict[str, Any]] = json.loads(support("projections", "--json", **where).stdout)
    assert {row["name"] for row in listed} == {projection.name for projection in PROJECTIONS}
    assert support("policies", "apply", **where).stdout.endswith("is in force now\n")
    assert support("policies", "apply", **where).stdout.endswith("was in force already\n")


def test_every_projection_is_declared() -> None:
    import importlib
    import pkgutil

    import projections
    from projections.projection import Projection

    found = set()
    for module in pkgutil.iter_modules(projections.__path__, "projections."):
        found |= {each.name for each in vars(importlib.import_module(module.name)).values() if isinstance(each, Projection)}
    assert found == {projection.name for projection in PROJECTIONS}


def test_a_process_that_is_told_to_stop_finishes_and_exits_well(
    database: TestDatabase, nats_server: Any, tmp_path: Path
) -> None:
    environment = {**os.environ, **of(database, tmp_path), "SUPPORT_NATS_URL": nats_server.url, "SUPPORT_LOG_FORMAT": "json"}
    relay = subprocess.Popen(
        [sys.executable, "-m", "services.cli", "relay"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=process.ends_with_us(signal.SIGKILL),
    )
    assert relay.stderr is not None
    lines = []
    for line in relay.stderr:
        lines.append(json.loads(line))
        if "/readyz" in lines[-1]["message"]:
            relay.send_signal(signal.SIGTERM)
            break
    rest = [json.loads(line) for line in relay.communicate()[1].splitlines()]
    assert relay.returncode == 0, lines + rest
    assert "stopping relay: finishing what is in flight" in [line["message"] for line in rest]
    assert {line["process"] for line in lines + rest} == {"relay"}


@pytest.mark.parametrize("name", ["gateway", "relay", "scheduler", "notifier"])
def test_a_process_whose_port_is_taken_says_which_setting_to_change(
    support: Support, module_database: TestDatabase, tmp_path: Path, name: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ports = {"SUPPORT_HTTP_PORT": port, f"SUPPORT_METRICS_PORT_{name.upper()}": port}
        ended = support(name, **of(module_database, tmp_path), **ports)
    last = ended.stderr.strip().splitlines()[-1]
    assert (ended.returncode, "SUPPORT_HTTP_PORT" in last, port in last) == (1, True, True), ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_host_that_is_not_known_is_a_server_that_cannot_be_reached() -> None:
    text, code = sentence(socket.gaierror(-2, "Name or service not known"))
    assert (code, "SUPPORT_POSTGRES_DSN" in text) == (1, True)

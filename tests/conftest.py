"""The ground the tests stand on: real PostgreSQL and NATS, started for this run and ending with it, whatever ends it.

One PostgreSQL a worker, without fsync; a fresh database a test, copied from a template that was migrated once. One NATS a test,
with an empty store. All of it on free ports of the loopback, in a folder that is removed afterwards.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from services.runtime.development import made_secrets
from services.runtime.embedded import process
from services.runtime.embedded.nats import EmbeddedNats
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.settings import Settings
from tests.ground import Databases, TestDatabase, isolated_settings, logins

LONGEST = (
    "tests/journeys/",
    "tests/services/test_dev_run.py",
    "tests/services/test_cli.py",
    "tests/projections/test_plans.py",
    "tests/load/",
)
"""What takes longest is begun first, so that no worker ends with it alone."""


class OneFileOneWorker(LoadFileScheduling):  # type: ignore[misc]  # xdist tells no types
    """A file's tests share their ground (a desk that runs, a world), so one worker runs them all; all journeys share one desk."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/journeys/" if nodeid.startswith("tests/journeys/") else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneFileOneWorker:
    config.option.loadscopereorder = False  # by the number of tests; we know better
    return OneFileOneWorker(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: much of the time goes into waiting, for processes to start and for clocks."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        begun = {beginning: number for number, beginning in enumerate(LONGEST)}
        items.sort(key=lambda item: next((begun[each] for each in LONGEST if item.nodeid.startswith(each)), len(LONGEST)))


for name in [name for name in os.environ if name.startswith("SUPPORT_")]:
    del os.environ[name]  # a developer's own settings are not the tests'


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def free_port() -> int:
    return process.free_port()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SUPPORT_HOME of this worker."""
    folder = tmp_path_factory.mktemp("home")
    made_secrets(folder)
    return folder


@pytest.fixture(scope="session")
def postgres(home: Path) -> Iterator[EmbeddedPostgres]:
    """One PostgreSQL for all tests of this worker. Never stop it: a test of outages starts its own (`own_postgres`)."""
    made = made_secrets(home)
    server = EmbeddedPostgres(
        home, process.free_port(), made["postgres_superuser_password"], made["postgres_owner_password"], volatile=True
    )
    child = server.start()
    yield server
    process.stop(child, signal.SIGQUIT)


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres, home: Path) -> Databases:
    return Databases(postgres, home)


@pytest.fixture
def database(databases: Databases) -> Iterator[TestDatabase]:
    """A fresh, migrated database: `.dsn` (no user), `.owner_dsn`, `.superuser_dsn`, `.settings` and `.settings.postgres(role)`."""
    fresh = databases.fresh()
    yield fresh
    databases.drop(fresh)


@pytest.fixture
def empty_database(databases: Databases) -> Iterator[TestDatabase]:
    """A database in which nothing was migrated."""
    fresh = databases.fresh(migrated=False)
    yield fresh
    databases.drop(fresh)


@pytest.fixture(scope="module")
def module_database(databases: Databases) -> Iterator[TestDatabase]:
    """As `database`, one for all tests of a module."""
    fresh = databases.fresh()
    yield fresh
    databases.drop(fresh)


_numbers = itertools.count(1)


@pytest.fixture
def nats_server(home: Path, request: pytest.FixtureRequest) -> Iterator[EmbeddedNats]:
    """A NATS server with an empty store. `@pytest.mark.parametrize("nats_server", ["always"], indirect=True)`: sync_interval always."""
    options: dict[str, Any] = {"sync_always": getattr(request, "param", "") == "always"}
    own = home / f"nats-{next(_numbers)}"
    server = EmbeddedNats(own, process.free_port(), logins(isolated_settings(home)), **options)
    child = server.start()
    yield server
    process.stop(child, signal.SIGKILL)


@pytest.fixture
def settings(database: TestDatabase, nats_server: EmbeddedNats) -> Settings:
    """Settings of processes that meet in `database` and on `nats_server`."""
    return database.settings.model_copy(update={"nats_url": nats_server.url})

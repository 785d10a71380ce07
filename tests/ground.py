"""Databases and settings for tests. Fixtures over it are in conftest.py."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from services.cli.database import bring_up_to_date
from services.runtime import nats_permissions
from services.runtime.embedded.postgres import OWNER, EmbeddedPostgres
from services.runtime.nats_permissions import Login
from services.runtime.settings import Settings, load_settings

TEMPLATE = "migrated"
T = TypeVar("T")


@dataclass(frozen=True)
class TestDatabase:
    """One database of the worker's server."""

    __test__ = False
    name: str
    server: EmbeddedPostgres
    settings: Settings

    @property
    def dsn(self) -> str:
        return self.server.dsn(database=self.name)

    @property
    def owner_dsn(self) -> str:
        return self.server.dsn(OWNER, self.server.owner_password, self.name)

    @property
    def superuser_dsn(self) -> str:
        return self.server.dsn("postgres", self.server.superuser_password, self.name)


class Databases:
    """Makes databases from a template that was migrated once: a copy takes some 20 ms."""

    def __init__(self, server: EmbeddedPostgres, home: Path) -> None:
        self._server = server
        self._home = home
        self._numbers = itertools.count(1)
        self._migrated = False

    def fresh(self, *, migrated: bool = True) -> TestDatabase:
        if migrated and not self._migrated:
            self._migrate_template()
        name = f"test_{next(self._numbers)}"
        self._execute(
            f"CREATE DATABASE {name} OWNER {OWNER}" + (f" TEMPLATE {TEMPLATE} STRATEGY FILE_COPY" if migrated else "")
        )
        if migrated:  # what is granted on a database itself is not copied
            self._execute(f"GRANT CREATE ON DATABASE {name} TO support_project")
        return self._named(name)

    def copy(self, database: TestDatabase) -> TestDatabase:
        """All that is in it; nobody may be connected to it."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {database.name} STRATEGY FILE_COPY")
        self._execute(f"GRANT CREATE ON DATABASE {name} TO support_project")
        return self._named(name)

    def drop(self, database: TestDatabase) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)")

    def _named(self, name: str) -> TestDatabase:
        server = self._server
        settings = isolated_settings(
            self._home,
            postgres_dsn=server.dsn(database=name),
            postgres_owner_dsn=server.dsn(OWNER, server.owner_password, name),
        )
        return TestDatabase(name, server, settings)

    def _migrate_template(self) -> None:
        self._execute(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}")
        template = self._named(TEMPLATE)
        apart(bring_up_to_date(template.settings))
        self._migrated = True

    def _execute(self, statement: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(self._server.dsn("postgres", self._server.superuser_password, "postgres"))
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        apart(run())


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end in a thread with a loop of its own: the test's loop, if there is one, is left alone."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def isolated_settings(home: Path, **values: Any) -> Settings:
    """Development settings whose secrets are made in `home`; no server is known but those given."""
    return load_settings(home=home, **values)


def logins(settings: Settings) -> Sequence[Login]:
    """The users of the broker, as `support dev` makes them."""
    passwords = {
        role: (getattr(settings, f"nats_{role}_user"), getattr(settings, f"nats_{role}_password").get_secret_value())
        for role in ("admin", "relay", "consumer", "subscriber")
    }
    return [getattr(nats_permissions, role)(*login) for role, login in passwords.items()]

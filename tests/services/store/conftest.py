from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from services.runtime.event_store import EventStore, open_store
from tests.ground import TestDatabase
from tests.services.store.making import SECRET


@pytest.fixture
async def store(database: TestDatabase) -> AsyncIterator[EventStore]:
    async with open_store(database.settings.postgres("append"), secret=SECRET) as opened:
        yield opened


@pytest.fixture
async def owner(database: TestDatabase) -> AsyncIterator[Any]:
    """The owner's own connection, for what no process may."""
    connection = await asyncpg.connect(database.owner_dsn)
    yield connection
    await connection.close()


@pytest.fixture
async def superuser(database: TestDatabase) -> AsyncIterator[Any]:
    """Who may end other sessions."""
    connection = await asyncpg.connect(database.superuser_dsn)
    yield connection
    await connection.close()

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.ground import TestDatabase
from tests.services.gateway.world import World, open_world


@pytest.fixture(scope="module")
async def world(module_database: TestDatabase) -> AsyncIterator[World]:
    """One desk for all tests of a module: each registers an organisation of its own."""
    async with open_world(module_database.settings) as made:
        yield made

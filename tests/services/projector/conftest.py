from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.ground import TestDatabase
from tests.services.projector.ground import Ground, ground


@pytest.fixture
async def desk(database: TestDatabase) -> AsyncIterator[Ground]:
    """A fresh log with nothing in it."""
    async with ground(database) as made:
        yield made

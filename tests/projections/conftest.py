from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.ground import TestDatabase
from tests.projections.desk import Desk, open_desk


@pytest.fixture
async def desk(database: TestDatabase) -> AsyncIterator[Desk]:
    """A support desk where nothing has happened but that policies were applied."""
    async with open_desk(database) as made:
        yield made

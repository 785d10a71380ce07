"""Races in short; tests/faults runs them in full length."""

from __future__ import annotations

from tests.ground import TestDatabase
from tests.services.store import racing


async def test_writers_of_several_processes_leave_a_log_without_gap_or_double(database: TestDatabase) -> None:
    dsn = database.settings.postgres("append")
    async with racing.tailing(dsn) as seen:
        accepted = await racing.run(racing.plans(dsn, processes=2, writers=4, commands=25, streams=5, seed=1))
    assert len(accepted) == 2 * 4 * 25
    await racing.judge(database.owner_dsn, accepted, seen)

"""Races and outages in short; tests/faults runs them in full length."""

from __future__ import annotations

from pathlib import Path

from tests.ground import TestDatabase
from tests.services.store import racing


async def test_writers_of_several_processes_leave_a_log_without_gap_or_double(database: TestDatabase) -> None:
    dsn = database.settings.postgres("append")
    async with racing.tailing(dsn) as seen:
        report = await racing.run(racing.plans(dsn, processes=2, writers=4, commands=25, streams=5, seed=1))
    assert len(report.accepted) == 2 * 4 * 25
    assert report.errors.get("VersionConflict")
    await racing.judge(database.owner_dsn, report, seen)


async def test_a_killed_postgresql_leaves_no_outcome_unresolved(tmp_path: Path) -> None:
    report, _ = await racing.Outages.prepared(tmp_path / "own").race(rounds=2, processes=2, writers=4, seed=3)
    assert report.errors.get("OutcomeUnknown")

"""Writers in several OS processes, and PostgreSQL killed under them, in full length."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ground import TestDatabase
from tests.services.store import racing

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("streams", [1, 4, 200])
async def test_eight_writers_in_four_processes_leave_a_log_without_gap_or_double(database: TestDatabase, streams: int) -> None:
    dsn = database.settings.postgres("append")
    async with racing.tailing(dsn) as seen:
        report = await racing.run(racing.plans(dsn, processes=4, writers=2, commands=500, streams=streams, seed=streams))
    assert len(report.accepted) == 4 * 2 * 500
    assert report.errors.get("VersionConflict")
    assert report.errors.get("NotRecorded")
    assert await racing.judge(database.owner_dsn, report, seen) > len(report.accepted)


async def test_postgresql_killed_twenty_times_leaves_no_outcome_unresolved(tmp_path: Path) -> None:
    report, seen = await racing.Outages.prepared(tmp_path / "own").race(rounds=20, processes=4, writers=2, seed=11)
    assert report.errors.get("OutcomeUnknown")
    assert len(seen) > len(report.accepted)

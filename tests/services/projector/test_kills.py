"""The short version of tests/faults/test_projector_kills.py."""

from __future__ import annotations

from pathlib import Path

from services.runtime.settings import Settings
from tests.services.projector import kills
from tests.services.projector.ground import Ground
from tests.services.relay.ground import relaying


async def test_projectors_that_are_killed_lose_nothing_and_do_nothing_twice(
    desk: Ground, settings: Settings, tmp_path: Path
) -> None:
    async with relaying(settings):
        verdict = await kills.killed_while_the_log_grows(desk, settings, tmp_path, kills=2, tickets=120)
    assert verdict.equal, verdict.differences
    assert verdict.parked == 0
    assert verdict.rows > 120

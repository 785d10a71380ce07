"""Projectors killed at random in the middle of batches: nothing double, nothing lost, tables equal to a fresh rebuild."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.runtime.settings import Settings
from tests.ground import TestDatabase
from tests.services.projector import kills
from tests.services.projector.ground import Ground, ground
from tests.services.relay.ground import relaying

pytestmark = pytest.mark.faults


@pytest.fixture
async def desk(database: TestDatabase) -> AsyncIterator[Ground]:
    async with ground(database) as made:
        yield made


async def test_twenty_kills_with_jetstream(desk: Ground, settings: Settings, tmp_path: Path) -> None:
    async with relaying(settings):
        verdict = await kills.killed_while_the_log_grows(desk, settings, tmp_path, kills=20, tickets=1_600)
    assert verdict.equal, verdict.differences
    assert verdict.parked == 0


async def test_twenty_kills_with_jetstream_silent(desk: Ground, settings: Settings, tmp_path: Path) -> None:
    silent = settings.model_copy(update={"nats_url": "nats://127.0.0.1:1"})
    verdict = await kills.killed_while_the_log_grows(desk, silent, tmp_path, kills=20, tickets=1_600)
    assert verdict.equal, verdict.differences
    assert verdict.parked == 0

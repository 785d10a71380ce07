"""Processes are killed while clients send commands: a short storm. The long one is tests/faults/test_kills.py."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.journeys.aftermath import head, nothing_is_lost_or_doubled
from tests.journeys.running import running_desk
from tests.journeys.storm import PROCESSES, Storm, kill_at_random

pytestmark = pytest.mark.anyio


async def test_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    await weather(tmp_path, rounds=4, commands=200)


async def weather(folder: Path, *, rounds: int, commands: int) -> None:
    """A storm of commands, with kill -9 in it, and a look at what is left."""
    with running_desk(folder) as desk:
        storm = Storm(desk, desk.token("CUSTOMER", "--organisation", "fjordlab"))
        before = await head(desk)
        storm.pace = 0.0
        _, killed = await asyncio.gather(storm.send(commands), kill_at_random(storm, rounds))
        assert sum(killed.values()) == rounds
        assert set(killed) == set(PROCESSES)
        assert len(storm.accepted) == commands
        await nothing_is_lost_or_doubled(desk, storm, before)

"""kill -9 at random, 20 rounds, of relay, projector, gateway and scheduler while 2,000 commands come from clients that retry."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.aftermath import weather
from tests.journeys.homes import a_home
from tests.journeys.running import running_desk

pytestmark = [pytest.mark.anyio, pytest.mark.faults]


async def test_twenty_kills_among_two_thousand_commands_lose_and_double_nothing(tmp_path: Path) -> None:
    with running_desk(tmp_path, "--no-demo") as desk:
        await weather(desk, (await a_home(desk)).customer, rounds=20, commands=2_000)

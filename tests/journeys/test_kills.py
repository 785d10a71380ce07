"""Processes are killed while clients send commands: a short storm. The long one is tests/faults/test_kills.py."""

from __future__ import annotations

import pytest

from tests.journeys.aftermath import weather
from tests.journeys.homes import a_home
from tests.journeys.running import RunningDesk

pytestmark = pytest.mark.anyio


async def test_kills_lose_and_double_nothing(desk: RunningDesk) -> None:
    await weather(desk, (await a_home(desk)).customer, rounds=4, commands=200)

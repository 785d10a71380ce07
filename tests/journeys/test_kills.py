"""Processes are killed while clients send commands: a short storm. The long one is tests/faults/test_kills.py."""

from __future__ import annotations

import os
import signal

import pytest

from tests.journeys.aftermath import weather
from tests.journeys.clients import until
from tests.journeys.homes import a_home
from tests.journeys.running import RunningDesk
from tests.journeys.storm import pids
from tests.journeys.test_notifier import arranged

pytestmark = pytest.mark.anyio


async def test_kills_lose_and_double_nothing(desk: RunningDesk) -> None:
    await weather(desk, (await a_home(desk)).customer, rounds=5, commands=200)


async def test_a_notifier_that_is_killed_loses_and_doubles_no_message(desk: RunningDesk) -> None:
    on = await arranged(desk)
    incidents = []
    for number in range(4):
        incidents.append(await on.declared(f"Number {number}"))
        for pid in pids(desk, "notifier"):
            os.kill(pid, signal.SIGKILL)

    async def all_told() -> bool:
        return all(len(on.about(each, 1)) >= 3 for each in incidents)

    await until(all_told)
    for each in incidents:
        assert [message["to"] for message in on.about(each, 1)] == [
            on.where[channel] for channel in ("email", "sms", "webhook")
        ]

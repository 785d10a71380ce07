"""Three schedulers as processes of their own, one killed in the middle: each contract's meeting is planned once, and ends once with it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from domain.contracts.contract import SupportContract
from domain.meetings.meeting import OperationsMeeting
from domain.meetings.quarters import Quarter
from projections.all import ALL
from services.commands import contracts
from services.policies.file import DEFAULT
from services.policies.file import read as policy_file
from services.policies.in_force import apply
from services.runtime.settings import Settings
from tests.ground import TestDatabase
from tests.journeys.running import shifted_to
from tests.services.commands.desk import ADMIN, World, world
from tests.services.commands.test_chat import in_force
from tests.services.projector.ground import ground

pytestmark = [pytest.mark.faults, pytest.mark.anyio]

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
CONTRACTS = 60
PROCESSES = 3
COUNT = "SELECT count(*) FROM store.stored_events WHERE topic = $1"


async def test_each_meeting_is_planned_once_and_ends_once(database: TestDatabase, settings: Settings, tmp_path: Path) -> None:
    async with world(database) as on, ground(database) as read:
        await read.ensure(*ALL)
        on.at = NOW
        await apply(on.recording.writer, on.by(ADMIN).act, policy_file(DEFAULT), NOW)
        held = [await in_force(on, await on.organisation(f"o{n}"), "SUPPORT-premium") for n in range(CONTRACTS)]
        await read.project(*ALL)
        async with schedulers(settings, tmp_path) as running:
            await _recorded(on, "meeting.scheduled.v1", CONTRACTS)
            await read.project(*ALL)
            for contract in held[::2]:
                await contracts.change(on.desk, on.by(ADMIN), contract, SupportContract.suspend, at=NOW)
            await read.project(*ALL)
            running[0].send_signal(signal.SIGKILL)
            await _recorded(on, "meeting.cancelled.v1", CONTRACTS // 2)
            # The read models still say that all of it is to be done: what is seen twice is recorded once all the same.
            await asyncio.sleep(7)
        lives = [await _life(on, contract) for contract in held]
    assert lives[::2] == [["scheduled", "cancelled"]] * (CONTRACTS // 2)
    assert lives[1::2] == [["scheduled"]] * (CONTRACTS // 2)


@asynccontextmanager
async def schedulers(settings: Settings, place: Path) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    clock = place / "clock"
    clock.write_text(shifted_to(NOW))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SUPPORT_")},
        "SUPPORT_HOME": str(settings.home),
        "SUPPORT_POSTGRES_DSN": str(settings.postgres_dsn),
        "SUPPORT_NATS_URL": str(settings.nats_url),
        "SUPPORT_CLOCK_FILE": str(clock),
    }
    command = (sys.executable, "-m", "services.cli", "scheduler")
    with (place / "schedulers.log").open("ab") as logs:
        running = [
            await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=logs, stderr=logs)
            for _ in range(PROCESSES)
        ]
    try:
        yield running
    finally:
        for process in running:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
        await asyncio.gather(*(asyncio.wait_for(process.wait(), 30) for process in running))


async def _recorded(on: World, topic: str, count: int) -> None:
    async with asyncio.timeout(120):
        while (await on.recording.as_owner(COUNT, topic))[0][0] < count:
            await asyncio.sleep(0.1)


async def _life(on: World, contract: UUID) -> list[str]:
    events = await on.recording.events(OperationsMeeting.id_of(contract, Quarter(2026, 3)))
    return [event.TOPIC.split(".")[1] for event in events]

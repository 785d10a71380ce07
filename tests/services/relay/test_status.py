"""What a relay says of itself, and how it waits for servers that are not there."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path

import pytest

from services import relay
from services.relay import metrics
from services.relay.metrics import Status
from services.runtime.embedded.process import free_port
from services.runtime.settings import Settings
from tests.ground import TestDatabase
from tests.services.relay.ground import in_store, in_stream, reaches, record, relaying, until
from tests.services.relay.outages import broker, start_process


async def test_leader_and_standby_are_ready(settings: Settings) -> None:
    one, other = Status(), Status()

    async def both() -> bool:
        return one.ready and other.ready

    async with relaying(settings, one), relaying(settings, other):
        await until(both)


async def test_the_lag_grows_while_nats_is_away_and_goes_when_it_is_back(tmp_path: Path, database: TestDatabase) -> None:
    status = Status()

    async def lagging() -> bool:
        return metrics.LAG._value.get() == 40 and not status.ready

    async def caught_up() -> bool:
        return metrics.LAG._value.get() == 0 and status.ready and metrics.LEADER._value.get() == 1

    with broker(tmp_path, database) as (nats, settings):
        async with relaying(settings, status):
            await record(database.owner_dsn, 10)
            await reaches(settings, 10)
            await until(caught_up)
            nats.stop()
            await record(database.owner_dsn, 40)
            await until(lagging)
            nats.start()
            await reaches(settings, 50)
            await until(caught_up)
    assert metrics.LEADER._value.get() == 0


async def test_a_relay_waits_for_a_broker_that_is_not_up_yet(tmp_path: Path, database: TestDatabase) -> None:
    with broker(tmp_path, database) as (nats, settings):
        nats.kill()
        await record(database.owner_dsn, 3)
        async with relaying(settings):
            await asyncio.sleep(0.5)
            nats.start()
            await reaches(settings, 3)


async def test_a_relay_without_its_servers_says_which_setting_names_them_and_still_ends_when_told(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for name, changed in {
        "SUPPORT_POSTGRES_DSN": {"postgres_dsn": f"postgresql://127.0.0.1:{free_port()}/support"},
        "SUPPORT_NATS_URL": {"nats_url": f"nats://127.0.0.1:{free_port()}"},
    }.items():
        stop, status = asyncio.Event(), Status()
        running = asyncio.create_task(relay.run(settings.model_copy(update=changed), stop, status))

        async def said(name: str = name) -> bool:
            return name in caplog.text

        await until(said)
        assert not status.ready
        stop.set()
        await asyncio.wait_for(running, 10)


async def test_told_to_stop_the_process_finishes_its_batch_and_ends_well(database: TestDatabase, settings: Settings) -> None:
    running = start_process(settings)
    try:
        await record(database.owner_dsn, 500)
        await reaches(settings, 500)
        await record(database.owner_dsn, 20_000)
        running.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(running.wait, 30) == 0
    finally:
        running.kill()
    published, stored = await in_stream(settings), await in_store(database.owner_dsn)
    assert published == stored[: len(published)]
    assert len(published) % 500 == 0, "a batch was torn"

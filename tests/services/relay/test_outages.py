"""What the relay does when NATS or the store lose something. The full lengths are in tests/faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.runtime.settings import Settings
from tests.ground import TestDatabase
from tests.services.relay import outages
from tests.services.relay.ground import in_store, in_stream, reaches, record, relaying
from tests.services.relay.outages import positions, read


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.relay.leader.WATCH", 0.2)


async def test_after_nats_was_stopped_and_its_store_deleted_everything_is_at_its_sequence_again(
    tmp_path: Path, database: TestDatabase
) -> None:
    await outages.nats_is_stopped_for_a_while_and_its_store_deleted(tmp_path, database, before=600, during=300)


async def test_a_lost_tail_is_refilled_at_the_same_sequences(tmp_path: Path, database: TestDatabase) -> None:
    await outages.the_stream_loses_its_tail(tmp_path, database, kept=100, lost=50)


async def test_after_a_restore_the_relay_waits_for_a_new_epoch_and_drops_no_new_fact(
    settings: Settings, database: TestDatabase
) -> None:
    await outages.the_store_is_restored_to_an_earlier_point(settings, database, kept=60, given_up=40, anew=70)


async def test_a_stream_that_is_deleted_while_the_relay_runs_comes_back_with_its_durables(
    settings: Settings, database: TestDatabase
) -> None:
    async with relaying(settings):
        await record(database.owner_dsn, 30)
        await reaches(settings, 30)
        assert positions(await read(settings, 30)) == list(range(1, 31))
        await outages.places_are_noted(database.owner_dsn, 30)
        await outages.stream_is_deleted(settings)
        await record(database.owner_dsn, 3)
        await reaches(settings, 33)
        assert positions(await read(settings, 33)) == [31, 32, 33]
    assert await in_stream(settings) == await in_store(database.owner_dsn)


async def test_relays_killed_at_random_leave_every_position_in_the_stream_once(
    settings: Settings, database: TestDatabase
) -> None:
    await outages.relays_are_killed_at_random(settings, database, rounds=3, seed=1)

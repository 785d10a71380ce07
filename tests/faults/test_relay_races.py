"""Two relays at once with the lock defeated, relays killed at random, and a store restored to an earlier point, in full length."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from services.relay import metrics
from services.runtime.settings import Settings
from tests.ground import TestDatabase
from tests.services.relay import outages
from tests.services.relay.ground import in_store, in_stream, leading, reaches, record

pytestmark = pytest.mark.faults


async def test_four_relays_at_once_leave_the_stream_contiguous_and_identical_to_the_store(
    database: TestDatabase, settings: Settings
) -> None:
    refused = metrics.REFUSED._value.get()
    chance, head = Random(7), 0
    async with leading(settings), leading(settings), leading(settings), leading(settings):
        for _ in range(300):
            head = await record(database.owner_dsn, chance.randrange(1, 100))
            await asyncio.sleep(chance.random() / 100)
        await reaches(settings, head)
    assert metrics.REFUSED._value.get() > refused, "they never raced"
    assert await in_stream(settings) == await in_store(database.owner_dsn)


async def test_relays_killed_twenty_times_leave_every_position_in_the_stream_once(
    database: TestDatabase, settings: Settings
) -> None:
    await outages.relays_are_killed_at_random(settings, database, rounds=20, seed=2)


@pytest.mark.parametrize(("kept", "given_up", "anew"), [(3_000, 2_000, 5_000), (3_000, 2_000, 100), (1, 4_000, 4_000)])
async def test_no_new_fact_is_dropped_as_an_old_ones_duplicate_after_a_restore(
    database: TestDatabase, settings: Settings, kept: int, given_up: int, anew: int
) -> None:
    await outages.the_store_is_restored_to_an_earlier_point(settings, database, kept=kept, given_up=given_up, anew=anew)

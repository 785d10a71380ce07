"""Waiting for a position: no longer than needed, never in vain."""

from __future__ import annotations

import asyncio
import time

import asyncpg
import pytest

from services.runtime.freshness import BadPosition, Freshness, ReadBehind
from services.runtime.position import Position
from tests.services.projector.ground import Ground
from tests.services.projector.parcels import parcels, paths

_PARCELS = ("parcels", 1)
_PATHS = ("paths", 1)


def _fresh(desk: Ground) -> Freshness:
    return Freshness(desk.settings.postgres("read"))


async def test_a_position_is_waited_for_until_the_read_model_includes_it(desk: Ground) -> None:
    async with desk.running(parcels()), _fresh(desk) as fresh:
        for _ in range(20):
            parcel = await desk.send()
            receipt = await desk.scan(parcel, "Aarhus")
            assert receipt.position is not None
            reached = await fresh.wait(receipt.position, [_PARCELS])
            assert reached >= receipt.position
            assert (await desk.fetch("SELECT last FROM parcels WHERE id = $1", parcel))[0][0] == "Aarhus"


async def test_the_slowest_of_the_read_models_decides(desk: Ground) -> None:
    await desk.ensure(parcels(), paths())
    await desk.send("Aarhus")
    await desk.project(parcels())
    async with _fresh(desk) as fresh:
        assert await fresh.wait(Position(1, 2), [_PARCELS], timeout=5) == Position(1, 2)
        with pytest.raises(ReadBehind) as behind:
            await fresh.wait(Position(1, 2), [_PARCELS, _PATHS], timeout=0.3)
        assert behind.value.reached == Position(1, 0)


@pytest.mark.parametrize("position", [Position(1, 3), Position(2, 1), Position(1, 10**15)])
async def test_a_position_that_this_log_never_gave_fails_at_once(desk: Ground, position: Position) -> None:
    await desk.send("Aarhus")
    await desk.project(parcels())
    async with _fresh(desk) as fresh:
        began = time.monotonic()
        with pytest.raises(BadPosition):
            await fresh.wait(position, [_PARCELS], timeout=30)
        assert time.monotonic() - began < 10


async def test_a_position_of_an_epoch_that_is_over_fails(desk: Ground) -> None:
    await desk.send("Aarhus")
    await desk.recording.as_owner("INSERT INTO store.logs VALUES (2, now(), 2)")
    await desk.send("Odense")
    await desk.project(parcels())
    async with _fresh(desk) as fresh:
        with pytest.raises(BadPosition, match="epoch 2"):
            await fresh.wait(Position(1, 2), [_PARCELS])


async def test_many_that_wait_are_one_poller(desk: Ground) -> None:
    async with desk.running(parcels()), _fresh(desk) as fresh:
        receipts = [await desk.scan(await desk.send(), "Aarhus") for _ in range(5)]
        positions = [receipt.position for receipt in receipts if receipt.position]
        await asyncio.gather(*(fresh.wait(position, [_PARCELS]) for position in positions * 50))
        backends = await desk.fetch(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'support_read' AND datname = current_database()"
        )
        assert backends[0][0] == 1


async def test_it_outlives_a_lost_connection_and_missed_announcements(desk: Ground) -> None:
    async with _fresh(desk) as fresh:
        await desk.send()
        await desk.project(parcels())
        await fresh.wait(Position(1, 1), [_PARCELS])
        await desk.recording.as_owner("SELECT 1")
        connection = await _superuser(desk)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'support_read' AND datname = current_database()"
        )
        await connection.close()
        await desk.send()
        await desk.project(parcels())
        assert await fresh.wait(Position(1, 2), [_PARCELS]) == Position(1, 2)


async def test_a_caller_that_gives_up_disturbs_nobody(desk: Ground) -> None:
    await desk.ensure(parcels())
    await desk.send()
    async with _fresh(desk) as fresh:
        waiting = [asyncio.create_task(fresh.wait(Position(1, 1), [_PARCELS])) for _ in range(10)]
        await asyncio.sleep(0.05)
        for task in waiting[:5]:
            task.cancel()
        await desk.project(parcels())
        assert await asyncio.gather(*waiting[5:]) == [Position(1, 1)] * 5


async def test_a_release_is_ready_when_its_read_models_are_near_the_end_of_the_log(desk: Ground) -> None:
    for _ in range(3):
        await desk.send()
    await desk.project(parcels())
    async with _fresh(desk) as fresh:
        assert await fresh.caught_up([_PARCELS], within=0)
        assert not await fresh.caught_up([("parcels", 2)])
        await desk.ensure(parcels(2))
        assert not await fresh.caught_up([("parcels", 2)], within=2)


async def _superuser(desk: Ground) -> asyncpg.Connection:
    return await asyncpg.connect(desk.recording.database.superuser_dsn)

"""Poison among thousands of events: it stops its own streams alone, and after the fix everything is as if it had never been."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from services.projector.verify import verify
from tests.ground import TestDatabase
from tests.services.projector.ground import Ground, ground
from tests.services.projector.parcels import parcels, paths

pytestmark = pytest.mark.faults


@pytest.fixture
async def desk(database: TestDatabase) -> AsyncIterator[Ground]:
    async with ground(database) as made:
        yield made


@pytest.mark.parametrize("limit", [7, 500])
async def test_poison_stops_only_its_own_streams_and_is_replayed_in_order(desk: Ground, limit: int) -> None:
    lot = Random(limit)
    failing, beside = parcels(fails=True), paths()
    poisoned = set()
    async with desk.running(failing, beside, limit=limit):
        for _ in range(40):
            ids = await asyncio.gather(*(desk.send("Aarhus") for _ in range(10)))
            for parcel in ids:
                places = [lot.choice(["nowhere", "!"]) if lot.random() < 0.05 else f"{n}" for n in range(4)]
                await desk.scan(parcel, *places)
                if not {"nowhere", "!"}.isdisjoint(places):
                    poisoned.add(parcel)
        await desk.caught_up(failing, beside)
    assert poisoned
    assert {row["stream"] for row in await desk.fetch("SELECT DISTINCT stream FROM projector.parked")} == poisoned
    well = await desk.fetch("SELECT count(*) FROM parcels WHERE scans = 5 AND last = '3'")
    assert well[0][0] == 400 - len(poisoned)
    assert (await desk.fetch("SELECT count(*) FROM paths"))[0][0] == 400

    await desk.fetch("ALTER TABLE parcels DROP CONSTRAINT parcels_last_check")
    failing.handlers = parcels().handlers
    await desk.project(failing, beside)
    assert await desk.fetch("SELECT * FROM projector.parked") == []
    assert (await desk.fetch("SELECT count(*) FROM parcels WHERE scans = 5"))[0][0] == 400
    mended = parcels()
    mended.handlers = failing.handlers
    assert (await verify(desk.connect, [mended, beside], desk.reader.fresh())).equal

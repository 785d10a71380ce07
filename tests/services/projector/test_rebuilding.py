"""A read model built anew beside the live one, and put in its place without anybody noticing."""

from __future__ import annotations

import asyncio
import contextlib
from uuid import uuid4

import asyncpg
import pytest

from projections.projection import Projection
from projections.ticket_timeline import ticket_timeline
from services.projector.rebuild import RebuildUnderWay, rebuild
from tests.services.projector.ground import Ground
from tests.services.projector.parcels import parcels, paths

_ROWS = "SELECT p.*, (SELECT count(*) FROM parcel_messages) AS messages FROM parcels p ORDER BY id"


async def _build(desk: Ground, projection: Projection, window: int = 3) -> int:
    return await rebuild(desk.connect, projection, desk.reader.fresh(), window=window)


async def test_a_rebuild_repairs_what_was_wrong(desk: Ground) -> None:
    for i in range(5):
        await desk.say(await desk.send(*(str(k) for k in range(i))), "hello")
    await desk.project(parcels())
    right = await desk.fetch(_ROWS)
    await desk.fetch("UPDATE parcels SET scans = 99")
    await desk.fetch("DELETE FROM parcel_messages")
    assert await _build(desk, parcels()) == 20
    assert await desk.fetch(_ROWS) == right
    assert await desk.fetch("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'parcels%'") == [("parcels_v1",)]
    assert await desk.fetch("SELECT * FROM projector.rebuilds") == []


async def test_the_same_logins_may_read_the_new_tables(desk: Ground) -> None:
    await desk.send("Aarhus")
    await desk.project(parcels())
    await _build(desk, parcels())
    connection = await asyncpg.connect(desk.settings.postgres("customer"))
    try:
        assert await connection.fetchval("SELECT count(*) FROM parcels_v1.parcels") == 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval("SELECT count(*) FROM parcels_v1.parcel_notes")
    finally:
        await connection.close()


async def test_the_new_tables_have_the_same_indexes(desk: Ground) -> None:
    indexes = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'ticket_timeline_v1' ORDER BY 2"
    before = await desk.fetch(indexes)
    assert any("gin" in row["indexdef"] for row in before)
    await _build(desk, ticket_timeline)
    assert await desk.fetch(indexes) == before


async def test_readers_and_writers_go_on_while_it_is_rebuilt(desk: Ground) -> None:
    """Readers ask for count and checkpoint in one statement: they must never see fewer rows than the checkpoint says."""
    projection = parcels()
    seen: list[tuple[int, int]] = []

    async def read(stop: asyncio.Event) -> None:
        connection = await desk.connect(["parcels_v1"])
        while not stop.is_set():
            row = await connection.fetchrow(
                "SELECT (SELECT count(*) FROM parcels), (SELECT position FROM projector.checkpoints WHERE projection = 'parcels')"
            )
            seen.append((row[0], row[1]))
        await connection.close()

    async with desk.running(projection, limit=2):
        stop = asyncio.Event()
        readers = [asyncio.create_task(read(stop)) for _ in range(3)]
        sending = asyncio.create_task(_send(desk, 60))
        for _ in range(5):
            await _build(desk, projection)
        await sending
        await desk.caught_up(projection)
        stop.set()
        await asyncio.gather(*readers)
    assert all(count == position for count, position in seen)  # one event a parcel
    assert (await desk.fetch("SELECT count(*) FROM parcels"))[0][0] == 60


async def _send(desk: Ground, count: int) -> None:
    for _ in range(count):
        await desk.send()
        await asyncio.sleep(0)


async def test_an_interrupted_rebuild_leaves_the_live_table_and_the_next_one_starts_clean(desk: Ground) -> None:
    for _ in range(6):
        await desk.send("Aarhus")
    await desk.project(parcels())
    right = await desk.fetch(_ROWS)

    def interrupt(done: int, _: int) -> None:
        if done >= 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rebuild(desk.connect, parcels(), desk.reader, window=3, report=interrupt)
    assert await desk.fetch(_ROWS) == right
    assert await _build(desk, parcels()) == 12
    assert await desk.fetch(_ROWS) == right


async def test_two_rebuilds_of_one_read_model_do_not_run_at_once(desk: Ground) -> None:
    for _ in range(10):
        await desk.send("Aarhus")
    await desk.ensure(parcels())
    results = await asyncio.gather(*(_build(desk, parcels()) for _ in range(3)), return_exceptions=True)
    assert 20 in results
    assert all(result == 20 or isinstance(result, RebuildUnderWay) for result in results)


async def test_a_rebuild_waits_for_a_reader_and_holds_nobody_up(desk: Ground) -> None:
    await desk.send("Aarhus")
    await desk.project(parcels())
    reader = await desk.connect(["parcels_v1"])
    transaction = reader.transaction()
    await transaction.start()
    await reader.fetch("SELECT * FROM parcels")
    building = asyncio.create_task(_build(desk, parcels()))
    for _ in range(10):
        assert len(await desk.fetch("SELECT * FROM parcels")) == 1
        await asyncio.sleep(0.05)
    assert not building.done()
    await transaction.rollback()
    await reader.close()
    await asyncio.wait_for(building, 10)


async def test_what_fails_in_a_rebuild_is_parked_with_it_and_what_no_longer_fails_is_not(desk: Ground) -> None:
    failing = parcels(fails=True)
    bad = await desk.send("nowhere", "Ribe")
    await desk.send("Aarhus")
    await desk.project(failing)
    await _build(desk, failing)
    assert [row["stream"] for row in await desk.fetch("SELECT stream FROM projector.parked")] == [bad, bad]
    mended = parcels()
    await _build(desk, mended)
    assert await desk.fetch("SELECT * FROM projector.parked") == []
    assert (await desk.fetch("SELECT scans FROM parcels WHERE id = $1", bad))[0][0] == 2


async def test_the_erased_stay_erased(desk: Ground) -> None:
    ada = uuid4()
    await desk.say(await desk.send(recipient=ada), "leave it with Ada")
    await desk.erase(ada)
    await desk.project(parcels(), paths())
    await _build(desk, parcels())
    assert await desk.fetch("SELECT * FROM parcels WHERE name IS NOT NULL") == []
    assert await desk.fetch("SELECT * FROM parcel_messages WHERE body IS NOT NULL") == []


async def test_progress_can_be_watched(desk: Ground) -> None:
    for _ in range(4):
        await desk.send("Aarhus")
    await desk.ensure(parcels())
    said: list[tuple[int, int]] = []
    with contextlib.suppress(RebuildUnderWay):
        await rebuild(desk.connect, parcels(), desk.reader, window=4, report=lambda *said_now: said.append(said_now))
    assert said == [(4, 8), (8, 8)]

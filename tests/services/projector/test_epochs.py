"""After a restore: what a projection holds of lost positions is gone without anybody's doing."""

from __future__ import annotations

import asyncio

import pytest

from services.projector.epochs import lost
from services.projector.verify import verify
from tests.services.projector.ground import Ground
from tests.services.projector.parcels import parcels, paths


async def _restore(desk: Ground, kept_through: int) -> None:
    """The store as a backup of that position has it, and the epoch that `support restore` begins."""
    await desk.recording.as_owner("DELETE FROM store.stored_events WHERE notification_id > $1", kept_through)
    epoch = (
        await desk.recording.as_owner(
            "INSERT INTO store.logs SELECT max(epoch) + 1, now(), $1 FROM store.logs RETURNING epoch", kept_through
        )
    )[0][0]
    await desk.recording.as_owner("SELECT pg_notify('support_appended', $1)", str(kept_through))
    assert epoch > 1


async def test_a_projection_that_had_gone_further_than_what_was_kept_is_rebuilt(desk: Ground) -> None:
    first, second = await desk.send("Aarhus"), await desk.send("Odense")
    await desk.project(parcels(), paths())
    await _restore(desk, 2)
    third = await desk.send("Vejle", "Ribe")
    await desk.project(parcels(), paths())
    rows = await desk.fetch("SELECT id, last FROM parcels ORDER BY last")
    assert {row["id"]: row["last"] for row in rows} == {first: "Aarhus", third: "Ribe"}
    assert second not in {row["stream"] for row in await desk.fetch("SELECT stream FROM paths")}
    checkpoints = await desk.fetch("SELECT epoch, position FROM projector.checkpoints WHERE projection IN ('parcels', 'paths')")
    assert [tuple(row) for row in checkpoints] == [(2, 5), (2, 5)]
    assert (await verify(desk.connect, [parcels(), paths()], desk.reader.fresh())).equal


async def test_one_that_had_not_gone_further_just_goes_on(desk: Ground) -> None:
    parcel = await desk.send("Aarhus")
    await desk.project(parcels())
    await desk.fetch("UPDATE parcels SET name = 'not rebuilt'")
    await desk.send("Odense")
    await _restore(desk, 2)
    await desk.send("Vejle")
    await desk.project(parcels())
    assert (await desk.fetch("SELECT name FROM parcels WHERE id = $1", parcel))[0][0] == "not rebuilt"


async def test_a_running_projector_notices_that_the_log_was_restored(desk: Ground) -> None:
    first = await desk.send("Aarhus")
    await desk.send("Odense")
    async with desk.running(parcels(), paths()):
        await desk.caught_up(parcels(), paths())
        await _restore(desk, 2)
        third = await desk.send("Vejle")
        await desk.send("Ribe")
        await desk.send("Skive")
        await _until_equal(desk)
    assert {first, third} < {row["id"] for row in await desk.fetch("SELECT id FROM parcels")}


async def test_a_log_of_several_epochs_is_read_from_the_beginning(desk: Ground) -> None:
    for _ in range(3):
        await desk.send("Aarhus", "Odense")
        head = (await desk.recording.store.head()).number
        await _restore(desk, head)
    await desk.send("Vejle")
    await desk.project(parcels(), limit=2)
    assert (await desk.fetch("SELECT count(*) FROM parcels"))[0][0] == 4


@pytest.mark.parametrize(
    ("epoch", "position", "is_lost"), [(1, 4, False), (1, 5, True), (2, 6, False), (2, 7, True), (3, 8, False), (3, 9, True)]
)
async def test_what_was_lost_is_judged_by_every_epoch_since(desk: Ground, epoch: int, position: int, is_lost: bool) -> None:
    await desk.send("1", "2", "3", "4", "5", "6", "7")
    await desk.recording.as_owner("INSERT INTO store.logs VALUES (2, now(), 4), (3, now(), 6)")
    connection = await desk.connect([])
    try:
        assert await lost(connection, epoch, position) is is_lost
    finally:
        await connection.close()


async def _until_equal(desk: Ground) -> None:
    async with asyncio.timeout(30):
        while True:
            await desk.caught_up(parcels(), paths())
            if (await verify(desk.connect, [parcels(), paths()], desk.reader.fresh())).equal:
                return
            await asyncio.sleep(0.1)

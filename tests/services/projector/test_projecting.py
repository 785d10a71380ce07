"""From the log to rows: batches, order, folds, checkpoints."""

from __future__ import annotations

from uuid import uuid4

import asyncpg

from tests.services.projector.ground import Ground
from tests.services.projector.parcels import parcels, paths


async def test_events_become_rows_and_the_checkpoint_says_up_to_where(desk: Ground) -> None:
    parcel = await desk.send("Aarhus", "Odense", name="Grace")
    await desk.project(parcels(), paths())
    row = (await desk.fetch("SELECT name, last, scans, delivered FROM parcels WHERE id = $1", parcel))[0]
    assert tuple(row) == ("Grace", "Odense", 2, False)
    assert (await desk.fetch("SELECT state FROM paths"))[0]["state"] == '{"places":["Aarhus","Odense"]}'
    checkpoints = await desk.fetch(
        "SELECT projection, epoch, position FROM projector.checkpoints WHERE position > 0 ORDER BY 1"
    )
    assert [tuple(each) for each in checkpoints] == [("parcels", 1, 3), ("paths", 1, 3)]


async def test_the_order_within_each_stream_is_kept_whatever_else_is_in_the_batch(desk: Ground) -> None:
    ids = [await desk.send(*(f"{i}-{k}" for k in range(i % 5 + 1))) for i in range(20)]
    await desk.project(parcels(), paths())
    rows = {row["id"]: row["last"] for row in await desk.fetch("SELECT id, last FROM parcels")}
    assert rows == {parcel: f"{i}-{i % 5}" for i, parcel in enumerate(ids)}
    states = {row["stream"]: row["state"] for row in await desk.fetch("SELECT stream, state FROM paths")}
    assert states[ids[4]] == '{"places":["4-0","4-1","4-2","4-3","4-4"]}'


async def test_the_size_of_a_batch_makes_no_difference(desk: Ground) -> None:
    for i in range(10):
        await desk.send(*(str(k) for k in range(i)))
    await desk.project(parcels(), paths(), limit=1)
    one_by_one = await desk.fetch("SELECT p.*, s.state FROM parcels p LEFT JOIN paths s ON s.stream = p.id ORDER BY id")
    await desk.fetch("UPDATE projector.checkpoints SET position = 0")
    await desk.fetch("TRUNCATE parcels, paths")
    await desk.project(parcels(), paths(), limit=500)
    assert one_by_one == await desk.fetch("SELECT p.*, s.state FROM parcels p LEFT JOIN paths s ON s.stream = p.id ORDER BY id")


async def test_events_that_no_projection_takes_notice_of_only_move_the_checkpoint(desk: Ground) -> None:
    await desk.record(uuid4(), 1, "weather.changed.v1", b"not even JSON")
    await desk.project(parcels())
    assert [row[0] for row in await desk.fetch("SELECT position FROM projector.checkpoints WHERE projection = 'parcels'")] == [
        1
    ]
    assert await desk.fetch("SELECT * FROM projector.parked") == []


async def test_new_events_are_projected_as_they_come(desk: Ground) -> None:
    async with desk.running(parcels()) as runner:
        parcel = await desk.send("Aarhus")
        await desk.caught_up(parcels())
        await desk.scan(parcel, "Odense")
        await desk.caught_up(parcels())
        assert (await desk.fetch("SELECT last FROM parcels"))[0]["last"] == "Odense"
        assert runner.ready.is_set()


async def test_a_second_projector_beside_the_first_changes_nothing(desk: Ground) -> None:
    async with desk.running(parcels(), paths(), limit=3), desk.running(parcels(), paths(), limit=5):
        ids = [await desk.send("Aarhus", "Odense", "Vejle") for _ in range(20)]
        await desk.caught_up(parcels(), paths())
    rows = await desk.fetch("SELECT id, scans FROM parcels")
    assert {row["id"]: row["scans"] for row in rows} == dict.fromkeys(ids, 3)


async def test_a_projection_that_is_far_behind_catches_up_without_holding_the_others_up(desk: Ground) -> None:
    for _ in range(10):
        await desk.send("Aarhus")
    await desk.project(parcels())
    async with desk.running(parcels(), paths(), limit=5):
        await desk.send("Odense")
        await desk.caught_up(parcels(), paths())
    assert (await desk.fetch("SELECT count(*) FROM paths"))[0][0] == 11


async def test_a_projector_outlives_its_connections(desk: Ground) -> None:
    async with desk.running(parcels(), limit=3):
        for _ in range(4):
            ids = [await desk.send("Aarhus", "Odense") for _ in range(5)]
            superuser = await asyncpg.connect(desk.recording.database.superuser_dsn)
            await superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'support_project' AND datname = current_database()"
            )
            await superuser.close()
            await desk.caught_up(parcels())
    rows = await desk.fetch("SELECT id, scans FROM parcels")
    assert len(rows) == 20
    assert {row["scans"] for row in rows} == {2}
    assert ids[0] in {row["id"] for row in rows}

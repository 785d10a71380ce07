"""An event that fails stops its own stream; a fix replays what waited, in order."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from services.projector.checkpoints import Member, look
from services.projector.log import topics_of
from services.projector.replay import Replayed, replay
from tests.services.projector.ground import Ground
from tests.services.projector.parcels import parcels, paths

_PARKED = "SELECT projection, stream, position, topic, error, attempts FROM projector.parked ORDER BY projection, position"


async def _scans(desk: Ground) -> dict[UUID, tuple[str | None, int]]:
    return {row["id"]: (row["last"], row["scans"]) for row in await desk.fetch("SELECT id, last, scans FROM parcels")}


@pytest.mark.parametrize("limit", [1, 2, 500])
@pytest.mark.parametrize(
    ("place", "error"), [("nowhere", "PlaceIsUnknown"), ("!", "CheckViolationError"), ("mistyped", "DataError")]
)
async def test_a_failing_event_parks_the_rest_of_its_stream_and_nothing_else(
    desk: Ground, place: str, error: str, limit: int
) -> None:
    good = await desk.send("Aarhus")
    bad = await desk.send("Vejle", place)
    await desk.scan(good, "Odense")
    await desk.scan(bad, "Ribe")
    await desk.project(parcels(fails=True), paths(), limit=limit)
    assert await _scans(desk) == {good: ("Odense", 2), bad: ("Vejle", 1)}
    assert [tuple(row) for row in await desk.fetch(_PARKED)] == [
        ("parcels", bad, 5, "parcel.scanned.v1", error, 1),
        ("parcels", bad, 7, "parcel.scanned.v1", "EarlierEventParked", 1),
    ]
    assert (await desk.fetch("SELECT count(*) FROM projector.checkpoints WHERE position = 7"))[0][0] == 2


async def test_an_event_that_comes_after_a_parked_one_is_parked_too(desk: Ground) -> None:
    projection = parcels(fails=True)
    bad = await desk.send("!")
    async with desk.running(projection):
        await desk.caught_up(projection)
        await desk.scan(bad, "Ribe")
        other = await desk.send("Aarhus")
        await desk.caught_up(projection)
    assert await _scans(desk) == {bad: (None, 0), other: ("Aarhus", 1)}
    assert [row["position"] for row in await desk.fetch(_PARKED)] == [2, 3]


async def test_a_step_or_the_rows_of_a_fold_that_fail_are_parked_as_handlers_are(desk: Ground) -> None:
    step = await desk.send("Aarhus", "nowhere", "Odense")
    rows = await desk.send("Vejle", "!", "Ribe")
    await desk.project(paths(fails=True))
    states = {row["stream"]: row["state"] for row in await desk.fetch("SELECT stream, state FROM paths")}
    assert states == {step: '{"places":["Aarhus"]}', rows: '{"places":["Vejle"]}'}
    parked = [(row["stream"], row["error"]) for row in await desk.fetch(_PARKED)]
    assert parked == [
        (step, "PlaceIsUnknown"),
        (step, "EarlierEventParked"),
        (rows, "PlaceIsUnknown"),
        (rows, "EarlierEventParked"),
    ]


async def test_an_event_that_cannot_be_decoded_is_parked_where_it_is_wanted(desk: Ground) -> None:
    parcel = await desk.send("Aarhus")
    await desk.record(parcel, 3, "parcel.scanned.v1", b'{"at":"2026-07-01T12:00:00Z","place":{}}')
    other = await desk.send("Odense")
    await desk.project(parcels(), paths())
    assert await _scans(desk) == {parcel: ("Aarhus", 1), other: ("Odense", 1)}
    assert [(row["projection"], row["error"]) for row in await desk.fetch(_PARKED)] == [
        ("parcels", "Undecodable"),
        ("paths", "Undecodable"),
    ]


@pytest.mark.parametrize("text", ["a\x00b", "x" * 100_000])
async def test_what_the_database_or_the_driver_refuses_is_parked_without_its_text(desk: Ground, text: str) -> None:
    projection = parcels()
    projection.tables += "CREATE INDEX parcels_by_last ON parcels (last);"
    bad = await desk.send("Aarhus", f"{uuid4()}{text}{''.join(uuid4().hex for _ in range(3_000))}")
    other = await desk.send("Odense")
    await desk.project(projection)
    assert await _scans(desk) == {bad: ("Aarhus", 1), other: ("Odense", 1)}
    parked = await desk.fetch("SELECT p::text AS all FROM projector.parked p")
    assert len(parked) == 1
    assert len(parked[0]["all"]) < 250


async def test_a_new_release_replays_what_is_parked_in_order(desk: Ground) -> None:
    bad = await desk.send("Vejle", "nowhere", "Ribe", "!", "Odense")
    worse = await desk.send("!")
    await desk.project(parcels(fails=True))
    assert len(await desk.fetch(_PARKED)) == 5
    await desk.fetch("ALTER TABLE parcels DROP CONSTRAINT parcels_last_check")
    fixed = parcels(fails=True)
    fixed.handlers = parcels().handlers
    await desk.project(fixed)
    assert await desk.fetch(_PARKED) == []
    assert await _scans(desk) == {bad: ("Odense", 5), worse: ("!", 1)}


async def test_a_replay_leaves_what_still_fails_and_counts_the_attempt(desk: Ground) -> None:
    bad = await desk.send("nowhere", "Ribe", "!", "Odense")
    other = await desk.send("nowhere")
    await desk.project(parcels(fails=True))
    projection = parcels(fails=True)
    projection.handlers = parcels().handlers  # the refusal is mended, the table's constraint is not
    member = Member(projection, topics_of([projection], desk.reader))
    connection = await desk.connect([projection.schema])
    try:
        await look(connection, [member])
        assert await replay(connection, member, desk.reader, [bad]) == Replayed(applied=2, parked=2)
    finally:
        await connection.close()
    assert await _scans(desk) == {bad: ("Ribe", 2), other: (None, 0)}
    assert [tuple(row)[1:] for row in await desk.fetch(_PARKED)] == [
        (bad, 4, "parcel.scanned.v1", "CheckViolationError", 2),
        (bad, 5, "parcel.scanned.v1", "EarlierEventParked", 1),
        (other, 7, "parcel.scanned.v1", "PlaceIsUnknown", 1),
    ]


async def test_a_running_projector_notices_that_a_stream_was_replayed(desk: Ground) -> None:
    projection = parcels(fails=True)
    bad = await desk.send("!")
    async with desk.running(projection):
        await desk.caught_up(projection)
        await desk.fetch("ALTER TABLE parcels DROP CONSTRAINT parcels_last_check")
        member = Member(projection, topics_of([projection], desk.reader))
        connection = await desk.connect([projection.schema])
        try:
            await look(connection, [member])
            await replay(connection, member, desk.reader)
        finally:
            await connection.close()
        await desk.scan(bad, "Ribe")
        await desk.caught_up(projection)
    assert await _scans(desk) == {bad: ("Ribe", 2)}
    assert await desk.fetch(_PARKED) == []

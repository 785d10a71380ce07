"""Erasing a person empties what read models say of them."""

from __future__ import annotations

from uuid import uuid4

from tests.services.projector.ground import Ground
from tests.services.projector.parcels import parcels

_TEXTS = "SELECT name FROM parcels UNION ALL SELECT body FROM parcel_messages ORDER BY 1"


async def test_an_erasure_nulls_what_is_personal_and_leaves_the_rest(desk: Ground) -> None:
    ada, grace = uuid4(), uuid4()
    parcel = await desk.send("Aarhus", recipient=ada, name="Ada")
    await desk.say(parcel, "leave it with Ada")
    await desk.send(recipient=grace, name="Grace")
    projection = parcels()
    async with desk.running(projection):
        await desk.caught_up(projection)
        assert [row[0] for row in await desk.fetch(_TEXTS)] == ["Ada", "Grace", "leave it with Ada"]
        await desk.erase(ada)
        await desk.caught_up(projection)
    assert [row[0] for row in await desk.fetch(_TEXTS)] == ["Grace", None, None]
    assert (await desk.fetch("SELECT last FROM parcels WHERE id = $1", parcel))[0]["last"] == "Aarhus"


async def test_text_and_its_erasure_in_one_batch_leave_nothing(desk: Ground) -> None:
    ada = uuid4()
    parcel = await desk.send(recipient=ada)
    await desk.say(parcel, "leave it with Ada")
    await desk.erase(ada)
    await desk.project(parcels())
    assert [row[0] for row in await desk.fetch(_TEXTS)] == [None, None]


async def test_an_erasure_reaches_parked_streams_and_a_replay_after_it_brings_nothing_back(desk: Ground) -> None:
    ada = uuid4()
    failing = parcels(fails=True)
    parcel = await desk.send("nowhere", recipient=ada)
    async with desk.running(failing):
        await desk.caught_up(failing)
        await desk.say(parcel, "leave it with Ada")
        await desk.caught_up(failing)
        assert [row[0] for row in await desk.fetch(_TEXTS)] == ["Ada"]
        await desk.erase(ada)
        await desk.caught_up(failing)
    assert [row[0] for row in await desk.fetch(_TEXTS)] == [None]
    failing.handlers = parcels().handlers
    await desk.project(failing)
    assert await desk.fetch("SELECT * FROM projector.parked") == []
    assert [row[0] for row in await desk.fetch(_TEXTS)] == [None, None]


async def test_an_erasure_that_cannot_be_decoded_erases_all_the_same(desk: Ground) -> None:
    ada = uuid4()
    await desk.send(recipient=ada)
    await desk.record(ada, 1, "organisation.erased.v1", b"not JSON")
    await desk.project(parcels())
    assert [row[0] for row in await desk.fetch(_TEXTS)] == [None]

"""JetStream first, the store when JetStream is silent, behind or wrong: whichever it is, reads stay fresh."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from nats.js.errors import NotFoundError
from prometheus_client import REGISTRY

from services.projector import Status, run
from services.projector.source import NatsSource
from services.runtime import bus
from services.runtime.command import RecordedEvent
from services.runtime.settings import Settings
from services.runtime.stream import Delivery
from tests.services.parcel import NOON
from tests.services.projector.ground import Ground
from tests.services.projector.parcels import parcels
from tests.services.relay.ground import connected, reaches, relaying, until


def _batches(source: str) -> float:
    return REGISTRY.get_sample_value("support_projector_batches_total", {"source": source}) or 0.0


@asynccontextmanager
async def _projecting(settings: Settings) -> AsyncIterator[Status]:
    """The process itself, as the command line runs it."""
    stop, status = asyncio.Event(), Status()
    task = asyncio.create_task(run(settings, stop, [parcels()], status))
    try:
        yield status
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def test_batches_come_from_the_stream_while_it_is_in_step(desk: Ground, settings: Settings) -> None:
    async with relaying(settings), _projecting(settings) as status:
        parcel = await desk.send("Aarhus")
        await reaches(settings, 2)
        before = _batches("stream")
        async with asyncio.timeout(30):
            while _batches("stream") < before + 5:
                await desk.scan(parcel, "Odense")
                await desk.caught_up(parcels())
        assert status.ready


async def test_without_nats_the_store_is_read(desk: Ground) -> None:
    nowhere = desk.settings.model_copy(update={"nats_url": "nats://127.0.0.1:1"})
    async with _projecting(nowhere):
        parcel = await desk.send("Aarhus")
        await desk.caught_up(parcels())
        await desk.scan(parcel, "Odense")
        await desk.caught_up(parcels())
    assert (await desk.fetch("SELECT last, scans FROM parcels"))[0][:] == ("Odense", 2)


async def test_what_was_read_from_the_store_is_acknowledged_when_it_comes_again(desk: Ground, settings: Settings) -> None:
    for _ in range(5):
        await desk.send("Aarhus")
    await desk.project(parcels())
    async with relaying(settings), _projecting(settings):
        await reaches(settings, 10)
        async with connected(settings, "admin") as client:

            async def acknowledged() -> bool:
                with contextlib.suppress(NotFoundError):  # the relay makes the durable after the stream
                    floor = (await client.jetstream().consumer_info("SUPPORT", "projector")).ack_floor
                    return floor is not None and floor.stream_seq >= 10
                return False

            await until(acknowledged)
    assert {row["scans"] for row in await desk.fetch("SELECT scans FROM parcels")} == {1}


class Bringing:
    """A stream that brings what it is given, once."""

    def __init__(self, *events: RecordedEvent) -> None:
        self._events = [Delivery(event, "") for event in events]
        self.acknowledged: list[int] = []

    async def batch(self, limit: int = 500, *, wait: float = 1.0) -> list[Delivery]:
        if not self._events:
            await asyncio.sleep(wait)
        taken, self._events = self._events[:limit], self._events[limit:]
        return taken

    async def ack(self, last: Any) -> None:
        self.acknowledged.append(last.event.position)


async def test_duplicates_and_gaps_of_the_stream_do_no_harm(desk: Ground) -> None:
    for _ in range(6):
        await desk.send("Aarhus")
    rows = await desk.recording.store.read(0, 100)
    stream = Bringing(*rows[0:3], *rows[1:3], *rows[5:9], *rows[0:12])
    await desk.project(parcels(), stream=stream)
    assert [row["scans"] for row in await desk.fetch("SELECT scans FROM parcels")] == [1] * 6
    assert stream.acknowledged == sorted(stream.acknowledged)
    assert stream.acknowledged[-1] == 12


async def test_facts_of_a_lost_line_that_the_stream_still_holds_are_never_applied(desk: Ground) -> None:
    parcel = await desk.send("Aarhus", "Odense")
    kept = await desk.recording.store.read(0, 100)
    lost = [
        RecordedEvent(
            parcel,
            4 + i,
            "parcel.scanned.v1",
            b'{"at":"2026-07-01T12:00:00Z","place":"nowhere"}',
            4 + i,
            1,
            *("confidential", None, NOON, NOON, uuid4(), None, "user", uuid4(), None),
        )
        for i in range(3)
    ]
    stream = Bringing(*kept, *lost)
    async with desk.running(parcels(), stream=stream):
        await desk.caught_up(parcels())
        await desk.scan(parcel, "Vejle")
        await desk.caught_up(parcels())
    assert [row[:] for row in await desk.fetch("SELECT last, scans FROM parcels")] == [("Vejle", 3)]
    assert all(position <= 4 for position in stream.acknowledged)


async def test_a_source_that_cannot_connect_brings_nothing_and_holds_nobody_up(desk: Ground) -> None:
    async def connect() -> Any:
        raise bus.BusError("nobody answers")

    async with NatsSource(connect, bus.naming(desk.settings)) as source:
        assert await source.batch(wait=0.05) == []


async def test_a_projector_that_is_told_to_stop_while_nats_is_away_stops(desk: Ground) -> None:
    nowhere = desk.settings.model_copy(update={"nats_url": "nats://127.0.0.1:1"})
    for moment in range(20):
        stop = asyncio.Event()
        task = asyncio.create_task(run(nowhere, stop, [parcels()]))
        await asyncio.sleep(moment / 100)
        stop.set()
        await asyncio.wait_for(task, 10)

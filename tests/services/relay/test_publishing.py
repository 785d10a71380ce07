"""The fence: what a batch does to a stream that is not where its writer thought."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig

from services.relay.judgement import Stopped
from services.relay.log import Log
from services.relay.publisher import Publisher, Refused, Unanswered
from services.runtime import bus, provisioning
from services.runtime.command import RecordedEvent
from services.runtime.nats_permissions import STREAM
from services.runtime.settings import Settings
from tests.ground import TestDatabase
from tests.services.relay.ground import connected, in_store, in_stream, reaches, record, relaying
from tests.services.relay.outages import positions, read


@dataclass
class Writer:
    client: Client
    publisher: Publisher
    facts: list[RecordedEvent]


@asynccontextmanager
async def writer(settings: Settings, dsn: str, count: int) -> AsyncIterator[Writer]:
    """A publisher and the first `count` facts of the log, made now."""
    await record(dsn, count)
    async with connected(settings, "relay") as client, Log.session(settings.postgres("relay")) as log:
        publisher = Publisher(client, bus.naming(settings), patience=2)
        await publisher.open()
        yield Writer(client, publisher, await log.after(0, count, 2**30))


@pytest.mark.parametrize("batch", [1, 4])
async def test_a_batch_at_the_wrong_place_is_refused_and_leaves_nothing_behind(
    database: TestDatabase, settings: Settings, batch: int
) -> None:
    async with writer(settings, database.owner_dsn, 20) as it:
        await provisioning.provision(it.client)
        await it.publisher.publish(it.facts[:5])
        for start in (0, 4, 6):
            with pytest.raises(Refused):
                await it.publisher.publish(it.facts[start : start + batch])
        await it.publisher.publish(it.facts[5:9])
    assert await in_stream(settings) == (await in_store(database.owner_dsn))[:9]


async def test_without_a_stream_there_is_no_answer_that_could_be_taken_for_one(
    database: TestDatabase, settings: Settings
) -> None:
    async with writer(settings, database.owner_dsn, 4) as it:
        for facts in (it.facts[:1], it.facts):
            with pytest.raises(Unanswered):
                await it.publisher.publish(facts)


async def test_a_hole_in_the_log_is_never_published(database: TestDatabase, settings: Settings) -> None:
    async with writer(settings, database.owner_dsn, 4) as it:
        await provisioning.provision(it.client)
        with pytest.raises(Stopped, match="hole after position 2"):
            await it.publisher.publish([*it.facts[:2], it.facts[3]])
    assert await in_stream(settings) == []


async def test_an_event_that_nats_does_not_carry_stops_the_relay_instead_of_being_skipped(
    database: TestDatabase, settings: Settings
) -> None:
    async with writer(settings, database.owner_dsn, 1) as it:
        it.client._max_payload = 300
        with pytest.raises(Stopped, match="max_payload"):
            await it.publisher.publish(it.facts)


async def test_a_stream_with_a_hole_is_made_anew_and_its_durables_keep_their_place(
    database: TestDatabase, settings: Settings
) -> None:
    async with writer(settings, database.owner_dsn, 20) as it, connected(settings, "admin") as admin:
        js = admin.jetstream()
        await js.add_stream(StreamConfig(name=STREAM, subjects=["support.>"], allow_atomic=True))
        for durable in provisioning.DURABLES:
            await js.add_consumer(STREAM, provisioning.consumer_config(durable.name, durable.config(), start=1))
        await it.publisher.publish(it.facts[:10])
        assert positions(await read(settings, 10)) == list(range(1, 11))
        await js.delete_msg(STREAM, 5)
    async with relaying(settings):
        await reaches(settings, 20)
        assert positions(await read(settings, 20)) == list(range(11, 21))
    assert await in_stream(settings) == await in_store(database.owner_dsn)


async def test_a_stream_that_begins_elsewhere_is_made_anew(database: TestDatabase, settings: Settings) -> None:
    async with connected(settings, "admin") as admin:
        await provisioning.provision_stream(admin, first=50)
    await record(database.owner_dsn, 3)
    async with relaying(settings):
        await reaches(settings, 3)
    assert await in_stream(settings) == await in_store(database.owner_dsn)

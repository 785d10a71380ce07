"""Reading the stream through a durable: in order, acknowledged after the reader's commit, through outages."""

from __future__ import annotations

from pathlib import Path

from services.runtime import bus, provisioning
from services.runtime.settings import Settings
from services.runtime.stream import Reader
from tests.ground import TestDatabase
from tests.services.relay.ground import connected, reaches, record, relaying, until
from tests.services.relay.outages import broker


async def take(reader: Reader, through: int) -> list[int]:
    """Positions as they come, through `through`; nothing is acknowledged."""
    got: list[int] = []

    async def enough() -> bool:
        got.extend(delivery.event.position for delivery in await reader.batch(500, wait=0.2))
        return bool(got) and got[-1] >= through

    await until(enough)
    return got


async def test_a_reader_gets_everything_in_order_however_little_it_holds(database: TestDatabase, settings: Settings) -> None:
    await record(database.owner_dsn, 2_500)
    async with relaying(settings):
        await reaches(settings, 2_500)
        async with (
            connected(settings, "consumer") as client,
            Reader(client, "projector", bus.naming(settings), ahead=100) as reader,
        ):
            assert await take(reader, 2_500) == list(range(1, 2_501))
            await record(database.owner_dsn, 1)
            assert await take(reader, 2_501) == [2_501]


async def test_what_was_not_acknowledged_comes_again_and_what_was_does_not(database: TestDatabase, settings: Settings) -> None:
    async with connected(settings, "admin") as admin:
        impatient = provisioning.Durable("projector", ("support.>",), "as the projector's", acks_all=True).config() | {
            "ack_wait": 1
        }
        await provisioning.provision_stream(admin)
        await admin.jetstream().add_consumer("SUPPORT", provisioning.consumer_config("projector", impatient, start=1))
    await record(database.owner_dsn, 20)
    async with relaying(settings):
        await reaches(settings, 20)
    async with connected(settings, "consumer") as client, Reader(client, "projector", bus.naming(settings)) as reader:
        first = await reader.batch(10)
        while len(first) < 10:
            first += await reader.batch(10 - len(first))
        await reader.ack(first[-1])
        assert await take(reader, 20) == list(range(11, 21))
        again = await take(reader, 20)
        assert again == list(range(11, 21))


async def test_an_idle_reader_says_so(settings: Settings) -> None:
    async with connected(settings, "admin") as admin:
        await provisioning.provision(admin)
    async with connected(settings, "consumer") as client, Reader(client, "projector", bus.naming(settings)) as reader:
        assert await reader.batch(10, wait=0.1) == []


async def test_a_reader_outlives_an_outage_and_waits_for_its_durable(tmp_path: Path, database: TestDatabase) -> None:
    with broker(tmp_path, database) as (nats, settings):
        async with connected(settings, "consumer") as client, Reader(client, "projector", bus.naming(settings)) as reader:
            assert await reader.batch(10, wait=0.1) == []  # there is no durable yet
            async with relaying(settings):
                await record(database.owner_dsn, 5)
                assert await take(reader, 5) == [1, 2, 3, 4, 5]
                nats.kill()
                await record(database.owner_dsn, 5)
                assert await reader.batch(10, wait=0.1) == []
                nats.start()
                assert (await take(reader, 10))[-5:] == [6, 7, 8, 9, 10]

"""What may befall NATS and the store, as scenarios; short in tests/services/relay, in full length in tests/faults."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import UUID

from services.relay.metrics import Status
from services.runtime import bus, provisioning
from services.runtime.embedded import process
from services.runtime.embedded.nats import EmbeddedNats
from services.runtime.nats_permissions import STREAM
from services.runtime.restore import Restored, begin_epoch
from services.runtime.settings import Settings
from services.runtime.stream import Delivery, Reader
from tests.ground import TestDatabase, logins
from tests.services.relay.ground import (
    connected,
    fetch,
    in_store,
    in_stream,
    lose,
    reaches,
    record,
    relaying,
    until,
)


@dataclass
class Broker:
    """A NATS server that a test may stop, lose and start again."""

    server: EmbeddedNats
    child: subprocess.Popen[bytes]

    def stop(self) -> None:
        process.stop(self.child, signal.SIGTERM)

    def kill(self) -> None:
        process.stop(self.child, signal.SIGKILL)

    def start(self) -> None:
        self.child = self.server.start()

    @property
    def messages(self) -> Path:
        return next(self.server.store.glob("jetstream/*/streams/SUPPORT/msgs"))


@contextmanager
def broker(home: Path, database: TestDatabase) -> Iterator[tuple[Broker, Settings]]:
    """A broker of the test's own and the settings of processes that meet there."""
    server = EmbeddedNats(home, process.free_port(), logins(database.settings))
    running = Broker(server, server.start())
    try:
        yield running, database.settings.model_copy(update={"nats_url": server.url})
    finally:
        running.kill()


async def read(settings: Settings, through: int) -> list[Delivery]:
    """What the projector's durable has next, through this position; acknowledged."""
    got: list[Delivery] = []
    async with connected(settings, "consumer") as client, Reader(client, "projector", bus.naming(settings)) as reader:

        async def enough() -> bool:
            got.extend(await reader.batch(500, wait=0.5))
            return bool(got) and got[-1].event.position >= through

        await until(enough)
        await reader.ack(got[-1])
        await client.flush()
    return got


async def noted(dsn: str, durable: str = "projector") -> int:
    rows = await fetch(dsn, f"SELECT ack_floor FROM store.consumers WHERE durable = '{durable}'")
    return rows[0]["ack_floor"] if rows else 0


def positions(deliveries: Sequence[Delivery]) -> list[int]:
    return [delivery.event.position for delivery in deliveries]


async def nats_is_stopped_for_a_while_and_its_store_deleted(
    home: Path, database: TestDatabase, *, before: int, during: int
) -> None:
    dsn = database.owner_dsn
    with broker(home, database) as (nats, settings):
        async with relaying(settings):
            await record(dsn, before)
            await reaches(settings, before)
            assert positions(await read(settings, before)) == list(range(1, before + 1))
            await places_are_noted(dsn, before)

            nats.stop()
            for _ in range(10):
                await record(dsn, during // 10)
            shutil.rmtree(nats.server.store)
            nats.start()

            head = before + during
            await reaches(settings, head)
            # The durable goes on where it was: neither again from the beginning nor after a gap.
            assert positions(await read(settings, head)) == list(range(before + 1, head + 1))
            await record(dsn, 1)
            await reaches(settings, head + 1)
            assert positions(await read(settings, head + 1)) == [head + 1]
        assert await in_stream(settings) == await in_store(dsn)


async def the_stream_loses_its_tail(home: Path, database: TestDatabase, *, kept: int, lost: int) -> None:
    """What NATS does to what it acknowledged before it was on the disk."""
    dsn = database.owner_dsn
    with broker(home, database) as (nats, settings):
        async with relaying(settings):
            await record(dsn, kept)
            await reaches(settings, kept)
            await read(settings, kept)
        nats.stop()
        messages = nats.messages
        shutil.copytree(messages, home / "kept")
        nats.start()
        async with relaying(settings):
            await record(dsn, lost)
            await reaches(settings, kept + lost)
            await read(settings, kept + lost)
        nats.stop()
        shutil.rmtree(messages)
        (home / "kept").rename(messages)
        nats.start()
        async with connected(settings, "admin") as admin:
            last = await provisioning.last_in_stream(admin)
            assert last is not None
            assert last[0] == kept
        async with relaying(settings):
            await record(dsn, 5)
            await reaches(settings, kept + lost + 5)
            # The server may set the durable back to what was left; whoever reads drops what it has and misses nothing.
            again = positions(await read(settings, kept + lost + 5))
            assert again == list(range(again[0], kept + lost + 6))
            assert again[0] <= kept + lost + 1
        assert await in_stream(settings) == await in_store(dsn)


async def the_store_is_restored_to_an_earlier_point(
    settings: Settings, database: TestDatabase, *, kept: int, given_up: int, anew: int
) -> None:
    dsn, status = database.owner_dsn, Status()
    async with relaying(settings, status):
        await record(dsn, kept + given_up)
        await reaches(settings, kept + given_up)
        before = await read(settings, kept + given_up)
    published = await in_stream(settings)

    await lose(dsn, kept)
    await record(dsn, anew, line=1)
    async with relaying(settings, status):

        async def stopped() -> bool:
            return "support restore" in status.stopped

        await until(stopped)
        assert not status.ready
        assert await in_stream(settings) == published, "it published although the store had lost facts"

        # What was recorded before the new epoch was begun belongs to it as well: others know other facts at these positions.
        restored = await begin(settings)
        assert restored == Restored(2, kept, kept + given_up)
        await record(dsn, anew, line=2)
        await reaches_line(settings, dsn)
        after = await read(settings, kept + 2 * anew + 1)
        assert status.ready
    assert await in_stream(settings) == await in_store(dsn)
    newest = max((delivery.event.epoch, delivery.event.position) for delivery in before)
    fresh = [delivery for delivery in after if (delivery.event.epoch, delivery.event.position) > newest]
    assert positions(fresh) == list(range(kept + 1, kept + 2 * anew + 2)), "a new fact was taken for an old one"


async def begin(settings: Settings, kept_through: int | None = None) -> Restored:
    """What `support restore` does."""
    async with connected(settings, "admin") as client:
        return await begin_epoch(
            settings.owner_dsn, client, at=datetime.now(UTC), correlation=UUID(int=7), kept_through=kept_through
        )


async def reaches_line(settings: Settings, dsn: str) -> None:
    """Wait until the stream ends as the store does."""
    last = (await in_store(dsn))[-1]

    async with connected(settings, "admin") as client:

        async def there() -> bool:
            found = await provisioning.last_in_stream(client)
            return found is not None and found[1] is not None and (found[0], *found[1]) == last[:5]

        await until(there)


async def places_are_noted(dsn: str, floor: int) -> None:
    async def there() -> bool:
        return await noted(dsn) == floor

    await until(there)


async def stream_is_deleted(settings: Settings) -> None:
    async with connected(settings, "admin") as admin:
        await admin.jetstream().delete_stream(STREAM)


async def relays_are_killed_at_random(settings: Settings, database: TestDatabase, *, rounds: int, seed: int) -> None:
    """Two processes, one leading; `kill -9` on either while facts keep coming."""
    dsn, chance = database.owner_dsn, Random(seed)
    running = [start_process(settings), start_process(settings)]
    head = 0
    try:
        for _ in range(rounds):
            for _ in range(chance.randrange(3, 12)):
                head = await record(dsn, chance.randrange(1, 800))
                await asyncio.sleep(chance.random() / 20)
            victim = chance.randrange(2)
            process.stop(running[victim], signal.SIGKILL)
            running[victim] = start_process(settings)
        await reaches(settings, head)
    finally:
        for child in running:
            process.stop(child, signal.SIGKILL)
    assert await in_stream(settings) == await in_store(dsn)


def start_process(settings: Settings) -> subprocess.Popen[bytes]:
    """A relay in a process of its own."""
    environment = {
        "SUPPORT_HOME": str(settings.home),
        "SUPPORT_POSTGRES_DSN": str(settings.postgres_dsn),
        "SUPPORT_NATS_URL": str(settings.nats_url),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "services.cli", "relay"],
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[3],
        stdout=subprocess.DEVNULL,
    )

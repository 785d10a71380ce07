"""Publishing facts with their full headers: the relay's batches against the same facts one at a time.

The peer is the relay's own way of writing with batches of one: frames as bytes, a fence, one answer awaited each. It is faster
than nats-py's `request`, which walks over every header. Facts are made beforehand, so only publishing is measured.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter
from uuid import UUID

from services.relay.leader import BATCH
from services.relay.publisher import Publisher
from services.runtime import bus, provisioning
from services.runtime.command import RecordedEvent
from services.runtime.embedded import process
from services.runtime.embedded.nats import EmbeddedNats
from services.runtime.settings import Settings
from tests.bench import Ground, Ratio, alternate
from tests.ground import isolated_settings, logins

AT = datetime(2026, 7, 1, 8, 14, 3, 120_000, tzinfo=UTC)
STATE = b'{"at":"2026-07-01T08:14:03.12Z","resolution":"WORKAROUND","episode":1,"reopenable_until":"2026-07-15T08:14:03Z"}'


def fact(position: int) -> RecordedEvent:
    """A `ticket.resolved.v1` with every optional header."""
    return RecordedEvent(
        stream=UUID("0199a1de-7c10-7b5e-8d0e-6a1f3c2b4d55"),
        version=position,
        topic="ticket.resolved.v1",
        state=STATE,
        position=position,
        epoch=1,
        classification="confidential",
        organisation=UUID("5b1f0c4e-7a3d-4c1f-9e0a-2b6d8c7f1e90"),
        occurred_at=AT,
        recorded_at=AT,
        correlation=UUID("0199c2aa-0b1d-7e6f-9a33-1f2e3d4c5b6a"),
        causation=f"1/0199a1de-7c10-7b5e-8d0e-6a1f3c2b4d55/{position}",
        actor_kind="user",
        actor=UUID("0198f00d-1111-7222-8333-444455556666"),
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )


class Side:
    """Publishes the next facts of one stream in batches of `size`; the rate is in events/s."""

    last = 0

    def __init__(self, publisher: Publisher, size: int, count: int) -> None:
        self._publisher = publisher
        self._size = size
        self._count = count

    async def __call__(self) -> float:
        facts = [fact(position) for position in range(Side.last + 1, Side.last + self._count + 1)]
        began = perf_counter()
        for start in range(0, self._count, self._size):
            await self._publisher.publish(facts[start : start + self._size])
        spent = perf_counter() - began
        Side.last += self._count
        return self._count / spent


@contextmanager
def server(ground: Ground, *, sync_always: bool) -> Iterator[Settings]:
    settings = isolated_settings(ground.home)
    home = ground.home / f"bench-nats-{sync_always}"
    nats = EmbeddedNats(home, process.free_port(), logins(settings))
    child = replace(nats, sync_always=sync_always).start()
    try:
        yield settings.model_copy(update={"nats_url": nats.url})
    finally:
        process.stop(child, signal.SIGTERM)


async def measured(ground: Ground, *, sync_always: bool, target: float) -> Ratio:
    with server(ground, sync_always=sync_always) as settings:
        client = await bus.connect(bus.credentials(settings, "relay"), "bench", forever=False)
        await provisioning.provision(client)
        publisher = Publisher(client, bus.naming(settings))
        await publisher.open()
        Side.last = 0
        try:
            ours, peer = Side(publisher, BATCH, 40 * BATCH), Side(publisher, 1, 500 if sync_always else 4_000)
            await ours()  # both begin with a stream that has files
            return await alternate(Ratio("events/s", target=target), ours, peer, ground.rounds)
        finally:
            await publisher.close()
            await client.close()


async def run(ground: Ground) -> dict[str, Ratio]:
    return {
        "relay.batch_vs_one_at_a_time": await measured(ground, sync_always=False, target=3),
        "relay.batch_vs_one_at_a_time.sync_always": await measured(ground, sync_always=True, target=8),
    }

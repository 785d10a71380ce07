"""Facts in the store, the stream as it is, and relays that run for the length of a block."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig

from services import relay
from services.relay.leader import Leader
from services.relay.log import Log
from services.relay.metrics import Status
from services.relay.publisher import Publisher
from services.runtime import bus, provisioning
from services.runtime.cloudevents import identity
from services.runtime.nats_permissions import STREAM
from services.runtime.settings import NatsRole, Settings

AT = datetime(2026, 7, 1, 8, 14, 3, 120_000, tzinfo=UTC)
ORGANISATION = UUID("5b1f0c4e-7a3d-4c1f-9e0a-2b6d8c7f1e90")
_INSERT = """
INSERT INTO store.stored_events SELECT
  ('0199a1de-7c10-7b5e-8d0e-' || lpad(to_hex($4::int * 65536 + p / 10), 12, '0'))::uuid, p % 10 + 1, 'ticket.tagged.v1',
  convert_to('{"at":"2026-07-01T08:14:03.120000Z","tag":"' || p || repeat('x', $5::int) || '"}', 'UTF8'), p,
  l.epoch, CASE WHEN p % 3 = 0 THEN 'restricted' ELSE 'confidential' END, $3, $6, clock_timestamp(),
  '0199c2aa-0b1d-7e6f-9a33-1f2e3d4c5b6a', NULL, 'user', '0198f00d-1111-7222-8333-444455556666', NULL
FROM generate_series($1::bigint, $2::bigint) AS p, (SELECT max(epoch) AS epoch FROM store.logs) AS l
"""
_IN_STORE = (
    "SELECT notification_id, epoch, originator_id, originator_version, recorded_at, state FROM store.stored_events ORDER BY 1"
)


async def record(dsn: str, count: int, *, line: int = 0, padding: int = 0) -> int:
    """Append `count` facts; `line` makes them other facts than those of another line. Returns the head."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            head: int = await connection.fetchval(
                "SELECT coalesce((SELECT max(notification_id) FROM store.stored_events),"
                " (SELECT base FROM store.logs ORDER BY epoch DESC LIMIT 1))"
            )
            await connection.execute(_INSERT, head + 1, head + count, ORGANISATION, line, padding, AT)
            await connection.execute("SELECT pg_notify('support_appended', $1)", str(head + count))
        return head + count
    finally:
        await connection.close()


async def lose(dsn: str, after: int) -> None:
    """What a restore to an earlier point does to the log."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("DELETE FROM store.stored_events WHERE notification_id > $1", after)
    await connection.close()


async def fetch(dsn: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


@asynccontextmanager
async def connected(settings: Settings, role: NatsRole) -> AsyncIterator[Client]:
    client = await bus.connect(bus.credentials(settings, role), "test", forever=False)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def relaying(settings: Settings, status: Status | None = None) -> AsyncIterator[asyncio.Task[None]]:
    """A relay that runs while the block does, then drains."""
    stop = asyncio.Event()
    task = asyncio.create_task(relay.run(settings, stop, status))
    try:
        yield task
    finally:
        stop.set()
        await task


@asynccontextmanager
async def leading(settings: Settings) -> AsyncIterator[asyncio.Task[None]]:
    """A relay that leads without asking for the lead: the lock defeated."""
    stop = asyncio.Event()
    async with connected(settings, "relay") as client, Log.session(settings.postgres("relay")) as log:
        publisher = Publisher(client, bus.naming(settings))
        await publisher.open()
        task = asyncio.create_task(Leader(log, client, publisher).lead(stop))
        try:
            yield task
        finally:
            stop.set()
            await task


async def until(condition: Callable[[], Awaitable[bool]], patience: float = 60.0) -> None:
    async with asyncio.timeout(patience):
        while not await condition():
            await asyncio.sleep(0.05)


async def reaches(settings: Settings, position: int) -> None:
    """Wait until the stream has it."""
    async with connected(settings, "admin") as client:

        async def there() -> bool:
            last = await provisioning.last_in_stream(client)
            return last is not None and last[0] >= position

        await until(there)


Message = tuple[int, int, UUID, int, datetime, bytes]


async def in_stream(settings: Settings) -> list[Message]:
    """Everything in the stream: sequence, and which fact with its payload."""
    found: list[Message] = []
    async with connected(settings, "admin") as client:
        js = client.jetstream()
        state = (await js.stream_info(STREAM)).state
        config = ConsumerConfig(name="inspection", ack_policy=AckPolicy.NONE, inactive_threshold=30, mem_storage=True)
        await js.add_consumer(STREAM, config)
        reading = await js.pull_subscribe_bind("inspection", STREAM)
        while len(found) < state.messages:
            for message in await reading.fetch(500, timeout=10):
                fact = identity(message.headers)
                assert fact is not None
                found.append((message.metadata.sequence.stream, *fact, message.data))
        await js.delete_consumer(STREAM, "inspection")
    return found


async def in_store(dsn: str) -> list[Message]:
    return [(*row,) for row in await fetch(dsn, _IN_STORE)]


async def request(client: Client, subject: str, **body: object) -> dict[str, object]:
    answer = await client.request(subject, json.dumps(body).encode() if body else b"", timeout=5)
    return dict(json.loads(answer.data))

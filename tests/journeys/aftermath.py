"""What must be true after any storm: accepted commands are in the store once, the stream holds every position once, views are equal."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import asyncpg

from services.runtime.settings import Settings, load_settings
from tests.journeys.running import RunningDesk
from tests.journeys.storm import PROCESSES, Storm, kill_at_random
from tests.services.relay.ground import in_store, in_stream

PATIENCE = 120.0
"""Seconds that relay and projector get to come to the end of the log."""
HEAD = "SELECT coalesce(max(notification_id), 0) FROM store.stored_events"


def settings_of(desk: RunningDesk) -> Settings:
    return load_settings(home=desk.home)


async def head(desk: RunningDesk) -> int:
    connection = await asyncpg.connect(settings_of(desk).owner_dsn)
    try:
        position: int = await connection.fetchval(HEAD)
        return position
    finally:
        await connection.close()


async def weather(desk: RunningDesk, customer: str, *, rounds: int, commands: int) -> None:
    """A storm of commands, with kill -9 in it, and a look at what is left."""
    storm = Storm(desk, customer)
    before = await head(desk)
    storm.pace = 0.0
    _, killed = await asyncio.gather(storm.send(commands), kill_at_random(storm, rounds))
    assert sum(killed.values()) == rounds
    assert set(killed) == set(PROCESSES)
    assert len(storm.accepted) == commands
    await nothing_is_lost_or_doubled(desk, storm, before)


async def nothing_is_lost_or_doubled(desk: RunningDesk, storm: Storm, before: int) -> None:
    """`before` is the head of the log when the storm began. Each command of a storm says one thing on one ticket."""
    connection = await asyncpg.connect(settings_of(desk).owner_dsn)
    try:
        kept = dict(await connection.fetch("SELECT key, position FROM store.idempotency WHERE key LIKE 'storm-%'"))
        said = await connection.fetchval(
            "SELECT count(*) FROM store.stored_events WHERE notification_id > $1 AND topic = 'ticket.message_received.v1'",
            before,
        )
        positions = [row[0] for row in await connection.fetch("SELECT notification_id FROM store.stored_events ORDER BY 1")]
        gaps = await connection.fetchval(
            "SELECT count(*) FROM (SELECT count(*) AS n, max(originator_version) AS last FROM store.stored_events"
            " GROUP BY originator_id) s WHERE n <> last"
        )
    finally:
        await connection.close()
    assert kept == {key: position.number for key, position in storm.accepted.items()}
    assert said == len(storm.accepted) == len(set(kept.values()))
    assert positions == list(range(1, len(positions) + 1))
    assert gaps == 0
    await the_stream_is_the_store(desk)
    await the_views_are_equal(desk)


async def the_stream_is_the_store(desk: RunningDesk) -> None:
    """JetStream holds every position once, the same fact at the same sequence."""
    settings = settings_of(desk)
    store = await in_store(settings.owner_dsn)
    async with asyncio.timeout(PATIENCE):
        while len(stream := await in_stream(settings)) < len(store):
            await asyncio.sleep(0.5)
    assert stream[: len(store)] == store
    assert set(Counter(message[1:4] for message in stream).values()) == {1}


async def the_views_are_equal(desk: RunningDesk) -> None:
    """`support verify` waits for nothing: it compares at the checkpoint. So first the projector comes to the end."""
    async with asyncio.timeout(PATIENCE):
        while not _caught_up(desk, await head(desk)):
            await asyncio.sleep(0.5)
    verdict = await asyncio.to_thread(desk.support, "verify", "--json", check=False)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


def _caught_up(desk: RunningDesk, position: int) -> bool:
    listed = json.loads(desk.support("projections", "list", "--json").stdout)
    return all(int(str(each["position"]).rpartition(".")[2]) >= position for each in listed)

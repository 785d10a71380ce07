"""Races of writers in several OS processes, watched by a reader that tails the log, and what must hold at the end."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec

from services.runtime.postgres import Login
from tests.services.store.writers import Accepted, Plan

ROOT = Path(__file__).parents[3]
Seen = list[tuple[int, UUID, int]]
"""Position, stream, version, in the order of reading."""


def plans(dsn: str, *, processes: int, writers: int, commands: int, streams: int, seed: int) -> list[Plan]:
    """So many processes over the same few streams."""
    ids = [uuid4() for _ in range(streams)]
    return [Plan(dsn, f"process {number}", writers, commands, ids, seed + number) for number in range(processes)]


async def run(each: Sequence[Plan], meanwhile: Callable[[asyncio.Future[object]], Awaitable[object]] | None = None) -> Accepted:
    """Run them side by side to their end; returns all that was accepted. `meanwhile` gets a future that is done when they are."""
    started = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.services.store.writers", msgspec.json.encode(plan).decode()),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        for plan in each
    ]
    ended: asyncio.Future[object] = asyncio.ensure_future(asyncio.gather(*(process.communicate() for process in started)))
    if meanwhile is not None:
        await meanwhile(ended)
    outputs = await ended
    assert isinstance(outputs, list)
    assert [process.returncode for process in started] == [0] * len(started)
    accepted: Accepted = {}
    for output, _ in outputs:
        accepted |= {key: tuple(value) for key, value in json.loads(output).items()}
    return accepted


@asynccontextmanager
async def tailing(dsn: str) -> AsyncIterator[Seen]:
    """A reader that keeps only its last position, listens, and asks again now and then; it has read all when the block is left."""
    seen: Seen = []
    news = asyncio.Event()
    ending = asyncio.Event()

    async def follow() -> None:
        last = 0
        while True:
            try:
                connection = await Login(dsn).connect()
                await connection.add_listener("support_appended", lambda *_: news.set())
                while True:
                    news.clear()
                    through = ending.is_set()
                    rows = await connection.fetch(
                        "SELECT notification_id, originator_id, originator_version FROM store.stored_events"
                        " WHERE notification_id > $1 ORDER BY notification_id LIMIT 100",
                        last,
                    )
                    seen.extend((row[0], row[1], row[2]) for row in rows)
                    last = rows[-1][0] if rows else last
                    if through and not rows:
                        connection.terminate()
                        return
                    if not rows:
                        await asyncio.wait([asyncio.ensure_future(news.wait())], timeout=0.05)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.02)

    task = asyncio.create_task(follow())
    try:
        yield seen
    finally:
        ending.set()
        await task


async def judge(owner_dsn: str, accepted: Accepted, seen: Seen) -> int:
    """Rows are the accepted events, versions contiguous, positions gapless, every outcome true, and the reader saw just that."""
    owner = await asyncpg.connect(owner_dsn)
    rows = await owner.fetch(
        "SELECT notification_id, originator_id, originator_version FROM store.stored_events ORDER BY notification_id"
    )
    kept = {row["key"]: row["position"] for row in await owner.fetch("SELECT key, position FROM store.idempotency")}
    look_ups = {bytes(row["digest"]).decode() for row in await owner.fetch("SELECT digest FROM store.lookups")}
    await owner.close()
    stored = [(row[0], UUID(bytes=row[1].bytes), row[2]) for row in rows]
    assert [position for position, _, _ in stored] == list(range(1, len(stored) + 1))
    versions: dict[UUID, list[int]] = defaultdict(list)
    for _, stream, version in stored:
        versions[stream].append(version)
    assert all(each == list(range(1, len(each) + 1)) for each in versions.values())
    assert seen == stored
    assert kept == {key: position for key, (_, _, position) in accepted.items()}
    assert look_ups == set(accepted)
    at = {position: (str(stream), version) for position, stream, version in stored}
    assert all(at[position] == (stream, version) for stream, version, position in accepted.values())
    return len(stored)

"""Races of writers in several OS processes, watched by a reader that tails the log, and what must hold at the end."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec

from services.runtime.development import made_secrets
from services.runtime.embedded import process
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.migrate import migrate
from services.runtime.postgres import LOST, Login
from services.runtime.settings import Settings
from tests.ground import isolated_settings
from tests.services.store.writers import Plan, Report

ROOT = Path(__file__).parents[3]
Seen = list[tuple[int, UUID, int]]
"""Position, stream, version, in the order of reading."""


def plans(dsn: str, *, processes: int, writers: int, commands: int, streams: int, seed: int) -> list[Plan]:
    """So many processes over the same few streams."""
    ids = [uuid4() for _ in range(streams)]
    return [Plan(dsn, f"process {number}", writers, commands, ids, seed + number) for number in range(processes)]


async def run(each: Sequence[Plan], meanwhile: Callable[[], Awaitable[object]] | None = None) -> Report:
    """Run them side by side; they go on until `meanwhile` is done and end only then. Returns all that became of them."""
    started = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.services.store.writers", msgspec.json.encode(plan).decode()),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for plan in each
    ]
    try:
        for process in started:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"begun\n"
        if meanwhile is not None:
            await meanwhile()
        outputs = await asyncio.gather(*(process.communicate(b"") for process in started))
    finally:
        for process in started:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert [process.returncode for process in started] == [0] * len(started)
    whole = Report()
    for output, _ in outputs:
        report = msgspec.json.decode(output, type=Report)
        whole.accepted |= report.accepted
        for name, count in report.errors.items():
            whole.errors[name] = whole.errors.get(name, 0) + count
    return whole


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
            except LOST:
                await asyncio.sleep(0.02)

    task = asyncio.create_task(follow())
    try:
        yield seen
    finally:
        ending.set()
        await task


async def judge(owner_dsn: str, report: Report, seen: Seen) -> int:
    """Rows are the accepted events, versions contiguous, positions gapless, every outcome true, and the reader saw just that."""
    accepted = report.accepted
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


@dataclass(frozen=True)
class Outages:
    """A PostgreSQL of one's own that is killed at random and started again."""

    server: EmbeddedPostgres
    settings: Settings

    @classmethod
    def prepared(cls, home: Path) -> Outages:
        """Made in `home`, not running yet."""
        home.mkdir(mode=0o755)
        made = made_secrets(home)
        server = EmbeddedPostgres(
            home, process.free_port(), made["postgres_superuser_password"], made["postgres_owner_password"]
        )
        return cls(server, isolated_settings(home, postgres_dsn=server.dsn(), postgres_owner_dsn=server.owner_dsn))

    async def race(self, *, rounds: int, processes: int, writers: int, seed: int) -> tuple[Report, Seen]:
        """Kill it so often while writers race; every process ends by itself, and so does the reader."""
        chance = random.Random(seed)
        running = [self.server.start()]

        async def kill() -> None:
            for _ in range(rounds):
                await asyncio.sleep(0.2 + chance.random())
                running[0].kill()
                running[0].wait()
                await asyncio.sleep(chance.random() / 2)
                running[0] = await self._start_again()

        try:
            await migrate(self.server.owner_dsn, self.settings)
            dsn = self.settings.postgres("append")
            async with tailing(dsn) as seen:
                each = plans(dsn, processes=processes, writers=writers, commands=20, streams=6, seed=seed)
                report = await run(each, kill)
            await judge(self.server.owner_dsn, report, seen)
        finally:
            process.stop(running[0], signal.SIGQUIT)
        return report, seen

    async def _start_again(self) -> subprocess.Popen[bytes]:
        """The sessions of a killed server need a moment to notice; until then the next one cannot start."""
        for _ in range(100):
            try:
                return self.server.start()
            except process.CannotStart:
                await asyncio.sleep(0.1)
        raise AssertionError("PostgreSQL did not start again")

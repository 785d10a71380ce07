"""From a command to the read model that shows it, at 1,000 commands a second, against the p99 of one durable insert.

Ours: a reply is decided, sealed, appended with its idempotency key and envelope, projected by `support projector` in a process of its own
with full text, and known here to be readable (`atLeast`). The load is offered on a fixed plan whether or not earlier commands are done, so
waiting in a queue counts. The peer is the least a durable write can take: one row, one commit, one client, nothing else running.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from uuid import UUID, uuid4

import asyncpg

from projections.ticket_timeline import ticket_timeline
from projections.tickets import tickets
from services.commands import conversation
from services.runtime.act import Idempotency
from services.runtime.freshness import Freshness
from tests.bench import Ground, Ratio, alternate
from tests.ground import TestDatabase
from tests.services.commands.desk import AGENT, World, world

RATE = 1_000
"""Commands a second."""
SECONDS = 2
TICKETS = 1_000
"""So many that each stays as short as tickets are: what a long one costs to load is stated by load.n1000_events."""
READS = [(each.name, each.version) for each in (tickets, ticket_timeline)]
INSERTS = 1_500
ROOT = Path(__file__).parents[2]


class Projector:
    """`support projector` on this database. No NATS is there, so it reads the store: the path without a hop."""

    def __init__(self, ground: Ground, database: TestDatabase) -> None:
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SUPPORT_HOME": str(ground.home),
            "SUPPORT_POSTGRES_DSN": database.dsn,
            "SUPPORT_NATS_URL": "nats://127.0.0.1:1",
            "SUPPORT_LOG_LEVEL": "error",
        }

    async def __aenter__(self) -> None:
        command = (sys.executable, "-m", "services.cli", "projector")
        self._process = await asyncio.create_subprocess_exec(*command, env=self._environment, stderr=asyncio.subprocess.DEVNULL)

    async def __aexit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        await self._process.wait()


async def run(ground: Ground) -> dict[str, Ratio]:
    database = ground.database()
    ratio = Ratio("ms p99", target=None)
    async with world(database) as on, Projector(ground, database), Freshness(database.settings.postgres("read")) as fresh:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        opened: list[UUID] = []
        for first in range(0, TICKETS, 50):
            opened += await asyncio.gather(*(on.opened(anna, f"Ticket {number}") for number in range(first, first + 50)))
        async with asyncio.timeout(60):
            while not await fresh.caught_up(READS, within=0):
                await asyncio.sleep(0.05)

        async def ours() -> float:
            began = perf_counter()
            waits = [
                asyncio.create_task(_visible(on, fresh, opened[number % TICKETS], began + number / RATE))
                for number in range(RATE * SECONDS)
            ]
            return _p99(await asyncio.gather(*waits))

        connection = await asyncpg.connect(database.owner_dsn)
        await connection.execute("CREATE TABLE durable(id uuid PRIMARY KEY, said text)")

        async def peer() -> float:
            took = []
            for _ in range(INSERTS):
                began = perf_counter()
                await connection.execute("INSERT INTO durable VALUES ($1, $2)", uuid4(), "x" * 300)
                took.append(perf_counter() - began)
            return _p99(took)

        await ours()  # warm
        try:
            await alternate(ratio, ours, peer, ground.rounds)
        finally:
            await connection.close()
    return {"end_to_end.p99_vs_fsync_insert_p99": ratio}


async def _visible(on: World, fresh: Freshness, ticket: UUID, due: float) -> float:
    """Seconds from when the command was due until its outcome is readable."""
    await asyncio.sleep(max(0.0, due - perf_counter()))
    by = on.by(AGENT)
    key = str(uuid4())
    by = replace(by, act=replace(by.act, idempotency=Idempotency("staff:bench", key, key.encode())))
    receipt = await conversation.reply(on.desk, by, ticket, body="We look into it and tell you.")
    assert receipt.position is not None
    await fresh.wait(receipt.position, READS, timeout=60)
    return perf_counter() - due


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[98] * 1000

"""Writers that race over a few streams, as a program of their own: `python -m tests.services.store.writers '<plan as JSON>'`.

Each appends until its commands are used up and standard input is closed; it conflicts, is refused, leaves while it waits, and beside it
appends are rolled back and sessions vanish. At the end the program prints a Report.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import sys
from typing import Any
from uuid import UUID, uuid4

import msgspec

from services.runtime.command import Command, Lookup, NewEvent, Receipt
from services.runtime.errors import NotRecorded, OutcomeUnknown, Overloaded, VersionConflict
from services.runtime.event_store import EventStore, open_store
from services.runtime.postgres import Login
from tests.services.store.making import SECRET, act, event


class Plan(msgspec.Struct):
    """What one process does. `patience`, in seconds, is for how long a writer tries to learn what became of a command."""

    dsn: str
    name: str
    writers: int
    commands: int
    streams: list[UUID]
    seed: int
    patience: float = 30.0


class Report(msgspec.Struct):
    """What became of it: (stream, version, position) by idempotency key, and how often a try ended in which error."""

    accepted: dict[str, tuple[str, int, int]] = msgspec.field(default_factory=dict)
    errors: dict[str, int] = msgspec.field(default_factory=dict)

    def count(self, error: Exception) -> None:
        name = type(error).__name__
        self.errors[name] = self.errors.get(name, 0) + 1


async def race(plan: Plan) -> Report:
    """Run the plan's writers in this process."""
    report = Report()
    told = asyncio.create_task(asyncio.to_thread(sys.stdin.buffer.read))
    async with open_store(plan.dsn, secret=SECRET, patience=0.2) as store:
        vandal = asyncio.create_task(_roll_back(plan))
        print("begun", flush=True)
        await asyncio.gather(*(_write(store, plan, number, told, report) for number in range(plan.writers)))
        vandal.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await vandal
    return report


async def _write(store: EventStore, plan: Plan, number: int, told: asyncio.Task[bytes], report: Report) -> None:
    chance = random.Random(f"{plan.seed} {number}")
    versions: dict[UUID, int] = {}
    for count in itertools.count():
        if count >= plan.commands and told.done():
            return
        stream = chance.choice(plan.streams)
        key = f"{plan.name}/{number}/{count}"
        events = chance.randrange(1, 4)
        while True:
            version = versions.get(stream, 0)
            command = _command(chance, key, stream, version, events)
            if chance.random() < 0.1:
                await _leave(store, chance, command)
            try:
                receipt = await _resolved(store, command, plan.patience, report)
            except VersionConflict as conflict:
                report.count(conflict)
                versions[stream] = conflict.current
            except NotRecorded as error:
                report.count(error)  # the next try is without the poison
            else:
                assert receipt.position is not None
                report.accepted[key] = (str(stream), receipt.versions[stream], receipt.position.number)
                versions[stream] = receipt.versions[stream]
                break


def _command(chance: random.Random, key: str, stream: UUID, version: int, count: int) -> Command:
    events: tuple[NewEvent, ...] = tuple(event(stream, version + 1 + each) for each in range(count))
    if chance.random() < 0.05:  # an SQL error: the batch is rolled back and each of its commands tried alone
        events = (*events, event(uuid4(), classification="poison"))
    lookups = (Lookup(kind="key", digest=key.encode(), owner=stream),)
    return Command(act=act(key, request=key.encode()), events=events, lookups=lookups)


async def _leave(store: EventStore, chance: random.Random, command: Command) -> None:
    """Send it and leave while it is queued or under way; the same command comes again."""
    task = asyncio.create_task(store.append(command))
    await asyncio.sleep(chance.random() * 0.004)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, VersionConflict, NotRecorded, OutcomeUnknown, Overloaded):
        await task


async def _resolved(store: EventStore, command: Command, patience: float, report: Report) -> Receipt:
    """Its outcome, by sending it again with its key for as long as it is unknown or the database away."""
    until = asyncio.get_running_loop().time() + patience
    while True:
        try:
            return await store.append(command)
        except (OutcomeUnknown, Overloaded) as error:
            report.count(error)
            if asyncio.get_running_loop().time() > until:
                raise
            await asyncio.sleep(0.02)


async def _roll_back(plan: Plan) -> None:
    """Appends that are rolled back by hand, as a client does that fails between its statement and its commit."""
    chance = random.Random(plan.seed)
    while True:
        with contextlib.suppress(Exception):
            connection: Any = await Login(plan.dsn).connect()
            while True:
                transaction = connection.transaction()
                await transaction.start()
                row = (None, None, None, None, None)
                new = event(uuid4())
                placed = (1, True, new.stream, 1, new.topic, new.state, new.classification, None, new.occurred_at)
                await connection.fetchrow(
                    "SELECT * FROM store.append(NULL, $1, $2, NULL, NULL)",
                    [row],
                    [(*placed, uuid4(), None, "user", uuid4(), None)],
                )
                if chance.random() < 0.3:
                    connection.terminate()
                    break
                await transaction.rollback()
                await asyncio.sleep(chance.random() * 0.02)
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(race(msgspec.json.decode(sys.argv[1], type=Plan)))).decode())

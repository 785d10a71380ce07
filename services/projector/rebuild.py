"""A projection built anew beside the live one, which is served meanwhile, and then put in its place in one short transaction.

Nothing is written outside the new schema before that moment, so an interruption leaves the live tables as they were, and the next run
starts clean. The swap holds the checkpoint, so the projector waits, and an exclusive lock on the live tables for a moment: whoever has
begun to read them ends first, whoever comes then finds the new ones by the same name. The lock is asked for with a short time-out and
again, because readers queue behind it. Replay has no side effect: handlers write tables and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from projections.projection import Projection
from services.projector import log, metrics, schemas
from services.projector.batches import bring
from services.projector.checkpoints import Member
from services.projector.log import Batch, Reader, topics_of
from services.projector.parking import Parked, park, poison
from services.projector.progress import Report, silent
from services.runtime.freshness import CHANNEL, announcement

Connect = Callable[[Sequence[str]], Awaitable[Any]]

WINDOW = 2_000
"""Positions a batch: larger than live ones, as nobody waits for a single one."""
SWAP_LOCK = "100ms"
_SWAP_TRIES = 3_000
_log = logging.getLogger("support.projector")


class RebuildUnderWay(Exception):
    """Somebody else is rebuilding this projection."""


class RebuildGaveUp(Exception):
    """The live tables were never free for a moment; the live tables are as they were."""


@dataclass(slots=True)
class Build:
    """What a rebuild has got to: `member` stands for the new tables, `aside` is what it had to set aside."""

    member: Member
    aside: list[Parked] = field(default_factory=list)

    def fork(self) -> Build:
        """A copy to try the last batch with; thrown away when the transaction is."""
        member = copy(self.member)
        member.parked = set(member.parked)
        return Build(member, list(self.aside))

    async def take(self, connection: Any, batch: Batch) -> None:
        """Apply a batch to the new tables, inside the caller's transaction."""
        try:
            async with connection.transaction():
                aside = await bring(connection, self.member, batch, careful=False)
        except Exception as error:
            if poison(error, connection) is None:
                raise
            async with connection.transaction():
                aside = await bring(connection, self.member, batch, careful=True)
        self.aside += aside
        self.member.parked |= {row.stream for row, _ in aside}
        self.member.epoch, self.member.position = batch.epoch, batch.position


async def rebuild(
    connect: Connect, projection: Projection, reader: Reader, *, report: Report = silent, window: int = WINDOW
) -> int:
    """Rebuild `projection` and swap. Returns the position that the new tables include. Raises RebuildUnderWay, RebuildGaveUp."""
    schema = f"{projection.schema}_rebuild"
    async with contextlib.AsyncExitStack() as stack:
        control, writer = await connect([]), await connect([schema])
        stack.callback(control.terminate)
        stack.callback(writer.terminate)
        if not await control.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", schema):
            raise RebuildUnderWay(f"{projection.name} is being rebuilt already")
        async with writer.transaction():
            await schemas.drop(writer, schema)
            await schemas.build(writer, projection, schema)
            await schemas.grant_like(writer, projection.schema, schema)
            indexes = await schemas.drop_search_indexes(writer, schema)
        await writer.execute("SET synchronous_commit = off")  # until the swap nothing here is worth waiting for a disk
        build = Build(Member(projection, topics_of([projection], reader)))
        await _catch_up(control, writer, build, reader, report, window)
        for index in indexes:
            await writer.execute(index)
        for attempt in range(_SWAP_TRIES):
            await _catch_up(control, writer, build, reader, report, window)
            reached = await _swap(writer, build, reader, schema)
            if reached is not None:
                await control.execute(
                    "DELETE FROM projector.rebuilds WHERE projection = $1 AND version = $2", *build.member.key
                )
                metrics.REBUILDS.labels(projection.name).inc()
                return reached
            if attempt == 20:
                _log.info("the live tables of %s are being read; waiting for a free moment", projection.name)
            await asyncio.sleep(0.2)
    raise RebuildGaveUp(f"the tables of {projection.name} were being read all the time: try again later")


async def _catch_up(control: Any, writer: Any, build: Build, reader: Reader, report: Report, window: int) -> None:
    """Until fewer than a window are missing. The next window is read while this one is written."""
    epoch, target = await log.head(control)
    member = build.member
    reading = asyncio.create_task(_window(control, reader, member, member.position, target, window, epoch))
    try:
        while member.position < target:
            batch = await reading
            reading = asyncio.create_task(_window(control, reader, member, batch.position, target, window, epoch))
            async with writer.transaction():
                await build.take(writer, batch)
            report(member.position, target)
            await writer.execute(
                "INSERT INTO projector.rebuilds (projection, version, position, target) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (projection, version) DO UPDATE SET position = excluded.position, target = excluded.target, moved_at = now()",
                *member.key,
                member.position,
                target,
            )
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _window(connection: Any, reader: Reader, member: Member, after: int, target: int, window: int, epoch: int) -> Batch:
    upto = min(after + window, target)
    topics = [*member.topics, *log.ERASURES]
    rows = await log.rows_about(connection, after, upto, topics) if upto > after else []
    return await log.read(connection, reader, rows, member.topics, after=after, upto=upto, epoch=epoch)


async def _swap(writer: Any, build: Build, reader: Reader, schema: str) -> int | None:
    """Take the last events and put the new tables in place. None when the live ones are being read; then nothing has changed."""
    projection, trial = build.member.projection, build.fork()
    live, key = projection.schema, build.member.key
    try:
        async with writer.transaction():
            await writer.execute("SET LOCAL synchronous_commit = on")
            await writer.fetchrow("SELECT FROM projector.checkpoints WHERE projection = $1 AND version = $2 FOR UPDATE", *key)
            epoch, target = await log.head(writer)
            while trial.member.position < target:
                await trial.take(
                    writer, await _window(writer, reader, trial.member, trial.member.position, target, WINDOW, epoch)
                )
            await writer.execute(f"SET LOCAL lock_timeout = '{SWAP_LOCK}'")
            await _lock_tables(writer, live)
            await writer.execute(f'DROP SCHEMA "{live}" CASCADE; ALTER SCHEMA "{schema}" RENAME TO "{live}"')
            await writer.execute("DELETE FROM projector.parked WHERE projection = $1 AND version = $2", *key)
            await park(writer, projection, trial.aside)
            await writer.execute(
                "UPDATE projector.checkpoints SET epoch = $3, position = $4, revision = revision + 1, moved_at = now()"
                " WHERE projection = $1 AND version = $2",
                *key,
                epoch,
                target,
            )
            await writer.execute(f"SELECT pg_notify('{CHANNEL}', $1)", announcement(epoch, target, [key]))
    except asyncpg.LockNotAvailableError:
        return None
    return target


async def _lock_tables(connection: Any, schema: str) -> None:
    names = ", ".join(f'"{schema}"."{table}"' for table in await schemas.tables(connection, schema))
    if names:
        await connection.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")

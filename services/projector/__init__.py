"""The projector: keeps the read models up to date with the log.

JetStream first, the store itself when JetStream is silent or behind. Any number may run: each batch locks the checkpoints, so a second
projector waits and then drops what the first has done. It reconnects to both servers by itself; on SIGTERM it finishes the
transaction and acknowledges it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from projections.projection import Projection
from services.projector import lag, schemas
from services.projector.reading import EventReader
from services.projector.runner import Runner
from services.projector.source import NatsSource
from services.runtime import bus
from services.runtime.codec import Codec
from services.runtime.keys import Vault
from services.runtime.postgres import Login
from services.runtime.settings import Settings

__all__ = ["Status", "connector", "prepare", "reader", "retire", "run", "spare_the_collector"]

_log = logging.getLogger("support.projector")


@dataclass
class Status:
    """For /readyz: `ready` once every read model was near the end of the log."""

    ready: bool = False


async def run(settings: Settings, stop: asyncio.Event, projections: Sequence[Projection], status: Status | None = None) -> None:
    """Project until `stop` is set. Raises SettingsInvalid where a setting is missing, and TablesChanged or WronglyDeclared where a
    projection contradicts what is there; everything else it outlives.
    """
    status = status or Status()
    connect = connector(settings)
    await _until_it_answers(lambda: prepare(settings, projections), stop)
    source = NatsSource(lambda: bus.connect(bus.credentials(settings, "consumer"), "support-projector"), bus.naming(settings))
    runner = Runner(projections, connect, reader(settings), stream=source)

    async def note() -> None:
        await runner.ready.wait()
        status.ready = True

    async with source:
        watching = [asyncio.create_task(note()), asyncio.create_task(lag.measure(connect, projections))]
        try:
            await runner.run(stop)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)


async def prepare(settings: Settings, projections: Sequence[Projection]) -> None:
    """Make the schemas that are missing. For `support migrate` too, which then calls `retire`."""
    connection = await connector(settings)([])
    try:
        readers = schemas.Readers(settings.postgres_read_user, settings.postgres_customer_user)
        made = await schemas.ensure(connection, projections, readers)
        if made:
            _log.info("made the tables of %s", ", ".join(projection.schema for projection in made))
    finally:
        await connection.close()


async def retire(settings: Settings, projections: Sequence[Projection], release: str) -> list[str]:
    """Drop the versions of read models that went out of use a release ago. For `support migrate`."""
    connection = await connector(settings)([])
    try:
        return await schemas.retire(connection, projections, release)
    finally:
        await connection.close()


def connector(settings: Settings) -> Callable[[Sequence[str]], Awaitable[Any]]:
    """Opens connections as the projector's login, with these schemas as search_path."""
    dsn = settings.postgres("project")

    async def connect(search: Sequence[str]) -> Any:
        connection = await Login(dsn, settings={"search_path": schemas.path(search) or "pg_catalog"}).connect()
        # asyncpg's own UUIDs are as good here (a subclass), and reading the log with them takes a third less time.
        await connection.reset_type_codec("uuid", schema="pg_catalog")
        return connection

    return connect


def spare_the_collector() -> None:
    """Batches make and drop some thousand objects at a time, none in cycles: look for cycles rarely, and never among what is loaded.

    It is about the whole process, so whoever starts one calls it.
    Measured: half the time of decoding went into the garbage collector's walks.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def reader(settings: Settings) -> EventReader:
    """Decodes the log with this deployment's keys."""
    return EventReader(Codec(), Vault(settings.key_encryption))


async def _until_it_answers(work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await work()
        except (
            OSError,
            asyncpg.PostgresConnectionError,
            asyncpg.CannotConnectNowError,
            asyncpg.UndefinedTableError,
        ) as trouble:
            _log.warning("waiting for the database", exc_info=trouble)
            try:
                await asyncio.wait_for(stop.wait(), 0.5)
            except TimeoutError:
                continue
        return

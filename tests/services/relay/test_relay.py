"""The relay at work: everything once, in order, at the sequence that is its position."""

from __future__ import annotations

from services.runtime.settings import Settings
from tests.ground import TestDatabase
from tests.services.relay.ground import fetch, in_store, in_stream, leading, reaches, record, relaying, until


async def test_every_fact_is_in_the_stream_at_the_sequence_that_is_its_position(
    database: TestDatabase, settings: Settings
) -> None:
    await record(database.owner_dsn, 1_203)
    async with relaying(settings):
        await reaches(settings, 1_203)
        await record(database.owner_dsn, 1)
        await record(database.owner_dsn, 2)
        await reaches(settings, 1_206)
    assert await in_stream(settings) == await in_store(database.owner_dsn)

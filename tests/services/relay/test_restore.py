"""What `support restore` finds out and records."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from services.cli.database import begin_anew
from services.runtime.restore import Restored
from services.runtime.settings import Settings
from tests.ground import TestDatabase
from tests.services.relay.ground import fetch, in_store, in_stream, lose, reaches, record, relaying
from tests.services.relay.outages import begin, reaches_line

EPOCHS = (
    "SELECT epoch, min(notification_id) AS first, max(notification_id) AS last FROM store.stored_events GROUP BY 1 ORDER BY 1"
)


async def published(settings: Settings, dsn: str, count: int) -> None:
    async with relaying(settings):
        await record(dsn, count)
        await reaches(settings, count)


async def test_it_finds_where_stream_and_store_part_even_when_the_same_versions_were_recorded_again(
    database: TestDatabase, settings: Settings
) -> None:
    dsn = database.owner_dsn
    await published(settings, dsn, 100)
    await lose(dsn, 37)
    await record(dsn, 80)  # the same streams and versions at the same positions, at another time
    assert await begin(settings) == Restored(2, 37, 100)
    assert [tuple(row) for row in await fetch(dsn, EPOCHS)] == [(1, 1, 37), (2, 38, 118)]
    assert [tuple(row) for row in await fetch(dsn, "SELECT epoch, base FROM store.logs ORDER BY 1")] == [(1, 0), (2, 37)]
    said = (await fetch(dsn, "SELECT topic, state, class FROM store.stored_events ORDER BY notification_id DESC LIMIT 1"))[0]
    assert (said["topic"], said["class"]) == ("log.restored.v1", "restricted")
    told = json.loads(said["state"])
    assert (told["kept_through"], told["lost_through"]) == (37, 100)
    async with relaying(settings):
        await reaches_line(settings, dsn)
    assert await in_stream(settings) == await in_store(dsn)


async def test_with_a_stream_that_agrees_everything_is_kept(database: TestDatabase, settings: Settings) -> None:
    await published(settings, database.owner_dsn, 10)
    await record(database.owner_dsn, 5)
    assert await begin(settings) == Restored(2, 15, 15)


async def test_without_a_stream_the_operator_says_what_was_kept(database: TestDatabase, settings: Settings) -> None:
    await record(database.owner_dsn, 15)
    assert await begin(settings, kept_through=12) == Restored(2, 12, 15)
    assert [tuple(row) for row in await fetch(database.owner_dsn, EPOCHS)] == [(1, 1, 12), (2, 13, 16)]


async def test_a_store_that_lost_an_earlier_restore_too_gets_an_epoch_that_nobody_has_seen(
    database: TestDatabase, settings: Settings
) -> None:
    dsn = database.owner_dsn
    await published(settings, dsn, 20)
    await lose(dsn, 10)
    assert await begin(settings) == Restored(2, 10, 20)
    async with relaying(settings):
        await reaches_line(settings, dsn)
    # Back to before even that restore.
    await lose(dsn, 5)
    await fetch(dsn, "DELETE FROM store.logs WHERE epoch = 2 RETURNING epoch")
    assert await begin(settings) == Restored(3, 5, 11)
    async with relaying(settings):
        await reaches_line(settings, dsn)
    assert await in_stream(settings) == await in_store(dsn)


async def test_the_command_says_what_it_did(database: TestDatabase, settings: Settings) -> None:
    await published(settings, database.owner_dsn, 8)
    await lose(database.owner_dsn, 3)
    assert await begin_anew(settings, None) == (
        "epoch 2 begins: all up to position 3 is as it was, 5 facts after it are lost to those who read them"
    )


def test_the_command_asks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    from services.cli import main

    answer = CliRunner().invoke(main, ["restore"], input="n\n")
    assert "is this the one to go on with?" in answer.output
    assert answer.exit_code == 1

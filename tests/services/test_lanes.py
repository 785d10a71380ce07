"""Short queries over a few connections: no more than allowed, none lost, none stuck."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from services.runtime.errors import StoreClosed, Unavailable
from services.runtime.lanes import Lanes
from services.runtime.postgres import Login
from tests.ground import TestDatabase

pytestmark = pytest.mark.anyio
WHO = "SELECT pg_backend_pid() FROM (SELECT pg_sleep($1::float8)) AS slept"


@asynccontextmanager
async def lanes(database: TestDatabase, most: int) -> AsyncIterator[Lanes]:
    opened = Lanes(Login(database.owner_dsn).connect, most)
    yield opened
    await opened.close()


async def test_queries_at_once_share_a_few_connections(database: TestDatabase) -> None:
    async with lanes(database, 3) as some:
        rows = await asyncio.gather(*(some.fetch(WHO, 0.01) for _ in range(20)))
        assert len({row[0][0] for row in rows}) == 3


async def test_one_query_after_another_needs_one_connection(database: TestDatabase) -> None:
    async with lanes(database, 3) as some:
        assert len({(await some.fetch(WHO, 0.0))[0][0] for _ in range(5)}) == 1


async def test_whoever_leaves_takes_nobodys_turn(database: TestDatabase) -> None:
    async with lanes(database, 1) as one:
        tasks = [asyncio.create_task(one.fetch(WHO, 0.02)) for _ in range(12)]
        await asyncio.sleep(0.05)
        for task in tasks[::2]:
            task.cancel()
        ended = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)
        assert all(isinstance(rows, list) for rows in ended[1::2])


async def test_a_refused_query_harms_no_other(database: TestDatabase) -> None:
    async with lanes(database, 1) as one:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await one.fetch("SELECT 1 / $1::int", 0)
        assert (await one.fetch("SELECT 1 / $1::int", 1))[0][0] == 1


async def test_a_lost_connection_is_told_as_such_and_made_anew(database: TestDatabase) -> None:
    async with lanes(database, 2) as some:
        ended = asyncio.create_task(some.fetch(WHO, 30.0))
        await asyncio.sleep(0.1)
        connection = await asyncpg.connect(database.superuser_dsn)
        await connection.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = $1", WHO)
        await connection.close()
        with pytest.raises(Unavailable):
            await ended
        assert len(await some.fetch(WHO, 0.0)) == 1


async def test_a_server_that_is_not_there_is_unavailable(free_port: int) -> None:
    nowhere = Lanes(Login(f"postgresql://nobody@127.0.0.1:{free_port}/nothing").connect, 1)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await nowhere.fetch("SELECT 1")
    await nowhere.close()


async def test_closing_waits_for_queries_under_way_and_refuses_those_in_line(database: TestDatabase) -> None:
    one = Lanes(Login(database.owner_dsn).connect, 1)
    under_way, in_line = (asyncio.create_task(one.fetch(WHO, 0.2)) for _ in range(2))
    await asyncio.sleep(0.1)
    await one.close()
    assert len(await under_way) == 1
    with pytest.raises(StoreClosed):
        await in_line
    with pytest.raises(StoreClosed):
        await one.fetch(WHO, 0.0)

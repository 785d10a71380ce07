"""The gateway's end: feeds are told to come back, what is in flight is finished; and a client that takes nothing is let go."""

from __future__ import annotations

import asyncio

import pytest

from services.gateway import following, live, patience, websocket
from services.gateway.app import create_app, serving
from services.gateway.telling import CONNECTIONS
from tests.services.gateway.sockets import socket
from tests.services.gateway.test_live import CHANGED, ready
from tests.services.gateway.world import World


class Frozen:
    """A question to a database that stands still until it is thawed. Cancelling does not help: asyncpg asks that very server to cancel."""

    def __init__(self) -> None:
        self.thawed = asyncio.Event()

    async def __call__(self, *_: object) -> None:
        try:
            await self.thawed.wait()
        except asyncio.CancelledError:
            await self.thawed.wait()


async def test_draining_closes_feeds_with_a_reason_and_answers_what_is_in_flight(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await world.open("anna")
    began, may_end = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> object:
        from services.gateway.shapes import BoundedCount, CountPrecision

        began.set()
        await may_end.wait()
        return BoundedCount(value=7, precision=CountPrecision["EXACT"])

    monkeypatch.setattr("services.gateway.tickets.queries.counted", slow)
    port = world.port
    try:
        async with serving(create_app(world.services), world.services, "127.0.0.1", 0) as world.port:
            async with socket(world, "anna") as feed:
                await feed.subscribe(CHANGED, id=opened["id"])
                await ready(feed, world)
                asking = asyncio.create_task(world.say("agnes", "{ ticketCount { value } }"))
                await began.wait()
                world.services.draining.set()
                code, reason = await feed.closed()
                assert code == 1012
                assert reason is not None
                assert "cursor" in reason
            may_end.set()
        assert (await asking)["ticketCount"] == {"value": 7}
    finally:
        world.port = port
        world.services.draining.clear()


async def test_a_client_that_reads_nothing_is_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "SLOW_SECONDS", 0.5)
    opened = await world.open("anna", body="x" * 90_000)
    query = (
        "query($i: ID!) { ticket(by: {id: $i}) { timeline { nodes { ... on MessageEntry { body { source text html } } } } } }"
    )
    before = CONNECTIONS._value.get()
    async with socket(world, "anna") as feed:
        feed.connection.transport.pause_reading()
        for number in range(50):
            payload = {"query": query, "variables": {"i": opened["id"]}}
            await feed.send(type="subscribe", id=str(number), payload=payload)
        for _ in range(200):
            if CONNECTIONS._value.get() <= before:
                break
            await asyncio.sleep(0.1)
        assert CONNECTIONS._value.get() <= before
        feed.connection.transport.abort()


@pytest.mark.parametrize("where", ["services.gateway.tickets.queries.counted", "services.gateway.http.standing"])
async def test_whoever_asks_while_the_database_stands_still_is_answered(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    frozen = Frozen()
    monkeypatch.setattr(where, frozen)
    monkeypatch.setattr(patience, "PATIENCE", 0.3)
    response = await world.post({"query": "{ ticketCount { value } }"}, "agnes")
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (503, "OVERLOADED")
    frozen.thawed.set()


@pytest.mark.parametrize("where", ["services.gateway.tickets.queries.counted", "services.gateway.websocket.standing"])
async def test_whoever_asks_over_a_socket_while_the_database_stands_still_is_answered_too(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    frozen = Frozen()
    monkeypatch.setattr(patience, "PATIENCE", 0.3)
    async with socket(world, "agnes") as connection:
        monkeypatch.setattr(where, frozen)
        await connection.subscribe("{ ticketCount { value } }")
        message = await connection.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "OVERLOADED")
    frozen.thawed.set()


@pytest.mark.parametrize("where", ["services.gateway.following.standing", "services.gateway.following.feeds.must_be_kept"])
async def test_whoever_watches_while_the_database_stands_still_is_told_to_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    frozen = Frozen()
    opened = await world.open("anna")
    async with socket(world, "anna") as feed:
        await feed.subscribe(CHANGED, id=opened["id"])
        await ready(feed, world)
        added = await world.did("anna", "replyToTicket", {"ticketId": opened["id"], "body": "Any news?"})
        cursor = (await feed.next())["cursor"]
        monkeypatch.setattr(following, "PATIENCE", 0.3)
        monkeypatch.setattr(where, frozen)
        if where.endswith("standing"):
            await world.did("anna", "replyToTicket", {"ticketId": opened["id"], "body": f"And {added['version']}?"})
        else:
            await feed.subscribe(CHANGED, "2", id=opened["id"], after=cursor)
        message = await feed.receive()
        while message["type"] == "next" and "errors" not in message["payload"]:
            message = await feed.receive()
        assert "OVERLOADED" in str(message["payload"])
    frozen.thawed.set()


async def test_a_tail_that_stands_still_is_left_and_another_is_begun(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, connects = await world.open("anna"), asyncio.Event()
    tail = world.services.tail
    connect = tail._connect

    async def again() -> object:
        connects.set()
        return await connect()

    async def frozen(*_: object) -> None:
        monkeypatch.undo()
        await asyncio.Event().wait()

    async with socket(world, "anna") as feed:
        await feed.subscribe(CHANGED, id=opened["id"])
        await ready(feed, world)
        monkeypatch.setattr(live, "PATIENCE", 0.3)
        monkeypatch.setattr(tail, "_look", frozen)
        while tail._look == frozen:
            await asyncio.sleep(0.05)
        object.__setattr__(tail, "_connect", again)
        await asyncio.wait_for(connects.wait(), 20)
        await world.did("anna", "replyToTicket", {"ticketId": opened["id"], "body": "Any news?"})
        assert (await feed.next())["ticketId"] == opened["id"]


async def test_a_connection_ends_although_the_database_stands_still(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    thawed, begun = asyncio.Event(), asyncio.Event()

    async def frozen(*_: object) -> object:
        begun.set()
        try:
            await thawed.wait()
        except asyncio.CancelledError:
            await thawed.wait()
        return None

    monkeypatch.setattr(websocket, "INIT_SECONDS", 0.3)
    monkeypatch.setattr(websocket, "ENDING_SECONDS", 0.2)
    monkeypatch.setattr("services.gateway.websocket.standing", frozen)
    before = CONNECTIONS._value.get()
    async with socket(world, "agnes", init=False) as connection:
        await connection.send(type="connection_init", payload=world.headers("agnes"))
        await begun.wait()
    for _ in range(100):
        if CONNECTIONS._value.get() <= before:
            break
        await asyncio.sleep(0.05)
    assert CONNECTIONS._value.get() <= before
    thawed.set()


async def test_a_message_that_cannot_be_sent_is_logged(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with socket(world, "agnes") as connection:

        async def broken(*_: object) -> None:
            raise RuntimeError("no such state")

        monkeypatch.setattr("starlette.websockets.WebSocket.send_text", broken)
        await connection.send(type="ping")
        assert (await connection.closed())[0] == 1001
    assert "could not be sent (RuntimeError" in caplog.text
    assert "no such state" not in caplog.text

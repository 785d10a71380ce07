"""Watching tickets: nothing missed, nothing twice, nothing seen that must not be."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import asyncpg
import httpx
import pytest
from websockets.exceptions import InvalidStatus

from projections.viewer import Role
from services.gateway import ids
from tests.ground import TestDatabase
from tests.services.gateway.sockets import Socket, socket
from tests.services.gateway.world import World, staff_id

CHANGED = """subscription($id: ID!, $after: Cursor) { ticketChanged(ticketId: $id, after: $after) {
  cursor position ticketId ticket { id status version } entry { __typename id summary } } }"""
LIST = """subscription($filter: TicketFilter, $after: Cursor) { ticketsChanged(filter: $filter, after: $after) {
  cursor position ticketId ticket { id subject status } entry { __typename } } }"""


async def until(feed: Socket, kind: str) -> dict[str, object]:
    """Messages up to the one whose entry is of this type."""
    for _ in range(20):
        message = await feed.next()
        if message["entry"] and message["entry"]["__typename"] == kind:
            return message
    raise AssertionError(f"no {kind} came")


async def ready(feed: Socket, world: World) -> None:
    """Until the subscription has surely begun: a query sent after it on the same socket is answered."""
    await feed.send(type="subscribe", id="ping", payload={"query": "{ viewer { role } }"})
    for _ in range(3):
        if (await feed.receive())["type"] == "complete":
            break
    await asyncio.sleep(0.1)


async def test_a_reply_is_seen_live_with_its_ticket_and_entry(world: World) -> None:
    opened = await world.open("anna")
    async with socket(world, "anna") as feed:
        await feed.subscribe(CHANGED, id=opened["id"])
        await ready(feed, world)
        replied = await world.did("agnes", "replyToTicket", {"ticketId": opened["id"], "body": "On it"}, "entry { id }")
        message = await until(feed, "MessageEntry")
        assert message["entry"]["id"] == replied["entry"]["id"]  # type: ignore[index]
        assert message["ticket"]["status"] == "OPEN"  # type: ignore[index]
        assert message["ticketId"] == opened["id"]


async def test_what_only_staff_may_see_sends_a_customer_nothing(world: World) -> None:
    opened = await world.open("anna")
    async with socket(world, "anna") as customers, socket(world, "agnes") as staffs:
        for feed in (customers, staffs):
            await feed.subscribe(CHANGED, id=opened["id"])
            await ready(feed, world)
        await world.did("agnes", "addInternalNote", {"ticketId": opened["id"], "body": "Between us"})
        await world.did("agnes", "tagTicket", {"ticketId": opened["id"], "tag": "quiet"})
        assert (await until(staffs, "InternalNoteEntry"))["entry"]["summary"] == "An internal note."  # type: ignore[index]
        assert await customers.quiet()
        await world.did("agnes", "replyToTicket", {"ticketId": opened["id"], "body": "Hello"})
        await until(customers, "MessageEntry")


async def test_a_feed_that_comes_back_misses_nothing_and_gets_nothing_twice(world: World) -> None:
    opened = await world.open("anna")
    async with socket(world, "agnes") as feed:
        await feed.subscribe(CHANGED, id=opened["id"])
        await ready(feed, world)
        await world.did("agnes", "addInternalNote", {"ticketId": opened["id"], "body": "one"})
        first = await until(feed, "InternalNoteEntry")
    for number in range(30):
        await world.did("agnes", "tagTicket", {"ticketId": opened["id"], "tag": f"tag-{number}"})
    async with socket(world, "agnes") as feed:
        await feed.subscribe(CHANGED, id=opened["id"], after=first["cursor"])
        told = [await feed.next() for _ in range(20)]
        writing = asyncio.gather(
            *(world.did("agnes", "tagTicket", {"ticketId": opened["id"], "tag": f"later-{number}"}) for number in range(10))
        )
        told += [await feed.next() for _ in range(20)]
        await writing
        cursors = [message["cursor"] for message in told]
        assert len(set(cursors)) == 40
        numbers = [int(str(message["position"]).split(".")[1]) for message in told]
        assert numbers == sorted(numbers)
        versions = [message["ticket"]["version"] for message in told]
        assert versions[-1] >= first["ticket"]["version"] + 40  # type: ignore[index]
        assert await feed.quiet()


async def test_losing_sight_sends_a_last_message_without_the_ticket(world: World) -> None:
    opened = await world.open("anna")
    async with socket(world, "anna") as feed, socket(world, "anna") as listed:
        await feed.subscribe(CHANGED, id=opened["id"])
        await ready(feed, world)
        await listed.subscribe(LIST)
        await ready(listed, world)
        given = {"ticketId": opened["id"], "to": {"organisationId": world.ids["zenith"]}, "expectedVersion": opened["version"]}
        now = await world.ticket("agnes", opened["id"], "version", opened["position"])
        assert now is not None
        await world.did("agnes", "transferTicket", {**given, "expectedVersion": now["version"]})
        last = await feed.next()
        assert last["ticket"] is None
        assert last["entry"] is None
        assert last["ticketId"] == opened["id"]
        assert await feed.receive() == {"type": "complete", "id": "1"}
        assert (await listed.next())["ticket"] is None
        assert await listed.quiet()


async def test_a_list_is_told_what_comes_into_it_and_what_leaves(world: World) -> None:
    async with socket(world, "agnes") as feed:
        await feed.subscribe(LIST, filter={"status": {"in": ["NEW", "OPEN"]}, "requester": {"eq": world.ids["zoe"]}})
        await ready(feed, world)
        opened = await world.open("zoe", "Of the list")
        message = await feed.next()
        assert message["ticket"]["subject"] == "Of the list"
        await world.did("agnes", "putTicketOnHold", {"ticketId": opened["id"], "reason": "SUPPLIER"})
        for _ in range(10):
            message = await feed.next()
            if message["ticket"] is None and message["ticketId"] == opened["id"]:
                break
        else:
            raise AssertionError("it was never told that the ticket left")


async def test_a_ticket_of_others_cannot_be_watched(world: World) -> None:
    opened = await world.open("anna")
    async with socket(world, "zoe") as feed:
        for place, id in enumerate((opened["id"], "tk_AAAAAAAAAAAAAAAAAAAAAA", "nonsense")):
            await feed.subscribe(CHANGED, id=id)
            message = await feed.receive()
            assert message["type"] == "error", place
            assert message["payload"][0]["message"] == "There is no such ticket."


async def test_an_old_or_foreign_cursor_is_refused(world: World, module_database: TestDatabase) -> None:
    one, two = await world.open("anna"), await world.open("anna")
    async with socket(world, "anna") as feed:
        await feed.subscribe(CHANGED, id=one["id"])
        await ready(feed, world)
        await world.did("anna", "replyToTicket", {"ticketId": one["id"], "body": "More"})
        cursor = (await feed.next())["cursor"]
        await feed.send(type="complete", id="1")
    async with socket(world, "anna") as feed:
        await feed.subscribe(CHANGED, id=two["id"], after=cursor)
        assert (await feed.receive())["payload"][0]["extensions"]["code"] == "BAD_CURSOR"
        connection = await asyncpg.connect(module_database.superuser_dsn)
        try:
            await connection.execute("UPDATE store.stored_events SET recorded_at = recorded_at - interval '25 hours'")
        finally:
            await connection.close()
        await feed.subscribe(CHANGED, id=one["id"], after=cursor)
        assert (await feed.receive())["payload"][0]["extensions"]["code"] == "CURSOR_EXPIRED"


async def test_queries_and_mutations_go_over_the_socket_too(world: World) -> None:
    async with socket(world, "agnes") as feed:
        await feed.subscribe("{ viewer { role } }", op="q")
        assert await feed.receive() == {"type": "next", "id": "q", "payload": {"data": {"viewer": {"role": "AGENT"}}}}
        assert await feed.receive() == {"type": "complete", "id": "q"}
        await feed.subscribe("{ nothing }", op="r")
        assert (await feed.receive())["type"] == "error"
        await feed.send(type="ping")
        assert (await feed.receive())["type"] == "pong"


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["{"], 4400),
        (["[]"], 4400),
        (['{"type":"dance"}'], 4400),
        (['{"type":"subscribe","id":"1","payload":{"query":"{viewer{role}}"}}'], 4401),
        (['{"type":"connection_init"}', '{"type":"connection_init"}'], 4429),
        (['{"type":"connection_init","payload":{"authorization":"Bearer x"}}'], 4403),
        (['{"type":"connection_init","payload":{"authorization":7}}'], 4403),
        (['{"type":"connection_init"}', '{"type":"subscribe","id":"","payload":{}}'], 4400),
        (['{"type":"connection_init"}', '{"type":"subscribe","id":7,"payload":{}}'], 4400),
    ],
)
async def test_a_client_that_breaks_the_protocol_is_told_how(world: World, messages: list[str], code: int) -> None:
    async with socket(world, init=False) as feed:
        for message in messages:
            await feed.connection.send(message)
        found, _ = await feed.closed()
        assert found == code


async def test_only_the_one_protocol_is_spoken(world: World) -> None:
    with pytest.raises(InvalidStatus):
        async with socket(world, protocol="graphql-ws"):
            pass


async def test_a_second_operation_of_the_same_name_ends_the_connection(world: World) -> None:
    opened = await world.open("anna")
    async with socket(world, "anna") as feed:
        for _ in range(2):
            await feed.subscribe(CHANGED, id=opened["id"])
        assert (await feed.closed())[0] == 4409


async def test_operations_on_a_connection_are_limited(world: World) -> None:
    opened = await world.open("anna")
    async with socket(world, "anna") as feed:
        for number in range(60):
            await feed.send(type="subscribe", id=str(number), payload={"query": CHANGED, "variables": {"id": opened["id"]}})
        assert (await feed.closed())[0] == 4429


async def test_a_token_that_expires_ends_the_connection(world: World) -> None:
    world.token("brief", Role.AGENT, staff_id("brief"), lifetime=timedelta(seconds=2))
    async with socket(world, "brief") as feed:
        code, reason = await feed.closed()
        assert (code, reason) == (4401, "the token has expired")


async def test_bad_operations_leave_the_connection_alive(world: World) -> None:
    async with socket(world, "agnes") as feed:
        payloads: list[object] = [
            None,
            [],
            {"query": 1},
            {"query": "{viewer{role}}", "variables": 3},
            {"query": "{ x \0 }"},
            {"query": "{" * 4000},
        ]
        for payload in payloads:
            await feed.send(type="subscribe", id="1", payload=payload)
            message = await feed.receive()
            assert message["type"] == "error"
            assert message["payload"][0]["extensions"]["code"] == "BAD_INPUT"
        await feed.subscribe("{ viewer { role } }", op="2")
        assert (await feed.receive())["type"] == "next"


async def test_a_feed_comes_by_server_sent_events_too(world: World) -> None:
    opened = await world.open("anna")
    headers = {**world.headers("anna"), "accept": "text/event-stream"}
    body = {"query": CHANGED, "variables": {"id": opened["id"]}}
    async with (
        httpx.AsyncClient(timeout=15) as client,
        client.stream("POST", world.url, json=body, headers=headers) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.aiter_lines()
        assert await anext(lines) == ":"
        await world.did("agnes", "replyToTicket", {"ticketId": opened["id"], "body": "By SSE"})
        async for line in lines:
            if line.startswith("data: ") and "MessageEntry" in line:
                assert json.loads(line[6:])["data"]["ticketChanged"]["ticketId"] == opened["id"]
                break
    refused = await world.post(body, "anna", headers={"accept": "application/json"})
    assert refused.status_code == 406


async def test_a_feed_says_what_is_blocked_and_goes_on_with_the_rest(world: World, module_database: TestDatabase) -> None:
    opened, fine = await world.open("anna"), await world.open("anna", "Fine")
    known = ids.read(opened["id"])
    assert known is not None
    connection = await asyncpg.connect(module_database.superuser_dsn)
    try:
        async with socket(world, "anna") as feed:
            await feed.subscribe(LIST)
            await ready(feed, world)
            await connection.execute(
                "INSERT INTO projector.parked(projection, version, stream, position, topic, error)"
                " SELECT 'tickets', 1, stream, max(position), 'ticket.x.v1', 'KeyError' FROM store.tail WHERE stream = $1 GROUP BY 2, 3",
                known[1],
            )
            await world.did("anna", "replyToTicket", {"ticketId": opened["id"], "body": "Anybody?"})
            message = (await feed.receive())["payload"]
            assert message["errors"][0]["extensions"] == {"code": "READ_BLOCKED", "blocked": [opened["id"]]}
            told = message["data"]["ticketsChanged"]
            assert (told["ticketId"], told["ticket"], told["entry"]) == (opened["id"], None, None)
            await world.did("anna", "replyToTicket", {"ticketId": fine["id"], "body": "Anybody else?"})
            assert (await feed.next())["ticket"]["id"] == fine["id"]
        async with socket(world, "anna") as feed:
            await feed.subscribe(CHANGED, id=opened["id"])
            assert (await feed.receive())["payload"][0]["extensions"]["code"] == "READ_BLOCKED"
    finally:
        await connection.execute("DELETE FROM projector.parked")
        await connection.close()

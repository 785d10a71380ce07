"""GraphQL over HTTP: media types, status codes, limits, and what is no request at all."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import httpx
import orjson
import pytest

from services.gateway import heads
from tests.services.gateway.world import World

RESPONSE = "application/graphql-response+json"
VIEWER = {"query": "{ viewer { role } }"}


def code(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


async def test_the_media_type_decides_how_errors_are_told(world: World) -> None:
    for body in (
        {"query": "{ nothing }"},
        {"query": "{ viewer "},
        {"query": "query A { viewer { role } } query B { viewer { role } }"},
    ):
        new = await world.post(body, "agnes", headers={"accept": RESPONSE})
        old = await world.post(body, "agnes", headers={"accept": "application/json"})
        assert (new.status_code, old.status_code) == (400, 200)
        assert new.headers["content-type"].startswith(RESPONSE)
        assert old.headers["content-type"].startswith("application/json")
        assert "data" not in new.json()
        assert code(new) == "BAD_INPUT"


async def test_a_query_is_answered_in_the_type_that_is_asked_for(world: World) -> None:
    for accept, given in ((RESPONSE, RESPONSE), ("*/*", "application/json"), (f"application/json;q=0.5, {RESPONSE}", RESPONSE)):
        response = await world.post(VIEWER, "agnes", headers={"accept": accept})
        assert response.status_code == 200
        assert response.headers["content-type"].startswith(given)
        assert response.json() == {"data": {"viewer": {"role": "AGENT"}}}
    assert (await world.post(VIEWER, "agnes", headers={"accept": "image/png"})).status_code == 406


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"null", 400),
        (b"[]", 400),
        (b'[{"query":"{viewer{role}}"}]', 400),
        (b'{"query": 7}', 400),
        (b'{"query": "{viewer{role}}", "variables": []}', 400),
        (b'{"query": "{viewer{role}}", "operationName": {}}', 400),
        (b'{"query": "{viewer{role}}\\u0000"}', 400),
        (b'{"query": "{viewer{role}}", "variables": {"a": ["b\\u0000"]}}', 400),
        (b'{"query": "{viewer{role}}", "variables": {"a": "\\ud800"}}', 400),
        (b'{"query": "{viewer{role}}", "variables": {"\\udfff": 1}}', 400),
        (b'{"query": "\xff"}', 400),
        (b'{"query": "{viewer{role}}", "variables": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
        (b'{"query":"' + b"x" * (1024 * 1024) + b'"}', 413),
    ],
)
async def test_what_is_no_request_is_told_so(world: World, body: bytes, status: int) -> None:
    for accept in (RESPONSE, "application/json"):
        response = await world.post(body, "agnes", headers={"accept": accept})
        assert response.status_code == status
        assert code(response) == "BAD_INPUT"


async def test_ten_megabytes_are_refused_before_they_are_read(world: World) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10485760\r\n\r\n{"
    )
    await writer.drain()
    status = await asyncio.wait_for(reader.readline(), 5)
    assert b" 413 " in status
    writer.close()


async def test_a_body_without_a_length_is_cut_off_at_the_limit(world: World) -> None:
    async def endless() -> object:
        for _ in range(64):
            yield b"x" * 65536

    async with httpx.AsyncClient() as client:
        response = await client.post(world.url, headers={"content-type": "application/json"}, content=endless())  # type: ignore[arg-type]
    assert response.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
async def test_a_form_of_another_site_cannot_send_an_operation(world: World, kind: str) -> None:
    response = await world.post(orjson.dumps(VIEWER), "agnes", headers={"content-type": kind})
    assert response.status_code == 415


async def test_queries_go_by_get_and_mutations_do_not(world: World) -> None:
    async with httpx.AsyncClient(headers=world.headers("agnes")) as client:
        given = {
            "query": "query Q($n: Int) { tickets(first: $n) { nodes { ref } } }",
            "variables": '{"n": 3}',
            "operationName": "Q",
        }
        assert (await client.get(world.url, params=given)).json()["data"]["tickets"]["nodes"] is not None
        refused = await client.get(world.url, params={"query": "mutation { tagTicket { version } }"})
        assert refused.status_code in (200, 400)
        text = 'mutation { tagTicket(input: {ticketId: "x", tag: "y", idempotencyKey: "z"}) { version } }'
        refused = await client.get(world.url, params={"query": text})
        assert refused.status_code == 405
        assert refused.headers["allow"] == "POST"
        assert (await client.get(world.url, params={"query": "{viewer{role}}", "variables": "{"})).status_code == 400


async def test_a_token_that_is_wrong_in_any_way_is_refused(world: World) -> None:
    good = world.parties["agnes"]
    head, body, signature = good.split(".")
    none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    for wrong in ("x", f"{head}.{body}.{signature[::-1]}", f"{none}.{body}.", "a" * 9000, world.parties["stale"]):
        response = await world.post(VIEWER, headers={"authorization": f"Bearer {wrong}", "accept": "application/json"})
        assert response.status_code == 401
        assert code(response) == "UNAUTHENTICATED"
        assert "www-authenticate" in response.headers
    assert (await world.post(VIEWER, headers={"authorization": f"Basic {good}"})).status_code == 401


async def test_who_is_not_signed_in_sees_only_what_is_public(world: World) -> None:
    answer = await world.ask(None, '{ viewer { role } products { code upgradesTo { code } } node(id: "x") { id } }')
    assert answer["data"]["viewer"] is None
    assert answer["data"]["products"][0] == {"code": "SUPPORT-iaas.base", "upgradesTo": {"code": "SUPPORT-standard"}}
    answer = await world.ask(None, "{ tickets { nodes { ref } } }")
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await world.ask("anna", "{ organisations { nodes { ref } } }"))["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_document_that_is_too_deep_wide_or_long_is_refused(world: World) -> None:
    deep = "{ tickets { nodes " + "{ links { ticket " * 8 + "{ ref }" + "} }" * 8 + " } }"
    wide = "{ " + " ".join(f"a{n}: viewer {{ role }}" for n in range(70)) + " }"
    spread = (
        "{ tickets { nodes { ...F0 } } } "
        + " ".join(f"fragment F{n} on Ticket {{ ...F{n + 1} ...F{n + 1} }}" for n in range(30))
        + " fragment F30 on Ticket { ref }"
    )
    long = "{ viewer { role } } #" + "x" * 110_000
    tokens = "{ " + "viewer { role } " * 3000 + " }"
    for query in (deep, wide, spread, long, tokens, "{" * 3000, "{ a" * 2000):
        response = await world.post({"query": query}, "agnes", headers={"accept": RESPONSE})
        assert response.status_code == 400, query[:80]
        assert code(response) == "BAD_INPUT"


@pytest.mark.parametrize(
    "query",
    [
        "{ " + "viewer { role } " * 1400 + "}",
        "{ viewer { role } } " + " ".join(f"fragment F{n} on Viewer {{ role }}" for n in range(500)),
        "{ viewer { role } } fragment F on Viewer { " + "actor { displayName } " * 1400 + "}",
    ],
    ids=["roots", "fragments", "unused"],
)
async def test_what_is_too_large_is_not_judged_any_further(world: World, query: str) -> None:
    """The other rules took seconds for these, in which the process answered nobody."""
    (error, *more) = (await world.ask(None, query))["errors"]
    assert error["extensions"]["limit"]
    assert all("limit" in each["extensions"] for each in more)


@pytest.mark.parametrize("field", ["contacts", "tickets", "contracts"])
@pytest.mark.parametrize(
    "query",
    [
        "{ organisations { nodes { FIELD { nodes { id } } } } }",
        "{ tickets { nodes { organisation { ...O } } } } fragment O on Organisation { FIELD { nodes { id } } }",
        'query { nodes(ids: ["x"]) { ... on Organisation { FIELD { nodes { id } } } } }',
    ],
)
async def test_pages_that_hang_on_an_organisation_are_asked_for_of_one_at_a_time(world: World, query: str, field: str) -> None:
    answer = await world.ask("admin", query.replace("FIELD", field))
    assert "data" not in answer
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], "one organisation at a time" in error["message"]) == ("BAD_INPUT", True)
    one = f'{{ organisation(ref: "acme") {{ {field} {{ nodes {{ id }} }} }} }}'
    assert (await world.say("admin", one))["organisation"][field]["nodes"] is not None


async def test_an_operation_is_judged_by_the_rows_it_asks_for(world: World) -> None:
    query = "query($n: Int) { tickets(first: $n) { nodes { timeline(first: $n) { nodes { id } } } } }"
    response = await world.post({"query": query, "variables": {"n": 100}}, "agnes", headers={"accept": RESPONSE})
    assert response.status_code == 400
    assert code(response) == "COST_EXCEEDED"
    assert response.json()["errors"][0]["extensions"]["cost"] == 10_100
    assert "errors" not in (await world.post({"query": query, "variables": {"n": 50}}, "agnes")).json()


async def test_introspection_is_allowed(world: World) -> None:
    from graphql import get_introspection_query

    answer = await world.ask(None, get_introspection_query())
    assert len(answer["data"]["__schema"]["types"]) > 100


async def test_a_document_is_parsed_and_judged_once(world: World) -> None:
    from services.gateway.documents import Documents
    from services.gateway.schema import executable

    documents = Documents(executable())
    first, second = documents.prepare("{ viewer { role } }"), documents.prepare("{ viewer { role } }")
    assert first is second
    assert (documents.misses, documents.hits) == (1, 1)


async def test_what_fails_on_our_side_is_masked(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("SELECT secret FROM store.person_keys")

    monkeypatch.setattr("services.gateway.tickets.queries.counted", broken)
    with caplog.at_level(logging.ERROR):
        response = await world.post({"query": "{ ticketCount { value } }"}, "agnes")
    error = response.json()["errors"][0]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["correlationId"] == response.headers["x-correlation-id"]
    assert "secret" not in response.text
    assert "secret" not in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_position_beyond_the_log_or_malformed_fails_at_once(world: World) -> None:
    query = "query($p: Position) { ticketCount(atLeast: $p) { value } }"
    for position in ("1.999999999", "7.1", "x", "1.-1"):
        answer = await world.ask("agnes", query, p=position)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_POSITION", position


async def test_a_cursor_of_another_list_is_refused(world: World) -> None:
    await world.open("anna")
    await world.open("anna")
    page = (await world.say("anna", "{ tickets(first: 1) { pageInfo { endCursor hasNextPage } } }"))["tickets"]["pageInfo"]
    query = "query($c: Cursor) { tickets(first: 1, after: $c, filter: {kind: {eq: REQUEST}}) { nodes { ref } } }"
    for cursor in (page["endCursor"], "nonsense", ""):
        answer = await world.ask("anna", query, c=cursor)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_CURSOR"
    for arguments in ("first: 0", "first: 101", "first: 1, last: 1"):
        answer = await world.ask("anna", f"{{ tickets({arguments}) {{ nodes {{ ref }} }} }}")
        assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_the_explorer_comes_from_our_origin_alone(world: World) -> None:
    async with httpx.AsyncClient(follow_redirects=True) as client:
        page = await client.get(f"http://127.0.0.1:{world.port}/", headers={"accept": "text/html"})
        assert page.status_code == 200
        assert "http://" not in page.text
        assert "https://" not in page.text
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for asset in ("graphiql.min.js", "graphiql.min.css", "react.production.min.js", "explorer.js", "LICENSES.txt"):
            assert (await client.get(f"http://127.0.0.1:{world.port}/explorer/{asset}")).status_code == 200


async def test_an_operator_and_a_tool_find_what_they_look_for(world: World) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{world.port}") as client:
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).text == "ok\n"
        assert "support_gateway_requests_total" in (await client.get("/metrics")).text
        assert "type Query" in (await client.get("/schema.graphql")).text
        assert (await client.get("/schemas/ticket.opened.v1.json")).json()["type"] == "object"
        assert (await client.get("/schemas/nothing.v1.json")).status_code == 404
        assert (await client.get("/nothing")).status_code == 404
    found = await world.say("admin", "{ projections { name state lagEvents lag position parked { eventId } } }")
    assert {"tickets", "contacts"} <= {each["name"] for each in found["projections"]}


async def test_more_than_can_be_answered_is_told_to_come_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.gateway.telling.MOST", 0)
    response = await world.post(VIEWER, "agnes", headers={"accept": RESPONSE})
    assert response.status_code == 503
    assert code(response) == "OVERLOADED"
    assert response.headers["retry-after"] == "1"


async def _raw(world: World, *parts: bytes) -> bytes:
    """What the server says until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()


async def test_a_head_without_end_is_cut_off(world: World) -> None:
    with contextlib.suppress(ConnectionError):  # closed while we still send: the answer may be lost with it
        answer = await _raw(world, b"GET /livez HTTP/1.1\r\nHost: x\r\nX: ", *[b"a" * 100_000] * 20)
        assert answer[:13] in (b"HTTP/1.1 400 ", b"")
    begun = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: " + b"a" * 60_000 + b"\r\n\r\n"
    assert (await _raw(world, begun)).startswith(b"HTTP/1.1 200 ")


async def test_who_never_ends_their_head_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "SECONDS", 0.2)
    assert await _raw(world) == b""
    assert (await _raw(world, b"GET /livez HTTP/1.1\r\nHost: x\r\n")).startswith(b"HTTP/1.1 400 ")
    assert (await world.ask("agnes", "{ viewer { role } }"))["data"]["viewer"]["role"] == "AGENT"

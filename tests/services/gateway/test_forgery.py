"""Cursors and tokens are made by whoever pleases: a forged one opens nothing, tells nothing and breaks nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from projections.viewer import Role
from services.gateway import feeds, ids
from services.gateway.auth import AUDIENCE
from services.runtime.position import Position
from tests.services.gateway.sockets import socket
from tests.services.gateway.world import World, staff_id

CHANGED = (
    "subscription($id: ID!, $after: Cursor) { ticketChanged(ticketId: $id, after: $after) { position ticketId ticket { id } } }"
)
PAGE = """query($after: Cursor, $by: TicketOrder!) { tickets(first: 1, after: $after, orderBy: $by) {
  edges { cursor node { id } } } }"""


def forged(cursor: str, key: str, tie: str) -> str:
    """Another place under the binding of a real cursor, which anybody may read off it."""
    binding = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[:8]
    return base64.urlsafe_b64encode(binding + json.dumps([key, tie], separators=(",", ":")).encode()).rstrip(b"=").decode()


def signed(world: World, header: bytes, claims: bytes) -> str:
    """What an issuer with the right key, but odd habits, would sign."""
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, claims))
    secret = world.settings.token_secret.get_secret_value().encode()
    digest = hmac.new(secret, text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()


async def test_a_forged_cursor_does_not_tell_a_ticket_of_others_from_none(world: World) -> None:
    theirs = await world.open("zoe")
    answers = []
    for id in (theirs["id"], ids.global_id("ticket", uuid7())):
        known = ids.read(str(id))
        assert known is not None
        after = feeds.write(Position(1, 1), feeds.binding("ticket", known[1].hex))
        async with socket(world, "anna") as feed:
            await feed.send(type="subscribe", id="1", payload={"query": CHANGED, "variables": {"id": id, "after": after}})
            answers.append(await feed.receive())
    assert answers[0] == answers[1]
    assert answers[0]["payload"][0]["message"] == "There is no such ticket."


async def test_who_lost_a_ticket_while_away_is_told_so_when_they_come_back(world: World) -> None:
    opened = await world.open("anna")
    seen = ids.read(opened["id"])
    assert seen is not None
    after = feeds.write(Position.parse(opened["position"]), feeds.binding("ticket", seen[1].hex))
    move = {"ticketId": opened["id"], "to": {"organisationId": world.ids["zenith"]}, "expectedVersion": opened["version"]}
    await world.did("agnes", "transferTicket", move, "ticket { id }")
    async with socket(world, "anna") as feed:
        await feed.subscribe(CHANGED, id=opened["id"], after=after)
        message = await feed.next()
    assert (message["ticketId"], message["ticket"]) == (opened["id"], None)


@pytest.mark.parametrize(
    ("key", "tie"),
    [
        ("garbage", "x"),
        ("2026-01-01", "not an id"),
        ("2026-99-99 00:00:00+00", "00000000-0000-0000-0000-000000000000"),
        ("9" * 300, "00000000-0000-0000-0000-000000000000"),
        ("1_0", "00000000-0000-0000-0000-000000000000"),
    ],
)
@pytest.mark.parametrize("field", ["CREATED_AT", "UPDATED_AT", "PRIORITY", "SLA_DUE_AT"])
async def test_a_cursor_of_a_place_that_cannot_be_is_refused_as_a_cursor(world: World, field: str, key: str, tie: str) -> None:
    await world.open("anna")
    order = {"field": field, "direction": "DESC"}
    real = (await world.say("anna", PAGE, by=order))["tickets"]["edges"][0]["cursor"]
    answer = await world.ask("anna", PAGE, by=order, after=forged(real, key, tie))
    assert [each["extensions"]["code"] for each in answer["errors"]] == ["BAD_CURSOR"]


@pytest.mark.parametrize("field", ["CREATED_AT", "UPDATED_AT", "PRIORITY", "SLA_DUE_AT"])
async def test_an_honest_cursor_leads_on_in_every_order(world: World, field: str) -> None:
    for _ in range(2):
        await world.open("anna")
    order = {"field": field, "direction": "ASC"}
    first = (await world.say("anna", PAGE, by=order))["tickets"]["edges"][0]
    second = (await world.say("anna", PAGE, by=order, after=first["cursor"]))["tickets"]["edges"][0]
    assert second["node"]["id"] != first["node"]["id"]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 10**30},
        {"exp": 10**15},
        {"sub": 7},
        {"queues": 7},
        {"orgs": [None]},
        {"aud": "another"},
        {"role": ["ADMIN"]},
    ],
)
async def test_a_signed_token_with_impossible_claims_signs_nobody_in(world: World, claims: dict[str, object]) -> None:
    whole = {**_claims(), **claims}
    world.parties["odd"] = signed(world, b'{"alg":"HS256"}', json.dumps(whole).encode())
    answer = await world.post({"query": "{ viewer { role } }"}, "odd")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(("header", "claims"), [(b'{"alg":"HS256"}', b"[" * 3000), (b"[" * 3000, b"{}"), (b'["HS256"]', b"{}")])
async def test_a_token_that_is_no_object_signs_nobody_in(world: World, header: bytes, claims: bytes) -> None:
    world.parties["odd"] = signed(world, header, claims)
    answer = await world.post({"query": "{ viewer { role } }"}, "odd")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


async def test_a_name_that_no_text_has_is_cleaned_before_it_is_kept(world: World) -> None:
    whole = {**_claims(), "sub": str(staff_id("odd")), "name": "O\0d\ud800d", "queues": ["a\0b", "\udfff"]}
    world.parties["odd"] = signed(world, b'{"alg":"HS256"}', json.dumps(whole).encode())
    said = await world.say("odd", "{ viewer { actor { displayName } } }")
    assert said["viewer"]["actor"]["displayName"] == "Od?d"


def _claims() -> dict[str, object]:
    now = int(datetime.now(UTC).timestamp())
    return {
        "iss": AUDIENCE, "aud": AUDIENCE, "sub": str(UUID(int=7)), "role": Role.AGENT.value, "name": "n", "iat": now, "exp": now + 600
    }  # fmt: skip

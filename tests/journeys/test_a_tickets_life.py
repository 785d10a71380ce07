"""A ticket's whole life through the processes that `make run` starts, with a real GraphQL client and a real NATS subscriber.

Opened, answered, resolved and reopened over GraphQL; watched live; heard on NATS.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from gql import gql
from gql.transport.exceptions import TransportQueryError

from tests.journeys.clients import act, acted, hearing, refused, say, until
from tests.journeys.homes import a_home
from tests.journeys.running import RunningDesk, listening

pytestmark = pytest.mark.anyio

TICKET = "ticket { id ref version status } version"
READ = gql("""query($id: ID!, $atLeast: Position) { ticket(by: {id: $id}, atLeast: $atLeast) {
  ref version status subject timeline(first: 100) { nodes { __typename summary visibility } }
  slaTargets { metric state ledger { kind counted } } staff { noteCount } } }""")
WATCH = gql("""subscription($id: ID!, $after: Cursor) { ticketChanged(ticketId: $id, after: $after) {
  cursor position ticketId ticket { status version } entry { __typename summary } } }""")


async def read(desk: RunningDesk, token: str, ticket: str, at_least: str | None = None) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (await say(desk, token, READ, id=ticket, atLeast=at_least))["ticket"]
    return found


async def opened(desk: RunningDesk, token: str, subject: str = "The disk is full") -> dict[str, Any]:
    about = {"kind": "INCIDENT", "subject": subject, "priority": "HIGH"}
    ticket: dict[str, Any] = (await acted(desk, token, "openTicket", TICKET, ticket=about, body="It is **full**."))["ticket"]
    return ticket


async def test_from_the_first_message_to_the_reopening(desk: RunningDesk) -> None:
    customer, agent = (await a_home(desk)).customer, desk.token("AGENT")
    async with hearing(desk, "support.confidential.ticket.>") as heard:
        ticket = await opened(desk, customer)
        on = {"ticketId": ticket["id"]}
        assert ticket["status"] == "NEW"
        async with (
            listening(desk.live(customer), WATCH, {"id": ticket["id"]}) as live,
            listening(desk.live(agent), WATCH, {"id": ticket["id"]}) as staff_live,
        ):
            await asyncio.sleep(1)  # both subscriptions stand
            await acted(desk, agent, "addInternalNote", body="Same node as last week.", **on)
            reply = await acted(desk, agent, "replyToTicket", TICKET, body="We look into it.", **on)
            assert reply["ticket"]["status"] == "OPEN"
            first = await asyncio.wait_for(live.get(), 20)
            assert first["ticketChanged"]["entry"]["__typename"] == "MessageEntry"
            noted = await asyncio.wait_for(staff_live.get(), 20)
            assert noted["ticketChanged"]["entry"]["__typename"] == "InternalNoteEntry"

        seen = await read(desk, agent, ticket["id"], reply["position"])
        assert seen is not None
        resolved = await acted(desk, agent, "resolveTicket", TICKET, resolution="SOLVED", expectedVersion=seen["version"], **on)
        assert resolved["ticket"]["status"] == "RESOLVED"
        mine = await read(desk, customer, ticket["id"], resolved["position"])
        assert mine is not None
        reopened = await acted(desk, customer, "reopenTicket", TICKET, expectedVersion=mine["version"], **on)
        assert reopened["ticket"]["status"] == "OPEN"

        async def told() -> bool:
            return "ticket.reopened" in [each.event for each in heard.of(ticket["id"])]

        await until(told)
    assert b"It is **full**" not in heard.texts
    assert not any("note" in each.event for each in heard.facts)

    before = [await read(desk, token, ticket["id"], reopened["position"]) for token in (customer, agent)]
    assert before[0] is not None
    assert before[1] is not None
    assert before[0]["staff"] is None
    assert before[1]["staff"] == {"noteCount": 1}
    assert "InternalNoteEntry" not in {entry["__typename"] for entry in before[0]["timeline"]["nodes"]}
    assert {target["metric"]: target["state"] for target in before[0]["slaTargets"]}["FIRST_RESPONSE"] == "MET"


async def test_a_retry_returns_the_first_outcome_and_another_request_with_its_key_is_refused(desk: RunningDesk) -> None:
    customer = (await a_home(desk)).customer
    values = {"ticket": {"kind": "REQUEST", "subject": "A quota, please"}, "body": "12 addresses", "idempotencyKey": "one-act"}
    first = await acted(desk, customer, "openTicket", TICKET, **values)
    again = await acted(desk, customer, "openTicket", TICKET, **values)
    assert again["ticket"]["id"] == first["ticket"]["id"]
    assert again["position"] == first["position"]
    other = await act(desk, customer, "openTicket", TICKET, **(values | {"body": "13 addresses"}))
    assert [error["code"] for error in other["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert other["ticket"] is None


async def test_anothers_ticket_does_not_exist(desk: RunningDesk) -> None:
    anna, eve = (await a_home(desk)).customer, (await a_home(desk, "Aurora")).customer
    ticket = await opened(desk, anna, "Only ours")
    assert await read(desk, eve, ticket["id"]) is None
    assert await refused(desk, eve, "replyToTicket", ticketId=ticket["id"], body="Let me in") == "NOT_FOUND"


async def test_somebody_who_is_not_signed_in_is_told_to(desk: RunningDesk) -> None:
    with pytest.raises(TransportQueryError) as refusal:
        await say(desk, None, READ, id="tk_AAAAAAAAAAAAAAAAAAAAAA")
    assert refusal.value.errors is not None
    assert refusal.value.errors[0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_subscription_resumed_from_its_cursor_misses_nothing(desk: RunningDesk) -> None:
    customer, agent = (await a_home(desk)).customer, desk.token("AGENT")
    ticket = await opened(desk, customer, "Watched")
    async with listening(desk.live(customer), WATCH, {"id": ticket["id"]}) as live:
        await asyncio.sleep(1)
        await acted(desk, agent, "replyToTicket", ticketId=ticket["id"], body="One")
        cursor = (await asyncio.wait_for(live.get(), 20))["ticketChanged"]["cursor"]
    for number in range(3):
        await acted(desk, agent, "replyToTicket", ticketId=ticket["id"], body=f"While away {number}")
    async with listening(desk.live(customer), WATCH, {"id": ticket["id"], "after": cursor}) as live:
        await acted(desk, agent, "replyToTicket", ticketId=ticket["id"], body="Back")
        replies = 0
        cursors = []
        while replies < 4:
            message = (await asyncio.wait_for(live.get(), 20))["ticketChanged"]
            cursors.append(message["cursor"])
            replies += message["entry"] is not None and message["entry"]["__typename"] == "MessageEntry"
        assert len(set(cursors)) == len(cursors)


async def test_erasing_a_person_leaves_their_ticket_without_its_words(desk: RunningDesk) -> None:
    admin = desk.token("ADMIN")
    marker = f"marker-{uuid4()}"
    email = f"{marker}@somewhere.example"
    person = {"email": email, "name": f"Name {marker}"}
    contact = (await acted(desk, admin, "registerContact", "contact { id version }", **person))["contact"]
    about = {"kind": "REQUEST", "subject": f"Subject {marker}", "requester": {"contactId": contact["id"]}}
    opened = await acted(desk, admin, "openTicket", TICKET, ticket=about, body=f"Body {marker}", channel="EMAIL")
    gone = await acted(
        desk, admin, "eraseContact", contactId=contact["id"], confirmation=email, expectedVersion=contact["version"]
    )
    seen = await read(desk, admin, opened["ticket"]["id"], gone["position"])
    assert marker not in json.dumps(seen)
    logs = "".join(path.read_text() for path in (desk.home / "logs").iterdir())
    assert marker not in logs

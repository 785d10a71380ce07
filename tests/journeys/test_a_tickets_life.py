"""A ticket's whole life through the processes that `make run` starts, with a real GraphQL client and a real NATS subscriber.

Opened, answered, resolved and reopened over GraphQL; watched live; heard on NATS; stopped with Ctrl-C, started again, and all is there.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import nats
import pytest
from gql import GraphQLRequest, gql
from gql.transport.exceptions import TransportQueryError

from tests.journeys.running import RunningDesk, asked, listening, running_desk

pytestmark = pytest.mark.anyio

TICKET = "id ref version status"
ERRORS = "errors { __typename code message path }"
OPEN = gql(
    f"mutation($input: OpenTicketInput!) {{ openTicket(input: $input) {{ ticket {{ {TICKET} }} version position {ERRORS} }} }}"
)
REPLY = gql(
    f"mutation($input: ReplyToTicketInput!) {{ replyToTicket(input: $input) {{ ticket {{ {TICKET} }} version position {ERRORS} }} }}"
)
NOTE = gql(f"mutation($input: AddInternalNoteInput!) {{ addInternalNote(input: $input) {{ version position {ERRORS} }} }}")
RESOLVE = gql(
    f"mutation($input: ResolveTicketInput!) {{ resolveTicket(input: $input) {{ ticket {{ {TICKET} }} position {ERRORS} }} }}"
)
REOPEN = gql(
    f"mutation($input: ReopenTicketInput!) {{ reopenTicket(input: $input) {{ ticket {{ {TICKET} }} position {ERRORS} }} }}"
)
READ = gql("""query($id: ID!, $atLeast: Position) { ticket(by: {id: $id}, atLeast: $atLeast) {
  ref version status subject timeline(first: 100) { nodes { __typename summary visibility } }
  slaTargets { metric state ledger { kind counted } } staff { noteCount } } }""")
WATCH = gql("""subscription($id: ID!, $after: Cursor) { ticketChanged(ticketId: $id, after: $after) {
  cursor position ticketId ticket { status version } entry { __typename summary } } }""")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with running_desk(tmp_path_factory.mktemp("journey")) as running:
        yield running


async def said(desk: RunningDesk, token: str, document: GraphQLRequest, field: str, **input: Any) -> dict[str, Any]:
    """A mutation's payload; a fresh idempotency key unless one is given."""
    given = {"idempotencyKey": str(uuid4()), **input}
    answer = await desk.as_role(token).execute_async(asked(document, {"input": given}))
    payload: dict[str, Any] = answer[field]
    return payload


async def read(desk: RunningDesk, token: str, ticket: str, at_least: str | None = None) -> dict[str, Any] | None:
    answer = await desk.as_role(token).execute_async(asked(READ, {"id": ticket, "atLeast": at_least}))
    found: dict[str, Any] | None = answer["ticket"]
    return found


async def opened(desk: RunningDesk, token: str, subject: str = "The disk is full") -> dict[str, Any]:
    payload = await said(
        desk,
        token,
        OPEN,
        "openTicket",
        ticket={"kind": "INCIDENT", "subject": subject, "priority": "HIGH"},
        body="It is **full**.",
    )
    assert payload["errors"] == []
    return payload


async def test_from_the_first_message_to_the_reopening_and_over_a_restart(desk: RunningDesk) -> None:
    customer, agent = desk.token("CUSTOMER", "--organisation", "fjordlab"), desk.token("AGENT")
    user, password = "subscriber", desk.secret("nats_subscriber_password")
    broker = await nats.connect(
        f"nats://127.0.0.1:{desk.nats_port}", user=user, password=password, inbox_prefix=b"_INBOX_subscriber"
    )
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def hear(message: Any) -> None:
        heard.put_nowait(message)

    await broker.subscribe("support.confidential.ticket.>", cb=hear)
    await broker.flush()

    ticket = (await opened(desk, customer))["ticket"]
    assert ticket["status"] == "NEW"
    async with (
        listening(desk.live(customer), WATCH, {"id": ticket["id"]}) as live,
        listening(desk.live(agent), WATCH, {"id": ticket["id"]}) as staff_live,
    ):
        await asyncio.sleep(1)  # both subscriptions stand
        note = await said(desk, agent, NOTE, "addInternalNote", ticketId=ticket["id"], body="Same node as last week.")
        assert note["errors"] == []
        reply = await said(desk, agent, REPLY, "replyToTicket", ticketId=ticket["id"], body="We look into it.")
        assert reply["ticket"]["status"] == "OPEN"
        first = await asyncio.wait_for(live.get(), 20)
        assert first["ticketChanged"]["entry"]["__typename"] == "MessageEntry"
        assert (await asyncio.wait_for(staff_live.get(), 20))["ticketChanged"]["entry"]["__typename"] == "InternalNoteEntry"

    seen = await read(desk, agent, ticket["id"], reply["position"])
    assert seen is not None
    resolved = await said(
        desk, agent, RESOLVE, "resolveTicket", ticketId=ticket["id"], resolution="SOLVED", expectedVersion=seen["version"]
    )
    assert resolved["ticket"]["status"] == "RESOLVED"
    mine = await read(desk, customer, ticket["id"], resolved["position"])
    assert mine is not None
    reopened = await said(desk, customer, REOPEN, "reopenTicket", ticketId=ticket["id"], expectedVersion=mine["version"])
    assert reopened["errors"] == []
    assert reopened["ticket"]["status"] == "OPEN"

    types = []
    while "eu.support-desk.ticket.reopened.v1" not in types:
        message = await asyncio.wait_for(heard.get(), 20)
        assert message.headers["ce-specversion"] == "1.0"
        assert b"It is **full**" not in message.data
        json.loads(message.data)
        types.append(message.headers["ce-type"])
    assert not any("note" in each for each in types)
    await broker.close()

    before = [await read(desk, token, ticket["id"], reopened["position"]) for token in (customer, agent)]
    assert before[0] is not None
    assert before[1] is not None
    assert before[0]["staff"] is None
    assert before[1]["staff"] == {"noteCount": 1}
    assert "InternalNoteEntry" not in {entry["__typename"] for entry in before[0]["timeline"]["nodes"]}
    assert {target["metric"]: target["state"] for target in before[0]["slaTargets"]}["FIRST_RESPONSE"] == "MET"

    assert desk.stop(signal.SIGINT) == 0
    desk.start()
    after = [await read(desk, token, ticket["id"]) for token in (customer, agent)]
    assert [without_clocks(each) for each in after] == [without_clocks(each) for each in before]
    assert desk.support("verify").returncode == 0


def without_clocks(ticket: dict[str, Any] | None) -> dict[str, Any]:
    """A ticket without the ledgers that run on."""
    assert ticket is not None
    return {name: value for name, value in ticket.items() if name != "slaTargets"}


async def test_a_retry_returns_the_first_outcome_and_another_request_with_its_key_is_refused(desk: RunningDesk) -> None:
    customer = desk.token("CUSTOMER", "--organisation", "aurora")
    values = {"ticket": {"kind": "REQUEST", "subject": "A quota, please"}, "body": "12 addresses", "idempotencyKey": "one-act"}
    first = await said(desk, customer, OPEN, "openTicket", **values)
    again = await said(desk, customer, OPEN, "openTicket", **values)
    assert again["ticket"]["id"] == first["ticket"]["id"]
    assert again["position"] == first["position"]
    other = await said(desk, customer, OPEN, "openTicket", **(values | {"body": "13 addresses"}))
    assert [error["code"] for error in other["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert other["ticket"] is None


async def test_anothers_ticket_does_not_exist(desk: RunningDesk) -> None:
    anna, eve = desk.token("CUSTOMER", "--organisation", "fjordlab"), desk.token("CUSTOMER", "--organisation", "aurora")
    ticket = (await opened(desk, anna, "Only ours"))["ticket"]
    assert await read(desk, eve, ticket["id"]) is None
    refused = await said(desk, eve, REPLY, "replyToTicket", ticketId=ticket["id"], body="Let me in")
    assert [error["code"] for error in refused["errors"]] == ["NOT_FOUND"]


async def test_somebody_who_is_not_signed_in_is_told_to(desk: RunningDesk) -> None:
    with pytest.raises(TransportQueryError) as refusal:
        await desk.as_role(None).execute_async(asked(READ, {"id": "tk_AAAAAAAAAAAAAAAAAAAAAA"}))
    assert refusal.value.errors is not None
    assert refusal.value.errors[0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_subscription_resumed_from_its_cursor_misses_nothing(desk: RunningDesk) -> None:
    customer, agent = desk.token("CUSTOMER", "--organisation", "fjordlab"), desk.token("AGENT")
    ticket = (await opened(desk, customer, "Watched"))["ticket"]
    async with listening(desk.live(customer), WATCH, {"id": ticket["id"]}) as live:
        await asyncio.sleep(1)
        await said(desk, agent, REPLY, "replyToTicket", ticketId=ticket["id"], body="One")
        cursor = (await asyncio.wait_for(live.get(), 20))["ticketChanged"]["cursor"]
    for number in range(3):
        await said(desk, agent, REPLY, "replyToTicket", ticketId=ticket["id"], body=f"While away {number}")
    async with listening(desk.live(customer), WATCH, {"id": ticket["id"], "after": cursor}) as live:
        await said(desk, agent, REPLY, "replyToTicket", ticketId=ticket["id"], body="Back")
        replies = 0
        cursors = []
        while replies < 4:
            message = (await asyncio.wait_for(live.get(), 20))["ticketChanged"]
            cursors.append(message["cursor"])
            replies += message["entry"] is not None and message["entry"]["__typename"] == "MessageEntry"
        assert len(set(cursors)) == len(cursors)


async def test_erasing_a_person_leaves_their_ticket_without_its_words(desk: RunningDesk, tmp_path: Path) -> None:
    del tmp_path
    admin = desk.token("ADMIN")
    marker = f"marker-{uuid4()}"
    register = gql(
        f"mutation($input: RegisterContactInput!) {{ registerContact(input: $input) {{ contact {{ id version }} {ERRORS} }} }}"
    )
    erase = gql(f"mutation($input: EraseContactInput!) {{ eraseContact(input: $input) {{ position {ERRORS} }} }}")
    email = f"{marker}@somewhere.example"
    contact = (await said(desk, admin, register, "registerContact", email=email, name=f"Name {marker}"))["contact"]
    values = {
        "ticket": {"kind": "REQUEST", "subject": f"Subject {marker}", "requester": {"contactId": contact["id"]}},
        "body": f"Body {marker}",
        "channel": "EMAIL",
    }
    ticket = (await said(desk, admin, OPEN, "openTicket", **values))["ticket"]
    gone = await said(
        desk, admin, erase, "eraseContact", contactId=contact["id"], confirmation=email, expectedVersion=contact["version"]
    )
    assert gone["errors"] == []
    seen = await read(desk, admin, ticket["id"], gone["position"])
    assert marker not in json.dumps(seen)
    assert desk.support("verify").returncode == 0
    logs = "".join(path.read_text() for path in (desk.home / "logs").iterdir())
    assert marker not in logs

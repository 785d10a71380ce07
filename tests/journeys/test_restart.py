"""Everything is stopped with Ctrl-C and started again, and all is as it was."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from gql import gql

from tests.journeys.clients import acted, say
from tests.journeys.homes import a_home
from tests.journeys.running import RunningDesk

pytestmark = pytest.mark.anyio

READ = gql("""query($id: ID!, $atLeast: Position) { ticket(by: {id: $id}, atLeast: $atLeast) {
  ref version status subject timeline(first: 100) { nodes { __typename summary visibility } } staff { noteCount } } }""")


async def read(desk: RunningDesk, token: str, ticket: str, at_least: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = (await say(desk, token, READ, id=ticket, atLeast=at_least))["ticket"]
    return found


async def test_after_a_stop_and_a_start_all_is_as_it_was(desk: RunningDesk) -> None:
    home, agent = await a_home(desk), desk.token("AGENT")
    about = {"kind": "INCIDENT", "subject": "The disk is full", "priority": "HIGH"}
    ticket = (await acted(desk, home.customer, "openTicket", "ticket { id }", ticket=about, body="It is **full**."))["ticket"]
    await acted(desk, agent, "addInternalNote", ticketId=ticket["id"], body="Same node as last week.")
    done = await acted(desk, agent, "replyToTicket", ticketId=ticket["id"], body="We look into it.")
    before = [await read(desk, token, ticket["id"], done["position"]) for token in (home.customer, agent)]
    assert desk.stop(signal.SIGINT) == 0
    desk.start("--no-demo")
    assert [await read(desk, token, ticket["id"]) for token in (home.customer, agent)] == before

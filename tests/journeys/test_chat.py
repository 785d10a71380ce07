"""Into the community room with an address that was proven, with a real GraphQL client and the messages of the outbox.

The backchannel, which a contract gives and takes, is odd_moments/chat.py.
"""

from __future__ import annotations

import re

import pytest
from gql import gql

from tests.journeys.clients import acted, refused, say
from tests.journeys.homes import a_home
from tests.journeys.running import RunningDesk

pytestmark = pytest.mark.anyio

ROOMS = gql("query($least: Position) { viewer(atLeast: $least) { chatRooms { id kind joinUrl viewerAccess { status } } } }")
ACCESS = "access { id version status }"


async def test_into_the_community_with_a_proven_address_and_out_again(desk: RunningDesk) -> None:
    home, agent = await a_home(desk), desk.token("AGENT")
    rooms = (await say(desk, home.customer, ROOMS))["viewer"]["chatRooms"]
    room = next(each["id"] for each in rooms if each["kind"] == "COMMUNITY")
    assert await refused(desk, home.customer, "requestChatRoomAccess", roomId=room) == "RULE_VIOLATED"

    await acted(desk, home.customer, "requestEmailVerification", contactId=home.contact)
    (message,) = [each for each in desk.outbox() if each["to"] == home.email]
    token = re.findall(r"\b[\w-]{60,}", message["text"])[-1]
    await acted(desk, None, "verifyContactEmail", token=token)
    assert await refused(desk, None, "verifyContactEmail", token=token) == "TOKEN_INVALID"

    wanted = (await acted(desk, home.customer, "requestChatRoomAccess", ACCESS, roomId=room))["access"]
    given = {"accessId": wanted["id"], "expectedVersion": wanted["version"]}
    denied = await acted(desk, agent, "denyChatRoomAccess", ACCESS, **given)
    assert denied["access"]["status"] == "DENIED"
    wanted = (await acted(desk, home.customer, "requestChatRoomAccess", ACCESS, roomId=room))["access"]
    given = {"accessId": wanted["id"], "expectedVersion": wanted["version"]}
    approved = await acted(desk, agent, "approveChatRoomAccess", ACCESS, **given)
    assert approved["access"]["status"] == "APPROVED"
    given["expectedVersion"] = approved["access"]["version"]
    revoked = await acted(desk, agent, "revokeChatRoomAccess", ACCESS, **given)
    assert revoked["access"]["status"] == "REVOKED"

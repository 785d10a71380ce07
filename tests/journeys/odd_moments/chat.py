"""Into the backchannel by the product, watched live, and out by itself at the instant at which the contract ends."""

from __future__ import annotations

import asyncio
from typing import Any

from gql import gql

from tests.journeys.clients import PATIENCE, act, acted, refused, say
from tests.journeys.homes import a_home, signed
from tests.journeys.odd_moments.passage import TICK, Passage
from tests.journeys.running import RunningDesk, listening

ROOMS = gql("{ viewer { chatRooms { id kind joinUrl viewerAccess { status endReason } } } }")
WATCH = gql("subscription { chatAccessChanged { access { id status endReason } } }")
PENDING = gql("""query($least: Position) { chatRoomAccesses(filter: {status: {eq: REQUESTED}}, first: 100, atLeast: $least) {
  nodes { id version } } }""")
ACCESS = "access { id version status }"


async def journey(desk: RunningDesk, time: Passage) -> None:
    home, agent = await a_home(desk), desk.token("AGENT")

    async def backchannel() -> dict[str, Any]:
        rooms = (await say(desk, home.customer, ROOMS))["viewer"]["chatRooms"]
        found: dict[str, Any] = next(each for each in rooms if each["kind"] == "BACKCHANNEL")
        return found

    room = (await backchannel())["id"]
    without = await act(desk, home.customer, "requestChatRoomAccess", ACCESS, roomId=room)
    assert without["errors"][0]["requiredProduct"] == {"code": "SUPPORT-standard"}
    await signed(desk, home, "SUPPORT-standard", desk.now(), time.moment)

    async with listening(desk.live(home.customer), WATCH, {}) as live:
        await asyncio.sleep(1)  # the subscription stands
        asked_for = await acted(desk, home.customer, "requestChatRoomAccess", ACCESS, roomId=room)
        pending = (await say(desk, agent, PENDING, least=asked_for["position"]))["chatRoomAccesses"]["nodes"]
        (mine,) = [each for each in pending if each["id"] == asked_for["access"]["id"]]
        given = {"accessId": mine["id"], "expectedVersion": mine["version"]}
        assert await refused(desk, home.customer, "approveChatRoomAccess", **given) == "FORBIDDEN"
        await acted(desk, agent, "approveChatRoomAccess", ACCESS, **given)
        for status in ("REQUESTED", "APPROVED"):
            told = (await asyncio.wait_for(live.get(), PATIENCE))["chatAccessChanged"]["access"]
            assert told["status"] in (status, "APPROVED")  # an access is shown as it is when it is told of
        await time.reach(time.moment - TICK)
        assert (await backchannel())["joinUrl"].endswith(f"/backchannel-{home.ref}")

        await time.reach(time.moment)
        told = (await asyncio.wait_for(live.get(), PATIENCE))["chatAccessChanged"]["access"]
        assert (told["id"], told["status"], told["endReason"]) == (mine["id"], "REVOKED", "ENTITLEMENT_LOST")
    after = await backchannel()
    assert (after["joinUrl"], after["viewerAccess"]) == (None, {"status": "REVOKED", "endReason": "ENTITLEMENT_LOST"})
    again = await act(desk, home.customer, "requestChatRoomAccess", ACCESS, roomId=room)
    assert again["errors"][0]["requiredProduct"] == {"code": "SUPPORT-standard"}

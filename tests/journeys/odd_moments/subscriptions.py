"""A subscription to service status that nobody confirms runs out after a day of the world's clock, and its token is good no more."""

from __future__ import annotations

import re
from uuid import uuid4

from gql import gql

from tests.journeys.clients import acted, refused, say, until
from tests.journeys.homes import a_home
from tests.journeys.odd_moments.passage import TICK, Passage
from tests.journeys.running import RunningDesk

SEEN = gql("query($at: Position) { statusSubscriptions(atLeast: $at) { nodes { id status } } }")


async def journey(desk: RunningDesk, time: Passage) -> None:
    home = await a_home(desk)
    await time.reach(time.near(hours=-12))
    number = f"+4570{uuid4().int % 10**6:06}"
    made = await acted(desk, home.boss, "requestStatusSubscription", "subscription { id status }", destination={"sms": number})
    assert made["subscription"]["status"] == "AWAITING_CONFIRMATION"
    (message,) = [each for each in desk.outbox() if each["to"] == number]
    token = re.findall(r"\b[\w-]{60,}", message["text"])[-1]

    async def status() -> str:
        (mine,) = (await say(desk, home.boss, SEEN, at=made["position"]))["statusSubscriptions"]["nodes"]
        return str(mine["status"])

    async def expired() -> bool:
        return await status() == "EXPIRED"

    await time.reach(time.near(hours=12) - TICK)
    assert await status() == "AWAITING_CONFIRMATION"
    await time.reach(time.near(hours=12))
    await until(expired)
    assert await refused(desk, None, "confirmStatusSubscription", token=token) == "TOKEN_INVALID"

"""The meeting of the quarter, proposed as the clock passes into it: once, on the policy's day, and never in the past."""

from __future__ import annotations

from datetime import datetime

from gql import gql

from domain.meetings.quarters import Quarter, slot
from services.policies.file import DEFAULT, read
from tests.journeys.clients import say, until
from tests.journeys.homes import a_home, signed
from tests.journeys.odd_moments.passage import TICK, Passage
from tests.journeys.running import RunningDesk

LIST = gql("{ operationsMeetings(first: 5) { nodes { ref startsAt duration } } }")
POLICY = read(DEFAULT).policies.operations_meetings


async def journey(desk: RunningDesk, time: Passage) -> None:
    home = await a_home(desk)
    contract = await signed(desk, home, "SUPPORT-premium", desk.now())
    expected: dict[str, datetime] = {}

    async def shown() -> dict[str, datetime]:
        found = (await say(desk, home.customer, LIST))["operationsMeetings"]["nodes"]
        return {each["ref"]: datetime.fromisoformat(each["startsAt"]) for each in found}

    async def proposed() -> bool:
        return len(await shown()) >= len(expected)

    async def check() -> None:
        now = desk.now()
        quarter = Quarter.of(now, POLICY.time_zone)
        at = slot(POLICY, quarter, now)
        if at is not None:
            expected.setdefault(f"{contract['ref']}-{quarter.name}", at)
        await until(proposed)
        assert await shown() == expected

    await check()
    # An hour before the moment is midnight of the new year in Copenhagen, where quarters begin.
    for instant in (time.near(hours=-1) - TICK, time.near(hours=-1), time.near(days=1)):
        await time.reach(instant)
        await check()

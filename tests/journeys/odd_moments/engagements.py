"""An architect's help: asked for, agreed, scheduled, reminded of across the moment, done, and one called off."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from gql import gql

from tests.journeys.clients import act, acted, hearing, refused, say
from tests.journeys.homes import a_home, signed
from tests.journeys.odd_moments.passage import TICK, Passage
from tests.journeys.running import RunningDesk

JOIN = "https://meet.example.org/eng-1"
FIELDS = "engagement { id ref version status startsAt joinUrl lead { displayName } outcome { text } }"
LIST = gql("""query($status: EngagementStatusComparator, $least: Position) {
  engagements(filter: { status: $status }, first: 5, atLeast: $least) { nodes { id version joinUrl } } }""")
ME = gql("{ viewer { actor { id } } }")
WISH = {"kind": "ROLLOUT_PLANNING", "wish": "Plan the **roll-out** with us."}


async def journey(desk: RunningDesk, time: Passage) -> None:
    start, later = time.near(minutes=90), time.near(days=2)
    home, rival, admin = await a_home(desk), await a_home(desk, "Aurora"), desk.token("ADMIN")
    architect = (await say(desk, desk.token("AGENT", "--name", f"Maja {uuid4().hex[:6]}"), ME))["viewer"]["actor"]["id"]

    async def then(token: str, mutation: str, made: dict[str, Any], **input: Any) -> dict[str, Any]:
        """A command on an engagement at the version that was seen last."""
        on = {"engagementId": made["id"], "expectedVersion": made["version"]}
        done: dict[str, Any] = (await acted(desk, token, mutation, FIELDS, **on, **input))["engagement"]
        return done

    without = await act(desk, home.customer, "requestEngagement", FIELDS, **WISH)
    assert without["errors"][0]["requiredProduct"] == {"code": "SUPPORT-premium"}
    await signed(desk, home, "SUPPORT-premium", desk.now())
    async with hearing(desk, "support.confidential.engagement.>") as heard:
        first = (await acted(desk, home.customer, "requestEngagement", FIELDS, **WISH))["engagement"]
        answer = {"engagementId": first["id"], "expectedVersion": first["version"], "answer": "No."}
        assert await refused(desk, home.customer, "declineEngagement", **answer) == "FORBIDDEN"
        first = await then(admin, "scopeEngagement", first, scope="Two sessions.", leadId=architect)
        assert first["lead"]["displayName"].startswith("Maja")
        nowhere = {"engagementId": first["id"], "expectedVersion": first["version"], "joinUrl": "http://meet.example.org/1"}
        plain = await act(desk, admin, "scheduleEngagement", startsAt=start.isoformat(), **nowhere)
        assert [error["path"] for error in plain["errors"]] == [["input", "joinUrl"]]
        first = await then(admin, "scheduleEngagement", first, startsAt=start.isoformat(), joinUrl=JOIN)
        second = (await acted(desk, home.customer, "requestEngagement", FIELDS, **WISH))["engagement"]
        second = await then(admin, "scopeEngagement", second, scope="One session.", leadId=architect)
        second = await then(admin, "scheduleEngagement", second, startsAt=later.isoformat(), joinUrl=JOIN)
        await heard.until(second["id"], agreed := ["engagement.requested", "engagement.scoped", "engagement.scheduled"])
        assert (await say(desk, rival.customer, LIST))["engagements"]["nodes"] == []
        assert len((await say(desk, home.customer, LIST, status={"eq": "SCHEDULED"}))["engagements"]["nodes"]) == 2

        await time.reach(time.near(minutes=90, days=-1) - TICK)
        await heard.until(first["id"], agreed)
        await time.reach(time.near(minutes=90, days=-1))  # a day before, by the clock of the world
        await heard.until(first["id"], reminded := [*agreed, "engagement.reminder_due"])
        await time.reach(time.near(minutes=30) - TICK)
        await heard.until(first["id"], reminded)
        await time.reach(time.near(minutes=30))  # an hour before
        await heard.until(first["id"], [*reminded, "engagement.reminder_due"])
        await time.reach(time.near(days=2, minutes=-30))
        await heard.until(second["id"], [*reminded, "engagement.reminder_due"])
        assert b"roll-out" not in heard.texts

        by_id = {each["id"]: each for each in (await say(desk, home.customer, LIST))["engagements"]["nodes"]}
        done = await then(admin, "completeEngagement", by_id[first["id"]], outcome="It is rolled out.")
        assert done["outcome"] == {"text": "It is rolled out."}
        assert (await then(home.customer, "cancelEngagement", by_id[second["id"]]))["status"] == "CANCELLED"

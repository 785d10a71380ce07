"""A contract's life: drafted, in force, upgraded at the moment itself, managed, halted, renewed, run out. NATS tells each turn once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from gql import gql

from tests.journeys.clients import Heard, act, hearing, refused, say, until
from tests.journeys.homes import Home, a_home
from tests.journeys.odd_moments.passage import TICK, Passage
from tests.journeys.running import RunningDesk

BASE, STANDARD, PREMIUM = "SUPPORT-iaas.base", "SUPPORT-standard", "SUPPORT-premium"
SIZES = {BASE: 3, STANDARD: 4, PREMIUM: 7}
"""How many capabilities each gives."""
CONTRACT = gql("query($id: ID!, $least: Position) { node(id: $id, atLeast: $least) { ... on Contract { version status } } }")
ENTITLED = gql("""query($at: DateTime, $least: Position) { organisation(atLeast: $least) { serviceManager { mode manager { id } }
  entitlements(at: $at) { capability product { code } to } } }""")
SEEN = gql("query($ref: String!) { organisation(ref: $ref) { id } }")
ME = gql("{ viewer { actor { id } } }")
OPEN = {"ticket": {"kind": "REQUEST", "subject": "Still there?"}, "body": "Hello"}


@dataclass
class Course:
    """One contract as it goes on; commands come at the version that is seen."""

    desk: RunningDesk
    home: Home
    heard: Heard
    id: str = ""
    position: str | None = None

    async def draft(self, product: str, begin: datetime, end: datetime) -> None:
        terms = {"product": product, "from": begin.isoformat(), "to": end.isoformat()}
        by, ref = self.desk.token("AGENT"), f"C-{uuid4().hex[:8]}"
        made = await act(
            self.desk, by, "draftContract", "contract { id status }", organisationId=self.home.id, ref=ref, **terms
        )
        assert (made["errors"], made["contract"]["status"]) == ([], "DRAFT")
        self.id, self.position = made["contract"]["id"], made["position"]

    async def attempt(self, mutation: str, **input: Any) -> dict[str, Any]:
        admin = self.desk.token("ADMIN")
        version = (await say(self.desk, admin, CONTRACT, id=self.id, least=self.position))["node"]["version"]
        return await act(
            self.desk, admin, mutation, "contract { status }", contractId=self.id, expectedVersion=version, **input
        )

    async def then(self, mutation: str, **input: Any) -> str:
        """The status after it."""
        done = await self.attempt(mutation, **input)
        assert done["errors"] == []
        self.position = done["position"]
        return str(done["contract"]["status"])

    async def organisation(self, at: datetime | None = None) -> dict[str, Any]:
        when = at.isoformat() if at else None
        shown = await say(self.desk, self.home.customer, ENTITLED, at=when, least=self.position)
        found: dict[str, Any] = shown["organisation"]
        return found

    async def entitled(self, at: datetime | None = None) -> dict[str, tuple[str, datetime | None]]:
        """By capability: the product and until when."""
        return {
            each["capability"]: (each["product"]["code"], datetime.fromisoformat(each["to"]) if each["to"] else None)
            for each in (await self.organisation(at))["entitlements"]
        }

    async def told(self, *turns: tuple[str, datetime]) -> None:
        """Wait until NATS told of these turns of the entitlement; no other and none twice."""

        def heard() -> list[tuple[str, datetime]]:
            found = [(each.event.partition(".")[2], each.data) for each in self.heard.of(self.id)]
            return [
                (turn, datetime.fromisoformat(data["since"]))
                for turn, data in found
                if turn in ("started", "ceased", "expired")
            ]

        async def enough() -> bool:
            return len(heard()) >= len(turns)

        await until(enough)
        assert heard() == list(turns)


async def journey(desk: RunningDesk, time: Passage) -> None:
    begin, resumed, end, renewed = time.near(days=-1), time.near(days=1), time.near(days=10), time.near(days=20)
    home, other = await a_home(desk), await a_home(desk, "Aurora")
    manager = desk.token("SERVICE_MANAGER", "--name", f"Maja {uuid4().hex[:6]}")
    maja = (await say(desk, manager, ME))["viewer"]["actor"]["id"]

    async def sees(ref: str) -> bool:
        return (await say(desk, manager, SEEN, ref=ref))["organisation"] is not None

    async with hearing(desk, "support.confidential.contract.>") as heard:
        course = Course(desk, home, heard)
        await course.draft(STANDARD, begin, end)
        assert (
            await refused(desk, desk.token("AGENT"), "activateContract", contractId=course.id, expectedVersion=1) == "FORBIDDEN"
        )
        await course.then("activateContract")
        await course.then("changeContractPlan", product=PREMIUM, effectiveAt=time.moment.isoformat())
        odd = (begin - TICK, begin, time.moment - TICK, time.moment, end - TICK, end)
        ahead = [len(await course.entitled(at)) for at in odd]
        assert ahead == [SIZES[each] for each in (BASE, STANDARD, STANDARD, PREMIUM, PREMIUM, BASE)]
        assert (await say(desk, other.customer, CONTRACT, id=course.id))["node"] is None

        await time.reach(begin - TICK)
        assert len(await course.entitled()) == SIZES[BASE]
        await time.reach(begin)
        await course.told(("started", begin))
        assert (await course.entitled())["BACKCHANNEL_CHAT"] == (STANDARD, time.moment)
        await time.reach(time.moment - TICK)
        early = await course.attempt("assignServiceManager", agentId=maja, mode="DEDICATED")
        assert early["errors"][0]["requiredProduct"] == {"code": PREMIUM}

        await time.reach(time.moment)
        turns = [("started", begin), ("started", time.moment)]
        await course.told(*turns)
        assert (await course.entitled())["ENGAGEMENTS"] == (PREMIUM, end)
        await course.then("assignServiceManager", agentId=maja, mode="DEDICATED")
        assert (await course.organisation())["serviceManager"] == {"mode": "DEDICATED", "manager": {"id": maja}}
        await until(lambda: sees(home.ref))
        assert not await sees(other.ref)

        assert await course.then("suspendContract") == "SUSPENDED"
        assert len(await course.entitled()) == SIZES[BASE]
        await course.then("resumeContract", effectiveAt=resumed.isoformat())
        await time.reach(resumed)
        turns += [("ceased", time.moment), ("started", resumed)]
        await course.told(*turns)
        await course.then("renewContract", to=renewed.isoformat())

        await time.reach(end)
        assert (await course.entitled())["SERVICE_MANAGER"] == (PREMIUM, renewed)
        await time.reach(time.near(days=22))  # two days late
        await course.told(*turns, ("expired", renewed))
        assert len(await course.entitled()) == SIZES[BASE]
        assert len(await course.entitled(renewed - TICK)) == SIZES[PREMIUM]
        assert (await say(desk, desk.token("ADMIN"), CONTRACT, id=course.id))["node"]["status"] == "EXPIRED"

        async def gone() -> bool:
            return not await sees(home.ref)

        await until(gone)
        assert (await act(desk, home.customer, "openTicket", "ticket { ref }", **OPEN))["errors"] == []

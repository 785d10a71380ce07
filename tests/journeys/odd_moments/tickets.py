"""A promise that is warned of and broken, a snooze that ends at the moment, a resolved ticket that closes by itself a week later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from gql import gql

from tests.journeys.clients import acted, say, until
from tests.journeys.homes import a_home
from tests.journeys.odd_moments.passage import TICK, Passage
from tests.journeys.running import RunningDesk

READ = gql("""query($id: ID!, $least: Position) { ticket(by: {id: $id}, atLeast: $least) { version status
  slaTargets { metric state dueAt ledger { counted } }
  timeline(kinds: [SLA], first: 20) { nodes { ... on SlaEntry { change target { metric } } } } } }""")


async def journey(desk: RunningDesk, time: Passage) -> None:
    home, agent = await a_home(desk), desk.token("AGENT")

    async def opened(subject: str, priority: str = "LOW") -> str:
        about = {"kind": "INCIDENT", "subject": subject, "priority": priority}
        made = await acted(desk, home.customer, "openTicket", "ticket { id }", ticket=about, body="Please look.")
        return str(made["ticket"]["id"])

    async def read(ticket: str, least: str | None = None) -> dict[str, Any]:
        found: dict[str, Any] = (await say(desk, agent, READ, id=ticket, least=least))["ticket"]
        return found

    async def becomes(ticket: str, status: str) -> None:
        async def there() -> bool:
            return bool((await read(ticket))["status"] == status)

        await until(there)

    async def promise(ticket: str) -> dict[str, Any]:
        found: dict[str, Any] = next(e for e in (await read(ticket))["slaTargets"] if e["metric"] == "FIRST_RESPONSE")
        return found

    async def warned(ticket: str, change: str) -> None:
        """Wait until staff see it of the first response; it is there once."""

        async def there() -> bool:
            return bool(await changes(ticket))

        async def changes(ticket: str) -> list[Any]:
            nodes = (await read(ticket))["timeline"]["nodes"]
            return [each for each in nodes if each == {"change": change, "target": {"metric": "FIRST_RESPONSE"}}]

        await until(there)
        assert len(await changes(ticket)) == 1

    await time.reach(time.near(days=-2))
    solved = await opened("Solved before")
    replied = await acted(desk, agent, "replyToTicket", ticketId=solved, body="Try again.")
    version = (await read(solved, replied["position"]))["version"]
    await acted(desk, agent, "resolveTicket", ticketId=solved, resolution="SOLVED", expectedVersion=version)
    asleep = await opened("Later")
    await acted(desk, agent, "snoozeTicket", ticketId=asleep, until=time.moment.isoformat())

    await time.reach(time.near(minutes=-30))
    urgent = await opened("Now", "URGENT")  # to be answered within an hour
    await time.reach(time.near(minutes=15) - TICK)  # three quarters of it
    assert datetime.fromisoformat((await promise(urgent))["dueAt"]) == time.near(minutes=30)
    assert (await promise(urgent))["state"] == "RUNNING"
    await time.reach(time.near(minutes=15))
    await warned(urgent, "IMMINENT")
    await becomes(asleep, "OPEN")
    await time.reach(time.near(minutes=30))
    await warned(urgent, "BREACHED")
    assert (await promise(urgent))["state"] == "BREACHED"
    assert {each["counted"] for each in (await promise(urgent))["ledger"]} == {"PT1H"}

    closes = time.near(days=-2) + timedelta(days=7)
    await time.reach(closes - TICK)
    assert (await read(solved))["status"] == "RESOLVED"
    await time.reach(closes)
    await becomes(solved, "CLOSED")

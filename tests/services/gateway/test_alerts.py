"""Promises near their end or broken, told as they are recorded, to whoever may see the ticket and works in its team."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from domain.tickets.ticket import Ticket
from projections.viewer import Role
from services.runtime.act import SYSTEM, Act
from services.runtime.decision import Decision
from tests.services.gateway.sockets import socket
from tests.services.gateway.test_live import ready
from tests.services.gateway.world import World, raw, staff_id

ALERTS = """subscription($queues: [ID!], $after: Cursor) { slaAlerts(queueIds: $queues, after: $after) {
  cursor position change target { metric state } ticket { id queue { ref } requester { displayName } } } }"""


async def recorded(world: World, ticket: str, what: str, **later: float) -> None:
    at = datetime.now(UTC) + timedelta(**later)

    async def decide(decision: Decision) -> None:
        found = await decision.load(Ticket, raw(ticket))
        first: UUID = found.deadlines()[0].target
        (found.note_sla_imminent if what == "near" else found.note_sla_breached)(first, at=at)

    await world.services.desk.writer.decide(Act(actor=SYSTEM, at=at, correlation=uuid4()), decide)


async def test_staff_hear_of_promises_in_their_teams_and_of_nothing_else(world: World) -> None:
    queues = {each["ref"]: each["id"] for each in (await world.say("agnes", "{ queues { id ref } }"))["queues"]}
    mine, other = await world.open("anna"), await world.open("zoe")
    moved = {"ticketId": other["id"], "to": {"queueId": queues["network"]}, "expectedVersion": other["version"]}
    await world.did("admin", "transferTicket", moved)
    world.token("manager", Role.SERVICE_MANAGER, staff_id("manager"), organisations=[raw(world.ids["acme"])])
    async with socket(world, "agnes") as hers, socket(world, "admin") as named, socket(world, "manager") as served:
        await hers.subscribe(ALERTS)
        await named.subscribe(ALERTS, queues=[queues["network"]])
        await served.subscribe(ALERTS, queues=list(queues.values()))
        for feed in (hers, named, served):
            await ready(feed, world)
        await recorded(world, mine["id"], "near", hours=7, minutes=30)
        await recorded(world, mine["id"], "broken", days=2)
        await recorded(world, other["id"], "broken", days=2)
        for feed in (hers, served):
            first, second = await feed.next(), await feed.next()
            assert [first["change"], second["change"]] == ["IMMINENT", "BREACHED"]
            assert {first["ticket"]["id"], second["ticket"]["id"]} == {mine["id"]}
            assert second["target"] == {"metric": "FIRST_RESPONSE", "state": "BREACHED"}
            assert second["ticket"]["requester"] == {"displayName": "Anna"}
        told = await named.next()
        assert (told["change"], told["ticket"]["id"], told["ticket"]["queue"]["ref"]) == ("BREACHED", other["id"], "network")
        for feed in (hers, named, served):
            assert await feed.quiet()
        async with socket(world, "manager") as again:
            await again.subscribe(ALERTS, queues=list(queues.values()), after=first["cursor"])
            assert (await again.next())["change"] == "BREACHED"
    refused = await world.ask("anna", "subscription { slaAlerts { change } }")
    assert refused["errors"]


async def test_customers_and_programs_without_the_scope_are_refused(world: World) -> None:
    world.token("blind", Role.SERVICE, staff_id("blind"), scopes=["KNOWLEDGE"])
    for who in ("anna", "boss", "blind"):
        async with socket(world, who) as feed:
            await feed.subscribe(ALERTS)
            message = await feed.receive()
            assert message["payload"]["errors"][0]["extensions"]["code"] == "FORBIDDEN"

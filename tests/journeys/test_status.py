"""An incident through the processes that `make run` starts, told to anybody, with a real GraphQL client.

Declared, linked to a ticket, posted on, ended; and what it did to ninety days of availability. Planned work, which time begins and ends,
is odd_moments/maintenance.py.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from gql import gql

from services.gateway import ids
from tests.journeys.clients import acted, hearing, say, until
from tests.journeys.homes import a_home
from tests.journeys.running import RunningDesk, listening

pytestmark = pytest.mark.anyio

NOTICE = "notice { id ref version ... on StatusIncident { status } }"
PAGE = gql("""query($at: Position) { statusPage(atLeast: $at) { overall
  components { id ref state availability { uptimeRatio downtime maintenanceTime days { date worst } } }
  incidents { id ref version tickets { nodes { id } } } maintenance { id status } } }""")
MINE = gql("""query($id: ID!, $at: Position) { ticket(by: {id: $id}, atLeast: $at) { incidents { ref status updates { body { text } } }
  timeline(kinds: [RELATION]) { nodes { ... on RelationEntry { change incident { ref } } } } } }""")
WATCH = gql(
    "subscription { statusChanged { cursor notice { ref ... on StatusIncident { status } ... on Maintenance { begun: status } } } }"
)


async def page(desk: RunningDesk, token: str | None = None, at: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = (await say(desk, token, PAGE, at=at))["statusPage"]
    return found


async def service(desk: RunningDesk, admin: str) -> dict[str, Any]:
    ref = f"journey-{uuid4().hex[:8]}"
    named = {"ref": ref, "name": "Journey", "group": "Proof"}
    component: dict[str, Any] = (await acted(desk, admin, "registerServiceComponent", "component { id ref }", **named))[
        "component"
    ]
    return component


def state(shown: dict[str, Any], component: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in shown["components"] if each["ref"] == component["ref"])


async def test_an_incident_from_its_declaration_to_its_end(desk: RunningDesk) -> None:
    admin, agent = desk.token("ADMIN"), desk.token("AGENT")
    anna, eve = (await a_home(desk)).customer, (await a_home(desk, "Aurora")).customer
    component = await service(desk, admin)
    new = {"kind": "INCIDENT", "severity": "MAJOR", "subject": "Slow since nine", "serviceIds": [component["id"]]}
    opened = await acted(desk, anna, "openTicket", "ticket { id services { ref } }", ticket=new, body="Everything is slow.")
    ticket = opened["ticket"]
    assert ticket["services"] == [{"ref": component["ref"]}]

    async with hearing(desk, "support.public.>") as sent, listening(desk.live(None), WATCH, {}) as heard:
        await asyncio.sleep(1)  # the subscription stands
        impacts = [{"componentId": component["id"], "state": "MAJOR_OUTAGE"}]
        declared = await acted(
            desk, agent, "declareIncident", NOTICE,
            title="Compute is down", severity="CRITICAL", impacts=impacts, body="We look into it.",
        )  # fmt: skip
        incident = declared["notice"]
        shown = await page(desk, at=declared["position"])
        assert (shown["overall"], state(shown, component)["state"]) == ("MAJOR_OUTAGE", "MAJOR_OUTAGE")
        await acted(desk, agent, "linkTicketToIncident", noticeId=incident["id"], ticketId=ticket["id"])
        posted = await acted(
            desk, agent, "postStatusUpdate", NOTICE,
            noticeId=incident["id"], body="A switch broke.", status="IDENTIFIED",
            impacts=[{"componentId": component["id"], "state": "PARTIAL_OUTAGE"}],
        )  # fmt: skip
        mine = (await say(desk, anna, MINE, id=ticket["id"], at=posted["position"]))["ticket"]
        assert [each["body"]["text"] for each in mine["incidents"][0]["updates"]] == ["A switch broke.", "We look into it."]
        assert mine["timeline"]["nodes"] == [{"change": "INCIDENT_LINKED", "incident": {"ref": incident["ref"]}}]
        for who, expected in ((None, []), (eve, []), (anna, [{"id": ticket["id"]}])):
            shown = await page(desk, who, posted["position"])
            (open_now,) = [each for each in shown["incidents"] if each["id"] == incident["id"]]
            assert open_now["tickets"]["nodes"] == expected
        on = {"noticeId": incident["id"], "expectedVersion": posted["notice"]["version"]}
        ended = await acted(desk, agent, "resolveIncident", NOTICE, body="Over.", **on)
        told = [(await asyncio.wait_for(heard.get(), 20))["statusChanged"]["notice"] for _ in range(3)]
        assert {each["ref"] for each in told} == {incident["ref"]}
        assert told[-1]["status"] == "RESOLVED"

        async def published() -> bool:
            return "incident.resolved" in [each.event for each in sent.of(incident["id"])]

        await until(published)
    assert {"incident.declared", "component.state_changed"} <= {each.event for each in sent.facts}
    assert {each.subject.rpartition(".")[2] for each in sent.facts} == {"public"}
    assert str(ids.of_kind("ticket", ticket["id"])).encode() not in sent.texts
    assert not [each for each in sent.facts if "linked" in each.event]
    after = state(await page(desk, at=ended["position"]), component)
    assert after["state"] == "OPERATIONAL"
    assert after["availability"]["uptimeRatio"] < 1
    assert "MAJOR_OUTAGE" in {day["worst"] for day in after["availability"]["days"]}

"""A customer subscribes by mail, SMS and webhook; an incident is declared, linked to tickets of two organisations, and told of: the outbox
shows exactly the right messages.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from gql import gql

from services.gateway import ids
from tests.journeys.clients import acted, say, until
from tests.journeys.homes import Home, a_home
from tests.journeys.running import RunningDesk
from tests.journeys.test_status import NOTICE, service
from tests.journeys.test_subscriptions import confirmed

pytestmark = pytest.mark.anyio
RECENT = gql(
    """query($at: Position) { statusSubscriptions(atLeast: $at) { nodes { id channel recentDeliveries { channel state } } } }"""
)


@dataclass
class Arranged:
    """Two organisations, one of them subscribed on three channels to one service."""

    desk: RunningDesk
    home: Home
    other: Home
    service: dict[str, Any]
    where: dict[str, str]
    subscriptions: list[str]

    async def declared(self, title: str) -> str:
        impacts = [{"componentId": self.service["id"], "state": "MAJOR_OUTAGE"}]
        said = {"title": title, "severity": "MAJOR", "impacts": impacts, "body": "We look into it."}
        made = await acted(self.desk, self.desk.token("AGENT"), "declareIncident", NOTICE, **said)
        return str(made["notice"]["id"])

    def about(self, incident: str, version: int) -> list[dict[str, Any]]:
        """What was queued about one post, by channel and address."""
        about = f"{ids.of_kind('incident', incident)}/{version}"
        found = [each for each in self.desk.outbox() if each["about"] == about]
        return sorted(found, key=lambda each: (each["channel"], each["to"] or ""))


async def arranged(desk: RunningDesk) -> Arranged:
    home, other = await a_home(desk), await a_home(desk, "Aurora")
    mine = {"email": f"ops@{home.ref}.example", "sms": f"+4570{uuid4().int % 10**6:06}"}
    mine["webhook"] = f"https://93.184.216.34/{uuid4().hex}"
    component, made = await service(desk, desk.token("ADMIN")), []
    for channel, where in mine.items():
        made.append((await confirmed(desk, home, **{channel: where}))["id"])
        scope = {"componentIds": [component["id"]], "severityFloor": "MINOR"}
        await acted(desk, home.customer, "changeStatusSubscriptionScope", subscriptionId=made[-1], **scope)
    return Arranged(desk, home, other, component, mine, made)


async def test_status_posts_reach_subscribers_and_the_people_of_linked_tickets(desk: RunningDesk) -> None:
    on = await arranged(desk)
    tickets = []
    for who in (on.home, on.other):
        new = {"kind": "INCIDENT", "severity": "MAJOR", "subject": f"Down at {who.ref}"}
        opened = await acted(desk, who.customer, "openTicket", "ticket { id ref }", ticket=new, body="All is down.")
        tickets.append(opened["ticket"])
    incident, agent = await on.declared("Compute is down"), desk.token("AGENT")
    for ticket in tickets:
        await acted(desk, agent, "linkTicketToIncident", noticeId=incident, ticketId=ticket["id"])
    posted = await acted(
        desk, agent, "postStatusUpdate", NOTICE, noticeId=incident, body="A switch broke.", status="IDENTIFIED"
    )

    async def all_there() -> bool:
        return len(on.about(incident, 4)) >= 5

    await until(all_there)
    assert [each["channel"] for each in on.about(incident, 1)] == ["EMAIL", "SMS", "WEBHOOK"]
    told = on.about(incident, 4)
    by_mail = [each for each in told if each["channel"] == "EMAIL"]
    assert sorted(each["to"] for each in by_mail) == sorted([on.where["email"], on.home.email, on.other.email])
    text, hook = (each for each in told if each["channel"] != "EMAIL")
    assert (text["to"], hook["to"]) == (on.where["sms"], on.where["webhook"])
    assert len(text["text"]) <= 306
    assert json.loads(hook["text"])["data"]["body"] == "A switch broke."
    for home, ticket in zip((on.home, on.other), tickets, strict=True):
        (message,) = [each for each in by_mail if each["to"] == home.email]
        assert message["subject"].startswith(f"[#{ticket['ref']}] ")
        assert message["thread"]["references"][0].startswith(f"<ticket.{ids.of_kind('ticket', ticket['id'])}@")
        elsewhere = {on.home.email, on.other.email, on.home.ref, on.other.ref} - {home.email, home.ref}
        assert not any(each in message["text"] for each in elsewhere)

    async def shown() -> bool:
        nodes = (await say(desk, on.home.customer, RECENT, at=posted["position"]))["statusSubscriptions"]["nodes"]
        recent = {each["id"]: [one["state"] for one in each["recentDeliveries"]] for each in nodes}
        return all(recent[each] == ["QUEUED"] * 3 for each in on.subscriptions)  # the confirmation, and two posts

    await until(shown)
    soon, moment = desk.now() + timedelta(days=1), {"componentId": on.service["id"], "state": "UNDER_MAINTENANCE"}
    plan = {"from": soon.isoformat(), "to": (soon + timedelta(hours=1)).isoformat(), "impacts": [moment]}
    said = {"title": "New switches", "severity": "INFORMATION", "body": "We swap them.", **plan}
    work = (await acted(desk, agent, "scheduleMaintenance", NOTICE, **said))["notice"]["id"]
    for ticket in tickets:
        await acted(desk, agent, "linkTicketToMaintenance", noticeId=work, ticketId=ticket["id"])
    await acted(desk, agent, "postStatusUpdate", NOTICE, noticeId=work, body="An hour is enough.")
    about = f"{ids.of_kind('maintenance', work)}/4"

    async def both_told() -> bool:
        told = [each for each in desk.outbox() if each["about"] == about]
        return sorted(each["to"] for each in told) == sorted([on.home.email, on.other.email])

    await until(both_told)

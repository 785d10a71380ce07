"""An incident and planned work through the processes that `make run` starts, told to anybody, with a real GraphQL client.

Declared, linked to a ticket, posted on, ended; planned work begun and ended by time; what it did to ninety days of availability; and
read models that a rebuild from events alone agrees with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import nats
import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport.websockets import WebsocketsTransport

from services.gateway import ids
from tests.journeys.running import RunningDesk, asked, running_desk

pytestmark = pytest.mark.anyio

ERRORS = "errors { __typename code message path }"
NOTICE = "notice { __typename id ref version severity ... on StatusIncident { status } ... on Maintenance { begun: status } }"
REGISTER = gql(
    f"mutation($input: RegisterServiceComponentInput!) {{ registerServiceComponent(input: $input) {{ component {{ id ref }} {ERRORS} }} }}"
)
OPEN = gql(
    f"mutation($input: OpenTicketInput!) {{ openTicket(input: $input) {{ ticket {{ id services {{ ref }} }} {ERRORS} }} }}"
)


def command(name: str) -> GraphQLRequest:
    """A mutation on a notice."""
    kind = name[0].upper() + name[1:]
    return gql(f"mutation($input: {kind}Input!) {{ {name}(input: $input) {{ {NOTICE} position {ERRORS} }} }}")


PAGE = gql("""query($at: Position) { statusPage(atLeast: $at) { overall
  components { id ref state availability { uptimeRatio downtime maintenanceTime days { date worst } } }
  incidents { id ref version tickets { nodes { id } } } maintenance { id status } } }""")
MINE = gql("""query($id: ID!, $at: Position) { ticket(by: {id: $id}, atLeast: $at) { incidents { ref status updates { body { text } } }
  timeline(kinds: [RELATION]) { nodes { ... on RelationEntry { change incident { ref } } } } } }""")
WATCH = gql(
    "subscription { statusChanged { cursor notice { ref ... on StatusIncident { status } ... on Maintenance { begun: status } } } }"
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with running_desk(tmp_path_factory.mktemp("journey"), clock="PT0S") as running:
        yield running


async def done(desk: RunningDesk, token: str, document: GraphQLRequest, field: str, **input: Any) -> dict[str, Any]:
    answer = await desk.as_role(token).execute_async(asked(document, {"input": {"idempotencyKey": str(uuid4()), **input}}))
    payload: dict[str, Any] = answer[field]
    assert payload["errors"] == []
    return payload


async def page(desk: RunningDesk, token: str | None = None, at: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = (await desk.as_role(token).execute_async(asked(PAGE, {"at": at})))["statusPage"]
    return found


async def service(desk: RunningDesk, admin: str) -> dict[str, Any]:
    ref = f"journey-{uuid4().hex[:8]}"
    made = await done(desk, admin, REGISTER, "registerServiceComponent", ref=ref, name="Journey", group="Proof")
    component: dict[str, Any] = made["component"]
    return component


def state(shown: dict[str, Any], component: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in shown["components"] if each["ref"] == component["ref"])


async def test_an_incident_from_its_declaration_to_its_end(desk: RunningDesk) -> None:
    admin, agent = desk.token("ADMIN"), desk.token("AGENT")
    anna, eve = desk.token("CUSTOMER", "--organisation", "fjordlab"), desk.token("CUSTOMER", "--organisation", "aurora")
    component = await service(desk, admin)
    new = {"kind": "INCIDENT", "severity": "MAJOR", "subject": "Slow since nine", "serviceIds": [component["id"]]}
    ticket = (await done(desk, anna, OPEN, "openTicket", ticket=new, body="Everything is slow."))["ticket"]
    assert ticket["services"] == [{"ref": component["ref"]}]

    broker = await nats.connect(
        f"nats://127.0.0.1:{desk.nats_port}",
        user="subscriber",
        password=desk.secret("nats_subscriber_password"),
        inbox_prefix=b"_INBOX_subscriber",
    )
    sent: asyncio.Queue[Any] = asyncio.Queue()

    async def note(message: Any) -> None:
        sent.put_nowait(message)

    await broker.subscribe("support.public.>", cb=note)
    await broker.flush()

    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    transport = WebsocketsTransport(
        f"ws://127.0.0.1:{desk.http_port}/graphql", subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL]
    )
    async with Client(transport=transport) as session:

        async def listen() -> None:
            async for message in session.subscribe(WATCH):
                heard.put_nowait(message["statusChanged"]["notice"])

        listening = asyncio.create_task(listen())
        await asyncio.sleep(1)
        impacts = [{"componentId": component["id"], "state": "MAJOR_OUTAGE"}]
        declared = await done(
            desk, agent, command("declareIncident"), "declareIncident",
            title="Compute is down", severity="CRITICAL", impacts=impacts, body="We look into it.",
        )  # fmt: skip
        incident = declared["notice"]
        shown = await page(desk, at=declared["position"])
        assert (shown["overall"], state(shown, component)["state"]) == ("MAJOR_OUTAGE", "MAJOR_OUTAGE")
        await done(
            desk, agent, command("linkTicketToIncident"), "linkTicketToIncident", noticeId=incident["id"], ticketId=ticket["id"]
        )
        posted = await done(
            desk, agent, command("postStatusUpdate"), "postStatusUpdate",
            noticeId=incident["id"], body="A switch broke.", status="IDENTIFIED",
            impacts=[{"componentId": component["id"], "state": "PARTIAL_OUTAGE"}],
        )  # fmt: skip
        mine = await desk.as_role(anna).execute_async(asked(MINE, {"id": ticket["id"], "at": posted["position"]}))
        assert [each["body"]["text"] for each in mine["ticket"]["incidents"][0]["updates"]] == [
            "A switch broke.",
            "We look into it.",
        ]
        assert mine["ticket"]["timeline"]["nodes"] == [{"change": "INCIDENT_LINKED", "incident": {"ref": incident["ref"]}}]
        for who, expected in ((None, []), (eve, []), (anna, [{"id": ticket["id"]}])):
            shown = await page(desk, who, posted["position"])
            (open_now,) = [each for each in shown["incidents"] if each["id"] == incident["id"]]
            assert open_now["tickets"]["nodes"] == expected
        ended = await done(
            desk, agent, command("resolveIncident"), "resolveIncident",
            noticeId=incident["id"], body="Over.", expectedVersion=posted["notice"]["version"],
        )  # fmt: skip
        told = [await asyncio.wait_for(heard.get(), 20) for _ in range(3)]
        assert {each["ref"] for each in told} == {incident["ref"]}
        assert told[-1]["status"] == "RESOLVED"
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    passed: list[str] = []
    hit = ids.read(ticket["id"])
    assert hit is not None
    while "support.public.incident.resolved.public" not in passed:
        message = await asyncio.wait_for(sent.get(), 20)
        passed.append(message.subject)
        assert str(hit[1]).encode() not in message.data
    assert {"support.public.incident.declared.public", "support.public.component.state_changed.public"} <= set(passed)
    assert not [each for each in passed if "linked" in each]
    await broker.close()
    shown = await page(desk, at=ended["position"])
    after = state(shown, component)
    assert after["state"] == "OPERATIONAL"
    assert after["availability"]["uptimeRatio"] < 1
    assert "MAJOR_OUTAGE" in {day["worst"] for day in after["availability"]["days"]}


async def test_planned_work_begins_and_ends_by_time(desk: RunningDesk) -> None:
    admin, agent = desk.token("ADMIN"), desk.token("AGENT")
    component = await service(desk, admin)
    begin = datetime.now(UTC) + timedelta(hours=1)
    planned = await done(
        desk, agent, command("scheduleMaintenance"), "scheduleMaintenance",
        title="New switches", body="Short breaks.", impacts=[{"componentId": component["id"], "state": "UNDER_MAINTENANCE"}],
        **{"from": begin.isoformat(), "to": (begin + timedelta(hours=2)).isoformat()},
    )  # fmt: skip
    work = planned["notice"]
    for offset, wanted in (("PT0S", "OPERATIONAL"), ("PT2H", "UNDER_MAINTENANCE"), ("PT4H", "OPERATIONAL")):
        desk.clock.write_text(offset)
        async with asyncio.timeout(60):
            while state(shown := await page(desk), component)["state"] != wanted:
                await asyncio.sleep(0.2)
        ahead = {each["id"]: each["status"] for each in shown["maintenance"]}
        expected = {"PT0S": "SCHEDULED", "PT2H": "IN_PROGRESS"}.get(offset)
        if expected is not None:
            assert ahead[work["id"]] == expected
    after = state(await page(desk), component)["availability"]
    assert (after["uptimeRatio"], after["downtime"]) == (1.0, "PT0S")
    assert after["maintenanceTime"] == "PT2H"


async def test_the_demo_has_services_and_history_and_all_agrees_with_a_rebuild(desk: RunningDesk) -> None:
    shown = await page(desk)
    services = [each for each in shown["components"] if not each["ref"].startswith("journey-")]
    assert len(services) == 15
    assert any(each["availability"]["uptimeRatio"] < 1 for each in services)
    assert desk.support("verify").returncode == 0

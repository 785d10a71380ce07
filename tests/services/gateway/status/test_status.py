"""The status page over GraphQL: anybody reads it, staff command it, and who is hit stays between staff and whom it concerns."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport

from projections.viewer import Role
from tests.ground import TestDatabase
from tests.services.gateway.world import World, open_world, staff_id

pytestmark = pytest.mark.anyio
NOTICE = "notice { __typename id ref version title severity impacts { component { ref state } state } updates { body { text } status } }"
PAGE = "{ statusPage { overall components { ref state } incidents { id ref version status } maintenance { id ref status } } }"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def world(module_database: TestDatabase) -> AsyncIterator[World]:
    async with open_world(module_database.settings) as made:
        yield made


async def component(world: World) -> dict[str, Any]:
    given = {"ref": f"service-{next(_numbers)}", "name": "Compute", "group": "Infrastructure"}
    made: dict[str, Any] = (
        await world.did("admin", "registerServiceComponent", given, "component { id ref version state lifecycle }")
    )["component"]
    assert (made["state"], made["lifecycle"]) == ("OPERATIONAL", "ACTIVE")
    return made


async def declared(world: World, *impacts: tuple[dict[str, Any], str], **more: Any) -> dict[str, Any]:
    listed = [{"componentId": each["id"], "state": state} for each, state in impacts]
    given = {"title": "Volumes are slow", "severity": "MAJOR", "impacts": listed, "body": "We **look** into it.", **more}
    made = await world.did("agnes", "declareIncident", given, NOTICE)
    notice: dict[str, Any] = made["notice"]
    return {**notice, "position": made["position"]}


async def linked(world: World, incident: str, ticket: str) -> str:
    made = await world.did("agnes", "linkTicketToIncident", {"noticeId": incident, "ticketId": ticket})
    return str(made["position"])


def shown(page: dict[str, Any], service: dict[str, Any]) -> str | None:
    states = {each["ref"]: each["state"] for each in page["statusPage"]["components"]}
    return states.get(service["ref"])


async def test_anybody_reads_the_page_without_signing_in(world: World) -> None:
    compute = await component(world)
    incident = await declared(world, (compute, "MAJOR_OUTAGE"))
    page = await world.say(None, PAGE)
    assert page["statusPage"]["overall"] == "MAJOR_OUTAGE"
    assert shown(page, compute) == "MAJOR_OUTAGE"
    assert incident["id"] in {each["id"] for each in page["statusPage"]["incidents"]}
    done = {"noticeId": incident["id"], "body": "Over.", "expectedVersion": incident["version"]}
    ended = await world.did("agnes", "resolveIncident", done, NOTICE)
    assert [post["status"] for post in ended["notice"]["updates"]] == ["RESOLVED", "INVESTIGATING"]
    posts = "query N($id: ID!) { node(id: $id) { ... on StatusIncident { updates { id } } } }"
    listed = (await world.say(None, posts, id=incident["id"]))["node"]["updates"]
    post = "query N($id: ID!) { node(id: $id) { ... on StatusUpdate { body { html } } } }"
    first = (await world.say(None, post, id=listed[-1]["id"]))["node"]
    assert first["body"]["html"].strip() == "<p>We <strong>look</strong> into it.</p>"
    page = await world.say(None, PAGE)
    assert shown(page, compute) == "OPERATIONAL"
    assert incident["id"] not in {each["id"] for each in page["statusPage"]["incidents"]}


async def test_nothing_else_opens_to_somebody_who_is_not_signed_in(world: World) -> None:
    compute = await component(world)
    incident = await declared(world, (compute, "DEGRADED"))
    ticket = await world.open(serviceIds=[compute["id"]])
    await linked(world, incident["id"], ticket["id"])
    ids = [incident["id"], compute["id"], ticket["id"], world.ids["anna"], world.ids["acme"], world.ids["agnes"]]
    answer = await world.say(None, "query N($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert [each["id"] if each else None for each in answer["nodes"]] == [*ids[:2], None, None, None, None]
    hidden = "{ statusPage { incidents { id version tickets { nodes { id } edges { cursor } } } } }"
    page = (await world.say(None, hidden))["statusPage"]["incidents"]
    assert [each["tickets"] for each in page if each["id"] == incident["id"]] == [{"nodes": [], "edges": []}]
    assert [each["version"] for each in page if each["id"] == incident["id"]] == [1]
    for query in ("{ tickets { nodes { id } } }", "{ organisations { nodes { id } } }", "{ queues { id } }"):
        (error,) = (await world.ask(None, query))["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
    do = "mutation($i: DeclareIncidentInput!) { declareIncident(input: $i) { version } }"
    given = {"title": "x", "severity": "MINOR", "impacts": [], "body": "y", "idempotencyKey": "k"}
    (error,) = (await world.ask(None, do, i=given))["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_customers_command_nothing_and_programs_need_the_scope(world: World) -> None:
    compute = await component(world)
    world.token("status program", Role.SERVICE, staff_id("status program"), scopes=["STATUS_WRITE"])
    given = {
        "title": "x", "severity": "MINOR", "body": "y", "impacts": [{"componentId": compute["id"], "state": "DEGRADED"}],
    }  # fmt: skip
    for who in ("anna", "boss", "auditor", "program"):
        refused = await world.do(who, "declareIncident", given)
        assert [error["code"] for error in refused["errors"]] == ["FORBIDDEN"]
    made = await world.did("status program", "declareIncident", given, NOTICE)
    assert made["notice"]["ref"].startswith("INC-")
    refused = await world.do("agnes", "registerServiceComponent", {"ref": "x", "name": "X", "group": "Y"})
    assert [error["code"] for error in refused["errors"]] == ["FORBIDDEN"]


async def test_each_sees_of_the_linked_tickets_what_they_see_of_tickets(world: World) -> None:
    compute = await component(world)
    incident = await declared(world, (compute, "DEGRADED"))
    mine, theirs = await world.open("anna"), await world.open("zoe")
    for ticket in (mine, theirs):
        position = await linked(world, incident["id"], ticket["id"])
    query = """query N($id: ID!, $at: Position) { node(id: $id, atLeast: $at) { ... on StatusIncident {
      version tickets(first: 1) { nodes { id } pageInfo { hasNextPage endCursor } } } } }"""
    found = {who: (await world.say(who, query, id=incident["id"], at=position))["node"] for who in ("anna", "zoe", "agnes")}
    assert [found[who]["tickets"]["nodes"] for who in ("anna", "zoe")] == [[{"id": mine["id"]}], [{"id": theirs["id"]}]]
    assert [found[who]["tickets"]["pageInfo"]["hasNextPage"] for who in ("anna", "zoe", "agnes")] == [False, False, True]
    assert [found[who]["version"] for who in ("anna", "zoe", "agnes")] == [1, 1, 3]
    rest = "query N($id: ID!, $after: Cursor) { node(id: $id) { ... on StatusIncident { tickets(after: $after) { nodes { id } } } } }"
    after = found["agnes"]["tickets"]["pageInfo"]["endCursor"]
    seen = (await world.say("agnes", rest, id=incident["id"], after=after))["node"]["tickets"]["nodes"]
    assert {found["agnes"]["tickets"]["nodes"][0]["id"], *(each["id"] for each in seen)} == {mine["id"], theirs["id"]}


async def test_a_ticket_is_linked_to_planned_work_on_both_sides_and_the_public_does_not_see_it(world: World) -> None:
    compute, ticket = await component(world), await world.open()
    soon = datetime.now(UTC) + timedelta(hours=1)
    impacts = [{"componentId": compute["id"], "state": "UNDER_MAINTENANCE"}]
    times = {"from": soon.isoformat(), "to": (soon + timedelta(hours=1)).isoformat()}
    said = {"title": "Disks", "severity": "INFORMATION", "impacts": impacts, "body": "We swap disks.", **times}
    planned = "notice { id ref version ... on Maintenance { tickets { nodes { id } } } }"
    work = (await world.did("agnes", "scheduleMaintenance", said, planned))["notice"]
    input = {"noticeId": work["id"], "ticketId": ticket["id"]}
    assert (await world.do("anna", "linkTicketToMaintenance", input))["errors"][0]["__typename"] == "Forbidden"
    made = await world.did("agnes", "linkTicketToMaintenance", input, f"position {planned}")
    assert (made["notice"]["version"], made["notice"]["tickets"]["nodes"]) == (2, [{"id": ticket["id"]}])
    incident = await world.do("agnes", "linkTicketToIncident", input)
    assert (incident["errors"][0]["__typename"], incident["errors"][0]["path"]) == ("NotFound", ["input", "noticeId"])
    fields = """maintenance { id ref version } incidents { id }
      timeline(kinds: [RELATION]) { nodes { summary ... on RelationEntry { change maintenance { id } incident { id } } } }"""
    for who, version in (("anna", 1), ("agnes", 2)):
        seen = await world.ticket(who, ticket["id"], fields, made["position"])
        assert seen is not None
        assert (seen["maintenance"], seen["incidents"]) == ([{"id": work["id"], "ref": work["ref"], "version": version}], [])
        (entry,) = seen["timeline"]["nodes"]
        assert entry == {
            "summary": "This ticket was linked to planned work.", "change": "MAINTENANCE_LINKED",
            "maintenance": {"id": work["id"]}, "incident": None,
        }  # fmt: skip
    page = await world.say(None, "{ statusPage { maintenance { id version tickets { nodes { id } } } } }")
    (seen,) = [each for each in page["statusPage"]["maintenance"] if each["id"] == work["id"]]
    assert (seen["version"], seen["tickets"]["nodes"]) == (1, [])


async def test_a_ticket_tells_its_services_and_incidents_in_its_fields_and_its_timeline(world: World) -> None:
    compute, network = await component(world), await component(world)
    ticket = await world.open(serviceIds=[compute["id"], network["id"]])
    other = await world.open()
    incident = await declared(world, (compute, "DEGRADED"))
    position = await linked(world, incident["id"], ticket["id"])
    fields = """services { ref } incidents { id ref impacts { state } } version
      timeline(kinds: [RELATION]) { nodes { summary ... on RelationEntry { change incident { id } other { id } } } }"""
    for who in ("anna", "agnes"):
        seen = await world.ticket(who, ticket["id"], fields, position)
        assert seen is not None
        assert [each["ref"] for each in seen["services"]] == [compute["ref"], network["ref"]]
        assert [each["id"] for each in seen["incidents"]] == [incident["id"]]
        (entry,) = seen["timeline"]["nodes"]
        assert (entry["change"], entry["incident"]["id"], entry["other"]) == ("INCIDENT_LINKED", incident["id"], None)
    query = """query F($f: TicketFilter, $at: Position) {
      tickets(filter: $f, atLeast: $at) { nodes { id } } ticketCount(filter: $f) { value } }"""
    for service, expected in (({"eq": compute["id"]}, [ticket["id"]]), ({"in": [network["id"]]}, [ticket["id"]])):
        found = await world.say("anna", query, f={"service": service}, at=position)
        assert [each["id"] for each in found["tickets"]["nodes"]] == expected
        assert found["ticketCount"]["value"] == 1
    found = await world.say("anna", query, f={"service": {"nin": [compute["id"]]}}, at=position)
    listed = [each["id"] for each in found["tickets"]["nodes"]]
    assert ticket["id"] not in listed
    assert other["id"] in listed
    new = {"kind": "REQUEST", "subject": "x", "serviceIds": [incident["id"]]}
    refused = await world.do("anna", "openTicket", {"ticket": new, "body": "y"})
    assert refused["errors"] == [{
        "__typename": "NotFound", "code": "NOT_FOUND", "message": "There is no component with this id.",
        "path": ["input", "ticket", "serviceIds", "0"],
    }]  # fmt: skip


async def test_refusals_are_typed_and_name_the_place(world: World) -> None:
    compute = await component(world)
    taken = await world.do(
        "admin", "registerServiceComponent", {"ref": compute["ref"], "name": "X", "group": "Y"},
        "errors { ... on AlreadyExists { existing { id } } }",
    )  # fmt: skip
    assert taken["errors"][0]["existing"] == {"id": compute["id"]}
    incident = await declared(world, (compute, "DEGRADED"))
    retire = {"componentId": compute["id"], "expectedVersion": 3}
    held = await world.do("admin", "retireServiceComponent", retire, "errors { ... on RuleViolated { rule } }")
    assert [each["rule"] for each in held["errors"]] == ["COMPONENT_IS_IMPAIRED"]
    moved = {"noticeId": incident["id"], "body": "Watching.", "status": "MONITORING"}
    await world.did("agnes", "postStatusUpdate", moved)
    back = await world.do(
        "agnes", "postStatusUpdate", moved | {"status": "IDENTIFIED"}, "errors { ... on InvalidTransition { current allowed } }"
    )
    assert [(each["current"], each["allowed"]) for each in back["errors"]] == [("MONITORING", ["RESOLVED"])]
    end = {"noticeId": incident["id"], "body": "Over.", "expectedVersion": 1}
    stale = await world.do("agnes", "resolveIncident", end, "errors { ... on Conflict { currentVersion } }")
    assert [each["currentVersion"] for each in stale["errors"]] == [2]
    ticket = await world.open()
    wrong = await world.do("agnes", "postStatusUpdate", {"noticeId": ticket["id"], "body": "x"})
    assert [(each["code"], each["path"]) for each in wrong["errors"]] == [("NOT_FOUND", ["input", "noticeId"])]


async def test_availability_counts_from_when_an_incident_began(world: World) -> None:
    compute = await component(world)
    began = datetime.now(UTC) - timedelta(hours=2)
    await declared(world, (compute, "PARTIAL_OUTAGE"), startedAt=began.isoformat())
    query = """query A($id: ID!) { node(id: $id) { ... on ServiceComponent { since
      availability { from to uptimeRatio downtime partialOutageTime majorOutageTime degradedTime maintenanceTime
        days { date uptimeRatio worst } } short: availability(days: 1) { uptimeRatio } } } }"""
    found = (await world.say(None, query, id=compute["id"]))["node"]["availability"]
    # It was registered just now, so that is all the time that counts.
    assert found["uptimeRatio"] < 1
    assert found["days"][-1]["worst"] == "PARTIAL_OUTAGE"
    bad = await world.ask(None, query.replace("days: 1)", "days: 0)"), id=compute["id"])
    assert bad["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_incidents_are_listed_newest_first_by_filter_and_page(world: World) -> None:
    compute = await component(world)
    began = datetime.now(UTC)
    made = [await declared(world, (compute, "DEGRADED"), startedAt=(began - timedelta(hours=n)).isoformat()) for n in (3, 1, 2)]
    query = """query L($f: IncidentFilter, $first: Int, $after: Cursor, $at: Position) {
      incidents(filter: $f, first: $first, after: $after, atLeast: $at) { nodes { id } pageInfo { hasNextPage endCursor } } }"""
    which = {"component": {"eq": compute["id"]}}
    first = (await world.say(None, query, f=which, first=2, at=made[-1]["position"]))["incidents"]
    assert [each["id"] for each in first["nodes"]] == [made[1]["id"], made[2]["id"]]
    rest = (await world.say(None, query, f=which, after=first["pageInfo"]["endCursor"]))["incidents"]
    assert [each["id"] for each in rest["nodes"]] == [made[0]["id"]]
    none = await world.say(None, query, f=which | {"status": {"eq": "RESOLVED"}})
    assert none["incidents"]["nodes"] == []
    since = which | {"startedAt": {"gte": (began - timedelta(hours=1, minutes=30)).isoformat()}}
    assert [each["id"] for each in (await world.say(None, query, f=since))["incidents"]["nodes"]] == [made[1]["id"]]
    bad = await world.ask(None, query, f={"component": {"in": [compute["id"]]}}, after=first["pageInfo"]["endCursor"])
    assert bad["errors"][0]["extensions"]["code"] == "BAD_CURSOR"


async def test_planned_work_is_announced_and_called_off(world: World) -> None:
    compute = await component(world)
    begin = datetime.now(UTC) + timedelta(days=1)
    given = {
        "title": "New switches", "body": "Short breaks.", "from": begin.isoformat(), "to": (begin + timedelta(hours=2)).isoformat(),
        "impacts": [{"componentId": compute["id"], "state": "UNDER_MAINTENANCE"}],
    }  # fmt: skip
    select = "notice { __typename id ref version severity ... on Maintenance { status from to } updates { status } }"
    work = (await world.did("agnes", "scheduleMaintenance", given, select))["notice"]
    assert (work["__typename"], work["status"], work["severity"]) == ("Maintenance", "SCHEDULED", "INFORMATION")
    assert work["ref"].startswith("MNT-")
    page = await world.say(None, PAGE)
    assert work["id"] in {each["id"] for each in page["statusPage"]["maintenance"]}
    assert shown(page, compute) == "OPERATIONAL"
    off = {"noticeId": work["id"], "body": "Not now.", "expectedVersion": work["version"]}
    assert (await world.did("agnes", "cancelMaintenance", off, select))["notice"]["status"] == "CANCELLED"


async def test_the_page_is_watched_without_signing_in_and_resumed_without_a_gap(world: World) -> None:
    compute = await component(world)
    watch = gql("subscription W($after: Cursor) { statusChanged(after: $after) { cursor position notice { id ref version } } }")
    address = world.url.replace("http", "ws")
    ticket = await world.open()

    def client() -> Client:
        return Client(transport=WebsocketsTransport(address, subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL]))

    async with client() as session:
        feed = session.subscribe(watch)
        waiting = asyncio.ensure_future(anext(feed))
        await asyncio.sleep(1)
        incident = await declared(world, (compute, "DEGRADED"))
        first = (await asyncio.wait_for(waiting, 20))["statusChanged"]
        assert first["notice"]["id"] == incident["id"]
        await feed.aclose()
    await linked(world, incident["id"], ticket["id"])
    await world.did("agnes", "postStatusUpdate", {"noticeId": incident["id"], "body": "While you were away."})
    watch.variable_values = {"after": first["cursor"]}
    async with client() as session:
        feed = session.subscribe(watch)
        second = (await asyncio.wait_for(anext(feed), 20))["statusChanged"]
        assert (second["notice"]["id"], second["notice"]["version"]) == (incident["id"], 2)
        waiting = asyncio.ensure_future(anext(feed))
        done = {"noticeId": incident["id"], "body": "Over.", "expectedVersion": 3}
        await world.did("agnes", "resolveIncident", done)
        third = (await asyncio.wait_for(waiting, 20))["statusChanged"]
        assert third["notice"]["version"] == 3
        assert len({first["cursor"], second["cursor"], third["cursor"]}) == 3
        await feed.aclose()


async def test_incidents_are_found_by_number_title_and_first_post_by_whoever_may_search(world: World) -> None:
    new = {"ref": f"search-{world.key}", "name": "Search", "group": "IaaS"}
    component = (await world.did("admin", "registerServiceComponent", new, "component { id }"))["component"]["id"]
    impacts = [{"componentId": component, "state": "DEGRADED"}]
    given = {"title": "Zähneknirschen im Kühlkreis", "severity": "MINOR", "impacts": impacts, "body": "Pumpwerk steht still."}
    made = await world.did("agnes", "declareIncident", given, "notice { id ref }")
    query = """query($words: String!, $at: Position) { search(query: $words, in: [STATUS], atLeast: $at) {
      edges { matchedIn snippet node { ... on StatusIncident { id } } } } }"""
    for who in ("anna", "agnes"):
        for words in ("zahneknirschen", "KÜHLKREIS", "pumpwerk", made["notice"]["ref"]):
            (hit,) = (await world.say(who, query, words=words, at=made["position"]))["search"]["edges"]
            assert hit["node"] == {"id": made["notice"]["id"]}
            assert "Zähneknirschen" in hit["snippet"]
        assert (await world.say(who, query, words="pumpwerk nirgends", at=None))["search"]["edges"] == []

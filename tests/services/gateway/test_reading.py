"""Lists, search, nodes and freshness through the gateway."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from projections.viewer import Role
from services.gateway.people import standing
from tests.ground import TestDatabase
from tests.services.gateway.world import World, raw


async def test_a_list_is_walked_in_pages_from_either_end(world: World) -> None:
    opened = [await world.open("zoe", f"Page {number}") for number in range(7)]
    query = """query($first: Int, $after: Cursor, $last: Int, $before: Cursor, $at: Position) {
      tickets(first: $first, after: $after, last: $last, before: $before, atLeast: $at, orderBy: {field: CREATED_AT, direction: ASC}) {
        nodes { ref } edges { cursor node { subject } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    refs: list[str] = []
    after = None
    for _ in range(4):
        page = (await world.say("zoe", query, first=2, after=after, at=opened[-1]["position"]))["tickets"]
        refs += [node["ref"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert refs == [each["ref"] for each in opened]
    assert page["pageInfo"]["hasNextPage"] is False
    last = (await world.say("zoe", query, last=3))["tickets"]
    assert [node["ref"] for node in last["nodes"]] == [each["ref"] for each in opened[-3:]]
    before = (await world.say("zoe", query, last=3, before=last["pageInfo"]["startCursor"]))["tickets"]
    assert [node["ref"] for node in before["nodes"]] == [each["ref"] for each in opened[1:4]]


async def test_a_filter_narrows_lists_and_counts_alike(world: World) -> None:
    opened = await world.open("anna", "Filtered", kind="REQUEST", severity=None)
    held = await world.did("agnes", "putTicketOnHold", {"ticketId": opened["id"], "reason": "SUPPLIER"})
    filter = {
        "status": {"in": ["ON_HOLD"]},
        "kind": {"eq": "REQUEST"},
        "requester": {"in": [world.ids["anna"]]},
        "assignee": {"presence": "ABSENT"},
        "organisation": {"eq": world.ids["acme"]},
        "createdAt": {"gte": "2020-01-01T00:00:00Z"},
        "severity": {"nin": ["CRITICAL"]},
    }
    query = """query($f: TicketFilter, $p: Position) { tickets(filter: $f, atLeast: $p) { nodes { ref } }
      ticketCount(filter: $f, atLeast: $p) { value precision } }"""
    for who in ("agnes", "anna", "manager", "program"):
        found = await world.say(who, query, f=filter, p=held["position"])
        assert found["tickets"]["nodes"] == [{"ref": opened["ref"]}], who
        assert found["ticketCount"] == {"value": 1, "precision": "EXACT"}
    found = await world.say("zoe", query, f=filter, p=held["position"])
    assert found["ticketCount"]["value"] == 0
    found = await world.say("anna", query, f={"tags": ["any"]})
    assert found["tickets"]["nodes"] == []
    answer = await world.ask("anna", query, f={"tags": ["t"] * 51})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_words_are_found_where_the_viewer_may_look(world: World) -> None:
    opened = await world.open("anna", "Zürich datacentre smells of smoke")
    noted = await world.did("agnes", "addInternalNote", {"ticketId": opened["id"], "body": "the quokka did it"})
    query = """query($q: String!, $p: Position) { search(query: $q, atLeast: $p) { edges { matchedIn snippet node {
      __typename ... on Ticket { ref } ... on Contact { displayName } ... on Organisation { ref } } } } }"""
    hit = (await world.say("anna", query, q="zurich smok", p=noted["position"]))["search"]["edges"]
    assert hit[0]["node"] == {"__typename": "Ticket", "ref": opened["ref"]}
    assert hit[0]["matchedIn"] == "TITLE"
    assert (await world.say("agnes", query, q="quokka"))["search"]["edges"][0]["matchedIn"] == "NOTE"
    assert (await world.say("anna", query, q="quokka"))["search"]["edges"] == []
    assert (await world.say("zoe", query, q="zurich smok"))["search"]["edges"] == []
    assert (await world.say("agnes", query, q=opened["ref"]))["search"]["edges"][0]["matchedIn"] == "REF"
    people = (await world.say("agnes", query, q="zenith"))["search"]["edges"]
    assert {"__typename": "Organisation", "ref": "zenith"} in [edge["node"] for edge in people]
    for words in ("", "x", "y" * 201, "a\u0001b"):
        assert (await world.ask("anna", query, q=words))["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_everything_with_an_id_is_found_by_it(world: World) -> None:
    opened = await world.open("anna")
    done = await world.did("agnes", "assignTicket", {"ticketId": opened["id"], "agentId": world.ids["agnes"]})
    seen = await world.ticket("agnes", opened["id"], "queue { id } slaTargets { id }", done["position"])
    assert seen is not None
    target = seen["slaTargets"][0]["id"]
    wanted = [
        opened["id"],
        opened["entry"],
        target,
        world.ids["anna"],
        world.ids["acme"],
        world.ids["agnes"],
        seen["queue"]["id"],
    ]
    query = """query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Ticket { ref timeline(first: 1) { nodes { summary } } }
      ... on SlaTarget { metric consumed ledger { kind } } ... on Contact { email } ... on Agent { displayName } } }"""
    found = (await world.say("agnes", query, ids=[*wanted, "nonsense", world.ids["anna"]]))["nodes"]
    assert [node["id"] for node in found[:7]] == wanted
    kinds = ["Ticket", "MessageEntry", "SlaTarget", "Contact", "Organisation", "Agent", "Queue"]
    assert [node["__typename"] for node in found[:7]] == kinds
    assert found[7] is None
    assert found[8]["email"] == "anna@acme.example"
    theirs = (await world.say("zoe", query, ids=wanted))["nodes"]
    assert [node and node["__typename"] for node in theirs] == [None, None, None, None, None, "Agent", "Queue"]
    assert (await world.say(None, query, ids=wanted))["nodes"] == [None] * 7
    answer = await world.ask("agnes", query, ids=["x"] * 101)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_people_and_organisations_are_found_by_their_names(world: World) -> None:
    query = "query($e: EmailAddress!) { contact(by: {email: $e}) { displayName organisation { ref } } }"
    assert (await world.say("agnes", query, e="Anna@acme.example"))["contact"] == {
        "displayName": "Anna",
        "organisation": {"ref": "acme"},
    }
    assert (await world.say("zoe", query, e="anna@acme.example"))["contact"] is None
    assert (await world.say("anna", "{ organisation { ref contacts(first: 1) { totalCount nodes { displayName } } } }"))[
        "organisation"
    ]["contacts"]["nodes"] == [{"displayName": "Anna"}]
    assert (await world.say("anna", '{ organisation(ref: "zenith") { ref } }'))["organisation"] is None
    found = await world.say(
        "agnes", '{ organisations(filter: {namePrefix: "zen"}) { nodes { ref } } queues { ref agents { displayName } } }'
    )
    assert found["organisations"]["nodes"] == [{"ref": "zenith"}]
    assert "Agnes" in [agent["displayName"] for queue in found["queues"] for agent in queue["agents"]]
    me = (await world.say("program", "{ viewer { role scopes organisation { ref } actor { __typename displayName } } }"))[
        "viewer"
    ]
    assert me == {"role": "SERVICE", "scopes": ["TICKETS_READ", "TICKETS_WRITE"], "organisation": None,
                  "actor": {"__typename": "ServiceAccount", "displayName": "Program"}}  # fmt: skip
    configured = await world.say(
        "anna", "{ slaPolicies { name product targets { metric target } } ticketFieldDefinitions { key visibility } }"
    )
    assert configured["slaPolicies"]
    assert {field["visibility"] for field in configured["ticketFieldDefinitions"]} <= {"EVERYONE"}


async def test_a_program_without_the_scope_sees_neither_notes_nor_people(world: World) -> None:
    opened = await world.open("anna")
    noted = await world.did("agnes", "addInternalNote", {"ticketId": opened["id"], "body": "Secret"})
    found = await world.ticket(
        "program",
        opened["id"],
        "requester { displayName email } staff { noteCount } timeline { nodes { __typename } }",
        noted["position"],
    )
    assert found is not None
    assert found["requester"]["email"] is None
    assert found["requester"]["displayName"] != "Anna"
    assert found["staff"] is None
    assert "InternalNoteEntry" not in str(found["timeline"])


async def test_a_read_that_the_view_cannot_reach_in_time_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.gateway import services
    from services.gateway.tickets import payloads
    from services.runtime import freshness

    opened = await world.open("anna")
    monkeypatch.setattr(services, "READ_PATIENCE", 0.2)
    monkeypatch.setattr(payloads, "PATIENCE", 0.2)

    async def never(self: freshness.Freshness, position: object, projections: object, *, timeout: float = 5.0) -> None:
        await asyncio.sleep(timeout)
        raise freshness.ReadBehind(self.position([("tickets", 1)]))

    monkeypatch.setattr(freshness.Freshness, "wait", never)
    query = "query($p: Position) { ticketCount(atLeast: $p) { value } }"
    answer = await world.ask("agnes", query, p=opened["position"])
    assert answer["errors"][0]["extensions"]["code"] == "READ_BEHIND"
    assert answer["errors"][0]["extensions"]["reached"].startswith("1.")
    mutation = (
        """mutation($input: TagTicketInput!) { tagTicket(input: $input) { ticket { ref } version position errors { code } } }"""
    )
    answer = await world.ask("agnes", mutation, input={"ticketId": opened["id"], "tag": "late", "idempotencyKey": world.key})
    payload = answer["data"]["tagTicket"]
    assert payload["ticket"] is None
    assert payload["version"] > opened["version"]
    assert payload["position"] is not None
    assert payload["errors"] == []
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["tagTicket", "ticket"], "READ_BEHIND")
    ]


async def test_a_ticket_whose_events_are_parked_is_blocked(world: World, module_database: TestDatabase) -> None:
    opened = await world.open("anna")
    connection = await asyncpg.connect(module_database.superuser_dsn)
    try:
        await connection.execute(
            "INSERT INTO projector.parked(projection, version, stream, position, topic, error)"
            " SELECT 'tickets', 1, stream, max(position), 'ticket.tagged.v1', 'KeyError' FROM store.tail WHERE stream = $1 GROUP BY stream",
            raw(opened["id"]),
        )
        query = "query($i: ID!) { ticket(by: {id: $i}) { ref } }"
        answer = await world.ask("anna", query, i=opened["id"])
        assert answer["errors"][0]["extensions"]["code"] == "READ_BLOCKED"
        assert answer["errors"][0]["extensions"]["blocked"] == [opened["id"]]
        fine = await world.open("anna", "Beside what is blocked")
        lists = """query($at: Position) { tickets(atLeast: $at) { nodes { id } } }
          query Count($at: Position) { ticketCount(atLeast: $at) { value } }
          query Search($at: Position) { search(query: "network beside", atLeast: $at) { nodes { ... on Ticket { id } } } }
          query Words($at: Position) { search(query: "network", in: [TICKETS], first: 100, atLeast: $at) {
            nodes { ... on Ticket { id } } } }"""
        for name, field in (("Page", "tickets"), ("Count", "ticketCount"), ("Search", "search"), ("Words", "search")):
            body = {
                "query": lists.replace("query(", "query Page("),
                "operationName": name,
                "variables": {"at": fine["position"]},
            }
            for who in ("anna", "agnes"):
                answer = (await world.post(body, who)).json()
                (error,) = answer["errors"]
                assert (error["path"], error["extensions"]["code"]) == ([field], "READ_BLOCKED")
                assert error["extensions"]["blocked"] == [opened["id"]]
                assert opened["id"] not in str(answer["data"])
                if name == "Page":
                    assert fine["id"] in {node["id"] for node in answer["data"]["tickets"]["nodes"]}
            assert "errors" not in (await world.post({**body, "variables": {}}, "zoe")).json()
        several = "query($i: [ID!]!) { nodes(ids: $i) { id } }"
        answer = await world.ask("anna", several, i=[fine["id"], opened["id"]])
        assert answer["errors"][0]["extensions"]["blocked"] == [opened["id"]]
        hidden = await world.ask("zoe", query, i=opened["id"])
        assert hidden == {"data": {"ticket": None}}
        found = await world.say("admin", "{ projections { name state parked { topic failure attempts } } }")
        state = next(each for each in found["projections"] if each["name"] == "tickets")
        assert state["state"] == "BLOCKED"
        assert state["parked"] == [{"topic": "ticket.tagged.v1", "failure": "KeyError", "attempts": 1}]
    finally:
        await connection.execute("DELETE FROM projector.parked")
        await connection.close()


async def test_a_blocked_ticket_is_not_shown_by_way_of_another_or_of_an_incident_either(
    world: World, module_database: TestDatabase
) -> None:
    first, second, third = [await world.open("anna", f"Of three {number}") for number in range(3)]
    link = {"ticketId": first["id"], "otherTicketId": second["id"], "kind": "RELATED"}
    await world.did("agnes", "linkTicket", link, "ticket { version }")
    merge = {"ticketId": third["id"], "intoTicketId": second["id"], "expectedVersion": third["version"]}
    merge["intoExpectedVersion"] = second["version"] + 1
    merged = await world.did("agnes", "mergeTicket", merge)
    component = {"ref": f"blocked-{world.key}", "name": "Compute", "group": "IaaS"}
    made = (await world.did("admin", "registerServiceComponent", component, "component { id }"))["component"]
    impacts = [{"componentId": made["id"], "state": "DEGRADED"}]
    declare = {"title": "It is slow", "severity": "MINOR", "impacts": impacts, "body": "We look."}
    incident = (await world.did("agnes", "declareIncident", declare, "notice { id }"))["notice"]
    hit = await world.did("agnes", "linkTicketToIncident", {"ticketId": second["id"], "noticeId": incident["id"]})
    by_link = "query($i: ID!, $at: Position) { ticket(by: {id: $i}, atLeast: $at) { links { ticket { subject } } } }"
    by_merge = "query($i: ID!, $at: Position) { ticket(by: {id: $i}, atLeast: $at) { mergedInto { subject } } }"
    entries = """query($i: ID!, $at: Position) { ticket(by: {id: $i}, atLeast: $at) { timeline(kinds: [RELATION]) {
      nodes { ... on RelationEntry { other { subject } } } } } }"""
    by_incident = "query($i: ID!) { node(id: $i) { ... on StatusIncident { tickets { nodes { subject } } } } }"
    at = max(merged["position"], hit["position"], key=lambda each: int(each.split(".")[1]))
    ways = [(by_link, first["id"]), (by_merge, third["id"]), (entries, first["id"]), (by_incident, incident["id"])]
    for query, id in ways:
        more = {} if query is by_incident else {"at": at}
        assert "Of three 1" in str(await world.say("anna", query, i=id, **more)), query
    connection = await asyncpg.connect(module_database.superuser_dsn)
    try:
        await connection.execute(
            "INSERT INTO projector.parked(projection, version, stream, position, topic, error) SELECT 'tickets', 1, stream,"
            " max(position), 'ticket.linked.v1', 'KeyError' FROM store.tail WHERE stream = $1 AND class <> 'restricted' GROUP BY stream",
            raw(second["id"]),
        )
        for query, id in ways:
            for who in ("anna", "agnes"):
                answer = await world.ask(who, query, i=id)
                assert "Of three 1" not in str(answer["data"]), query
                (error,) = answer["errors"]
                assert error["extensions"] == {"code": "READ_BLOCKED", "blocked": [second["id"]]}, query
    finally:
        await connection.execute("DELETE FROM projector.parked")
        await connection.close()


async def test_a_blocked_incident_is_left_out_of_what_is_found_and_named(world: World, module_database: TestDatabase) -> None:
    component = {"ref": f"found-{world.key}", "name": "Compute", "group": "IaaS"}
    made = (await world.did("admin", "registerServiceComponent", component, "component { id }"))["component"]
    impacts = [{"componentId": made["id"], "state": "DEGRADED"}]
    ids = []
    for title in ("Zebras on the line", "Zebras in the rack"):
        declare = {"title": title, "severity": "MINOR", "impacts": impacts, "body": "We look."}
        told = await world.did("agnes", "declareIncident", declare, "notice { id }")
        ids.append(told["notice"]["id"])
    lists = {
        "search": 'query($at: Position) { search(query: "zebras", atLeast: $at) { nodes { ... on StatusIncident { id } } } }',
        "incidents": "query($at: Position) { incidents(first: 50, atLeast: $at) { nodes { id } } }",
    }
    connection = await asyncpg.connect(module_database.superuser_dsn)
    try:
        await world.say("agnes", lists["search"], at=told["position"])
        await connection.execute(
            "INSERT INTO projector.parked(projection, version, stream, position, topic, error) SELECT 'incidents', 1, stream,"
            " max(position), 'incident.update_posted.v1', 'KeyError' FROM store.tail WHERE stream = $1 GROUP BY stream",
            raw(ids[0]),
        )
        for field, query in lists.items():
            for who in ("anna", "agnes"):
                answer = await world.ask(who, query)
                found = [node["id"] for node in answer["data"][field]["nodes"]]
                assert (ids[1] in found, ids[0] in found) == (True, False)
                (error,) = answer["errors"]
                assert (error["path"], error["extensions"]) == ([field], {"code": "READ_BLOCKED", "blocked": [ids[0]]})
        answer = await world.ask("agnes", "query($i: ID!) { node(id: $i) { id } }", i=ids[0])
        assert answer["errors"][0]["extensions"] == {"code": "READ_BLOCKED", "blocked": [ids[0]]}
    finally:
        await connection.execute("DELETE FROM projector.parked")
        await connection.close()


async def test_who_left_an_organisation_sees_it_no_more_whatever_the_token_says(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "SECONDS", 0.0)
    opened = await world.open("anna")
    who = {"email": "leaver@acme.example", "name": "Leaver", "organisationId": world.ids["acme"]}
    made = (await world.did("admin", "registerContact", who, "contact { id version }"))["contact"]
    world.token("leaver", Role.CUSTOMER, raw(made["id"]), organisation=raw(world.ids["acme"]))
    assert await world.ticket("leaver", opened["id"], "ref") is not None
    await world.did("admin", "unlinkContact", {"contactId": made["id"], "expectedVersion": made["version"]}, "contact { id }")
    assert await world.ticket("leaver", opened["id"], "ref") is None
    now = (await world.say("admin", "query($i: ID!) { node(id: $i) { ... on Contact { version } } }", i=made["id"]))["node"]
    erase = {"contactId": made["id"], "confirmation": "leaver@acme.example", "expectedVersion": now["version"]}
    await world.did("admin", "eraseContact", erase, "contact { id }")
    assert (await world.ask("leaver", "{ viewer { role } }"))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_customers_statements_run_on_a_login_without_grants_on_staff_tables(world: World) -> None:
    customers = world.services.customers
    assert await customers.fetchval("SELECT current_user") == world.settings.postgres_customer_user
    for table in ("ticket_staff", "ticket_staff_entries", "store.stored_events", "store.person_keys"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await customers.fetchval(f"SELECT count(*) FROM {table}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await customers.fetchval("SELECT queues FROM store.staff LIMIT 1")


async def test_a_root_field_is_one_statement_however_deep_it_goes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        await world.open("zoe", f"Deep {number}")
    statements: list[str] = []
    pool = world.services.readers

    class Counting:
        async def fetch(self, sql: str, *values: object) -> object:
            statements.append(sql)
            return await pool.fetch(sql, *values)

        async def fetchrow(self, sql: str, *values: object) -> object:
            statements.append(sql)
            return await pool.fetchrow(sql, *values)

    monkeypatch.setattr(world.services, "readers", Counting())
    query = """{ tickets(first: 50) { nodes { ref organisation { name } requester { displayName email } assignee { displayName }
      queue { name agents { displayName } } slaTargets { state dueAt consumed } links { ticket { ref } }
      timeline(first: 20) { nodes { summary actor { displayName } ... on MessageEntry { body { html } } } } staff { tags } } } }"""
    await world.say("agnes", query)
    assert len(statements) == 1

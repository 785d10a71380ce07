"""Contracts and entitlements over the real gateway: what each may do, see and read."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from projections.viewer import Role
from tests.services.gateway.world import World, raw, staff_id

pytestmark = pytest.mark.anyio

STANDARD, PREMIUM, BASE = "SUPPORT-standard", "SUPPORT-premium", "SUPPORT-iaas.base"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
CONTRACT = """contract { id ref version status product { code } organisation { ref }
  periods { product { code } from to } serviceManagers { manager { id } mode from to } }"""
ENTITLEMENTS = """query E($ref: String, $at: DateTime, $least: Position) { organisation(ref: $ref, atLeast: $least) {
  entitlements(at: $at) { capability from to product { code } contract { id ref } } serviceManager { mode manager { id } } } }"""
numbers = itertools.count(1)


def said(at: datetime) -> str:
    return at.isoformat()


async def organisation(world: World) -> tuple[str, str]:
    """A new organisation and an administrator of it, by its ref."""
    ref = f"org-{next(numbers)}"
    made = await world.did("admin", "registerOrganisation", {"ref": ref, "name": ref}, "organisation { id }")
    id = made["organisation"]["id"]
    person = await world.did(
        "admin", "registerContact", {"email": f"boss@{ref}.example", "name": "Boss", "organisationId": id}, "contact { id }"
    )
    world.token(ref, Role.CUSTOMER, raw(person["contact"]["id"]), organisation=raw(id))
    world.ids[ref] = id
    return ref, id


async def drafted(world: World, id: str, product: str = PREMIUM, **more: Any) -> dict[str, Any]:
    input = {"organisationId": id, "ref": f"C-{next(numbers)}", "product": product, "from": said(NOW - DAY), **more}
    made: dict[str, Any] = await world.did("agnes", "draftContract", input, CONTRACT)
    return made


async def in_force(world: World, id: str, product: str = PREMIUM, **more: Any) -> dict[str, Any]:
    made = await drafted(world, id, product, **more)
    return await acted(world, "activateContract", made)


async def acted(world: World, mutation: str, made: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A command on the contract of an earlier payload, at the version that one gave."""
    input = {"contractId": made["contract"]["id"], "expectedVersion": made["version"], **more}
    done: dict[str, Any] = await world.did("admin", mutation, input, CONTRACT)
    return done


async def entitled(
    world: World, who: str, ref: str | None, at: datetime | None = None, least: str | None = None
) -> dict[str, Any]:
    data = await world.say(who, ENTITLEMENTS, ref=ref, at=said(at) if at else None, least=least)
    return {each["capability"]: each for each in data["organisation"]["entitlements"]}


async def test_a_contract_from_draft_to_its_end(world: World) -> None:
    ref, id = await organisation(world)
    made = await drafted(world, id, STANDARD, to=said(NOW + 30 * DAY))
    assert made["contract"]["status"] == "DRAFT"
    assert (await entitled(world, ref, None, least=made["position"])).keys() == {
        "TICKETING",
        "COMMUNITY_CHAT",
        "STATUS_NOTIFICATIONS",
    }
    made = await acted(world, "activateContract", made)
    assert made["contract"]["status"] == "ACTIVE"
    made = await acted(world, "changeContractPlan", made, product=PREMIUM, effectiveAt=said(NOW + 10 * DAY))
    periods = [(each["product"]["code"], each["from"], each["to"]) for each in made["contract"]["periods"]]
    assert [period[0] for period in periods] == [STANDARD, PREMIUM]
    assert periods[0][2] == periods[1][1]
    assert made["contract"]["product"]["code"] == STANDARD
    made = await acted(world, "renewContract", made)
    assert made["contract"]["periods"][-1]["to"] is None
    made = await acted(world, "suspendContract", made)
    assert made["contract"]["status"] == "SUSPENDED"
    made = await acted(world, "resumeContract", made)
    assert made["contract"]["status"] == "ACTIVE"
    made = await acted(world, "terminateContract", made, effectiveAt=said(NOW + 20 * DAY))
    assert made["contract"]["status"] == "ACTIVE"
    made = await acted(world, "terminateContract", made)
    assert made["contract"]["status"] == "TERMINATED"
    refused = await world.do(
        "admin", "renewContract", {"contractId": made["contract"]["id"], "expectedVersion": made["version"]}
    )
    assert [error["code"] for error in refused["errors"]] == ["INVALID_TRANSITION"]


async def test_entitlements_are_told_with_their_reasons_now_and_at_any_instant(world: World) -> None:
    ref, id = await organisation(world)
    begin, change, end = NOW - DAY, NOW + 10 * DAY, NOW + 30 * DAY
    made = await in_force(world, id, STANDARD, to=said(end))
    made = await acted(world, "changeContractPlan", made, product=PREMIUM, effectiveAt=said(change))
    least = made["position"]
    now = await entitled(world, ref, None, least=least)
    assert now["TICKETING"]["product"]["code"] == BASE
    assert (now["TICKETING"]["contract"], now["TICKETING"]["from"], now["TICKETING"]["to"]) == (None, None, None)
    chat = now["BACKCHANNEL_CHAT"]
    assert (chat["product"]["code"], chat["contract"]["id"]) == (STANDARD, made["contract"]["id"])
    assert (datetime.fromisoformat(chat["from"]), datetime.fromisoformat(chat["to"])) == (begin, change)
    tick = timedelta(microseconds=1)
    sizes = {
        at: len(await entitled(world, ref, None, at)) for at in (begin - tick, begin, change - tick, change, end - tick, end)
    }
    assert list(sizes.values()) == [3, 4, 4, 7, 7, 3]
    mine = await world.say(ref, "{ viewer { entitlements { capability product { code } } } }")
    assert len(mine["viewer"]["entitlements"]) == 4
    assert (await world.say("agnes", "{ viewer { entitlements { capability } } }"))["viewer"]["entitlements"] == []


async def test_a_draft_is_staffs_alone_and_anothers_contract_does_not_exist(world: World) -> None:
    ref, id = await organisation(world)
    other, _ = await organisation(world)
    draft, live = await drafted(world, id, STANDARD), await in_force(world, id)
    query = """query C($least: Position, $filter: ContractFilter) { contracts(filter: $filter, atLeast: $least) {
      totalCount nodes { id status version } } }"""
    only = {"filter": {"organisation": {"eq": id}}, "least": live["position"]}
    staffs = (await world.say("agnes", query, **only))["contracts"]
    assert [each["id"] for each in staffs["nodes"]] == [live["contract"]["id"], draft["contract"]["id"]]
    theirs = (await world.say(ref, query, **only))["contracts"]
    assert [each["id"] for each in theirs["nodes"]] == [live["contract"]["id"]]
    assert theirs["totalCount"] == 1
    assert (await world.say(other, query, **only))["contracts"] == {"totalCount": 0, "nodes": []}
    node = "query N($id: ID!) { node(id: $id) { id } }"
    assert (await world.say(other, node, id=live["contract"]["id"]))["node"] is None
    assert (await world.say(ref, node, id=draft["contract"]["id"]))["node"] is None
    assert (await world.say(ref, node, id=live["contract"]["id"]))["node"] == {"id": live["contract"]["id"]}
    statuses = {"organisation": {"eq": id}, "status": {"nin": ["ACTIVE"]}}
    drafts = (await world.say("agnes", query, filter=statuses, least=live["position"]))["contracts"]["nodes"]
    assert [each["id"] for each in drafts] == [draft["contract"]["id"]]


async def test_contracts_are_paged_and_filtered_by_their_end(world: World) -> None:
    _, id = await organisation(world)
    made = [
        await in_force(world, id, STANDARD, **{"from": said(NOW + n * 10 * DAY), "to": said(NOW + (n + 1) * 10 * DAY)})
        for n in range(5)
    ]
    query = """query C($filter: ContractFilter, $first: Int, $after: Cursor, $least: Position) {
      contracts(filter: $filter, first: $first, after: $after, atLeast: $least) {
        totalCount nodes { ref } pageInfo { hasNextPage endCursor } } }"""
    mine = {"organisation": {"in": [id]}}
    first = (await world.say("agnes", query, filter=mine, first=3, least=made[-1]["position"]))["contracts"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (5, True)
    rest = (await world.say("agnes", query, filter=mine, first=3, after=first["pageInfo"]["endCursor"]))["contracts"]
    refs = [each["ref"] for each in (*first["nodes"], *rest["nodes"])]
    assert refs == [each["contract"]["ref"] for each in reversed(made)]
    ends = mine | {"endsAt": {"gte": said(NOW + 20 * DAY), "lt": said(NOW + 30 * DAY)}}
    found = (await world.say("agnes", query, filter=ends))["contracts"]["nodes"]
    assert [each["ref"] for each in found] == [made[1]["contract"]["ref"]]


async def test_a_service_manager_sees_the_organisations_assigned_to_them_now(world: World) -> None:
    ref, id = await organisation(world)
    manager = f"manager-{ref}"
    world.token(manager, Role.SERVICE_MANAGER, staff_id(manager))
    agent = (await world.say(manager, "{ viewer { actor { id } } }"))["viewer"]["actor"]["id"]
    seen = "query O($ref: String!) { organisation(ref: $ref) { ref } }"
    assert (await world.say(manager, seen, ref=ref))["organisation"] is None
    made = await acted(world, "assignServiceManager", await in_force(world, id), agentId=agent, mode="DEDICATED")
    assert made["contract"]["serviceManagers"][0]["manager"]["id"] == agent
    world.services.remembered.managers.clear()
    assert (await world.say(manager, seen, ref=ref))["organisation"] == {"ref": ref}
    told = await world.say(ref, ENTITLEMENTS, ref=None, at=None, least=made["position"])
    assert told["organisation"]["serviceManager"] == {"mode": "DEDICATED", "manager": {"id": agent}}
    _, elsewhere = await organisation(world)
    refused = await world.do(
        "admin",
        "assignServiceManager",
        {
            "contractId": (other := await in_force(world, elsewhere))["contract"]["id"],
            "agentId": agent,
            "mode": "SHARED",
            "expectedVersion": other["version"],
        },
        "errors { ... on RuleViolated { rule } }",
    )
    assert refused["errors"][0]["rule"] == "MANAGER_RESERVED"
    made = await acted(world, "releaseServiceManager", made)
    assert made["contract"]["serviceManagers"][0]["to"] is not None
    world.services.remembered.managers.clear()
    assert (await world.say(manager, seen, ref=ref))["organisation"] is None


async def test_a_standard_contract_gives_no_service_manager_and_says_which_product_does(world: World) -> None:
    _, id = await organisation(world)
    made = await in_force(world, id, STANDARD)
    refused = await world.do(
        "admin",
        "assignServiceManager",
        {
            "contractId": made["contract"]["id"],
            "agentId": (await world.say("manager", "{ viewer { actor { id } } }"))["viewer"]["actor"]["id"],
            "mode": "SHARED",
            "expectedVersion": made["version"],
        },
        "errors { ... on EntitlementRequired { capability requiredProduct { code } } }",
    )
    (error,) = refused["errors"]
    assert (error["capability"], error["requiredProduct"]["code"]) == ("SERVICE_MANAGER", PREMIUM)


async def test_only_a_service_manager_is_assigned_and_put_in_the_place_of_another(world: World) -> None:
    _, id = await organisation(world)
    made = await in_force(world, id)
    for agent, told in ((world.ids["agnes"], "NOT_A_SERVICE_MANAGER"), (world.ids["admin"], "NOT_A_SERVICE_MANAGER")):
        asked = {"contractId": made["contract"]["id"], "agentId": agent, "mode": "SHARED", "expectedVersion": made["version"]}
        for mutation in ("assignServiceManager", "replaceServiceManager"):
            refused = await world.do("admin", mutation, asked, "errors { ... on RuleViolated { rule } }")
            assert [error["rule"] for error in refused["errors"]] == [told]


async def test_what_overlaps_conflicts_or_exists_is_told_as_such(world: World) -> None:
    _, id = await organisation(world)
    made = await in_force(world, id)
    again = {"organisationId": id, "ref": made["contract"]["ref"], "product": PREMIUM, "from": said(NOW)}
    taken = await world.do("admin", "draftContract", again, "errors { ... on AlreadyExists { existing { id } } }")
    assert taken["errors"][0]["existing"] == {"id": made["contract"]["id"]}
    other = await drafted(world, id)
    asked = {"contractId": other["contract"]["id"], "expectedVersion": other["version"]}
    overlap = await world.do("admin", "activateContract", asked, "errors { ... on RuleViolated { rule } }")
    assert overlap["errors"][0]["rule"] == "PERIODS_OVERLAP"
    stale = await world.do("admin", "activateContract", asked | {"expectedVersion": 7})
    assert [error["code"] for error in stale["errors"]] == ["CONFLICT"]
    strange = await world.do("admin", "draftContract", again | {"ref": "another", "product": "SUPPORT-gold"})
    assert strange["errors"][0]["path"] == ["input", "product"]
    unknown = {"contractId": made["contract"]["id"], "componentId": "sc_AAAAAAAAAAAAAAAAAAAAAA"}
    nowhere = await world.do("admin", "coverService", unknown)
    assert [error["code"] for error in nowhere["errors"]] == ["NOT_FOUND"]


async def test_a_contract_covers_the_services_it_names(world: World) -> None:
    _, id = await organisation(world)
    made = await in_force(world, id)
    new = {"ref": f"dns-{next(numbers)}", "name": "DNS", "group": "Network"}
    component = (await world.did("admin", "registerServiceComponent", new, "component { id }"))["component"]["id"]
    asked = {"contractId": made["contract"]["id"], "componentId": component}
    covered = await world.did("admin", "coverService", asked, "contract { coveredServices { id name } }")
    assert covered["contract"]["coveredServices"] == [{"id": component, "name": "DNS"}]


async def test_only_administrators_put_a_contract_in_force(world: World) -> None:
    _, id = await organisation(world)
    made = await drafted(world, id)
    for who in ("agnes", "boss", "auditor", "manager"):
        refused = await world.do(who, "activateContract", {"contractId": made["contract"]["id"], "expectedVersion": 1})
        assert [error["code"] for error in refused["errors"]] == ["FORBIDDEN"]


async def test_organisations_are_found_by_the_product_they_hold_and_who_serves_them_now(world: World) -> None:
    query = """query($filter: OrganisationFilter!, $at: Position) { organisations(filter: $filter, first: 100, atLeast: $at) {
      nodes { ref } } }"""
    (base, _), (standard, one), (premium, two) = [await organisation(world) for _ in range(3)]
    await in_force(world, one, STANDARD)
    made = await in_force(world, two, PREMIUM)
    both = await drafted(world, two, STANDARD)
    asked = {"contractId": both["contract"]["id"], "expectedVersion": both["version"]}
    await world.did("admin", "activateContract", asked)
    world.token("served", Role.SERVICE_MANAGER, staff_id("served"))
    agent = (await world.say("served", "{ viewer { actor { id } } }"))["viewer"]["actor"]["id"]
    made = await acted(world, "assignServiceManager", made, agentId=agent, mode="SHARED")

    async def found(who: str = "admin", **filter: object) -> set[str]:
        rows = await world.say(who, query, filter=filter, at=made["position"])
        return {each["ref"] for each in rows["organisations"]["nodes"]} & {base, standard, premium}

    assert await found() == {base, standard, premium}
    assert await found(product="SUPPORT-iaas.base") == {base}
    assert await found(product=STANDARD) == {standard}
    assert await found(product=PREMIUM) == {premium}
    assert await found(product="SUPPORT-gold") == set()
    assert await found(serviceManager={"eq": agent}) == {premium}
    assert await found(serviceManager={"in": [agent, world.ids["agnes"]]}, product=PREMIUM) == {premium}
    assert await found(serviceManager={"eq": world.ids["agnes"]}) == set()
    assert await found(serviceManager={"presence": "ABSENT"}) == {base, standard}
    assert await found(serviceManager={"presence": "PRESENT"}) == {premium}
    world.token("people", Role.SERVICE, staff_id("people"), scopes=["PEOPLE_READ"])
    assert await found("people", product=PREMIUM) == set()
    assert await found("people", serviceManager={"presence": "PRESENT"}) == set()
    suspended = await acted(world, "suspendContract", made)
    made = suspended
    assert await found(product=PREMIUM) == set()
    assert await found(product=STANDARD) == {standard, premium}

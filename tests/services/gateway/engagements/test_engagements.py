"""Engagements over the real gateway: what each may do, see and read."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from projections.viewer import Role
from tests.services.gateway.contracts.test_contracts import in_force, organisation
from tests.services.gateway.world import World, raw, staff_id

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
START = (datetime.now(UTC) + 7 * DAY).isoformat()
JOIN = "https://meet.example.org/eng?pwd=1"
ENGAGEMENT = """engagement { id ref version kind status requestedAt startsAt joinUrl organisation { ref } requester { id displayName }
  lead { id } wish { source html } scope { text } answer { text } outcome { text } }"""
PAGE = """query P($filter: EngagementFilter, $first: Int, $after: Cursor, $least: Position) {
  engagements(filter: $filter, first: $first, after: $after, atLeast: $least) {
    nodes { id ref status } edges { cursor } pageInfo { hasNextPage endCursor } } }"""
NODE = """query N($id: ID!, $least: Position) { node(id: $id, atLeast: $least) {
  id ... on Engagement { ref joinUrl lead { displayName } } } }"""
numbers = itertools.count(1)


async def holder(world: World) -> tuple[str, str]:
    """An organisation with engagements, and the customer of that name; and its id."""
    ref, id = await organisation(world)
    await in_force(world, id)
    return ref, id


async def asked(world: World, who: str, **more: Any) -> dict[str, Any]:
    input = {"kind": "MIGRATION", "wish": "Help us to **move**. <script>alert(1)</script>", **more}
    made: dict[str, Any] = await world.did(who, "requestEngagement", input, ENGAGEMENT)
    return made


async def then(world: World, who: str, mutation: str, made: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A command on the engagement of an earlier payload, at the version that one gave."""
    input = {"engagementId": made["engagement"]["id"], "expectedVersion": made["version"], **more}
    done: dict[str, Any] = await world.do(who, mutation, input, ENGAGEMENT)
    return done


async def managed(world: World, id: str) -> str:
    """A service manager of this organisation alone."""
    name = f"guide-{next(numbers)}"
    world.token(name, Role.SERVICE_MANAGER, staff_id(name), organisations=[raw(id)])
    world.ids[name] = (await world.say(name, "{ viewer { actor { id } } }"))["viewer"]["actor"]["id"]
    return name


def refused(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


async def test_an_engagement_is_asked_for_agreed_scheduled_and_done(world: World) -> None:
    ref, id = await holder(world)
    guide = await managed(world, id)
    made = await asked(world, ref)
    first = made["engagement"]
    assert (first["status"], first["organisation"], first["lead"], first["scope"]) == ("REQUESTED", {"ref": ref}, None, None)
    assert first["ref"].startswith("ENG-")
    assert first["requester"]["displayName"] == "Boss"
    assert "<script" not in first["wish"]["html"]
    assert "<strong>move</strong>" in first["wish"]["html"]
    made = await then(world, guide, "scopeEngagement", made, scope="Two sessions.", leadId=world.ids["agnes"])
    assert (made["engagement"]["status"], made["engagement"]["lead"]) == ("SCOPED", {"id": world.ids["agnes"]})
    made = await then(world, guide, "scheduleEngagement", made, startsAt=START, joinUrl=JOIN)
    assert (made["engagement"]["status"], made["engagement"]["joinUrl"]) == ("SCHEDULED", JOIN)
    early = await then(world, guide, "completeEngagement", made, outcome="Done.")
    assert refused(early) == ["RULE_VIOLATED"]
    seen = await world.say(ref, NODE, id=first["id"], least=made["position"])
    assert seen["node"] == {"id": first["id"], "ref": first["ref"], "joinUrl": JOIN, "lead": {"displayName": "Agnes"}}
    made = await then(world, ref, "cancelEngagement", made)
    assert made["engagement"]["status"] == "CANCELLED"


async def test_without_the_capability_the_refusal_names_the_product(world: World) -> None:
    ref, id = await organisation(world)
    await in_force(world, id, "SUPPORT-standard")
    query = """mutation R($input: RequestEngagementInput!) { requestEngagement(input: $input) { version engagement { id }
      errors { __typename code ... on EntitlementRequired { capability requiredProduct { code } } } } }"""
    input = {"kind": "MIGRATION", "wish": "Help", "idempotencyKey": world.key}
    answer = (await world.say(ref, query, input=input))["requestEngagement"]
    assert answer["errors"] == [
        {
            "__typename": "EntitlementRequired",
            "code": "ENTITLEMENT_REQUIRED",
            "capability": "ENGAGEMENTS",
            "requiredProduct": {"code": "SUPPORT-premium"},
        }
    ]
    assert (answer["version"], answer["engagement"]) == (None, None)
    await in_force(world, id)
    assert (await asked(world, ref))["engagement"]["status"] == "REQUESTED"


async def test_a_declined_wish_is_answered(world: World) -> None:
    ref, _ = await holder(world)
    made = await then(world, "admin", "declineEngagement", await asked(world, ref), answer="No architect is free.")
    assert (made["engagement"]["status"], made["engagement"]["answer"]) == ("DECLINED", {"text": "No architect is free."})
    again = await then(world, "admin", "declineEngagement", made, answer="Still not.")
    assert refused(again) == ["INVALID_TRANSITION"]


@pytest.mark.parametrize("address", ["http://meet.example.org/1", "https://127.0.0.1/", "https://meet/1"])
async def test_a_join_url_that_nobody_should_follow_is_refused(world: World, address: str) -> None:
    ref, _ = await holder(world)
    made = await then(world, "admin", "scopeEngagement", await asked(world, ref), scope="One.", leadId=world.ids["agnes"])
    done = await then(world, "admin", "scheduleEngagement", made, startsAt=START, joinUrl=address)
    assert [(error["code"], error["path"]) for error in done["errors"]] == [("VALIDATION_FAILED", ["input", "joinUrl"])]


async def test_everybody_sees_only_what_is_theirs(world: World) -> None:
    (ref, id), (rival, other) = await holder(world), await holder(world)
    guide, stranger = await managed(world, id), await managed(world, other)
    made = await asked(world, ref)
    for who, sees in ((ref, True), (guide, True), ("agnes", True), ("auditor", True), (rival, False), (stranger, False)):
        page = (await world.say(who, PAGE, filter={"organisation": {"eq": id}}, least=made["position"]))["engagements"]
        assert [each["id"] for each in page["nodes"]] == ([made["engagement"]["id"]] if sees else []), who
        assert ((await world.say(who, NODE, id=made["engagement"]["id"]))["node"] is not None) is sees
        assert ((await world.say(who, NODE, id=made["engagement"]["id"].replace("eg_", "tk_")))["node"]) is None
    assert (await world.say(None, NODE, id=made["engagement"]["id"]))["node"] is None
    for who in (rival, stranger):
        mutation = "cancelEngagement"
        assert refused(await then(world, who, mutation, made)) == ["NOT_FOUND"]
    assert refused(await then(world, stranger, "declineEngagement", made, answer="No.")) == ["NOT_FOUND"]


async def test_customers_and_agents_do_not_manage(world: World) -> None:
    ref, _ = await holder(world)
    made = await asked(world, ref)
    inputs: dict[str, dict[str, Any]] = {
        "scopeEngagement": {"scope": "One.", "leadId": world.ids["agnes"]},
        "scheduleEngagement": {"startsAt": START, "joinUrl": JOIN},
        "completeEngagement": {"outcome": "Done."},
        "declineEngagement": {"answer": "No."},
    }
    for mutation, input in inputs.items():
        for who in (ref, "agnes", "auditor", "program"):
            assert refused(await then(world, who, mutation, made, **input)) == ["FORBIDDEN"], (mutation, who)


async def test_a_program_with_the_scope_plans_without_seeing_people(world: World) -> None:
    ref, _ = await holder(world)
    made = await asked(world, ref)
    world.token("planner", Role.SERVICE, staff_id("planner"), scopes=["MEETINGS"])
    page = await world.say("planner", PAGE, filter={"status": {"in": ["REQUESTED"]}}, first=100, least=made["position"])
    assert made["engagement"]["id"] in [each["id"] for each in page["engagements"]["nodes"]]
    done = await then(world, "planner", "scopeEngagement", made, scope="One.", leadId=world.ids["agnes"])
    assert (done["engagement"]["status"], done["engagement"]["requester"]["displayName"]) == ("SCOPED", "Erased person")
    answer = await world.ask("program", PAGE)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_pages_are_walked_newest_first_and_filtered_by_state(world: World) -> None:
    ref, _ = await holder(world)
    made = [await asked(world, ref) for _ in range(5)]
    last = await then(world, ref, "cancelEngagement", made[0])
    walked, after = [], None
    while True:
        page = (await world.say(ref, PAGE, first=2, after=after, least=last["position"]))["engagements"]
        walked += [each["id"] for each in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert walked == [each["engagement"]["id"] for each in reversed(made)]
    for filter, count in (({"status": {"eq": "CANCELLED"}}, 1), ({"status": {"nin": ["CANCELLED"]}}, 4)):
        assert len((await world.say(ref, PAGE, filter=filter))["engagements"]["nodes"]) == count
    wrong = await world.ask(ref, PAGE, filter={"status": {"eq": "CANCELLED"}}, after=after)
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_CURSOR"


async def test_an_erasure_takes_the_words_and_leaves_the_engagement(world: World) -> None:
    ref, _ = await holder(world)
    made = await asked(world, ref)
    person = made["engagement"]["requester"]["id"]
    found = (await world.say("admin", "query C($id: ID!) { node(id: $id) { ... on Contact { version } } }", id=person))["node"]
    input = {"contactId": person, "confirmation": f"boss@{ref}.example", "expectedVersion": found["version"]}
    gone = await world.did("admin", "eraseContact", input)
    fields = """query N($id: ID!, $least: Position) { node(id: $id, atLeast: $least) {
      ... on Engagement { ref version wish { source } requester { displayName } } } }"""
    seen = (await world.say("admin", fields, id=made["engagement"]["id"], least=gone["position"]))["node"]
    assert seen == {"ref": made["engagement"]["ref"], "version": 1, "wish": None, "requester": {"displayName": "Erased person"}}
    assert refused(await then(world, "admin", "declineEngagement", made, answer="No.")) == ["INVALID_TRANSITION"]
    cancelled = await then(world, "admin", "cancelEngagement", made)
    assert cancelled["engagement"]["status"] == "CANCELLED"

"""Operations meetings and reports over the real gateway: what each may do, see and read."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from projections.viewer import Role
from services.runtime.clock import Clock
from tests.services.gateway.contracts.test_contracts import acted, in_force, organisation
from tests.services.gateway.world import World, raw, staff_id

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
NOW = datetime.now(UTC)
YEAR, QUARTER = NOW.year, (NOW.month + 2) // 3
START = (NOW + 7 * DAY).isoformat()
JOIN = "https://meet.example.org/om?pwd=1"
ROW = "bucket { from to group { dimension key label } }"
REPORTS = {
    "slaComplianceReport": "met breached running metRatio",
    "ticketVolumeReport": "opened resolved reopened closed backlog",
    "backlogAgeingReport": "underOneDay oneToThreeDays threeToSevenDays sevenToThirtyDays overThirtyDays oldest",
    "ticketTimesReport": "firstResponse { count p50 p90 p95 p99 } resolution { count p50 }",
    "availabilityReport": "component { ref } uptimeRatio downtime degradedTime maintenanceTime incidents",
    "satisfactionReport": "asked rated mean distribution",
}
PACK = f"""reviewPack {{ frozenAt position from to timeZone sha256 document
  sla {{ asOf rows {{ {ROW} {REPORTS["slaComplianceReport"]} }} }} tickets {{ rows {{ {ROW} {REPORTS["ticketVolumeReport"]} }} }}
  availability {{ rows {{ {REPORTS["availabilityReport"]} }} }} backlog {{ rows {{ {REPORTS["backlogAgeingReport"]} }} }}
  times {{ rows {{ {REPORTS["ticketTimesReport"]} }} }} satisfaction {{ rows {{ {REPORTS["satisfactionReport"]} }} }}
  operations {{ incidentCount incidents {{ ref }} maintenanceCount engagementsOpen published {{ kind count }} actionItemsOpen
    actionItemsOverdue }} }}"""
MEETING = f"""meeting {{ id ref version year quarter status startsAt duration joinUrl minutesUntil host {{ id }} contract {{ ref }}
  organisation {{ ref }} agenda {{ kind title }} {PACK} minutes {{ source html }}
  actionItems {{ id title owner {{ id displayName }} dueOn status completedAt }} }}"""
PAGE = """query P($filter: OperationsMeetingFilter, $first: Int, $after: Cursor, $least: Position) {
  operationsMeetings(filter: $filter, first: $first, after: $after, atLeast: $least) {
    nodes { id ref status } edges { cursor } pageInfo { hasNextPage endCursor } } }"""
NODE = """query N($id: ID!, $least: Position) { node(id: $id, atLeast: $least) { id
  ... on OperationsMeeting { ref reviewPack { sha256 } } ... on ActionItem { title status owner { displayName } } } }"""
REPORT = "query R($input: ReportInput!, $least: Position) {{ {name}(input: $input, atLeast: $least) {{ asOf rows {{ {row} {fields} }} }} }}"
numbers = itertools.count(1)


class Shifted(Clock):
    """The wall clock, so much later."""

    def __init__(self, by: timedelta) -> None:
        super().__init__(None)
        self.by = by

    def now(self) -> datetime:
        return super().now() + self.by


@contextmanager
def later(world: World, by: timedelta) -> Iterator[None]:
    before, world.services.clock = world.services.clock, Shifted(by)
    try:
        yield
    finally:
        world.services.clock = before


async def holder(world: World) -> tuple[str, str, str]:
    """An organisation with operations meetings, by its ref, which is the customer's name too; its id; the contract's id."""
    ref, id = await organisation(world)
    made = await in_force(world, id)
    return ref, id, made["contract"]["id"]


async def managed(world: World, id: str) -> str:
    """A service manager of this organisation alone."""
    name = f"host-{next(numbers)}"
    world.token(name, Role.SERVICE_MANAGER, staff_id(name), organisations=[raw(id)])
    world.ids[name] = (await world.say(name, "{ viewer { actor { id } } }"))["viewer"]["actor"]["id"]
    return name


async def planned(world: World, who: str, contract: str, **more: Any) -> dict[str, Any]:
    input = {"contractId": contract, "year": YEAR, "quarter": QUARTER, "startsAt": START, "joinUrl": JOIN, **more}
    made: dict[str, Any] = await world.do(who, "scheduleOperationsMeeting", input, MEETING)
    return made


async def then(world: World, who: str, mutation: str, made: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A command on the meeting of an earlier payload, at the version that one gave."""
    input = {"meetingId": made["meeting"]["id"], "expectedVersion": made["version"], **more}
    done: dict[str, Any] = await world.do(who, mutation, input, MEETING)
    return done


def refused(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


async def test_a_meeting_is_planned_prepared_held_and_minuted(world: World) -> None:
    ref, id, contract = await holder(world)
    host = await managed(world, id)
    served = {"contract": {"id": contract}, "version": (await contract_version(world, contract))}
    await acted(world, "assignServiceManager", served, agentId=world.ids[host], mode="SHARED")
    made = await planned(world, host, contract)
    first = made["meeting"]
    assert (first["ref"][-8:], first["status"], first["duration"]) == (f"-{YEAR}-Q{QUARTER}", "SCHEDULED", "PT1H")
    assert ref not in first["ref"]
    assert (first["host"], first["organisation"]) == ({"id": world.ids[host]}, {"ref": ref})
    made = await then(world, ref, "addAgendaItem", made, title="Capacity")
    kinds = [each["kind"] for each in made["meeting"]["agenda"]]
    assert kinds == ["SLA", "AVAILABILITY", "SUPPORT_TICKETS", "GENERAL_OPERATIONS", "EXTRA"]
    assert refused(await then(world, ref, "addAgendaItem", made, title="sla")) == ["RULE_VIOLATED"]
    opened = await world.open(ref, priority="HIGH")
    await world.did("agnes", "replyToTicket", {"ticketId": opened["id"], "body": "We look."})
    made = await then(world, host, "freezeReviewPack", made)
    pack = made["meeting"]["reviewPack"]
    assert sha256(pack["document"].encode()).hexdigest() == pack["sha256"]
    assert json.loads(pack["document"])["position"] == pack["position"] == pack["sla"]["asOf"]
    by_metric = {row["bucket"]["group"][0]["label"]: row for row in pack["sla"]["rows"]}
    assert (by_metric["First response"]["met"], by_metric["Resolution"]["running"]) == (1, 1)
    assert [row["opened"] for row in pack["tickets"]["rows"]][-1] == 1
    assert (pack["times"]["rows"][0]["firstResponse"]["count"], pack["satisfaction"]["rows"][0]["mean"]) == (1, None)
    again = await then(world, host, "freezeReviewPack", made)
    assert [error["message"][:15] for error in again["errors"]] == ["The review pack"]
    assert refused(await then(world, host, "holdOperationsMeeting", made)) == ["RULE_VIOLATED"]
    await world.open(ref)  # a late one, which the pack does not count
    with later(world, 8 * DAY):
        made = await then(world, host, "holdOperationsMeeting", made)
        made = await then(world, host, "recordMeetingMinutes", made, minutes="We **met**. <script>alert(1)</script>")
        assert "<script" not in made["meeting"]["minutes"]["html"]
        boss = (await world.say(ref, "{ viewer { actor { id } } }"))["viewer"]["actor"]["id"]
        due = (datetime.now(UTC) + 10 * DAY).date().isoformat()
        made = await then(world, host, "raiseActionItem", made, title="Order disks", ownerId=boss, dueOn=due)
        item = made["meeting"]["actionItems"][0]
        assert (item["owner"], item["dueOn"], item["status"]) == ({"id": boss, "displayName": "Boss"}, due, "OPEN")
        for who in ("agnes",):
            assert refused(await then(world, who, "completeActionItem", made, actionItemId=item["id"])) == ["FORBIDDEN"]
        made = await then(world, ref, "completeActionItem", made, actionItemId=item["id"])
    assert made["meeting"]["actionItems"][0]["status"] == "DONE"
    assert (made["meeting"]["status"], made["meeting"]["reviewPack"]) == ("HELD", pack)
    seen = await world.say(ref, NODE, id=item["id"], least=made["position"])
    assert seen["node"] == {"id": item["id"], "title": "Order disks", "status": "DONE", "owner": {"displayName": "Boss"}}
    of_contract = """query C($id: ID!) { node(id: $id) { ... on Contract { operationsMeetings { nodes { ref } } } } }"""
    listed = (await world.say(ref, of_contract, id=contract))["node"]["operationsMeetings"]["nodes"]
    assert listed == [{"ref": first["ref"]}]


async def contract_version(world: World, contract: str) -> int:
    query = "query V($id: ID!) { node(id: $id) { ... on Contract { version } } }"
    version: int = (await world.say("admin", query, id=contract))["node"]["version"]
    return version


async def test_there_is_one_a_contract_and_quarter_and_a_cancelled_one_is_planned_anew(world: World) -> None:
    _, _, contract = await holder(world)
    made = await planned(world, "admin", contract)
    assert made["meeting"]["host"] is None  # nobody was assigned, and that shows
    query = """mutation S($input: ScheduleOperationsMeetingInput!) { scheduleOperationsMeeting(input: $input) {
      errors { __typename code path ... on AlreadyExists { existing { id } } } } }"""
    input = {"contractId": contract, "year": YEAR, "quarter": QUARTER, "startsAt": START, "joinUrl": JOIN}
    answer = await world.say("admin", query, input={**input, "idempotencyKey": world.key})
    (error,) = answer["scheduleOperationsMeeting"]["errors"]
    assert (error["code"], error["existing"]) == ("ALREADY_EXISTS", {"id": made["meeting"]["id"]})
    cancelled = await then(world, "admin", "cancelOperationsMeeting", made)
    assert cancelled["meeting"]["status"] == "CANCELLED"
    anew = await planned(world, "admin", contract, startsAt=(NOW + 9 * DAY).isoformat(), duration="PT90M")
    assert (anew["meeting"]["id"], anew["meeting"]["status"]) == (made["meeting"]["id"], "SCHEDULED")
    assert anew["meeting"]["duration"] == "PT1H30M"
    moved = await then(world, "admin", "rescheduleOperationsMeeting", anew, startsAt=START, duration="PT1H", joinUrl=JOIN)
    assert moved["meeting"]["duration"] == "PT1H"


async def test_without_the_capability_the_refusal_names_the_product(world: World) -> None:
    _, id = await organisation(world)
    standard = await in_force(world, id, "SUPPORT-standard")
    query = """mutation S($input: ScheduleOperationsMeetingInput!) { scheduleOperationsMeeting(input: $input) { errors {
      code ... on EntitlementRequired { capability requiredProduct { code } } } } }"""
    input = {"contractId": standard["contract"]["id"], "year": YEAR, "quarter": QUARTER, "startsAt": START, "joinUrl": JOIN}
    answer = await world.say("admin", query, input={**input, "idempotencyKey": world.key})
    assert answer["scheduleOperationsMeeting"]["errors"] == [
        {"code": "ENTITLEMENT_REQUIRED", "capability": "OPERATIONS_MEETINGS", "requiredProduct": {"code": "SUPPORT-premium"}}
    ]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"year": 1999}, "year"),
        ({"quarter": 5}, "quarter"),
        ({"startsAt": "2020-01-01T00:00:00Z"}, "startsAt"),
        ({"duration": "PT1M"}, "duration"),
        ({"joinUrl": "http://meet.example.org/1"}, "joinUrl"),
    ],
)
async def test_bad_input_is_refused_where_it_stands(world: World, wrong: dict[str, Any], path: str) -> None:
    _, _, contract = await holder(world)
    done = await planned(world, "admin", contract, **wrong)
    assert [(error["code"], error["path"]) for error in done["errors"]] == [("VALIDATION_FAILED", ["input", path])]


async def test_everybody_sees_only_what_is_theirs_and_customers_and_agents_do_not_manage(world: World) -> None:
    (ref, id, contract), (rival, other, _) = await holder(world), await holder(world)
    host, stranger = await managed(world, id), await managed(world, other)
    made = await planned(world, host, contract)
    made = await then(world, host, "freezeReviewPack", made)
    meeting = made["meeting"]["id"]
    sees = ((ref, True), (host, True), ("agnes", True), ("auditor", True), (rival, False), (stranger, False))
    for who, there in sees:
        page = await world.say(who, PAGE, filter={"organisation": {"eq": id}}, least=made["position"])
        assert [each["id"] for each in page["operationsMeetings"]["nodes"]] == ([meeting] if there else []), who
        node = (await world.say(who, NODE, id=meeting))["node"]
        assert (node is not None) is there
        assert node is None or node["reviewPack"] is not None
    assert (await world.say(None, NODE, id=meeting))["node"] is None
    title = {"title": "Capacity"}
    for who in (rival, stranger):
        assert refused(await then(world, who, "addAgendaItem", made, **title)) == ["NOT_FOUND"]
    assert refused(await then(world, stranger, "cancelOperationsMeeting", made)) == ["NOT_FOUND"]
    assert refused(await planned(world, stranger, contract)) == ["NOT_FOUND"]
    managing: dict[str, dict[str, Any]] = {
        "freezeReviewPack": {},
        "holdOperationsMeeting": {},
        "cancelOperationsMeeting": {},
        "recordMeetingMinutes": {"minutes": "We met."},
        "raiseActionItem": {"title": "Order disks", "ownerId": world.ids["agnes"]},
        "rescheduleOperationsMeeting": {"startsAt": START, "duration": "PT1H", "joinUrl": JOIN},
    }
    for mutation, more in managing.items():
        for who in (ref, "agnes", "auditor", "program"):
            assert refused(await then(world, who, mutation, made, **more)) == ["FORBIDDEN"], (mutation, who)
    wrong_owner = await then(world, host, "raiseActionItem", made, title="Order disks", ownerId=id)
    assert [(each["code"], each["path"]) for each in wrong_owner["errors"]] == [("NOT_FOUND", ["input", "ownerId"])]


async def test_pages_are_walked_and_filtered(world: World) -> None:
    ref, _, contract = await holder(world)
    made = [await planned(world, "admin", contract, year=YEAR + 1, quarter=quarter) for quarter in (1, 2, 3, 4)]
    last = await then(world, "admin", "cancelOperationsMeeting", made[0])
    walked, after = [], None
    while True:
        page = (await world.say(ref, PAGE, first=2, after=after, least=last["position"]))["operationsMeetings"]
        walked += [each["id"] for each in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(walked) == sorted(each["meeting"]["id"] for each in made)
    for filter, count in (
        ({"status": {"eq": "CANCELLED"}}, 1),
        ({"year": YEAR + 1, "quarter": 2}, 1),
        ({"contract": {"eq": contract}}, 4),
        ({"year": YEAR}, 0),
    ):
        assert len((await world.say(ref, PAGE, filter=filter))["operationsMeetings"]["nodes"]) == count
    under_a_list = "{ contracts(first: 2) { nodes { operationsMeetings { nodes { ref } } } } }"
    assert (await world.ask(ref, under_a_list))["errors"][0]["extensions"]["code"] == "BAD_INPUT"


def number(position: str) -> int:
    return int(position.partition(".")[2])


async def report(world: World, who: str, name: str, least: str | None = None, **input: Any) -> dict[str, Any]:
    asked = {"from": (NOW - DAY).isoformat(), "to": (NOW + DAY).isoformat(), "period": "WHOLE", **input}
    query = REPORT.format(name=name, row=ROW, fields=REPORTS[name])
    answer: dict[str, Any] = await world.ask(who, query, input=asked, least=least)
    return answer


async def test_reports_count_what_each_may_see_at_a_position(world: World) -> None:
    (ref, id, _), (rival, _, _) = await holder(world), await holder(world)
    made = [await world.open(ref, priority=priority) for priority in ("HIGH", "URGENT", "URGENT")]
    reply = await world.did("agnes", "replyToTicket", {"ticketId": made[0]["id"], "body": "We look."})
    for name in REPORTS:
        answer = await report(world, ref, name, reply["position"])
        assert "errors" not in answer, (name, answer)
        assert number(answer["data"][name]["asOf"]) >= number(reply["position"])
    own = (await report(world, ref, "ticketVolumeReport"))["data"]["ticketVolumeReport"]["rows"]
    assert [(row["opened"], row["backlog"]) for row in own] == [(3, 3)]
    nothing = (await report(world, rival, "ticketVolumeReport", organisations={"eq": id}))["data"]["ticketVolumeReport"]
    assert [row["opened"] for row in nothing["rows"]] == [0]
    split = (
        await report(world, "agnes", "ticketVolumeReport", organisations={"eq": id}, groupBy=["ORGANISATION", "PRIORITY"])
    )["data"]["ticketVolumeReport"]["rows"]
    shown = {tuple((each["key"], each["label"]) for each in row["bucket"]["group"]): row["opened"] for row in split}
    assert shown == {((id, ref), ("HIGH", "High")): 1, ((id, ref), ("URGENT", "Urgent")): 2}
    waited = (await report(world, "auditor", "ticketTimesReport", organisations={"eq": id}))["data"]["ticketTimesReport"]
    assert [row["firstResponse"]["count"] for row in waited["rows"]] == [1]


@pytest.mark.parametrize(
    ("who", "input", "code"),
    [
        ("agnes", {"to": "2020-01-01T00:00:00Z"}, "BAD_INPUT"),
        ("agnes", {"from": "2020-01-01T00:00:00Z"}, "BAD_INPUT"),
        ("agnes", {"from": (NOW - 1090 * DAY).isoformat(), "period": "DAY"}, "BAD_INPUT"),
        ("agnes", {"groupBy": ["KIND", "QUEUE", "PRIORITY"]}, "BAD_INPUT"),
        ("agnes", {"groupBy": ["KIND", "KIND"]}, "BAD_INPUT"),
        ("agnes", {"groupBy": ["METRIC"]}, "BAD_INPUT"),
        ("agnes", {"timeZone": "Mars/Olympus"}, "BAD_INPUT"),
        (
            "agnes",
            {"from": "9999-11-01T00:00:00Z", "to": "9999-12-31T23:59:59Z", "timeZone": "Pacific/Kiritimati"},
            "BAD_INPUT",
        ),
        ("agnes", {"from": "0001-01-01T00:00:00Z", "to": "0001-02-01T00:00:00Z", "timeZone": "America/New_York"}, "BAD_INPUT"),
        ("anna", {"groupBy": ["AGENT"]}, "FORBIDDEN"),
        ("program", {}, "FORBIDDEN"),
    ],
)
async def test_a_report_that_makes_no_sense_says_what_to_do(world: World, who: str, input: dict[str, Any], code: str) -> None:
    answer = await report(world, who, "ticketVolumeReport", **input)
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]

"""The quarter's operations meeting, from the scheduler's proposal to a task that is done, with a real GraphQL client.

Quarters that pass, at odd moments, are odd_moments/meetings.py.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from gql import gql

from tests.journeys.clients import acted, hearing, refused, say, until
from tests.journeys.homes import a_home, signed
from tests.journeys.running import RunningDesk

pytestmark = pytest.mark.anyio

MEETING = """meeting { id ref version status startsAt joinUrl host { displayName } agenda { title } minutes { text }
  reviewPack { position sha256 document tickets { rows { opened backlog } } sla { rows { met breached running } }
    times { rows { firstResponse { count p50 } } } operations { actionItemsOpen } }
  actionItems { id title status owner { displayName } } }"""
LIST = gql(
    f"""query($least: Position) {{ operationsMeetings(first: 5, atLeast: $least) {{ nodes {{ {MEETING[10:-2]} }} }} }}"""
)
ME = gql("{ viewer { actor { id } } }")
VOLUME = gql("""query($input: ReportInput!, $least: Position) { ticketVolumeReport(input: $input, atLeast: $least) {
  rows { opened backlog } } }""")


async def test_the_quarters_meeting_is_proposed_prepared_held_and_followed_up(desk: RunningDesk) -> None:
    home, rival, admin = await a_home(desk), await a_home(desk, "Aurora"), desk.token("ADMIN")
    contract = await signed(desk, home, "SUPPORT-premium", desk.now())
    await until(lambda: there(desk, home.customer))  # nobody asked for it: time proposed it
    (proposed,) = (await say(desk, home.customer, LIST))["operationsMeetings"]["nodes"]
    assert (proposed["ref"], proposed["host"], proposed["status"]) == (f"{contract['ref']}-2027-Q4", None, "SCHEDULED")
    assert proposed["joinUrl"] == f"https://meet.example.org/{contract['ref']}-2027-Q4"
    assert [each["title"] for each in proposed["agenda"]] == ["SLA", "Availability", "Support tickets", "General operations"]

    host = desk.token("SERVICE_MANAGER", "--organisation", home.ref, "--name", f"Maja {uuid4().hex[:6]}")
    maja = (await say(desk, host, ME))["viewer"]["actor"]["id"]
    served = {"contractId": contract["id"], "expectedVersion": contract["version"], "agentId": maja, "mode": "SHARED"}
    await acted(desk, admin, "assignServiceManager", **served)
    made = proposed

    async def then(token: str, mutation: str, **input: Any) -> dict[str, Any]:
        """A command on the meeting at the version that was seen last."""
        nonlocal made
        on = {"meetingId": made["id"], "expectedVersion": made["version"]}
        payload = await acted(desk, token, mutation, MEETING, **on, **input)
        made = payload["meeting"]
        return {**made, "position": payload["position"]}

    new = {"kind": "INCIDENT", "severity": "MAJOR", "subject": "Slow", "priority": "HIGH"}
    ticket = (await acted(desk, home.customer, "openTicket", "ticket { id }", ticket=new, body="Very."))["ticket"]["id"]
    await acted(desk, admin, "replyToTicket", ticketId=ticket, body="We look.")
    start = (desk.now() + timedelta(hours=1)).isoformat()
    await then(host, "rescheduleOperationsMeeting", startsAt=start, duration="PT1H", joinUrl=made["joinUrl"])
    await then(home.customer, "addAgendaItem", title="Capacity")
    async with hearing(desk, "support.confidential.meeting.pack_frozen.>") as heard:
        frozen = await then(host, "freezeReviewPack")
        (fact,) = await heard.until(made["id"], ["meeting.pack_frozen"])
        pack = frozen["reviewPack"]
        assert (fact.data["sha256"], fact.data["pack"]) == (pack["sha256"], pack["document"])
    assert sha256(pack["document"].encode()).hexdigest() == pack["sha256"]
    assert pack["tickets"]["rows"] == [{"opened": 1, "backlog": 1}]
    assert (sum(row["met"] for row in pack["sla"]["rows"]), pack["times"]["rows"][0]["firstResponse"]["count"]) == (1, 1)

    await acted(desk, home.customer, "openTicket", ticket={**new, "subject": "Slower"}, body="Still.")
    desk.later(hours=2)
    assert (await then(host, "holdOperationsMeeting"))["status"] == "HELD"
    assert (await then(host, "recordMeetingMinutes", minutes="We **met**."))["minutes"] == {"text": "We met."}
    raised = await then(host, "raiseActionItem", title="Order disks", ownerId=home.contact)
    item = raised["actionItems"][0]
    assert (item["owner"]["displayName"], item["status"]) == ("Ingrid Solheim", "OPEN")
    done = await then(home.customer, "completeActionItem", actionItemId=item["id"])

    (seen,) = (await say(desk, home.customer, LIST, least=done["position"]))["operationsMeetings"]["nodes"]
    assert (seen["reviewPack"], seen["actionItems"][0]["status"]) == (pack, "DONE")
    assert seen["host"]["displayName"].startswith("Maja")
    assert (await say(desk, rival.customer, LIST))["operationsMeetings"]["nodes"] == []
    on = {"meetingId": made["id"], "title": "Ours"}
    assert await refused(desk, rival.customer, "addAgendaItem", **on) == "NOT_FOUND"
    month = {"from": (desk.now() - timedelta(days=1)).isoformat(), "to": desk.now().isoformat(), "period": "WHOLE"}
    counted = (await say(desk, home.customer, VOLUME, input=month, least=done["position"]))["ticketVolumeReport"]["rows"]
    assert counted == [{"opened": 2, "backlog": 2}]  # a report counts what came after the pack

    assert desk.support("pack", "reproduce", made["ref"]).stdout.splitlines()[-1] == "equal"
    assert desk.support("pack", "show", made["id"]).stdout == pack["document"]


async def there(desk: RunningDesk, token: str) -> bool:
    return bool((await say(desk, token, LIST))["operationsMeetings"]["nodes"])

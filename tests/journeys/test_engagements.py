"""An engagement's life through the processes that `support dev` starts: asked for, agreed, scheduled, reminded of, done.

Time is the clock file's: the start lies just after a daylight-saving change, and the schedulers come back after two days' absence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import nats
import pytest
from gql import GraphQLRequest, gql

from tests.journeys.running import RunningDesk, asked, running_desk

pytestmark = pytest.mark.anyio

NOW, START = "2027-03-20T09:00:00Z", "2027-03-28T02:30:00Z"
JOIN = "https://meet.example.org/eng-1"
FIELDS = """engagement { id ref version status startsAt joinUrl lead { displayName } requester { displayName }
  wish { text } scope { text } outcome { text } } version position errors { __typename code message path }"""
LIST = gql("""query($status: EngagementStatusComparator, $least: Position) {
  engagements(filter: { status: $status }, first: 5, atLeast: $least) { nodes { id ref version status joinUrl outcome { text } } } }""")
HOME = gql("{ organisation { id } viewer { actor { id } } }")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with running_desk(tmp_path_factory.mktemp("engagements"), clock=NOW) as running:
        yield running


async def say(desk: RunningDesk, token: str, document: GraphQLRequest, **variables: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await desk.as_role(token).execute_async(asked(document, variables))
    return answer


async def act(desk: RunningDesk, token: str, mutation: str, fields: str = FIELDS, **input: Any) -> dict[str, Any]:
    """A mutation's payload, refused or not; with a fresh key."""
    kind = mutation[0].upper() + mutation[1:]
    document = gql(f"mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ {fields} }} }}")
    payload: dict[str, Any] = (await say(desk, token, document, input={"idempotencyKey": str(uuid4()), **input}))[mutation]
    return payload


async def then(desk: RunningDesk, token: str, mutation: str, made: dict[str, Any], **input: Any) -> dict[str, Any]:
    """A command on the engagement of an earlier payload, at the version that one gave."""
    done = await act(
        desk, token, mutation, engagementId=made["engagement"]["id"], expectedVersion=made["engagement"]["version"], **input
    )
    assert done["errors"] == []
    return done


async def entitle(desk: RunningDesk, admin: str, organisation: str) -> None:
    fields = "contract { id } version errors { code message }"
    made = await act(
        desk,
        admin,
        "draftContract",
        fields,
        organisationId=organisation,
        ref=f"C-{uuid4()}",
        product="SUPPORT-premium",
        **{"from": NOW},
    )
    done = await act(desk, admin, "activateContract", fields, contractId=made["contract"]["id"], expectedVersion=1)
    assert done["errors"] == []


class Heard:
    """What NATS says of engagements."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.texts = b""

    async def hear(self, message: Any) -> None:
        kind = message.headers["ce-type"].removeprefix("eu.support-desk.engagement.").removesuffix(".v1")
        self.events.append(kind)
        self.texts += message.data

    async def until(self, count: int) -> list[str]:
        """Wait for so many, and a moment longer, for there may be none twice."""
        for _ in range(300):
            if len(self.events) >= count:
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.5)
        return self.events


async def test_help_is_asked_for_and_given(desk: RunningDesk) -> None:
    admin, anna = desk.token("ADMIN"), desk.token("CUSTOMER", "--organisation", "fjordlab")
    rival = desk.token("CUSTOMER", "--organisation", "aurora")
    architect = (await say(desk, desk.token("AGENT", "--name", "Maja"), HOME))["viewer"]["actor"]["id"]
    home = (await say(desk, anna, HOME))["organisation"]["id"]
    heard = Heard()
    broker = await nats.connect(
        f"nats://127.0.0.1:{desk.nats_port}",
        user="subscriber",
        password=desk.secret("nats_subscriber_password"),
        inbox_prefix=b"_INBOX_subscriber",
    )
    await broker.subscribe("support.confidential.engagement.>", cb=heard.hear)
    await broker.flush()

    wish = {"kind": "ROLLOUT_PLANNING", "wish": "Plan the **roll-out** with us."}
    early = await act(desk, anna, "requestEngagement", **wish)
    assert [error["code"] for error in early["errors"]] == ["ENTITLEMENT_REQUIRED"]
    await entitle(desk, admin, home)
    made = await act(desk, anna, "requestEngagement", **wish)
    assert (made["errors"], made["engagement"]["ref"], made["engagement"]["status"]) == ([], "ENG-1", "REQUESTED")
    forbidden = await act(
        desk, anna, "declineEngagement", engagementId=made["engagement"]["id"], expectedVersion=1, answer="No."
    )
    assert [error["code"] for error in forbidden["errors"]] == ["FORBIDDEN"]
    made = await then(desk, admin, "scopeEngagement", made, scope="Two sessions.", leadId=architect)
    assert made["engagement"]["lead"] == {"displayName": "Maja"}
    nowhere = await act(
        desk,
        admin,
        "scheduleEngagement",
        engagementId=made["engagement"]["id"],
        expectedVersion=2,
        startsAt=START,
        joinUrl="http://meet.example.org/1",
    )
    assert [error["path"] for error in nowhere["errors"]] == [["input", "joinUrl"]]
    made = await then(desk, admin, "scheduleEngagement", made, startsAt=START, joinUrl=JOIN)
    second = await act(desk, anna, "requestEngagement", **wish)
    second = await then(desk, admin, "scopeEngagement", second, scope="One session.", leadId=architect)
    second = await then(desk, admin, "scheduleEngagement", second, startsAt="2027-03-30T08:00:00Z", joinUrl=JOIN)
    assert (await say(desk, rival, LIST, least=second["position"]))["engagements"]["nodes"] == []
    found = await say(desk, anna, LIST, status={"eq": "SCHEDULED"}, least=second["position"])
    assert [each["joinUrl"] for each in found["engagements"]["nodes"]] == [JOIN, JOIN]

    asked_twice = ["requested", "scoped", "scheduled"] * 2
    assert await heard.until(6) == asked_twice
    assert b"roll-out" not in heard.texts
    desk.clock.write_text("2027-03-27T02:30:00Z")  # a day before, by the clock of the world
    assert await heard.until(7) == [*asked_twice, "reminder_due"]
    desk.clock.write_text("2027-03-30T07:30:00Z")  # three days on: one has begun, of the other an hour's reminder is left
    later = ["reminder_dropped", "reminder_dropped", "reminder_due"]
    assert sorted((await heard.until(10))[7:]) == sorted(later)

    found = await say(desk, admin, LIST, status={"in": ["SCHEDULED"]})
    seen = next(each for each in found["engagements"]["nodes"] if each["ref"] == "ENG-1")
    done = await then(desk, admin, "completeEngagement", {"engagement": seen}, outcome="It is rolled out.")
    assert done["engagement"]["outcome"] == {"text": "It is rolled out."}
    found = await say(desk, anna, LIST, status={"eq": "SCHEDULED"}, least=done["position"])
    await then(desk, anna, "cancelEngagement", {"engagement": found["engagements"]["nodes"][0]})
    assert (await heard.until(12))[10:] == ["completed", "cancelled"]
    await broker.close()
    verified = desk.support("verify", check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr

"""A contract's life through the processes that `make run` starts: drafted, in force, upgraded, managed, halted, renewed, run out.

Time is the clock file's: the journey crosses 29 February, a daylight-saving change and a year's end. Whoever listens on NATS hears each
instant at which the entitlement changes once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import nats
import pytest
from gql import GraphQLRequest, gql

from tests.journeys.running import RunningDesk, asked, running_desk

pytestmark = pytest.mark.anyio

STANDARD, PREMIUM = "SUPPORT-standard", "SUPPORT-premium"
SIGNED, BEGIN = "2028-02-28T12:00:00Z", "2028-02-29T00:00:00Z"
UPGRADE = "2028-03-26T01:00:00Z"
"""The instant at which Europe's clocks go from two to three."""
END, RENEWED = "2028-07-01T00:00:00Z", "2029-01-01T00:00:00Z"
FIELDS = """contract { id version status product { code } periods { product { code } from to }
  serviceManagers { manager { displayName } mode from to } } version position errors { __typename code message path }"""
CONTRACT = gql(
    "query($id: ID!, $least: Position) { node(id: $id, atLeast: $least) { ... on Contract { version status product { code } } } }"
)
ENTITLED = gql("""query($at: DateTime, $least: Position) { organisation(atLeast: $least) { id serviceManager { mode manager { id } }
  entitlements(at: $at) { capability product { code } contract { ref } from to } } }""")
SEEN = gql("query($ref: String!) { organisation(ref: $ref) { id } }")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with running_desk(tmp_path_factory.mktemp("contracts"), clock=SIGNED) as running:
        yield running


async def say(desk: RunningDesk, token: str, document: GraphQLRequest, variables: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = await desk.as_role(token).execute_async(asked(document, variables))
    return answer


async def act(desk: RunningDesk, token: str, mutation: str, **input: Any) -> dict[str, Any]:
    """A mutation's payload, refused or not; with a fresh key."""
    kind = mutation[0].upper() + mutation[1:]
    document = gql(f"mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ {FIELDS} }} }}")
    given = {"idempotencyKey": str(uuid4()), **input}
    answer = await say(desk, token, document, {"input": given})
    payload: dict[str, Any] = answer[mutation]
    return payload


async def acted(desk: RunningDesk, token: str, mutation: str, made: dict[str, Any], **input: Any) -> dict[str, Any]:
    """A command on a contract, at the version it has now."""
    id = made["contract"]["id"]
    found = await say(desk, token, CONTRACT, {"id": id, "least": made["position"]})
    done = await act(desk, token, mutation, contractId=id, expectedVersion=found["node"]["version"], **input)
    assert done["errors"] == []
    return done


async def entitled(desk: RunningDesk, token: str, at: str | None = None, least: str | None = None) -> dict[str, Any]:
    """By capability: the product and until when."""
    answer = await say(desk, token, ENTITLED, {"at": at, "least": least})
    return {each["capability"]: (each["product"]["code"], each["to"]) for each in answer["organisation"]["entitlements"]}


class Heard:
    """What NATS says of contracts that happen after the journey began."""

    def __init__(self) -> None:
        self.turns: list[tuple[str, str]] = []

    async def hear(self, message: Any) -> None:
        event = message.headers["ce-type"].removeprefix("eu.support-desk.contract.").removesuffix(".v1")
        if event in ("started", "ceased", "expired"):
            self.turns.append((event, json.loads(message.data)["since"]))

    async def until(self, turns: list[tuple[str, str]]) -> None:
        """Wait for these, and a moment longer, for there may be none twice."""
        for _ in range(300):
            if len(self.turns) >= len(turns):
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.5)
        assert self.turns == turns


async def test_from_draft_to_expiry_over_odd_days(desk: RunningDesk) -> None:
    admin, agent = desk.token("ADMIN"), desk.token("AGENT")
    customer = desk.token("CUSTOMER", "--organisation", "fjordlab")
    rival = desk.token("CUSTOMER", "--organisation", "aurora")
    home = (await say(desk, customer, ENTITLED, {"at": None, "least": None}))["organisation"]
    heard = Heard()
    broker = await nats.connect(
        f"nats://127.0.0.1:{desk.nats_port}",
        user="subscriber",
        password=desk.secret("nats_subscriber_password"),
        inbox_prefix=b"_INBOX_subscriber",
    )
    await broker.subscribe("support.confidential.contract.>", cb=heard.hear)
    await broker.flush()

    made = await act(
        desk, agent, "draftContract", organisationId=home["id"], ref="C-2028-1", product=STANDARD, **{"from": BEGIN, "to": END}
    )
    assert made["contract"]["status"] == "DRAFT"
    assert len(await entitled(desk, customer, BEGIN, made["position"])) == 3
    forbidden = await act(desk, agent, "activateContract", contractId=made["contract"]["id"], expectedVersion=1)
    assert [error["code"] for error in forbidden["errors"]] == ["FORBIDDEN"]
    made = await acted(desk, admin, "activateContract", made)
    made = await acted(desk, admin, "changeContractPlan", made, product=PREMIUM, effectiveAt=UPGRADE)

    ahead = {
        at: sorted({product for product, _ in (await entitled(desk, customer, at, made["position"])).values()})
        for at in ("2028-02-28T23:59:59.999999Z", BEGIN, "2028-03-26T00:59:59.999999Z", UPGRADE, "2028-06-30T23:59:59Z", END)
    }
    base = "SUPPORT-iaas.base"
    assert list(ahead.values()) == [[base], [base, STANDARD], [base, STANDARD], [base, PREMIUM], [base, PREMIUM], [base]]
    assert len(await entitled(desk, customer)) == 3
    answer = await say(desk, rival, CONTRACT, {"id": made["contract"]["id"]})
    assert answer["node"] is None

    desk.clock.write_text(BEGIN)
    await heard.until([("started", BEGIN)])
    assert (await entitled(desk, customer))["BACKCHANNEL_CHAT"] == (STANDARD, UPGRADE)
    manager = desk.token("SERVICE_MANAGER", "--name", "Maja")
    maja = (await say(desk, manager, gql("{ viewer { actor { id } } }"), {}))["viewer"]["actor"]["id"]
    early = await act(
        desk,
        admin,
        "assignServiceManager",
        contractId=made["contract"]["id"],
        expectedVersion=made["version"] + 1,
        agentId=maja,
        mode="DEDICATED",
    )
    assert [error["code"] for error in early["errors"]] == ["ENTITLEMENT_REQUIRED"]

    desk.clock.write_text(UPGRADE)
    await heard.until([("started", BEGIN), ("started", UPGRADE)])
    assert (await entitled(desk, customer))["ENGAGEMENTS"] == (PREMIUM, END)
    made = await acted(desk, admin, "assignServiceManager", made, agentId=maja, mode="DEDICATED")
    told = await say(desk, customer, ENTITLED, {"at": None, "least": made["position"]})
    assert told["organisation"]["serviceManager"] == {"mode": "DEDICATED", "manager": {"id": maja}}
    await asyncio.sleep(2.5)  # sight is looked up every two seconds
    for ref, visible in (("fjordlab", True), ("aurora", False)):
        found = await say(desk, manager, SEEN, {"ref": ref})
        assert (found["organisation"] is not None) is visible

    made = await acted(desk, admin, "suspendContract", made)
    assert made["contract"]["status"] == "SUSPENDED"
    assert len(await entitled(desk, customer, None, made["position"])) == 3
    made = await acted(desk, admin, "resumeContract", made, effectiveAt="2028-03-27T00:00:00Z")
    desk.clock.write_text("2028-03-27T00:00:00Z")
    turns = [("started", BEGIN), ("started", UPGRADE), ("ceased", UPGRADE), ("started", "2028-03-27T00:00:00Z")]
    await heard.until(turns)
    made = await acted(desk, admin, "renewContract", made, to=RENEWED)

    desk.clock.write_text("2028-07-03T00:00:00Z")  # past the first end
    await heard.until(turns)
    assert (await entitled(desk, customer))["SERVICE_MANAGER"] == (PREMIUM, RENEWED)
    desk.clock.write_text("2029-01-03T00:00:00Z")  # two days late, over the year's end
    await heard.until([*turns, ("expired", RENEWED)])
    assert len(await entitled(desk, customer)) == 3
    assert len(await entitled(desk, customer, "2028-12-31T23:59:59Z")) == 7
    after = await say(desk, admin, CONTRACT, {"id": made["contract"]["id"]})
    assert after["node"]["status"] == "EXPIRED"
    await asyncio.sleep(2.5)
    found = await say(desk, manager, SEEN, {"ref": "fjordlab"})
    assert found["organisation"] is None
    opened = gql("mutation($input: OpenTicketInput!) { openTicket(input: $input) { ticket { ref } errors { code } } }")
    message = {"ticket": {"kind": "REQUEST", "subject": "Still there?"}, "body": "Hello", "idempotencyKey": str(uuid4())}
    ticket = (await say(desk, customer, opened, {"input": message}))["openTicket"]
    assert ticket["errors"] == []
    await broker.close()
    verified = desk.support("verify", check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr

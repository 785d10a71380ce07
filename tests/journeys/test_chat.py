"""Into the chat rooms and out again, through the processes that `make run` starts, with a real GraphQL client.

A customer asks, is told which product it takes, asks again with it, and watches live how staff let them in and how the end of the
contract puts them out at its instant. Another proves an address and asks for the community room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from gql import GraphQLRequest, gql

from domain.organisations.contact import Contact
from projections.viewer import Role, Viewer
from services.cli.wiring import writing
from services.commands import verification
from services.commands.desk import By, Desk
from services.gateway.ids import read
from services.policies.in_force import PoliciesInForce
from services.runtime.act import SYSTEM, Act
from services.runtime.decision import Decision
from tests.journeys.aftermath import settings_of, the_views_are_equal
from tests.journeys.running import RunningDesk, asked, listening, running_desk

pytestmark = pytest.mark.anyio

SIGNED, LEAP_DAY, LATER = "2028-02-28T12:00:00Z", "2028-02-29T00:00:00Z", "2028-02-29T00:00:01Z"
VIEWER = gql("""{ viewer { actor { id ... on Contact { organisation { id } } }
  chatRooms { id kind name joinUrl viewerAccess { status endReason } } } }""")
WATCH = gql("subscription { chatAccessChanged { access { id status endReason } } }")
PENDING = gql("{ chatRoomAccesses(filter: {status: {eq: REQUESTED}}) { nodes { id version contact { displayName } } } }")
ACCESS = "access { id version status }"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with running_desk(tmp_path_factory.mktemp("chat"), clock=SIGNED) as running:
        yield running


async def say(desk: RunningDesk, token: str | None, document: GraphQLRequest, **variables: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await desk.as_role(token).execute_async(asked(document, variables))
    return answer


async def act(desk: RunningDesk, token: str | None, mutation: str, select: str, /, **input: Any) -> dict[str, Any]:
    """A mutation's payload, refused or not; with a fresh key."""
    kind = mutation[0].upper() + mutation[1:]
    errors = "errors { code message ... on EntitlementRequired { requiredProduct { code } } }"
    document = gql(f"mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ {select} {errors} }} }}")
    answer = await say(desk, token, document, input={"idempotencyKey": str(uuid4()), **input})
    payload: dict[str, Any] = answer[mutation]
    return payload


async def acted(desk: RunningDesk, token: str | None, mutation: str, select: str, /, **input: Any) -> dict[str, Any]:
    payload = await act(desk, token, mutation, select, **input)
    assert payload["errors"] == []
    return payload


async def rooms(desk: RunningDesk, token: str) -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in (await say(desk, token, VIEWER))["viewer"]["chatRooms"]}


async def link_for(desk: RunningDesk, contact: UUID) -> str:
    """The token of the message, taken where it is handed on, as the room of deliveries will."""
    tokens: list[str] = []

    async def tell(_: Decision, __: Contact, token: str) -> None:
        tokens.append(token)

    async with writing(settings_of(desk)) as (store, writer, codec, _):
        signed = datetime(2028, 2, 28, 12, tzinfo=UTC)
        by = By(Viewer(Role.ADMIN, SYSTEM.id), Act(actor=SYSTEM, at=signed, correlation=uuid4()))
        await verification.request(Desk(writer, PoliciesInForce(store, codec)), by, contact, tell=tell)
    return tokens[0]


async def test_in_by_the_product_and_out_by_itself_on_leap_day(desk: RunningDesk) -> None:
    customer, agent, admin = desk.token("CUSTOMER", "--organisation", "fjordlab"), desk.token("AGENT"), desk.token("ADMIN")
    home = (await say(desk, customer, VIEWER))["viewer"]["actor"]["organisation"]["id"]
    room = (await rooms(desk, customer))["BACKCHANNEL"]
    refused = await act(desk, customer, "requestChatRoomAccess", ACCESS, roomId=room["id"])
    assert refused["errors"][0]["requiredProduct"] == {"code": "SUPPORT-standard"}

    contract = "contract { id version }"
    terms = {"ref": "C-chat", "product": "SUPPORT-standard", "from": SIGNED, "to": LEAP_DAY}
    made = (await acted(desk, admin, "draftContract", contract, organisationId=home, **terms))["contract"]
    await acted(desk, admin, "activateContract", contract, contractId=made["id"], expectedVersion=made["version"])

    async with listening(desk.live(customer), WATCH, {}) as live:
        await asyncio.sleep(1)  # the subscription stands
        await acted(desk, customer, "requestChatRoomAccess", ACCESS, roomId=room["id"])
        (pending,) = (await say(desk, agent, PENDING))["chatRoomAccesses"]["nodes"]
        given = {"accessId": pending["id"], "expectedVersion": pending["version"]}
        forbidden = await act(desk, customer, "approveChatRoomAccess", ACCESS, **given)
        assert [each["code"] for each in forbidden["errors"]] == ["FORBIDDEN"]
        await acted(desk, agent, "approveChatRoomAccess", ACCESS, **given)
        for status in ("REQUESTED", "APPROVED"):
            told = (await asyncio.wait_for(live.get(), 30))["chatAccessChanged"]["access"]
            assert told["status"] in (status, "APPROVED")  # an access is shown as it is when it is told of
        assert (await rooms(desk, customer))["BACKCHANNEL"]["joinUrl"].endswith("/backchannel-fjordlab")

        desk.clock.write_text(LATER)
        told = (await asyncio.wait_for(live.get(), 60))["chatAccessChanged"]["access"]
        assert (told["id"], told["status"], told["endReason"]) == (pending["id"], "REVOKED", "ENTITLEMENT_LOST")
    after = (await rooms(desk, customer))["BACKCHANNEL"]
    assert (after["joinUrl"], after["viewerAccess"]) == (None, {"status": "REVOKED", "endReason": "ENTITLEMENT_LOST"})
    desk.clock.write_text(SIGNED)


async def test_into_the_community_with_a_proven_address(desk: RunningDesk) -> None:
    customer, agent = desk.token("CUSTOMER", "--organisation", "aurora"), desk.token("AGENT")
    room = (await rooms(desk, customer))["COMMUNITY"]["id"]
    refused = await act(desk, customer, "requestChatRoomAccess", ACCESS, roomId=room)
    assert [each["code"] for each in refused["errors"]] == ["RULE_VIOLATED"]

    contact = read((await say(desk, customer, VIEWER))["viewer"]["actor"]["id"])
    assert contact is not None
    token = await link_for(desk, contact[1])
    await acted(desk, None, "verifyContactEmail", "version", token=token)
    used = await act(desk, None, "verifyContactEmail", "version", token=token)
    assert [each["code"] for each in used["errors"]] == ["TOKEN_INVALID"]

    asked_for = (await acted(desk, customer, "requestChatRoomAccess", ACCESS, roomId=room))["access"]
    given = {"accessId": asked_for["id"], "expectedVersion": asked_for["version"]}
    approved = await acted(desk, agent, "approveChatRoomAccess", ACCESS, **given)
    assert approved["access"]["status"] == "APPROVED"
    await the_views_are_equal(desk)

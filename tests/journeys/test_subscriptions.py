"""Somebody subscribes to service status, with a real GraphQL client and the messages of `support outbox`, and leaves again."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from gql import gql

from tests.journeys.running import RunningDesk, asked, running_desk

pytestmark = pytest.mark.anyio
SEEN = gql("""query($at: Position) { statusSubscriptions(atLeast: $at) { nodes { id status destinationHint } } }""")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with running_desk(tmp_path_factory.mktemp("journey"), clock="PT0S") as running:
        yield running


async def do(desk: RunningDesk, who: str | None, name: str, **input: Any) -> dict[str, Any]:
    kind = name[0].upper() + name[1:]
    document = gql(
        f"""mutation($input: {kind}Input!) {{ {name}(input: $input) {{
          subscription {{ id version status destinationHint }} position errors {{ code message }} }} }}"""
    )
    answer = await desk.as_role(who).execute_async(asked(document, {"input": {"idempotencyKey": str(uuid4()), **input}}))
    payload: dict[str, Any] = answer[name]
    return payload


def newest(desk: RunningDesk) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(desk.support("outbox", "--json").stdout.splitlines()[-1])
    return message


def token_in(message: dict[str, Any]) -> str:
    return str(re.findall(r"\b[\w-]{60,}", message["text"])[-1])


async def test_subscribe_confirm_try_and_leave(desk: RunningDesk) -> None:
    anna = desk.token("CUSTOMER", "--organisation", "fjordlab")
    inside = await do(desk, anna, "requestStatusSubscription", destination={"webhook": "https://10.0.0.1/"})
    assert [each["code"] for each in inside["errors"]] == ["VALIDATION_FAILED"]
    made = await do(desk, anna, "requestStatusSubscription", destination={"email": "ops@fjordlab.example"})
    assert (made["errors"], made["subscription"]["status"]) == ([], "AWAITING_CONFIRMATION")
    message = newest(desk)
    assert (message["to"], message["channel"]) == ("ops@fjordlab.example", "EMAIL")
    confirmed = await do(desk, None, "confirmStatusSubscription", token=token_in(message))
    assert (confirmed["errors"], confirmed["subscription"]) == ([], None)
    assert newest(desk)["text"] is None
    on = {"subscriptionId": made["subscription"]["id"]}
    hours = {"from": "22:00", "to": "07:00", "timeZone": "Europe/Copenhagen"}
    assert (await do(desk, anna, "setStatusSubscriptionQuietHours", **on, quietHours=hours))["errors"] == []
    assert (await do(desk, anna, "sendTestNotification", **on))["errors"] == []
    left = await do(desk, None, "cancelStatusSubscription", by={"token": token_in(newest(desk))})
    assert left["errors"] == []
    found = await desk.as_role(anna).execute_async(asked(SEEN, {"at": left["position"]}))
    assert found["statusSubscriptions"]["nodes"] == [
        {"id": made["subscription"]["id"], "status": "CANCELLED", "destinationHint": "o…@fjordlab.example"}
    ]


async def test_what_nobody_confirms_runs_out_and_all_agrees_with_a_rebuild(desk: RunningDesk) -> None:
    boss = desk.token("CUSTOMER_ADMIN", "--organisation", "aurora")
    made = await do(desk, boss, "requestStatusSubscription", destination={"sms": "+4570123456"})
    desk.clock.write_text("PT25H")
    boss = desk.token("CUSTOMER_ADMIN", "--organisation", "aurora", "--hours", "48")
    async with asyncio.timeout(60):
        while True:
            nodes = (await desk.as_role(boss).execute_async(asked(SEEN, {})))["statusSubscriptions"]["nodes"]
            if {each["id"]: each["status"] for each in nodes}[made["subscription"]["id"]] == "EXPIRED":
                break
            await asyncio.sleep(0.2)
    assert desk.support("verify").returncode == 0

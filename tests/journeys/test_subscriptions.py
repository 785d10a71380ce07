"""Somebody subscribes to service status on three channels, with a real GraphQL client and the messages of `support outbox`, and leaves.

What becomes of a subscription that nobody confirms is odd_moments/subscriptions.py.
"""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from gql import gql

from tests.journeys.clients import acted, refused, say
from tests.journeys.homes import Home, a_home
from tests.journeys.running import RunningDesk

pytestmark = pytest.mark.anyio
SEEN = gql("query($at: Position) { statusSubscriptions(atLeast: $at) { nodes { id status destinationHint } } }")
FIELDS = """subscription { id version status destinationHint severityFloor digest quietHours { from to timeZone }
  services { ref } } version"""


def token_in(message: dict[str, Any]) -> str:
    return str(re.findall(r"\b[\w-]{60,}", message["text"])[-1])


async def requested(desk: RunningDesk, home: Home, **destination: str) -> dict[str, Any]:
    made = await acted(desk, home.customer, "requestStatusSubscription", FIELDS, destination=destination)
    assert made["subscription"]["status"] == "AWAITING_CONFIRMATION"
    found: dict[str, Any] = made["subscription"]
    return found


async def confirmed(desk: RunningDesk, home: Home, **destination: str) -> dict[str, Any]:
    """A subscription whose message's token came back; the version it has then."""
    made = await requested(desk, home, **destination)
    (to,) = destination.values()
    (message,) = [each for each in desk.outbox() if each["to"] == to]
    done = await acted(desk, None, "confirmStatusSubscription", FIELDS, token=token_in(message))
    return {**made, "version": done["version"]}


async def test_subscribe_by_mail_confirm_try_and_leave(desk: RunningDesk) -> None:
    home = await a_home(desk)
    inside = {"webhook": "https://10.0.0.1/"}
    assert await refused(desk, home.customer, "requestStatusSubscription", destination=inside) == "VALIDATION_FAILED"
    address = f"ops@{home.ref}.example"
    mine = await requested(desk, home, email=address)

    def newest() -> dict[str, Any]:
        shown: list[dict[str, Any]] = [json.loads(line) for line in desk.support("outbox", "--json").stdout.splitlines()]
        return [each for each in shown if each["to"] in (address, None)][-1]

    assert (newest()["to"], newest()["channel"]) == (address, "EMAIL")
    done = await acted(desk, None, "confirmStatusSubscription", FIELDS, token=token_in(newest()))
    assert done["subscription"] is None  # who came with a token is told no more than that it was taken
    on = {"subscriptionId": mine["id"]}
    await acted(desk, home.customer, "sendTestNotification", **on)
    left = await acted(desk, None, "cancelStatusSubscription", by={"token": token_in(newest())})
    nodes = (await say(desk, home.customer, SEEN, at=left["position"]))["statusSubscriptions"]["nodes"]
    assert nodes == [{"id": mine["id"], "status": "CANCELLED", "destinationHint": f"o…@{home.ref}.example"}]


async def test_what_and_when_is_told_can_be_changed(desk: RunningDesk) -> None:
    home, ref = await a_home(desk), f"compute-{uuid4().hex[:8]}"
    service = {"ref": ref, "name": "Compute", "group": "Proof"}
    made = await acted(desk, desk.token("ADMIN"), "registerServiceComponent", "component { id }", **service)
    mine = await confirmed(desk, home, sms=f"+4570{uuid4().int % 10**6:06}")
    hours = {"from": "22:00", "to": "07:00", "timeZone": "Europe/Copenhagen"}

    async def then(mutation: str, **input: Any) -> dict[str, Any]:
        done = await acted(desk, home.customer, mutation, FIELDS, subscriptionId=mine["id"], **input)
        found: dict[str, Any] = done["subscription"]
        return found

    scope = {"componentIds": [made["component"]["id"]], "severityFloor": "MAJOR"}
    changed = await then("changeStatusSubscriptionScope", **scope)
    assert (changed["services"], changed["severityFloor"]) == ([{"ref": ref}], "MAJOR")
    assert (await then("setStatusSubscriptionQuietHours", quietHours=hours))["quietHours"] == hours
    assert (await then("setStatusSubscriptionDigest", digest="DAILY"))["digest"] == "DAILY"
    assert (await then("pauseStatusSubscription"))["status"] == "PAUSED"
    assert (await then("resumeStatusSubscription"))["status"] == "ACTIVE"
    left = await acted(desk, home.customer, "cancelStatusSubscription", FIELDS, by={"id": mine["id"]})
    assert left["subscription"]["status"] == "CANCELLED"


async def test_the_secret_of_a_webhook_is_shown_once_and_changed(desk: RunningDesk) -> None:
    home = await a_home(desk)
    hook = await confirmed(desk, home, webhook=f"https://93.184.216.34/{uuid4().hex}")
    assert hook["destinationHint"] == "https://93.184.216.34/…"
    given = {"subscriptionId": hook["id"], "expectedVersion": hook["version"], "idempotencyKey": str(uuid4())}
    first, again = [await acted(desk, home.customer, "rotateWebhookSecret", "secret version", **given) for _ in range(2)]
    assert first["secret"].startswith("whsec_")
    assert (again["secret"], again["position"]) == (None, first["position"])
    left = await acted(desk, home.customer, "cancelStatusSubscription", FIELDS, by={"id": hook["id"]})
    assert left["subscription"]["status"] == "CANCELLED"

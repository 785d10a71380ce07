"""Status subscriptions over GraphQL: from the request to the end, and seen by nobody else."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from domain.deliveries.delivery import Delivery
from domain.deliveries.vocabulary import NotificationChannel
from services.cli.outbox import queued
from services.gateway.ids import of_kind
from services.runtime.act import SYSTEM, Act
from tests.services.gateway.world import World

FIELDS = """subscription { id version channel destinationHint status severityFloor urgentFrom digest organisation { ref }
  quietHours { from to timeZone } services { ref } }"""
LIST = """query($at: Position, $first: Int, $after: Cursor) { statusSubscriptions(atLeast: $at, first: $first, after: $after) {
  nodes { id status } pageInfo { hasNextPage endCursor } } }"""
CONFIRM = """mutation($input: ConfirmStatusSubscriptionInput!) { confirmStatusSubscription(input: $input) {
  subscription { id status } version position errors { __typename code } } }"""
CANCEL = """mutation($input: CancelStatusSubscriptionInput!) { cancelStatusSubscription(input: $input) {
  subscription { id status } errors { __typename code } } }"""


async def asked(world: World, who: str, **input: Any) -> dict[str, Any]:
    return await world.did(who, "requestStatusSubscription", input, FIELDS)


async def token(world: World) -> str:
    """As `support outbox` shows it."""
    text = (await queued(world.settings))[-1]["text"]
    return str(re.findall(r"\b[\w-]{60,}", text)[-1])


async def confirmed(world: World, who: str, **input: Any) -> dict[str, Any]:
    made = (await asked(world, who, **input))["subscription"]
    given = {"token": await token(world), "idempotencyKey": world.key}
    done = (await world.say(who, CONFIRM, input=given))["confirmStatusSubscription"]
    assert done["errors"] == []
    return {**made, "version": done["version"]}


async def seen(world: World, who: str, at: str | None = None) -> list[str]:
    return [each["id"] for each in (await world.say(who, LIST, at=at))["statusSubscriptions"]["nodes"]]


async def test_from_the_request_to_the_end(world: World) -> None:
    register = {"ref": "compute", "name": "Compute", "group": "All"}
    component = (await world.did("admin", "registerServiceComponent", register, "component { id }"))["component"]
    made = (await asked(world, "anna", destination={"email": "ops@acme.example"}, componentIds=[component["id"]]))[
        "subscription"
    ]
    assert (made["status"], made["destinationHint"], made["severityFloor"], made["organisation"], made["services"]) == (
        "AWAITING_CONFIRMATION",
        "o…@acme.example",
        "MINOR",
        {"ref": "acme"},
        [{"ref": "compute"}],
    )
    again = await world.do("anna", "requestStatusSubscription", {"destination": {"email": "OPS@acme.example"}})
    assert again["errors"][0]["code"] == "ALREADY_EXISTS"
    early = await world.do("anna", "sendTestNotification", {"subscriptionId": made["id"]})
    assert early["errors"][0]["code"] == "RULE_VIOLATED"

    given = {"token": await token(world), "idempotencyKey": world.key}
    done = (await world.say(None, CONFIRM, input=given))["confirmStatusSubscription"]
    assert (done["errors"], done["subscription"], done["version"]) == ([], None, 2)
    assert (await world.say(None, CONFIRM, input=given))["confirmStatusSubscription"] == done
    reused = (await world.say(None, CONFIRM, input={**given, "idempotencyKey": world.key}))["confirmStatusSubscription"]
    assert reused["errors"] == [{"__typename": "TokenInvalid", "code": "TOKEN_INVALID"}]

    on = {"subscriptionId": made["id"]}
    hours = {"from": "22:00", "to": "07:00", "timeZone": "Europe/Copenhagen"}
    quiet = await world.did("anna", "setStatusSubscriptionQuietHours", {**on, "quietHours": hours}, FIELDS)
    assert (quiet["subscription"]["quietHours"], quiet["subscription"]["urgentFrom"]) == (hours, "CRITICAL")
    scope = {**on, "componentIds": [], "severityFloor": "MAJOR"}
    changed = (await world.did("anna", "changeStatusSubscriptionScope", scope, FIELDS))["subscription"]
    assert (changed["services"], changed["severityFloor"]) == ([], "MAJOR")
    assert (await world.did("anna", "setStatusSubscriptionDigest", {**on, "digest": "DAILY"}, FIELDS))["subscription"][
        "digest"
    ] == "DAILY"
    assert (await world.did("anna", "pauseStatusSubscription", on, FIELDS))["subscription"]["status"] == "PAUSED"
    assert (await world.did("anna", "resumeStatusSubscription", on, FIELDS))["subscription"]["status"] == "ACTIVE"
    await world.did("anna", "sendTestNotification", on)
    leave = {"by": {"token": await token(world)}, "idempotencyKey": world.key}
    assert (await world.say(None, CANCEL, input=leave))["cancelStatusSubscription"] == {"subscription": None, "errors": []}
    node = "query($id: ID!) { node(id: $id) { ... on StatusSubscription { status } } }"
    at = (await world.did("anna", "requestStatusSubscription", {"destination": {"email": "ops@acme.example"}}))["position"]
    assert made["id"] in await seen(world, "anna", at)
    assert (await world.say("anna", node, id=made["id"]))["node"] == {"status": "CANCELLED"}
    assert (await world.say("zoe", node, id=made["id"]))["node"] is None


async def test_a_get_neither_confirms_nor_unsubscribes(world: World) -> None:
    await asked(world, "anna", destination={"email": "get@acme.example"})
    secret = await token(world)
    for name, given in (("confirm", f'token: "{secret}"'), ("cancel", f'by: {{token: "{secret}"}}')):
        query = f'mutation {{ {name}StatusSubscription(input: {{{given}, idempotencyKey: "k"}}) {{ version }} }}'
        answer = await world.client.get(f"{world.url}?{urlencode({'query': query})}")
        assert answer.status_code in (400, 405)
    done = (await world.say(None, CONFIRM, input={"token": secret, "idempotencyKey": world.key}))["confirmStatusSubscription"]
    assert done["errors"] == []


async def test_a_webhook_has_a_secret_that_is_shown_once(world: World) -> None:
    inside = {"destination": {"webhook": "https://169.254.169.254/latest"}}
    assert (await world.do("anna", "requestStatusSubscription", inside))["errors"][0]["code"] == "VALIDATION_FAILED"
    hook = await confirmed(world, "anna", destination={"webhook": "https://93.184.216.34/hook?key=1"})
    assert hook["destinationHint"] == "https://93.184.216.34/…"
    input = {"subscriptionId": hook["id"], "expectedVersion": hook["version"], "idempotencyKey": world.key}
    query = """mutation($input: RotateWebhookSecretInput!) { rotateWebhookSecret(input: $input) { secret version
      subscription { id version } errors { code } } }"""
    first, second = [(await world.say("anna", query, input=input))["rotateWebhookSecret"] for _ in range(2)]
    assert first["secret"].startswith("whsec_")
    assert (second["secret"], first["version"], first["subscription"]["version"]) == (None, 2, 2)
    as_staff = await world.say(
        "agnes", "query($id: ID!) { node(id: $id) { ... on StatusSubscription { version } } }", id=hook["id"]
    )
    assert as_staff["node"]["version"] == 3


async def test_what_is_anothers_is_not_seen_and_administrators_see_the_organisations(world: World) -> None:
    mine = await confirmed(world, "anna", destination={"sms": "+4570123456"})
    for who, sees in (("anna", True), ("boss", True), ("agnes", True), ("manager", True), ("auditor", True), ("zoe", False)):
        assert (mine["id"] in await seen(world, who)) is sees, who
    on = {"subscriptionId": mine["id"]}
    assert (await world.do("zoe", "pauseStatusSubscription", on))["errors"][0]["code"] == "NOT_FOUND"
    assert (await world.do("anna", "disableStatusSubscription", {**on, "reason": "ABUSE"}))["errors"][0]["code"] == "FORBIDDEN"
    await world.did("agnes", "disableStatusSubscription", {**on, "reason": "ABUSE"})
    assert (await world.do("anna", "resumeStatusSubscription", on))["errors"][0]["code"] == "FORBIDDEN"
    await world.did("agnes", "resumeStatusSubscription", on)
    stale = await world.do("boss", "eraseStatusDestination", {**on, "expectedVersion": 1})
    assert stale["errors"][0]["code"] == "CONFLICT"
    erased = (await world.did("boss", "eraseStatusDestination", {**on, "expectedVersion": 4}, FIELDS))["subscription"]
    assert (erased["destinationHint"], erased["status"]) == (None, "CANCELLED")


async def test_pages_follow_each_other(world: World) -> None:
    for n in range(3):
        made = await asked(world, "zoe", destination={"email": f"p{n}@zenith.example"})
    page = (await world.say("zoe", LIST, at=made["position"], first=2))["statusSubscriptions"]
    rest = (await world.say("zoe", LIST, first=2, after=page["pageInfo"]["endCursor"]))["statusSubscriptions"]
    assert (len(page["nodes"]), len(rest["nodes"]), rest["pageInfo"]["hasNextPage"]) == (2, 1, False)


async def test_who_is_not_signed_in_cancels_nothing_by_id(world: World) -> None:
    mine = await confirmed(world, "anna", destination={"email": "safe@acme.example"})
    answer = await world.ask(None, CANCEL, input={"by": {"id": mine["id"]}, "idempotencyKey": world.key})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_link_that_proves_an_address_is_queued_too(world: World) -> None:
    await world.did("zoe", "requestEmailVerification", {"contactId": world.ids["zoe"]})
    assert (await queued(world.settings))[-1]["to"] == "zoe@zenith.example"
    verify = "mutation($input: VerifyContactEmailInput!) { verifyContactEmail(input: $input) { errors { code } } }"
    done = await world.say(None, verify, input={"token": await token(world), "idempotencyKey": world.key})
    assert done["verifyContactEmail"]["errors"] == []


async def test_the_last_deliveries_are_shown_with_what_is_held_back(world: World) -> None:
    mine = await confirmed(world, "anna", destination={"email": "held@acme.example"})
    id = of_kind("subscription", mine["id"])
    await queue(world, id, world.services.clock.now() + timedelta(hours=1))
    position = await queue(world, id, None)
    query = (
        """query($at: Position) { statusSubscriptions(atLeast: $at) { nodes { id recentDeliveries { channel state at } } } }"""
    )
    nodes = (await world.say("anna", query, at=position))["statusSubscriptions"]["nodes"]
    (found,) = [each["recentDeliveries"] for each in nodes if each["id"] == mine["id"]]
    assert [(each["channel"], each["state"]) for each in found] == [("EMAIL", "QUEUED"), ("EMAIL", "HELD"), ("EMAIL", "QUEUED")]


async def queue(world: World, subscription: UUID, not_before: datetime | None) -> str:
    """A post's message, as the notifier records it."""
    at = world.services.clock.now()
    made = Delivery.queue(
        at=at, channel=NotificationChannel.EMAIL, aggregate="subscription", subject_id=subscription, about=f"{uuid4()}/1",
        recipient=uuid4(), organisation=None, to="held@acme.example", subject="S", text="T", epoch=1, not_before=not_before,
    )  # fmt: skip
    receipt = await world.services.desk.writer.add(Act(actor=SYSTEM, at=at, correlation=uuid4()), made)
    return str(receipt.position)

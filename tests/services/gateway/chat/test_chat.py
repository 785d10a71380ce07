"""Chat rooms over GraphQL: asked for, decided, watched live, and seen by nobody else."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from domain.organisations.contact import Contact
from projections.viewer import Role, Viewer
from services.commands import verification
from services.commands.desk import By
from services.runtime.act import Act
from services.runtime.decision import Decision
from tests.services.gateway.sockets import socket
from tests.services.gateway.test_live import ready
from tests.services.gateway.world import SYSTEM, World, raw, staff_id

ACCESS = "access { id version status endReason expiresAt contact { id displayName } decidedBy { id displayName } room { id ref kind } }"
ROOMS = """{ viewer { chatRooms { id ref name kind organisation { ref } joinUrl viewerAccess { id status } } } }"""
LIST = """query($filter: ChatAccessFilter, $at: Position, $first: Int, $after: Cursor) {
  chatRoomAccesses(filter: $filter, atLeast: $at, first: $first, after: $after) {
    nodes { id status contact { id } } pageInfo { hasNextPage endCursor } } }"""
CHANGED = "subscription($after: Cursor) { chatAccessChanged(after: $after) { cursor position access { id status version } } }"
VERIFY = """mutation($input: VerifyContactEmailInput!) { verifyContactEmail(input: $input) {
  contact { id emailVerification } version position errors { __typename code message path } } }"""


async def customer(world: World, ref: str, name: str, product: str | None = "SUPPORT-standard") -> str:
    """A person of a new organisation, which holds the product. Returns their name among the parties."""
    organisation = await world.did("admin", "registerOrganisation", {"ref": ref, "name": ref.title()}, "organisation { id }")
    world.ids[ref] = organisation["organisation"]["id"]
    if product is not None:
        draft = {"organisationId": world.ids[ref], "ref": f"C-{ref}", "product": product, "from": "2020-01-01T00:00:00Z"}
        made = (await world.did("admin", "draftContract", draft, "contract { id version }"))["contract"]
        await world.did("admin", "activateContract", {"contractId": made["id"], "expectedVersion": made["version"]})
        world.ids[f"{ref} contract"] = made["id"]
    return await person(world, ref, name)


async def person(world: World, ref: str, name: str) -> str:
    who = {"email": f"{name}@{ref}.example", "name": name.title(), "organisationId": world.ids[ref]}
    made = await world.did("admin", "registerContact", who, "contact { id }")
    world.ids[name] = made["contact"]["id"]
    world.token(name, Role.CUSTOMER, raw(world.ids[name]), organisation=raw(world.ids[ref]))
    return name


async def rooms(world: World, who: str) -> dict[str, Any]:
    found = (await world.say(who, ROOMS))["viewer"]["chatRooms"]
    return {each["kind"]: each for each in found}


async def asked(world: World, who: str) -> dict[str, Any]:
    room = (await rooms(world, who))["BACKCHANNEL"]["id"]
    return await world.did(who, "requestChatRoomAccess", {"roomId": room}, ACCESS)


async def seen(world: World, who: str, at: str, **filter: Any) -> list[str]:
    nodes = (await world.say(who, LIST, filter=filter, at=at))["chatRoomAccesses"]["nodes"]
    return [each["id"] for each in nodes]


async def link_for(world: World, contact: UUID) -> str:
    """The token of the message, taken where it is handed on, as the room of deliveries will."""
    tokens: list[str] = []

    async def tell(_: Decision, __: Contact, token: str) -> None:
        tokens.append(token)

    admin = Viewer(Role.ADMIN, staff_id("admin"))
    by = By(admin, Act(actor=SYSTEM, at=world.services.clock.now(), correlation=uuid7()))
    await verification.request(world.services.desk, by, contact, tell=tell)
    return tokens[0]


async def test_from_the_request_to_the_revocation(world: World) -> None:
    nora = await customer(world, "nordic", "nora")
    room = (await rooms(world, nora))["BACKCHANNEL"]
    assert (room["ref"], room["name"], room["organisation"]) == ("backchannel-nordic", "Backchannel Nordic", {"ref": "nordic"})
    assert (room["joinUrl"], room["viewerAccess"]) == (None, None)

    access = (await asked(world, nora))["access"]
    assert (access["status"], access["contact"], access["decidedBy"]) == (
        "REQUESTED",
        {"id": world.ids["nora"], "displayName": "Nora"},
        None,
    )
    again = await world.do(nora, "requestChatRoomAccess", {"roomId": room["id"]}, ACCESS)
    assert again["errors"][0]["code"] == "ALREADY_EXISTS"

    given = {"accessId": access["id"], "expectedVersion": access["version"]}
    approved = (await world.did("agnes", "approveChatRoomAccess", given, ACCESS))["access"]
    assert (approved["status"], approved["decidedBy"]["id"]) == ("APPROVED", world.ids["agnes"])
    assert (await rooms(world, nora))["BACKCHANNEL"]["joinUrl"] == "https://chat.example.org/rooms/backchannel-nordic"

    stale = await world.do("agnes", "revokeChatRoomAccess", given)
    assert stale["errors"][0]["code"] == "CONFLICT"
    fresh = {"accessId": access["id"], "expectedVersion": approved["version"]}
    revoked = (await world.did("agnes", "revokeChatRoomAccess", fresh, ACCESS))["access"]
    assert (revoked["status"], revoked["endReason"]) == ("REVOKED", "BY_STAFF")
    assert (await rooms(world, nora))["BACKCHANNEL"]["joinUrl"] is None
    node = "query($id: ID!) { node(id: $id) { id __typename ... on ChatRoom { name } } }"
    assert (await world.say(nora, node, id=room["id"]))["node"]["name"] == "Backchannel Nordic"


async def test_without_the_product_the_refusal_names_it(world: World) -> None:
    room = (await rooms(world, "anna"))["BACKCHANNEL"]["id"]
    query = """mutation($input: RequestChatRoomAccessInput!) { requestChatRoomAccess(input: $input) { access { id }
      errors { code ... on EntitlementRequired { capability requiredProduct { code } } } } }"""
    payload = (await world.say("anna", query, input={"roomId": room, "idempotencyKey": world.key}))["requestChatRoomAccess"]
    assert payload["errors"] == [
        {
            "code": "ENTITLEMENT_REQUIRED",
            "capability": "BACKCHANNEL_CHAT",
            "requiredProduct": {"code": "SUPPORT-standard"},
        }
    ]


async def test_customers_decide_nothing_and_see_their_own_alone(world: World) -> None:
    olaf = await customer(world, "oslo", "olaf")
    pia = await person(world, "oslo", "pia")
    asked_for = await asked(world, olaf)
    access, at = asked_for["access"], asked_for["position"]
    given = {"accessId": access["id"], "expectedVersion": access["version"]}
    for mutation in ("approveChatRoomAccess", "denyChatRoomAccess", "revokeChatRoomAccess"):
        assert (await world.do(olaf, mutation, given))["errors"][0]["code"] == "FORBIDDEN"
    node = "query($id: ID!) { node(id: $id) { id } }"
    for who in (olaf, "agnes", "auditor"):
        assert access["id"] in await seen(world, who, at)
        assert (await world.say(who, node, id=access["id"]))["node"] is not None
    for who in (pia, "anna", "zoe", "manager"):
        assert access["id"] not in await seen(world, who, at)
        assert (await world.say(who, node, id=access["id"]))["node"] is None
    assert (await world.say("program", node, id=access["id"]))["node"] is None
    room = (await rooms(world, olaf))["BACKCHANNEL"]["id"]
    assert (await world.say("anna", node, id=room))["node"] is None
    refused = await world.do("anna", "requestChatRoomAccess", {"roomId": room})
    never = await world.do("anna", "requestChatRoomAccess", {"roomId": "cr_AAAAAAAAAAAAAAAAAAAAAA"})
    assert refused["errors"] == never["errors"]


async def test_the_chat_program_asks_for_a_contact_and_does_not_approve_it(world: World) -> None:
    rita = await customer(world, "riga", "rita")
    world.token("chatter", Role.SERVICE, staff_id("chatter"), scopes=["CHAT"])
    room = (await rooms(world, rita))["BACKCHANNEL"]["id"]
    made = await world.did("chatter", "requestChatRoomAccess", {"roomId": room, "contactId": world.ids["rita"]}, ACCESS)
    given = {"accessId": made["access"]["id"], "expectedVersion": made["access"]["version"]}
    refused = await world.do("chatter", "approveChatRoomAccess", given)
    assert refused["errors"][0]["code"] == "RULE_VIOLATED"
    denied = (await world.did("agnes", "denyChatRoomAccess", given, ACCESS))["access"]
    assert denied["status"] == "DENIED"
    assert (await world.do("program", "denyChatRoomAccess", given))["errors"][0]["code"] == "FORBIDDEN"


async def test_accesses_are_paged_and_filtered(world: World) -> None:
    first = await customer(world, "turku", "tina")
    accesses = [await asked(world, first)]
    for name in ("tom", "tea"):
        accesses.append(await asked(world, await person(world, "turku", name)))
    ids, at = [each["access"]["id"] for each in accesses], accesses[-1]["position"]
    room = accesses[0]["access"]["room"]["id"]
    denied = await world.did("agnes", "denyChatRoomAccess", {"accessId": ids[1], "expectedVersion": 1})
    at = denied["position"]
    assert await seen(world, "agnes", at, room={"eq": room}) == ids[::-1]
    assert await seen(world, "agnes", at, room={"eq": room}, status={"nin": ["DENIED"]}) == [ids[2], ids[0]]
    assert await seen(world, "agnes", at, room={"eq": room}, contact={"in": [world.ids["tom"]]}) == [ids[1]]
    assert await seen(world, "agnes", at, contact={"eq": "nobody"}) == []
    page = await world.say("agnes", LIST, filter={"room": {"eq": room}}, first=2)
    info = page["chatRoomAccesses"]["pageInfo"]
    rest = await world.say("agnes", LIST, filter={"room": {"eq": room}}, first=2, after=info["endCursor"])
    assert [each["id"] for each in rest["chatRoomAccesses"]["nodes"]] == [ids[0]]
    wrong = await world.ask("agnes", LIST, filter={}, after=info["endCursor"])
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_CURSOR"


async def test_changes_are_seen_live_by_their_person_and_staff_and_a_feed_goes_on_from_its_cursor(world: World) -> None:
    vera = await customer(world, "vaasa", "vera")
    async with socket(world, vera) as own, socket(world, "agnes") as staff, socket(world, "anna") as other:
        for feed in (own, staff, other):
            await feed.subscribe(CHANGED)
            await ready(feed, world)
        made = (await asked(world, vera))["access"]
        told = await own.next()
        assert (told["access"]["id"], told["access"]["status"]) == (made["id"], "REQUESTED")
        assert (await staff.next())["access"]["id"] == made["id"]
        await world.did("agnes", "denyChatRoomAccess", {"accessId": made["id"], "expectedVersion": 1})
        assert (await own.next())["access"]["status"] == "DENIED"
        assert await other.quiet()
    async with socket(world, vera) as own:
        await own.subscribe(CHANGED, after=told["cursor"])
        assert (await own.next())["access"]["version"] == 2
        assert await own.quiet()


async def test_an_address_is_proven_without_being_signed_in_and_opens_the_community(world: World) -> None:
    wanda = await customer(world, "warsaw", "wanda", product=None)
    community = (await rooms(world, wanda))["COMMUNITY"]
    assert (community["ref"], community["name"], community["organisation"]) == ("community", "Community", None)
    refused = await world.do(wanda, "requestChatRoomAccess", {"roomId": community["id"]})
    assert refused["errors"][0]["code"] == "RULE_VIOLATED"

    token = await link_for(world, raw(world.ids["wanda"]))
    wrong = await world.say(None, VERIFY, input={"token": "A" * 64, "idempotencyKey": world.key})
    assert wrong["verifyContactEmail"]["errors"][0]["code"] == "TOKEN_INVALID"
    given = {"token": token, "idempotencyKey": world.key}
    done = (await world.say(None, VERIFY, input=given))["verifyContactEmail"]
    assert (done["errors"], done["contact"], done["version"]) == ([], None, 4)
    repeated = (await world.say(None, VERIFY, input=given))["verifyContactEmail"]
    assert repeated == done
    again = (await world.say(wanda, VERIFY, input={"token": token, "idempotencyKey": world.key}))["verifyContactEmail"]
    assert again["errors"][0]["code"] == "TOKEN_INVALID"
    made = await world.did(wanda, "requestChatRoomAccess", {"roomId": community["id"]}, ACCESS)
    assert made["access"]["room"]["kind"] == "COMMUNITY"


async def test_asking_for_the_link_answers_with_nothing_secret(world: World) -> None:
    xena = await customer(world, "xanten", "xena", product=None)
    made = await world.did(
        xena, "requestEmailVerification", {"contactId": world.ids["xena"]}, "contact { id emailVerification }"
    )
    assert made["contact"] == {"id": world.ids["xena"], "emailVerification": "PENDING"}
    soon = await world.do(xena, "requestEmailVerification", {"contactId": world.ids["xena"]})
    assert soon["errors"][0]["code"] == "RATE_LIMITED"
    hidden = await world.do("zoe", "requestEmailVerification", {"contactId": world.ids["xena"]})
    assert hidden["errors"][0]["code"] == "NOT_FOUND"


async def test_who_is_not_signed_in_does_nothing_else(world: World) -> None:
    query = "mutation($input: RequestChatRoomAccessInput!) { requestChatRoomAccess(input: $input) { version } }"
    answer = await world.ask(None, query, input={"roomId": "cr_x", "idempotencyKey": str(uuid4())})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"

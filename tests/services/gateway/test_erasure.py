"""Erasing through the API: with a certificate, refused by name, and with all figures as they were."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.gateway.ids import global_id
from tests.services.gateway.world import World, raw

pytestmark = pytest.mark.anyio

CERTIFICATE = """query C($id: ID!) { erasureCertificate(id: $id) { subjectId kind erasedAt position people keysDestroyed entryKeysDestroyed
  lookUpsDeleted exportsDeleted subscriptions subscriptionsEnded by { id displayName } rows { readModel table emptied readable } } }"""
FIGURES = """{ all: ticketCount { value } open: ticketCount(filter: {status: {in: [NEW, OPEN]}}) { value }
  urgent: ticketCount(filter: {priority: {in: [URGENT, HIGH]}}) { value }
  tickets(first: 50) { nodes { ref status priority createdAt updatedAt slaTargets { metric state dueAt } } } }"""


async def a_customer(world: World, ref: str, *names: str) -> dict[str, Any]:
    """An organisation and its people, by name; each with a token."""
    from projections.viewer import Role

    domain = ["privatfirma.example"]
    made = await world.did(
        "admin", "registerOrganisation", {"ref": ref, "name": "Jensen", "emailDomains": domain}, "organisation { id version }"
    )
    found: dict[str, Any] = {"organisation": made["organisation"]}
    for name in names:
        who = {"email": f"{name}@{ref}.example", "name": name.title(), "organisationId": made["organisation"]["id"]}
        found[name] = (await world.did("admin", "registerContact", who, "contact { id version }"))["contact"]
        world.token(f"{name}@{ref}", Role.CUSTOMER, raw(found[name]["id"]), organisation=raw(made["organisation"]["id"]))
    return found


async def test_an_organisation_is_erased_with_a_certificate_and_unchanged_figures(world: World) -> None:
    home = await a_customer(world, "jensen", "ida", "jens")
    organisation = home["organisation"]
    await world.open("ida@jensen", "Everything is slow")
    ticket = await world.open("jens@jensen", "The disk is full")
    payload = await world.did(
        "agnes",
        "addInternalNote",
        {"ticketId": ticket["id"], "body": "Jens called twice", "expectedVersion": ticket["version"]},
    )
    before = await world.say("admin", FIGURES)
    unasked = {"organisationId": organisation["id"], "confirmation": "jensen", "expectedVersion": organisation["version"]}
    for wrong, kind in (
        ({"confirmation": "Jensen"}, "ValidationError"),
        ({"organisationId": home["ida"]["id"]}, "NotFound"),
        ({"organisationId": global_id("organisation", raw(home["ida"]["id"]))}, "NotFound"),
        ({"expectedVersion": 7}, "Conflict"),
    ):
        refused = await world.do("admin", "eraseOrganisation", unasked | wrong)
        assert [each["__typename"] for each in refused["errors"]] == [kind]
    draft = {"organisationId": organisation["id"], "ref": "C-77", "product": "SUPPORT-standard", "from": "2020-01-01T00:00:00Z"}
    contract = (await world.did("admin", "draftContract", draft, "contract { id version }"))["contract"]
    contract |= (
        await world.did(
            "admin",
            "activateContract",
            {"contractId": contract["id"], "expectedVersion": contract["version"]},
            "contract { version }",
        )
    )["contract"]
    refused = await world.do("admin", "eraseOrganisation", unasked)
    assert refused["errors"][0]["code"] == "RULE_VIOLATED"
    assert "terminateContract" in refused["errors"][0]["message"]
    await world.did("admin", "terminateContract", {"contractId": contract["id"], "expectedVersion": contract["version"]})
    assert (await world.say("admin", CERTIFICATE, id=organisation["id"]))["erasureCertificate"] is None

    key = world.key
    done = await world.did(
        "admin", "eraseOrganisation", unasked | {"idempotencyKey": key}, "organisation { id name ref emailDomains }"
    )
    assert done["organisation"]["name"] == "Erased organisation"
    assert done["organisation"]["ref"].startswith("erased-")
    assert done["organisation"]["emailDomains"] == []
    again = await world.did("admin", "eraseOrganisation", unasked | {"idempotencyKey": key}, "organisation { name }")
    assert again["organisation"]["name"] == "Erased organisation"

    (certificate,) = (await world.say("admin", CERTIFICATE, id=organisation["id"])).values()
    assert (certificate["kind"], certificate["people"], certificate["keysDestroyed"]) == ("ORGANISATION", 2, 3)
    assert certificate["entryKeysDestroyed"] == 3  # two messages and a note
    assert certificate["by"] == {"id": world.ids["admin"], "displayName": "Admin"}
    assert {each["readModel"] for each in certificate["rows"]} >= {"organisations", "contacts", "tickets", "ticket_timeline"}
    assert sum(each["readable"] for each in certificate["rows"]) == 0
    assert (await world.say("auditor", CERTIFICATE, id=organisation["id"]))["erasureCertificate"] == certificate
    (of_ida,) = (await world.say("admin", CERTIFICATE, id=home["ida"]["id"])).values()
    assert (of_ida["kind"], of_ida["people"], of_ida["keysDestroyed"], of_ida["entryKeysDestroyed"]) == ("CONTACT", 0, 1, 1)
    assert payload["position"] < certificate["position"]

    assert await world.say("admin", FIGURES) == before
    async with asyncio.timeout(10):  # who somebody is, is remembered for some seconds
        while "errors" not in (gone := await world.ask("ida@jensen", "{ viewer { role } }")):
            await asyncio.sleep(0.1)
    assert gone["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    late = {"email": "ny@jensen.example", "name": "Ny", "organisationId": organisation["id"]}
    refused = await world.do("admin", "registerContact", late)
    assert refused["errors"][0]["code"] == "INVALID_TRANSITION"
    found = await world.say("admin", '{ search(query: "Jensen", first: 10) { edges { node { ... on Organisation { id } } } } }')
    assert organisation["id"] not in str(found)


@pytest.mark.parametrize("who", ["agnes", "anna", "boss", "program", "manager"])
async def test_only_administrators_erase_and_read_certificates(world: World, who: str) -> None:
    input = {"organisationId": world.ids["zenith"], "confirmation": "zenith", "expectedVersion": 1}
    refused = await world.do(who, "eraseOrganisation", input)
    assert refused["errors"][0]["code"] == "FORBIDDEN"
    answer = await world.ask(who, CERTIFICATE, id=world.ids["zenith"])
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize("id", ["", "organisation_", "x" * 5000, "ticket_AZAAAAAAAAAAAAAAAAAAAA"])
async def test_of_what_was_never_erased_there_is_no_certificate(world: World, id: str) -> None:
    assert (await world.say("admin", CERTIFICATE, id=id))["erasureCertificate"] is None

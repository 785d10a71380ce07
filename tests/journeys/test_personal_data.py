"""A person asks for all that is held about them, is erased with a certificate, and so is their organisation; the figures stay.

Through the processes that `make run` starts: the scheduler makes the copy, the notifier tells of it, the gateway hands it out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from gql import gql
from gql.transport.exceptions import TransportQueryError

from services.cli.certificate import certified
from services.gateway import ids
from services.runtime.settings import load_settings
from tests.ground import apart
from tests.journeys.clients import acted, refused, say, until
from tests.journeys.homes import Home, a_home
from tests.journeys.running import RunningDesk

pytestmark = pytest.mark.anyio

EXPORTS = gql("""query($id: ID!, $least: Position) { contact(by: {id: $id}, atLeast: $least) {
  version dataState dataExports { id downloadUrl expiresAt } } }""")
CERTIFICATE = gql("""query($id: ID!) { erasureCertificate(id: $id) {
  kind position people keysDestroyed entryKeysDestroyed exportsDeleted rows { readable } } }""")
FIGURES = gql("""query($input: ReportInput!, $least: Position) {
  ticketVolumeReport(input: $input, atLeast: $least) { rows { opened resolved reopened closed backlog } }
  slaComplianceReport(input: $input, atLeast: $least) { rows { met breached running } }
  ticketTimesReport(input: $input, atLeast: $least) { __typename } }""")
TICKET = gql("""query($id: ID!, $least: Position) { node(id: $id, atLeast: $least) { ... on Ticket {
  ref subject status staff { languageNotice } requester { displayName }
  timeline(first: 50) { nodes { ... on MessageEntry { language body { __typename } } } } } } }""")
SEARCH = gql("""query($words: String!) { search(query: $words) { edges { node { __typename } } } }""")
DANISH = "Hej, min disk er fuld, og jeg kan ikke gemme mine filer mere. Kan I hjælpe mig?"
NOTE = "unrestrained-note-7741"


async def opened(desk: RunningDesk, home: Home) -> dict[str, Any]:
    new = {"kind": "INCIDENT", "subject": "Disken er fuld"}
    return await acted(desk, home.customer, "openTicket", "ticket { id ref version }", ticket=new, body=DANISH)


async def fetched(desk: RunningDesk, token: str | None, url: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient() as client:
        return await client.get(desk.base + httpx.URL(url).path, headers=headers)


async def test_from_a_copy_of_all_that_is_held_to_nothing_left(desk: RunningDesk) -> None:
    home, other, admin, agent = (
        await a_home(desk, "Hav"),
        await a_home(desk, "Aurora"),
        desk.token("ADMIN"),
        desk.token("AGENT"),
    )
    ticket = (await opened(desk, home))["ticket"]
    note = {"ticketId": ticket["id"], "body": NOTE, "expectedVersion": ticket["version"]}
    noted = await acted(desk, agent, "addInternalNote", "version", **note)
    said = (await say(desk, agent, TICKET, id=ticket["id"], least=noted["position"]))["node"]
    assert said["staff"]["languageNotice"] == "REPLY_IN_ENGLISH"

    export = (await acted(desk, home.customer, "requestDataExport", "export { id downloadUrl }", contactId=home.contact))[
        "export"
    ]
    assert await refused(desk, other.customer, "requestDataExport", contactId=home.contact) == "NOT_FOUND"
    found: dict[str, Any] = {}

    async def made() -> bool:
        found.update((await say(desk, home.customer, EXPORTS, id=home.contact))["contact"])
        return found["dataExports"][0]["downloadUrl"] is not None

    await until(made)
    url = found["dataExports"][0]["downloadUrl"]
    answer = await fetched(desk, home.customer, url)
    assert answer.headers["content-disposition"].startswith("attachment")
    copy = answer.json()
    assert [each["ref"] for each in copy["tickets"]] == [ticket["ref"]]
    assert [(each["text"], each["language"]) for each in copy["tickets"][0]["timeline"] if each["type"] == "MessageEntry"] == [
        (DANISH, "da")
    ]
    assert NOTE not in answer.text
    never = url.replace(export["id"], ids.global_id("data_export", ids.of_kind("contact", home.contact)))
    refusals = [await fetched(desk, other.customer, each) for each in (url, never)]
    assert [each.status_code for each in refusals] == [404, 404]
    assert refusals[0].content == refusals[1].content
    assert (await fetched(desk, None, url)).status_code == 401

    async def told() -> bool:
        return any(each["to"] == home.email and "your data" in each["subject"] for each in desk.outbox() if each["subject"])

    await until(told)

    month = {"from": (desk.now() - timedelta(days=2)).isoformat(), "to": (desk.now() + timedelta(days=2)).isoformat()}
    which = {"input": {**month, "organisations": {"in": [home.id]}}}
    before = await say(desk, admin, FIGURES, **which, least=noted["position"])
    assert sum(each["opened"] for each in before["ticketVolumeReport"]["rows"]) == 1
    version = (await say(desk, admin, EXPORTS, id=home.contact))["contact"]["version"]
    erase = {"contactId": home.contact, "confirmation": home.email, "expectedVersion": version}
    gone = await acted(desk, admin, "eraseContact", "contact { displayName }", **erase)
    certificate = (await say(desk, admin, CERTIFICATE, id=home.contact))["erasureCertificate"]
    assert (certificate["kind"], certificate["position"], certificate["exportsDeleted"]) == ("CONTACT", gone["position"], 1)
    assert (certificate["keysDestroyed"], sum(each["readable"] for each in certificate["rows"])) == (1, 0)
    assert (await fetched(desk, admin, url)).status_code == 404

    erase = {"organisationId": home.id, "confirmation": home.ref, "expectedVersion": 1}
    done = await acted(desk, admin, "eraseOrganisation", "organisation { name }", **erase)
    of_all = (await say(desk, admin, CERTIFICATE, id=home.id))["erasureCertificate"]
    assert (of_all["kind"], sum(each["readable"] for each in of_all["rows"])) == ("ORGANISATION", 0)
    printed = apart(certified(load_settings(home=desk.home), ids.of_kind("organisation", home.id)))
    assert printed is not None
    assert f"{printed['epoch']}.{printed['position']}" == of_all["position"]

    assert await say(desk, admin, FIGURES, **which, least=done["position"]) == before
    left = (await say(desk, agent, TICKET, id=ticket["id"], least=done["position"]))["node"]
    assert (left["ref"], left["subject"]) == (ticket["ref"], "Erased")
    for who in (other.customer, other.boss):
        assert (await say(desk, who, TICKET, id=ticket["id"], least=done["position"]))["node"] is None
        assert (await say(desk, who, SEARCH, words=home.ref))["search"]["edges"] == []

    async def nobody() -> bool:
        try:
            await say(desk, home.customer, gql("{ viewer { role } }"))
        except TransportQueryError:
            return True
        return False

    await until(nobody)

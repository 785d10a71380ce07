"""An administrator's work on contracts, with a real GraphQL client: three products, managers, what is covered, and how it ends.

What time does to a contract is odd_moments/contracts.py.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from gql import gql

from tests.journeys.clients import act, acted, say
from tests.journeys.homes import Home, a_home, signed
from tests.journeys.running import RunningDesk

pytestmark = pytest.mark.anyio

BASE, STANDARD, PREMIUM = "SUPPORT-iaas.base", "SUPPORT-standard", "SUPPORT-premium"
ENTITLED = gql("""query($ref: String!, $at: DateTime, $least: Position) { organisation(ref: $ref, atLeast: $least) {
  serviceManager { mode manager { displayName } }
  entitlements(at: $at) { capability product { code } contract { id } from to } } }""")
CONTRACT = gql("""query($id: ID!, $least: Position) { node(id: $id, atLeast: $least) { ... on Contract {
  version status coveredServices { ref } serviceManagers { manager { displayName } mode from to } } } }""")
ME = gql("{ viewer { actor { id } } }")
SELECT = "contract { id version status }"


async def entitled(
    desk: RunningDesk, home: Home, at: datetime | None = None, least: str | None = None
) -> dict[str, dict[str, Any]]:
    """By capability, as the customer reads it."""
    variables = {"ref": home.ref, "at": at.isoformat() if at else None, "least": least}
    found = (await say(desk, home.customer, ENTITLED, **variables))["organisation"]
    return {each["capability"]: each for each in found["entitlements"]}


async def then(desk: RunningDesk, contract: dict[str, Any], mutation: str, **input: Any) -> dict[str, Any]:
    """A command at the version that an administrator sees; the payload, refused or not."""
    admin = desk.token("ADMIN")
    version = (await say(desk, admin, CONTRACT, id=contract["id"]))["node"]["version"]
    return await act(desk, admin, mutation, SELECT, contractId=contract["id"], expectedVersion=version, **input)


async def test_each_product_gives_what_the_catalogue_says_with_its_reason(desk: RunningDesk) -> None:
    catalogue = await say(desk, None, gql("{ products { code capabilities } }"))
    gives = {each["code"]: set(each["capabilities"]) for each in catalogue["products"]}
    assert list(gives) == [BASE, STANDARD, PREMIUM]
    begin, end = desk.now() - timedelta(days=1), desk.now() + timedelta(days=30)
    for code in gives:
        home = await a_home(desk)
        contract = await signed(desk, home, code, begin, end)
        found = await entitled(desk, home, least=contract["position"])
        assert set(found) == gives[code]
        for capability, why in found.items():
            by_contract = capability not in gives[BASE]
            assert why["contract"] == ({"id": contract["id"]} if by_contract else None)
            assert why["product"]["code"] == (code if by_contract else BASE)
            assert (why["to"] is not None) is by_contract
        for outside in (begin - timedelta(seconds=1), end):
            assert set(await entitled(desk, home, outside)) == gives[BASE]


async def test_a_shared_manager_serves_several_and_a_dedicated_one_serves_one(desk: RunningDesk) -> None:
    homes = [await a_home(desk), await a_home(desk, "Aurora")]
    contracts = [await signed(desk, home, PREMIUM, desk.now()) for home in homes]
    shared, own = f"Liv {uuid4().hex[:6]}", f"Maja {uuid4().hex[:6]}"
    liv, maja = [
        (await say(desk, desk.token("SERVICE_MANAGER", "--name", name), ME))["viewer"]["actor"]["id"] for name in (shared, own)
    ]
    for home, contract in zip(homes, contracts, strict=True):
        done = await then(desk, contract, "assignServiceManager", agentId=liv, mode="SHARED")
        assert done["errors"] == []
        seen = await say(desk, home.customer, ENTITLED, ref=home.ref, least=done["position"])
        assert seen["organisation"]["serviceManager"] == {"mode": "SHARED", "manager": {"displayName": shared}}
    assert (await then(desk, contracts[0], "replaceServiceManager", agentId=maja, mode="DEDICATED"))["errors"] == []
    taken = await then(desk, contracts[1], "replaceServiceManager", agentId=maja, mode="DEDICATED")
    assert [each["code"] for each in taken["errors"]] == ["RULE_VIOLATED"]
    released = await then(desk, contracts[0], "releaseServiceManager")
    assert released["errors"] == []
    node = (await say(desk, desk.token("ADMIN"), CONTRACT, id=contracts[0]["id"], least=released["position"]))["node"]
    assert [(each["manager"]["displayName"], each["to"] is None) for each in node["serviceManagers"]] == [
        (shared, False),
        (own, False),
    ]
    assert (await then(desk, contracts[1], "replaceServiceManager", agentId=maja, mode="DEDICATED"))["errors"] == []


async def test_a_contract_covers_services_and_is_ended_ahead_of_time(desk: RunningDesk) -> None:
    home, admin = await a_home(desk), desk.token("ADMIN")
    contract = await signed(desk, home, STANDARD, desk.now(), desk.now() + timedelta(days=90))
    ref = f"compute-{uuid4().hex[:8]}"
    service = {"ref": ref, "name": "Compute", "group": "Proof"}
    component = (await acted(desk, admin, "registerServiceComponent", "component { id }", **service))["component"]["id"]
    covered = await then(desk, contract, "coverService", componentId=component)
    node = (await say(desk, home.customer, CONTRACT, id=contract["id"], least=covered["position"]))["node"]
    assert node["coveredServices"] == [{"ref": ref}]
    ends = desk.now() + timedelta(days=2)
    ended = await then(desk, contract, "terminateContract", effectiveAt=ends.isoformat())
    assert ended["errors"] == []
    until = (await entitled(desk, home, least=ended["position"]))["BACKCHANNEL_CHAT"]["to"]
    assert datetime.fromisoformat(until) == ends
    assert "BACKCHANNEL_CHAT" not in await entitled(desk, home, ends)
    desk.later(days=2, seconds=1)
    assert "BACKCHANNEL_CHAT" not in await entitled(desk, home)
    assert "BACKCHANNEL_CHAT" in await entitled(desk, home, ends - timedelta(seconds=1))  # as it was

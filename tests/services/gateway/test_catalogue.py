"""A catalogue that the operator overrides: it comes into force without a restart, and what it dropped is still shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from uuid_utils.compat import uuid7

from domain.catalogue import Capability, Product
from services.policies.file import DEFAULT, PolicyFile, read
from services.policies.in_force import apply
from services.runtime.act import Act
from tests.services.gateway.world import SYSTEM, World

GOLD = (
    Product("SUPPORT-iaas.base", "Base", (Capability.TICKETING, Capability.STATUS_NOTIFICATIONS)),
    Product("SUPPORT-gold", "Gold", tuple(Capability)),
)


async def in_force(world: World, file: PolicyFile) -> None:
    act = Act(actor=SYSTEM, at=datetime.now(UTC), correlation=uuid7())
    await apply(world.services.desk.writer, act, file, act.at)
    world.services.desk.policies._read_at = float("-inf")  # type: ignore[attr-defined]  # they are read anew in some seconds


@pytest.fixture
async def gold(world: World) -> AsyncIterator[World]:
    policies = read(DEFAULT).policies
    promises = tuple(each for each in policies.sla_policies if each.product == "SUPPORT-iaas.base")
    await in_force(world, PolicyFile(replace(policies, products=GOLD, sla_policies=promises), "gold"))
    yield world
    await in_force(world, read(DEFAULT))


async def test_what_is_lacking_names_the_smallest_product_of_the_catalogue_in_force(gold: World) -> None:
    select = "errors { ... on EntitlementRequired { capability requiredProduct { code name capabilities } } }"
    refused = await gold.do("anna", "requestEngagement", {"kind": "MIGRATION", "wish": "Help us move."}, select)
    (error,) = refused["errors"]
    assert error["requiredProduct"]["code"] == "SUPPORT-gold"
    assert error["requiredProduct"]["name"] == "Gold"


async def test_a_product_that_the_catalogue_dropped_is_shown_by_its_code_and_gives_what_it_gave(world: World) -> None:
    now = datetime.now(UTC).isoformat()
    new = {"organisationId": world.ids["zenith"], "ref": "Z-1", "product": "SUPPORT-premium", "from": now}
    made = await world.did("admin", "draftContract", new, "contract { id }")
    asked = {"contractId": made["contract"]["id"], "expectedVersion": made["version"]}
    active = await world.did("admin", "activateContract", asked)
    query = """query($at: Position) { organisation(atLeast: $at) { entitlements { capability product { code capabilities } }
      contracts { nodes { product { code } } } } }"""
    policies = read(DEFAULT).policies
    promises = tuple(each for each in policies.sla_policies if each.product == "SUPPORT-iaas.base")
    await in_force(world, PolicyFile(replace(policies, products=GOLD, sla_policies=promises), "gold"))
    try:
        found = (await world.say("zoe", query, at=active["position"]))["organisation"]
        assert found["contracts"]["nodes"] == [{"product": {"code": "SUPPORT-premium"}}]
        assert "ENGAGEMENTS" in {each["capability"] for each in found["entitlements"]}
        opened = await world.open("zoe")
        assert opened["status"] == "NEW"
        draft = {**new, "ref": "Z-2"}
        (error,) = (await world.do("admin", "draftContract", draft))["errors"]
        assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["input", "product"])
        await world.did("zoe", "requestEngagement", {"kind": "MIGRATION", "wish": "Help us move."})
    finally:
        await in_force(world, read(DEFAULT))

"""What of contracts an answer names in many places: all that are asked for in one turn of the loop, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from strawberry.dataloader import DataLoader

from domain.contracts.entitlements import Entitled
from projections import contracts as contracts_read
from projections import entitlements as entitlements_read
from projections import service_managers as managers_read
from projections import status_components as components_read
from services.gateway.context import Context
from services.gateway.people.loading import kept


def contracts(context: Context) -> DataLoader[UUID, contracts_read.Contract | None]:
    async def load(ids: Sequence[UUID]) -> list[contracts_read.Contract | None]:
        found = await contracts_read.contracts_by_id(context.database, context.viewer, ids)
        by_id = {row.id: row for row in found}
        return [by_id.get(each) for each in ids]

    return kept(context, "contracts", load)


def managers_of_contract(context: Context) -> DataLoader[UUID, list[managers_read.Assigned]]:
    async def load(ids: Sequence[UUID]) -> list[list[managers_read.Assigned]]:
        found = await managers_read.of_contracts(context.database, context.viewer, ids)
        return [[row for row in found if row.contract == each] for each in ids]

    return kept(context, "managers of contracts", load)


def serving(context: Context) -> DataLoader[UUID, managers_read.Assigned | None]:
    """Who serves an organisation now."""

    async def load(ids: Sequence[UUID]) -> list[managers_read.Assigned | None]:
        found = await managers_read.serving(context.database, context.viewer, ids, context.now)
        return [next((row for row in found if row.organisation == each), None) for each in ids]

    return kept(context, "managers of organisations", load)


def components(context: Context) -> DataLoader[UUID, components_read.Component | None]:
    """Services that contracts cover, retired ones too."""

    async def load(ids: Sequence[UUID]) -> list[components_read.Component | None]:
        by_id = {row.id: row for row in await components_read.components_by_id(context.database, ids)}
        return [by_id.get(each) for each in ids]

    return kept(context, "components", load)


def entitled(context: Context) -> DataLoader[tuple[UUID, datetime], Entitled]:
    """What an organisation may use at an instant; one statement an instant."""

    async def load(asked: Sequence[tuple[UUID, datetime]]) -> list[Entitled]:
        products = (await context.policies()).products
        found: dict[tuple[UUID, datetime], Entitled] = {}
        for at in dict.fromkeys(at for _, at in asked):
            those = [organisation for organisation, when in asked if when == at]
            given = await entitlements_read.entitled_at(context.database, context.viewer, those, at, products)
            found |= {(organisation, at): entitled for organisation, entitled in given.items()}
        return [found[each] for each in asked]

    return kept(context, "entitlements", load)

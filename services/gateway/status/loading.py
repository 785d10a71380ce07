"""Services, notices and availability that an answer names without having them: all of one turn of the loop in one statement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

from strawberry.dataloader import DataLoader

from projections import status_components, status_incidents, status_maintenance
from services.gateway.context import Context

Histories = DataLoader[tuple[UUID, int], status_components.History]


def histories(context: Context) -> Histories:
    """What was imposed on a service in the last days, by (service, days)."""
    if "status histories" not in context.loaders:
        context.loaders["status histories"] = DataLoader(load_fn=_histories(context))
    loader: Histories = context.loaders["status histories"]
    return loader


def _histories(
    context: Context,
) -> Callable[[Sequence[tuple[UUID, int]]], Awaitable[list[status_components.History]]]:
    async def load(keys: Sequence[tuple[UUID, int]]) -> list[status_components.History]:
        now = context.now
        found: dict[tuple[UUID, int], status_components.History] = {}
        for days in {days for _, days in keys}:
            ids = [id for id, each in keys if each == days]
            rows = await status_components.histories(context.public, ids, now - timedelta(days=days), now)
            found |= {(id, days): history for id, history in rows.items()}
        return [found.get(key) or status_components.History(now, now, ()) for key in keys]

    return load


def incidents(context: Context) -> DataLoader[UUID, status_incidents.Incident | None]:
    """Incidents by id."""

    async def load(ids: Sequence[UUID]) -> list[status_incidents.Incident | None]:
        rows = await status_incidents.incidents_by_id(context.public, context.anybody, ids)
        by_id = {row.id: row for row in rows}
        return [by_id.get(each) for each in ids]

    if "status incidents" not in context.loaders:
        context.loaders["status incidents"] = DataLoader(load_fn=load)
    loader: DataLoader[UUID, status_incidents.Incident | None] = context.loaders["status incidents"]
    return loader


def maintenance(context: Context) -> DataLoader[UUID, status_maintenance.Maintenance | None]:
    """Planned work by id."""

    async def load(ids: Sequence[UUID]) -> list[status_maintenance.Maintenance | None]:
        rows = await status_maintenance.maintenance_by_id(context.public, context.anybody, ids)
        by_id = {row.id: row for row in rows}
        return [by_id.get(each) for each in ids]

    if "status maintenance" not in context.loaders:
        context.loaders["status maintenance"] = DataLoader(load_fn=load)
    loader: DataLoader[UUID, status_maintenance.Maintenance | None] = context.loaders["status maintenance"]
    return loader

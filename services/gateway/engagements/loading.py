"""Engagements that an answer names: all that are asked for in one turn of the loop, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from strawberry.dataloader import DataLoader

from projections.engagements import Engagement, engagements_by_id
from services.gateway.context import Context
from services.gateway.people.loading import kept


def engagements(context: Context) -> DataLoader[UUID, Engagement | None]:
    async def load(ids: Sequence[UUID]) -> list[Engagement | None]:
        by_id = {row.id: row for row in await engagements_by_id(context.database, context.viewer, ids)}
        return [by_id.get(each) for each in ids]

    return kept(context, "engagements", load)

"""Meetings, their packs and tasks that an answer names: all that are asked for in one turn of the loop, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from strawberry.dataloader import DataLoader

from projections.meeting_packs import FrozenPack, packs_of
from projections.meetings import Action, Meeting, actions_by_id, meetings_by_id
from services.gateway.context import Context
from services.gateway.people.loading import kept


def meetings(context: Context) -> DataLoader[UUID, Meeting | None]:
    async def load(ids: Sequence[UUID]) -> list[Meeting | None]:
        by_id = {row.id: row for row in await meetings_by_id(context.database, context.viewer, ids)}
        return [by_id.get(each) for each in ids]

    return kept(context, "meetings", load)


def packs(context: Context) -> DataLoader[UUID, FrozenPack | None]:
    async def load(ids: Sequence[UUID]) -> list[FrozenPack | None]:
        by_id = {row.meeting: row for row in await packs_of(context.database, context.viewer, ids)}
        return [by_id.get(each) for each in ids]

    return kept(context, "packs", load)


def actions(context: Context) -> DataLoader[UUID, Action | None]:
    async def load(ids: Sequence[UUID]) -> list[Action | None]:
        by_id = {row.id: row for row in await actions_by_id(context.database, context.viewer, ids)}
        return [by_id.get(each) for each in ids]

    return kept(context, "action items", load)

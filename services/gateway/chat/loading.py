"""What of chat rooms an answer names in many places: all that are asked for in one turn of the loop, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from strawberry.dataloader import DataLoader

from projections import chat_accesses, chat_rooms
from services.gateway.context import Context
from services.gateway.people.loading import kept


def backchannels(context: Context) -> DataLoader[UUID, chat_rooms.Backchannel | None]:
    async def load(ids: Sequence[UUID]) -> list[chat_rooms.Backchannel | None]:
        found = {row.id: row for row in await chat_rooms.backchannels(context.database, context.viewer, ids)}
        return [found.get(each) for each in ids]

    return kept(context, "chat rooms", load)


def own_accesses(context: Context) -> DataLoader[UUID, chat_accesses.Access | None]:
    """The viewer's own access, by room."""

    async def load(rooms: Sequence[UUID]) -> list[chat_accesses.Access | None]:
        found = {row.room: row for row in await chat_accesses.accesses_to(context.database, context.viewer, rooms)}
        return [found.get(each) for each in rooms]

    return kept(context, "own chat accesses", load)


def accesses(context: Context) -> DataLoader[UUID, chat_accesses.Access | None]:
    async def load(ids: Sequence[UUID]) -> list[chat_accesses.Access | None]:
        found = {row.id: row for row in await chat_accesses.accesses_by_id(context.database, context.viewer, ids)}
        return [found.get(each) for each in ids]

    return kept(context, "chat accesses", load)

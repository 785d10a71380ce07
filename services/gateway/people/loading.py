"""Parties that an answer names without having them: all that are asked for in one turn of the loop, in one statement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from projections import agents as agents_read
from projections import contacts as contacts_read
from projections import organisations as organisations_read
from projections import queues as queues_read
from services.gateway.context import Context

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def contacts(context: Context) -> DataLoader[UUID, contacts_read.Contact | None]:
    async def load(ids: Sequence[UUID]) -> list[contacts_read.Contact | None]:
        found = await contacts_read.contacts_by_id(context.database, context.viewer, ids)
        by_id = {row.id: row for row in found}
        return [by_id.get(each) for each in ids]

    return kept(context, "contacts", load)


def organisations(context: Context) -> DataLoader[UUID, organisations_read.Organisation | None]:
    async def load(ids: Sequence[UUID]) -> list[organisations_read.Organisation | None]:
        found = await organisations_read.organisations_by(context.database, context.viewer, ids=ids)
        by_id = {row.id: row for row in found}
        return [by_id.get(each) for each in ids]

    return kept(context, "organisations", load)


def agents(context: Context) -> DataLoader[UUID, agents_read.Agent | None]:
    async def load(ids: Sequence[UUID]) -> list[agents_read.Agent | None]:
        by_id = {row.id: row for row in await agents_read.agents(context.database, context.viewer, ids)}
        return [by_id.get(each) for each in ids]

    return kept(context, "agents", load)


def agents_of_queue(context: Context) -> DataLoader[str, list[agents_read.Agent]]:
    async def load(refs: Sequence[str]) -> list[list[agents_read.Agent]]:
        found = await agents_read.of_queues(context.database, context.viewer, refs)
        return [[row for row in found if ref in row.queues] for ref in refs]

    return kept(context, "agents of queues", load)


async def queue(context: Context, id: UUID) -> queues_read.Queue:
    """A team by its id, as the policies in force name it."""
    team = (await context.policies()).queue(id)
    return queues_read.Queue(id=id, ref=team.ref, name=team.name) if team else queues_read.Queue(id=id, ref="", name="")


def kept(context: Context, name: str, load: Callable[[Sequence[K]], Awaitable[list[V]]]) -> DataLoader[K, V]:
    """One loader of a kind for each request: what was read once in an answer is not read again."""
    if name not in context.loaders:
        context.loaders[name] = DataLoader(load_fn=load)
    loader: DataLoader[K, V] = context.loaders[name]
    return loader

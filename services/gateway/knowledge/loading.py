"""Resources, wishes and services that an answer names in many places: all of one turn of the loop in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from strawberry.dataloader import DataLoader

from projections import knowledge_resources, knowledge_topics, status_components
from services.gateway.context import Context
from services.gateway.people.loading import kept


def resources(context: Context) -> DataLoader[UUID, knowledge_resources.Resource | None]:
    async def load(ids: Sequence[UUID]) -> list[knowledge_resources.Resource | None]:
        found = {row.id: row for row in await knowledge_resources.resources_by_id(context.public, ids)}
        return [found.get(each) for each in ids]

    return kept(context, "knowledge", load)


def topics(context: Context) -> DataLoader[UUID, knowledge_topics.Topic | None]:
    """None to who is not signed in."""

    async def load(ids: Sequence[UUID]) -> list[knowledge_topics.Topic | None]:
        found = {row.id: row for row in await knowledge_topics.topics_by_id(context.public, context.anybody, ids)}
        return [found.get(each) for each in ids]

    return kept(context, "topics", load)


def services(context: Context) -> DataLoader[UUID, status_components.Component | None]:
    async def load(ids: Sequence[UUID]) -> list[status_components.Component | None]:
        found = {row.id: row for row in await status_components.components_by_id(context.public, ids)}
        return [found.get(each) for each in ids]

    return kept(context, "services", load)

"""Something to learn from, and a wish for it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from projections import knowledge_resources, knowledge_topics
from projections.paging import Connection
from services.gateway.context import Info
from services.gateway.ids import global_id
from services.gateway.knowledge import loading
from services.gateway.knowledge.vocabulary import KnowledgeKind, TopicStatus
from services.gateway.scalars import URL, Cursor, LanguageTag
from services.gateway.shapes import Node, PageInfo, member, page_info
from services.gateway.status.components import ServiceComponent
from services.gateway.status.vocabulary import Lifecycle

ERASED = "A wish of somebody erased"


@strawberry.type(description="Something to learn from.")
class KnowledgeResource(Node):
    version: int = strawberry.field(description="For expectedVersion.")
    kind: KnowledgeKind = strawberry.field(description="Form.")
    title: str = strawberry.field(description="Title.")
    abstract: str = strawberry.field(description="What it is about.")
    url: URL = strawberry.field(description="Where.")
    language: LanguageTag = strawberry.field(description="Language.")
    lifecycle: Lifecycle = strawberry.field(description="In use or retired.")
    published_at: datetime = strawberry.field(description="First published.")
    revised_at: datetime = strawberry.field(description="Last revised.")
    row: strawberry.Private[knowledge_resources.Resource]

    @classmethod
    def of(cls, row: knowledge_resources.Resource) -> Self:
        return cls(
            id=global_id("knowledge", row.id),
            version=row.version,
            kind=member(KnowledgeKind, row.kind),
            title=row.title,
            abstract=row.abstract,
            url=URL(row.url),
            language=LanguageTag(row.language),
            lifecycle=Lifecycle["RETIRED" if row.retired else "ACTIVE"],
            published_at=row.published_at,
            revised_at=row.revised_at,
            row=row,
        )

    @strawberry.field(description="Services.")
    async def services(self, info: Info) -> list[ServiceComponent]:
        rows = await loading.services(info.context).load_many(self.row.components)
        return [ServiceComponent.of(row) for row in rows if row is not None]

    @strawberry.field(description="Wishes it answers; empty to who is not signed in.")
    async def answers(self, info: Info) -> list[TopicRequest]:
        rows = await loading.topics(info.context).load_many(self.row.answers)
        return [TopicRequest.of(row) for row in rows if row is not None]


@strawberry.type(description="A wish for something to learn from. Who asked is not shown.")
class TopicRequest(Node):
    version: int = strawberry.field(description="For expectedVersion.")
    title: str = strawberry.field(description="About what.")
    kind: KnowledgeKind | None = strawberry.field(description="In what form; null for any.")
    status: TopicStatus = strawberry.field(description="State.")
    vote_count: int = strawberry.field(description="Votes.")
    viewer_has_voted: bool = strawberry.field(description="Whether you voted.")
    row: strawberry.Private[knowledge_topics.Topic]

    @classmethod
    def of(cls, row: knowledge_topics.Topic) -> Self:
        return cls(
            id=global_id("topic", row.id),
            version=row.version,
            title=row.title or ERASED,
            kind=member(KnowledgeKind, row.kind) if row.kind else None,
            status=member(TopicStatus, row.status),
            vote_count=row.votes,
            viewer_has_voted=row.voted,
            row=row,
        )

    @strawberry.field(description="What answered it; empty before.")
    async def answered_by(self, info: Info) -> list[KnowledgeResource]:
        rows = await loading.resources(info.context).load_many(self.row.answered_by)
        return [KnowledgeResource.of(row) for row in rows if row is not None]


@strawberry.type(description="One row.")
class KnowledgeResourceEdge:
    cursor: Cursor = strawberry.field(description="Its place.")
    node: KnowledgeResource = strawberry.field(description="The row.")


@strawberry.type(description="A page of resources.")
class KnowledgeResourceConnection:
    edges: list[KnowledgeResourceEdge] = strawberry.field(description="Rows with cursors.")
    nodes: list[KnowledgeResource] = strawberry.field(description="Rows.")
    page_info: PageInfo = strawberry.field(description="Where it lies.")

    @classmethod
    def of(cls, found: Connection[knowledge_resources.Resource]) -> Self:
        edges = [KnowledgeResourceEdge(cursor=Cursor(edge.cursor), node=KnowledgeResource.of(edge.row)) for edge in found.edges]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=page_info(found))


@strawberry.type(description="One row.")
class TopicRequestEdge:
    cursor: Cursor = strawberry.field(description="Its place.")
    node: TopicRequest = strawberry.field(description="The row.")


@strawberry.type(description="A page of wishes.")
class TopicRequestConnection:
    edges: list[TopicRequestEdge] = strawberry.field(description="Rows with cursors.")
    nodes: list[TopicRequest] = strawberry.field(description="Rows.")
    page_info: PageInfo = strawberry.field(description="Where it lies.")

    @classmethod
    def of(cls, found: Connection[knowledge_topics.Topic]) -> Self:
        edges = [TopicRequestEdge(cursor=Cursor(edge.cursor), node=TopicRequest.of(edge.row)) for edge in found.edges]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=page_info(found))

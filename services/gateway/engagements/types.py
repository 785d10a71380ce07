"""Engagements: who asked for what, what was agreed, when it is and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from projections import engagements as engagements_read
from projections.agents import Agent as AgentRow
from projections.paging import Connection
from services.gateway.context import Info
from services.gateway.engagements.vocabulary import EngagementKind, EngagementStatus
from services.gateway.ids import global_id
from services.gateway.people import loading
from services.gateway.people.parties import ERASED, Agent, Contact, Organisation
from services.gateway.scalars import URL, Cursor
from services.gateway.shapes import Node, PageInfo, member, page_info
from services.gateway.tickets.body import MessageBody, message_body


@strawberry.type(description="Help by the service manager or an architect, always as online meetings.")
class Engagement(Node):
    ref: str = strawberry.field(description="Number.")
    version: int = strawberry.field(description="For expectedVersion.")
    kind: EngagementKind = strawberry.field(description="What for.")
    status: EngagementStatus = strawberry.field(description="State.")
    requested_at: datetime = strawberry.field(description="When it was asked for.")
    starts_at: datetime | None = strawberry.field(description="When; null before scheduling.")
    row: strawberry.Private[engagements_read.Engagement]

    @classmethod
    def of(cls, row: engagements_read.Engagement) -> Self:
        return cls(
            id=global_id("engagement", row.id),
            ref=row.ref,
            version=row.version,
            kind=member(EngagementKind, row.kind),
            status=member(EngagementStatus, row.status),
            requested_at=row.requested_at,
            starts_at=row.starts_at,
            row=row,
        )

    @strawberry.field(description="Whose.")
    async def organisation(self, info: Info) -> Organisation:
        found = await loading.organisations(info.context).load(self.row.organisation)
        if found is None:  # a program may read engagements and not people
            id = self.row.organisation
            return Organisation(id=global_id("organisation", id), ref="", version=0, name="", email_domains=[], uuid=id)
        return Organisation.of(found)

    @strawberry.field(description="Who asked.")
    def requester(self) -> Contact:
        who = self.row.requester
        return Contact(id=global_id("contact", who.id), display_name=who.name or ERASED, uuid=who.id)

    @strawberry.field(description="Who leads; null before scoping.")
    async def lead(self, info: Info) -> Agent | None:
        if self.row.lead is None:
            return None
        return Agent.of(await loading.agents(info.context).load(self.row.lead) or AgentRow(id=self.row.lead))

    @strawberry.field(description="What the customer wants; null when the requester is erased.")
    def wish(self) -> MessageBody | None:
        return message_body(self.row.wish, None)

    @strawberry.field(description="What was agreed; null before scoping, and when the requester is erased.")
    def scope(self) -> MessageBody | None:
        return message_body(self.row.scope, None)

    @strawberry.field(description="Where it opens; null before scheduling.")
    def join_url(self) -> URL | None:
        return None if self.row.join_url is None else URL(self.row.join_url)

    @strawberry.field(description="Why it was declined; null where it was not, and when the requester is erased.")
    def answer(self) -> MessageBody | None:
        return message_body(self.row.answer, None)

    @strawberry.field(description="What came of it; null before completion, and when the requester is erased.")
    def outcome(self) -> MessageBody | None:
        return message_body(self.row.outcome, None)


@strawberry.type(description="One row.")
class EngagementEdge:
    cursor: Cursor = strawberry.field(description="Its place.")
    node: Engagement = strawberry.field(description="The row.")


@strawberry.type(description="A page of engagements.")
class EngagementConnection:
    edges: list[EngagementEdge] = strawberry.field(description="Rows with cursors.")
    nodes: list[Engagement] = strawberry.field(description="Rows.")
    page_info: PageInfo = strawberry.field(description="Where it lies.")

    @classmethod
    def of(cls, found: Connection[engagements_read.Engagement]) -> Self:
        edges = [EngagementEdge(cursor=Cursor(edge.cursor), node=Engagement.of(edge.row)) for edge in found.edges]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=page_info(found))

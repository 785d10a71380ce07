"""Operations meetings: when and where, what is on the agenda, what was fixed, said and agreed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry

from domain.meetings.vocabulary import STANDING
from projections import meetings as meetings_read
from projections.agents import Agent as AgentRow
from projections.paging import Connection
from services.gateway.context import Info
from services.gateway.contracts import loading as contract_loading
from services.gateway.ids import global_id
from services.gateway.meetings import loading
from services.gateway.meetings.pack import ReviewPack
from services.gateway.meetings.vocabulary import ActionStatus, AgendaKind, MeetingCancellation, MeetingStatus
from services.gateway.people import loading as people
from services.gateway.people.parties import ERASED_ORGANISATION, Agent, Organisation, party
from services.gateway.scalars import URL, Cursor
from services.gateway.shapes import Actor, Node, PageInfo, member, page_info
from services.gateway.tickets.body import MessageBody, message_body
from services.gateway.tickets.ticket import ERASED

if TYPE_CHECKING:
    from services.gateway.contracts.types import Contract

OfContract = Annotated["Contract", strawberry.lazy("services.gateway.contracts.types")]


@strawberry.type(description="A point.")
class AgendaItem:
    kind: AgendaKind = strawberry.field(description="Kind.")
    title: str = strawberry.field(description="Title.")


@strawberry.type(description="Somebody's task.")
class ActionItem(Node):
    title: str = strawberry.field(description="What.")
    owner: Actor = strawberry.field(description="Whose.")
    due_on: date | None = strawberry.field(description="By when; null without a date.")
    status: ActionStatus = strawberry.field(description="State.")
    completed_at: datetime | None = strawberry.field(description="When it was done; null before.")

    @classmethod
    def of(cls, row: meetings_read.Action) -> Self:
        return cls(
            id=global_id("action_item", row.id),
            title=row.title or ERASED,
            owner=party(row.owner),
            due_on=row.due_on,
            status=ActionStatus["OPEN" if row.done_at is None else "DONE"],
            completed_at=row.done_at,
        )


@strawberry.type(description="The quarterly meeting of a contract.")
class OperationsMeeting(Node):
    ref: str = strawberry.field(description="Its name, C-1042-2026-Q3.")
    version: int = strawberry.field(description="For expectedVersion.")
    year: int = strawberry.field(description="Year of the quarter.")
    quarter: int = strawberry.field(description="1 to 4.")
    status: MeetingStatus = strawberry.field(description="State.")
    starts_at: datetime = strawberry.field(description="When.")
    duration: timedelta = strawberry.field(description="How long.")
    join_url: URL = strawberry.field(description="Where it opens; it is always online.")
    minutes_until: datetime | None = strawberry.field(
        description="Until when the minutes may be written, not included; null before it was held."
    )
    cancelled_because: MeetingCancellation | None = strawberry.field(description="Why it was cancelled; null unless it is.")
    row: strawberry.Private[meetings_read.Meeting]

    @classmethod
    def of(cls, row: meetings_read.Meeting) -> Self:
        return cls(
            id=global_id("meeting", row.id),
            ref=row.ref,
            version=row.version,
            year=row.year,
            quarter=row.quarter,
            status=member(MeetingStatus, row.status),
            starts_at=row.starts_at,
            duration=row.duration,
            join_url=URL(row.join_url),
            minutes_until=row.minutes_until,
            cancelled_because=member(MeetingCancellation, row.cancelled_because) if row.cancelled_because else None,
            row=row,
        )

    @strawberry.field(description="For which contract; null to programs that may not read contracts.")
    async def contract(self, info: Info) -> OfContract | None:
        from services.gateway.contracts.types import Contract  # the rooms show each other; at import they cannot

        found = await contract_loading.contracts(info.context).load(self.row.contract)
        return Contract.of(found) if found else None

    @strawberry.field(description="Whose.")
    async def organisation(self, info: Info) -> Organisation:
        found = await people.organisations(info.context).load(self.row.organisation)
        if found is None:  # a program may read meetings and not people
            id = self.row.organisation
            return Organisation(
                id=global_id("organisation", id), ref="", version=0, name=ERASED_ORGANISATION, email_domains=[], uuid=id
            )
        return Organisation.of(found)

    @strawberry.field(
        description="Who hosts it: the contract's service manager at that time; null where it has none: assign one."
    )
    async def host(self, info: Info) -> Agent | None:
        given = await contract_loading.managers_of_contract(info.context).load(self.row.contract)
        at = self.starts_at
        serving = [each for each in given if each.from_at <= at and (each.to_at is None or at < each.to_at)]
        if not serving:
            return None
        manager: UUID = serving[-1].manager
        return Agent.of(await people.agents(info.context).load(manager) or AgentRow(id=manager))

    @strawberry.field(description="Points in order: the four standing ones, then extras.")
    def agenda(self) -> list[AgendaItem]:
        standing = [AgendaItem(kind=member(AgendaKind, kind.value), title=title) for kind, title in STANDING]
        return [*standing, *(AgendaItem(kind=AgendaKind.EXTRA, title=each.title or ERASED) for each in self.row.extras)]

    @strawberry.field(description="The figures; null until frozen.")
    async def review_pack(self, info: Info) -> ReviewPack | None:
        found = await loading.packs(info.context).load(self.row.id) if self.row.packed else None
        return ReviewPack.of(found) if found else None

    @strawberry.field(description="Minutes; null until recorded, and when the organisation is erased.")
    def minutes(self) -> MessageBody | None:
        return message_body(self.row.minutes, None)

    @strawberry.field(description="Actions, oldest first.")
    def action_items(self) -> list[ActionItem]:
        return [ActionItem.of(each) for each in self.row.actions]


@strawberry.type(description="One row.")
class OperationsMeetingEdge:
    cursor: Cursor = strawberry.field(description="Its place.")
    node: OperationsMeeting = strawberry.field(description="The row.")


@strawberry.type(description="A page of meetings.")
class OperationsMeetingConnection:
    edges: list[OperationsMeetingEdge] = strawberry.field(description="Rows with cursors.")
    nodes: list[OperationsMeeting] = strawberry.field(description="Rows.")
    page_info: PageInfo = strawberry.field(description="Where it lies.")

    @classmethod
    def of(cls, found: Connection[meetings_read.Meeting]) -> Self:
        edges = [OperationsMeetingEdge(cursor=Cursor(edge.cursor), node=OperationsMeeting.of(edge.row)) for edge in found.edges]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=page_info(found))

"""A chat room and a person's way into it."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from urllib.parse import quote
from uuid import UUID

import strawberry

from domain.chat.rooms import COMMUNITY
from projections import chat_accesses
from projections.chat_rooms import Backchannel
from projections.paging import Connection
from services.gateway.chat import loading
from services.gateway.chat.vocabulary import AccessEndReason, ChatAccessStatus, ChatRoomKind
from services.gateway.context import Context, Info
from services.gateway.ids import global_id
from services.gateway.people import loading as people_loading
from services.gateway.people.parties import Contact, Organisation, party
from services.gateway.scalars import URL, Cursor
from services.gateway.shapes import Actor, Node, PageInfo, member, page_info


@strawberry.type(description="A chat room.")
class ChatRoom(Node):
    ref: str = strawberry.field(description="Its name in the chat system.")
    name: str = strawberry.field(description="Name.")
    kind: ChatRoomKind = strawberry.field(description="Kind.")
    uuid: strawberry.Private[UUID]
    whose: strawberry.Private[UUID | None] = None

    @classmethod
    async def community(cls, context: Context) -> Self:
        chat = (await context.policies()).chat
        return cls(
            id=global_id("chat_room", COMMUNITY),
            ref=chat.community_ref,
            name=chat.community_name,
            kind=ChatRoomKind.COMMUNITY,
            uuid=COMMUNITY,
        )

    @classmethod
    async def backchannel(cls, context: Context, id: UUID, row: Backchannel | None) -> Self:
        """`row` is None where the viewer may not know whose it is: who left an organisation still sees that they were in its room."""
        chat = (await context.policies()).chat
        ref, name = (row.ref, row.name or row.ref) if row else ("", "")
        return cls(
            id=global_id("chat_room", id),
            ref=chat.backchannel_ref.replace("{organisation}", ref),
            name=chat.backchannel_name.replace("{organisation}", name).strip(),
            kind=ChatRoomKind.BACKCHANNEL,
            uuid=id,
            whose=row.organisation if row else None,
        )

    @strawberry.field(description="Whose; null for community.")
    async def organisation(self, info: Info) -> Organisation | None:
        row = await people_loading.organisations(info.context).load(self.whose) if self.whose else None
        return Organisation.of(row) if row else None

    @strawberry.field(description="Your access; null when never asked.")
    async def viewer_access(self, info: Info) -> ChatRoomAccess | None:
        row = await loading.own_accesses(info.context).load(self.uuid)
        return ChatRoomAccess.of(row) if row else None

    @strawberry.field(description="Where it opens; null to customers without access, and while the rooms are nowhere.")
    async def join_url(self, info: Info) -> URL | None:
        template = (await info.context.policies()).chat.join_url
        if template is None:
            return None
        if info.context.viewer.is_customer:
            own = await loading.own_accesses(info.context).load(self.uuid)
            if own is None or own.status != "APPROVED" or (own.expires_at and own.expires_at <= info.context.now):
                return None
        return URL(template.replace("{ref}", quote(self.ref, safe="")))


@strawberry.type(description="One person's way into one room.")
class ChatRoomAccess(Node):
    version: int = strawberry.field(description="For expectedVersion.")
    status: ChatAccessStatus = strawberry.field(description="State.")
    requested_at: datetime = strawberry.field(description="Asked.")
    expires_at: datetime | None = strawberry.field(description="Runs out; null if it does not.")
    end_reason: AccessEndReason | None = strawberry.field(description="Why it ended; null while it lasts.")
    row: strawberry.Private[chat_accesses.Access]

    @classmethod
    def of(cls, row: chat_accesses.Access) -> Self:
        return cls(
            id=global_id("chat_access", row.id),
            version=row.version,
            status=member(ChatAccessStatus, row.status),
            requested_at=row.requested_at,
            expires_at=row.expires_at,
            end_reason=member(AccessEndReason, row.end_reason) if row.end_reason else None,
            row=row,
        )

    @strawberry.field(description="Room.")
    async def room(self, info: Info) -> ChatRoom:
        if self.row.room == COMMUNITY:
            return await ChatRoom.community(info.context)
        whose = await loading.backchannels(info.context).load(self.row.room)
        return await ChatRoom.backchannel(info.context, self.row.room, whose)

    @strawberry.field(description="Who.")
    def contact(self) -> Contact:
        who = party(self.row.contact)
        assert isinstance(who, Contact)
        return who

    @strawberry.field(description="Decided by; null before.")
    def decided_by(self) -> Actor | None:
        return party(self.row.decided_by) if self.row.decided_by else None


@strawberry.type(description="One row.")
class ChatRoomAccessEdge:
    cursor: Cursor = strawberry.field(description="Its place.")
    node: ChatRoomAccess = strawberry.field(description="The row.")


@strawberry.type(description="A page of accesses.")
class ChatRoomAccessConnection:
    edges: list[ChatRoomAccessEdge] = strawberry.field(description="Rows with cursors.")
    nodes: list[ChatRoomAccess] = strawberry.field(description="Rows.")
    page_info: PageInfo = strawberry.field(description="Where it lies.")

    @classmethod
    def of(cls, found: Connection[chat_accesses.Access]) -> Self:
        edges = [ChatRoomAccessEdge(cursor=Cursor(edge.cursor), node=ChatRoomAccess.of(edge.row)) for edge in found.edges]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=page_info(found))

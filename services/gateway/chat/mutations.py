"""Commands on accesses to chat rooms, and what they return."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from domain.chat.access import ChatRoomAccess as Aggregate
from projections.chat_accesses import accesses_by_id
from services.commands import chat
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.acting import by
from services.gateway.chat.types import ChatRoomAccess
from services.gateway.context import Info
from services.gateway.ids import of_kind, optional
from services.gateway.payload import PATIENCE, Payload, position_of
from services.gateway.read_models import CHAT
from services.gateway.scalars import IdempotencyKey
from services.gateway.tickets.changing import What
from services.runtime.command import Receipt

DECIDING = [Access(level=AccessLevel.STAFF, scope=Scope.CHAT)]


@strawberry.input(description="For requestChatRoomAccess.")
class RequestChatRoomAccessInput:
    room_id: strawberry.ID = strawberry.field(description="Room.")
    contact_id: strawberry.ID | None = strawberry.field(
        description="Who; customers: yourself if left out. Staff and programs name somebody.", default=None
    )
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For approveChatRoomAccess.")
class ApproveChatRoomAccessInput:
    access_id: strawberry.ID = strawberry.field(description="Which.")
    expires_at: datetime | None = strawberry.field(description="Runs out; never if left out.", default=None)
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For denyChatRoomAccess.")
class DenyChatRoomAccessInput:
    access_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For revokeChatRoomAccess.")
class RevokeChatRoomAccessInput:
    access_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.type(description="Result of a command on a room access.")
class ChatRoomAccessPayload(Payload):
    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        return cls(receipt=receipt, subject=UUID(receipt.ids["access"]))

    @strawberry.field(description="It, changed; null when refused.")
    async def access(self, info: Info) -> ChatRoomAccess | None:
        position = await position_of(info, self.receipt)
        if position is None or self.subject is None:
            return None
        database = await info.context.after(position, CHAT, PATIENCE)
        rows = await accesses_by_id(database, info.context.viewer, [self.subject])
        return ChatRoomAccess.of(rows[0]) if rows else None


@strawberry.type
class ChatMutations:
    @strawberry.mutation(
        description="Asks for a room; staff and programs ask for a contact.",
        directives=[Access(level=AccessLevel.CONTACT, scope=Scope.CHAT)],
    )
    async def request_chat_room_access(self, info: Info, input: What[RequestChatRoomAccessInput]) -> ChatRoomAccessPayload:
        room = of_kind("chat_room", input.room_id, "input", "roomId")
        contact = optional("contact", input.contact_id, "input", "contactId")
        return ChatRoomAccessPayload.of(await chat.request(info.context.services.desk, by(info.context, input), room, contact))

    @strawberry.mutation(description="Grants it; never one's own, and the capability is judged again.", directives=DECIDING)
    async def approve_chat_room_access(self, info: Info, input: What[ApproveChatRoomAccessInput]) -> ChatRoomAccessPayload:
        act = by(info.context, input)
        receipt = await chat.approve(info.context.services.desk, act, _access(input.access_id), expires_at=input.expires_at)
        return ChatRoomAccessPayload.of(receipt)

    @strawberry.mutation(description="Refuses it.", directives=DECIDING)
    async def deny_chat_room_access(self, info: Info, input: What[DenyChatRoomAccessInput]) -> ChatRoomAccessPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        receipt = await chat.change(desk, act, _access(input.access_id), Aggregate.deny, at=info.context.at)
        return ChatRoomAccessPayload.of(receipt)

    @strawberry.mutation(description="Takes it back.", directives=DECIDING)
    async def revoke_chat_room_access(self, info: Info, input: What[RevokeChatRoomAccessInput]) -> ChatRoomAccessPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        receipt = await chat.change(desk, act, _access(input.access_id), Aggregate.revoke, at=info.context.at)
        return ChatRoomAccessPayload.of(receipt)


def _access(id: str) -> UUID:
    return of_kind("chat_access", id, "input", "accessId")

"""Watching accesses to chat rooms. Sight is judged for every message."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import strawberry

from projections.chat_accesses import AccessChange, access_changes
from services.gateway import feeds
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.chat.types import ChatRoomAccess
from services.gateway.context import Info
from services.gateway.following import PAGE, beginning, follow
from services.gateway.tickets.subscriptions import LiveMessage, Resume
from services.runtime.position import Position

BOUND = feeds.binding("chat accesses")


@strawberry.type(description="A room access changed.")
class ChatAccessChange(LiveMessage):
    access: ChatRoomAccess = strawberry.field(description="It.")


@strawberry.type
class ChatSubscriptions:
    @strawberry.subscription(
        description="Room accesses: your own; for staff and the chat program, all.",
        directives=[Access(level=AccessLevel.CONTACT, scope=Scope.CHAT)],
    )
    async def chat_access_changed(self, info: Info, after: Resume = None) -> AsyncIterator[ChatAccessChange]:
        context = info.context

        async def read(after: int, upto: int) -> tuple[Sequence[AccessChange], int]:
            found = await access_changes(context.database, context.viewer, after, upto, limit=PAGE)
            return found, found[-1].position if len(found) == PAGE else upto

        begin = await beginning(context, context.database, BOUND, after)
        async for change in follow(context, begin, read):
            position = Position(change.epoch, change.position)
            yield ChatAccessChange(
                cursor=feeds.write(position, BOUND), position=position, access=ChatRoomAccess.of(change.access)
            )

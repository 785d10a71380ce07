"""Watching accesses to chat rooms. Sight is judged for every message."""

from __future__ import annotations

from collections.abc import AsyncIterator

import strawberry

from projections.chat_accesses import access_changes
from services.gateway import feeds
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.chat.types import ChatRoomAccess
from services.gateway.context import Info
from services.gateway.live import Restored
from services.gateway.people.standing import standing
from services.gateway.tickets.subscriptions import LiveMessage, Resume
from services.runtime.position import Position

PAGE = 100
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
        tail = context.services.tail
        mark = await tail.mark()
        last = mark
        if after is not None:
            last = feeds.read(after, BOUND)
            await feeds.must_be_kept(context.database, last, mark)
        try:
            async for upto in tail.marks(None, last):
                while last < upto:
                    context.identity = await standing(context.services, context.identity)
                    context.loaders.clear()
                    found = await access_changes(context.database, context.viewer, last.number, upto.number, limit=PAGE)
                    for change in found:
                        position = Position(change.epoch, change.position)
                        yield ChatAccessChange(
                            cursor=feeds.write(position, BOUND), position=position, access=ChatRoomAccess.of(change.access)
                        )
                    last = Position(upto.epoch, found[-1].position) if len(found) == PAGE else upto
        except Restored:
            raise feeds.expired() from None

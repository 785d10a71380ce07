"""The root field that reads accesses to chat rooms, and the rooms of whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar
from uuid import UUID

import strawberry

from domain.chat.rooms import COMMUNITY, Room
from projections.chat_accesses import Wanted, accesses_page
from projections.paging import BadCursor
from services.gateway import ids
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.chat import loading
from services.gateway.chat.types import ChatRoom, ChatRoomAccessConnection
from services.gateway.chat.vocabulary import ChatAccessStatus
from services.gateway.context import Context, Info
from services.gateway.failures import Code, RequestFailed
from services.gateway.read_models import CHAT
from services.gateway.tickets.filters import IdComparator
from services.gateway.tickets.queries import After, AtLeast, Before, First, Last
from services.gateway.tickets.wants import bad_cursor, page_of

T = TypeVar("T")
NOBODY = UUID(int=0)
"""In the place of an id that is none of ours: it fits nothing."""
MOST_VALUES = 50


@strawberry.input(description="Compares with values of ChatAccessStatus.")
class ChatAccessStatusComparator:
    eq: ChatAccessStatus | None = strawberry.field(description="Is this.", default=None)
    in_: list[ChatAccessStatus] | None = strawberry.field(description="Is one of, at most 50.", name="in", default=None)
    nin: list[ChatAccessStatus] | None = strawberry.field(description="Is none of, at most 50.", default=None)


@strawberry.input(description="Which accesses.")
class ChatAccessFilter:
    status: ChatAccessStatusComparator | None = strawberry.field(description="State.", default=None)
    room: IdComparator | None = strawberry.field(description="Room.", default=None)
    contact: IdComparator | None = strawberry.field(description="Person.", default=None)


@strawberry.type
class ChatQueries:
    @strawberry.field(
        description="Room accesses, last asked for first: your own, or, for staff, all.",
        directives=[Access(level=AccessLevel.CONTACT, scope=Scope.CHAT)],
    )
    async def chat_room_accesses(
        self,
        info: Info,
        filter: Annotated[ChatAccessFilter | None, strawberry.argument(description="Which.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        at_least: AtLeast = None,
    ) -> ChatRoomAccessConnection:
        context, page, wanted = info.context, page_of(first, after, last, before), _wanted(filter)
        database = await context.reading(at_least, CHAT)
        try:
            return ChatRoomAccessConnection.of(await accesses_page(database, context.viewer, wanted, page))
        except BadCursor as bad:
            raise bad_cursor(bad) from None


async def rooms_of_viewer(context: Context) -> list[ChatRoom]:
    """A customer's: the community's, and their organisation's with support. Whether they may be in them is told by asking."""
    viewer = context.viewer
    if not viewer.is_customer:
        return []
    found = [await ChatRoom.community(context)]
    if viewer.organisation is not None:
        id = Room.backchannel(viewer.organisation).id
        row = await loading.backchannels(context).load(id)
        found += [await ChatRoom.backchannel(context, id, row)] if row else []
    return found


async def rooms_by_id(context: Context, wanted: Sequence[UUID]) -> dict[UUID, ChatRoom]:
    """These rooms, as far as the viewer may know of them; for `node`."""
    rows = await loading.backchannels(context).load_many([each for each in wanted if each != COMMUNITY])
    found = {row.id: await ChatRoom.backchannel(context, row.id, row) for row in rows if row is not None}
    return {**found, **({COMMUNITY: await ChatRoom.community(context)} if COMMUNITY in wanted else {})}


def _wanted(asked: ChatAccessFilter | None) -> Wanted:
    if asked is None:
        return Wanted()
    rooms, not_rooms = _ids("chat_room", asked.room)
    contacts, not_contacts = _ids("contact", asked.contact)
    return Wanted(
        statuses=_statuses(asked.status), rooms=rooms, not_rooms=not_rooms, contacts=contacts, not_contacts=not_contacts
    )


def _statuses(asked: ChatAccessStatusComparator | None) -> list[str] | None:
    if asked is None:
        return None
    left = {each.name for each in ChatAccessStatus} - {each.name for each in _bounded(asked.nin or [])}
    if asked.eq is not None:
        left &= {asked.eq.name}
    if asked.in_ is not None:
        left &= {each.name for each in _bounded(asked.in_)}
    return sorted(left)


def _ids(kind: str, asked: IdComparator | None) -> tuple[list[UUID] | None, list[UUID]]:
    """Those that fit, None for any, and those that do not."""
    if asked is None:
        return None, []
    sets = [{_id(kind, asked.eq)}] if asked.eq is not None else []
    sets += [{_id(kind, each) for each in _bounded(asked.in_)}] if asked.in_ is not None else []
    return sorted(set.intersection(*sets)) if sets else None, [_id(kind, each) for each in _bounded(asked.nin or [])]


def _id(kind: str, text: str) -> UUID:
    known = ids.read(text)
    return known[1] if known and known[0] == kind else NOBODY


def _bounded(values: Sequence[T]) -> Sequence[T]:
    if len(values) > MOST_VALUES:
        raise RequestFailed(Code.BAD_INPUT, f"A comparator takes at most {MOST_VALUES} values.")
    return values

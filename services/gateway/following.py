"""Following a feed: from a cursor or from now on, page by page up to a fixed mark, whoever watches judged anew for every page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

from projections.database import Database
from services.gateway import feeds
from services.gateway.context import Context
from services.gateway.live import Restored
from services.gateway.patience import within_patience
from services.gateway.people.standing import standing
from services.gateway.scalars import Cursor
from services.runtime.position import Position

PAGE = 100
C = TypeVar("C")
Read = Callable[[int, int], Awaitable[tuple[Sequence[C], int]]]
"""What changed after a position, up to another: a page of it, and how far that reaches."""


PATIENCE = 20.0
"""Seconds for one look of a feed. A database that stands still would leave whoever watches in the belief that nothing happens."""
BLIND = "What happens cannot be seen at present; subscribe again in a moment, after your last cursor."


async def beginning(context: Context, database: Database, bound: str, after: Cursor | None) -> Position:
    """Where a subscription begins. BAD_CURSOR and CURSOR_EXPIRED as feeds.py says, OVERLOADED where that cannot be seen."""
    return await within_patience(_beginning(context, database, bound, after), PATIENCE, said=BLIND)


async def _beginning(context: Context, database: Database, bound: str, after: Cursor | None) -> Position:
    mark = await context.services.tail.mark()
    if after is None:
        return mark
    last = feeds.read(after, bound)
    await feeds.must_be_kept(database, last, mark)
    return last


async def follow(context: Context, last: Position, read: Read[C], *, ticket: UUID | None = None) -> AsyncIterator[C]:
    """Every change after `last`, of one ticket or of all that the tail watches. CURSOR_EXPIRED once the log was restored.

    OVERLOADED where a look takes too long: whoever watches comes back with their cursor.
    """

    async def look(upto: Position) -> tuple[Sequence[C], int]:
        context.identity = await standing(context.services, context.identity)
        context.loaders.clear()
        return await read(last.number, upto.number)

    try:
        async for upto in context.services.tail.marks(ticket, last):
            while last < upto:
                found, reached = await within_patience(look(upto), PATIENCE, said=BLIND)
                for change in found:
                    yield change
                last = Position(upto.epoch, reached)
    except Restored:
        raise feeds.expired() from None

"""Watching tickets. Sight is judged for every message; losing it sends a last one without a ticket."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from projections.changes import Change, changes, was_theirs
from projections.snapshot import ReadBlocked
from projections.ticket_filter import TicketFilter as Which
from projections.ticket_reading import TicketBy
from projections.ticket_reading import ticket as read_ticket
from projections.ticket_rows import TicketWant, TimelineWant
from services.gateway import feeds, ids
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.context import Context, Info
from services.gateway.failures import Code, RequestFailed
from services.gateway.following import PAGE, beginning, follow
from services.gateway.scalars import Cursor
from services.gateway.selection import Selection
from services.gateway.tickets.blocked import warn_of
from services.gateway.tickets.entries import TimelineEntry, shown
from services.gateway.tickets.filters import TicketFilter
from services.gateway.tickets.reading import filter_of
from services.gateway.tickets.ticket import Ticket
from services.gateway.tickets.wants import ticket_want
from services.runtime.position import Position

TOLD = 10_000
"""Tickets of which a feed remembers that they left its filter."""
WATCHING = [Access(level=AccessLevel.CONTACT, scope=Scope.TICKETS_READ)]
Resume = Annotated[Cursor | None, strawberry.argument(description="After this message; from now on if left out.")]


@strawberry.interface(description="What every live message carries.")
class LiveMessage:
    cursor: Cursor = strawberry.field(description="Come back with it as after; kept 24 hours, later gives CURSOR_EXPIRED.")
    position: Position = strawberry.field(description="For atLeast.")


@strawberry.type(description="A ticket changed. Read what you need through it; it is at least as new as position.")
class TicketChange(LiveMessage):
    ticket: Ticket | None = strawberry.field(
        description="The ticket; null when you may no longer see it, or it left the filter."
    )
    ticket_id: strawberry.ID = strawberry.field(description="Its id, in any case.")
    entry: TimelineEntry | None = strawberry.field(description="The new entry; null when none.")


@strawberry.type
class TicketSubscriptions:
    @strawberry.subscription(description="One ticket, entries you may see.", directives=WATCHING)
    async def ticket_changed(
        self,
        info: Info,
        ticket_id: Annotated[strawberry.ID, strawberry.argument(description="Ticket.")],
        after: Resume = None,
    ) -> AsyncIterator[TicketChange]:
        known = ids.read(ticket_id)
        ticket = known[1] if known and known[0] == "ticket" else None
        if ticket is None:
            raise _not_there()
        feed = Feed(info, feeds.binding("ticket", ticket.hex), ticket=ticket)
        async for change in feed.run(after):
            if change.blocked:
                raise ReadBlocked([change.ticket_id])
            yield feed.message(change)
            if not change.sees:
                return

    @strawberry.subscription(description="Tickets of a list.", directives=WATCHING)
    async def tickets_changed(
        self,
        info: Info,
        filter: Annotated[TicketFilter | None, strawberry.argument(description="Which.")] = None,
        after: Resume = None,
    ) -> AsyncIterator[TicketChange]:
        which = filter_of(filter)
        feed = Feed(info, feeds.binding("tickets", which), which=which)
        gone: OrderedDict[UUID, None] = OrderedDict()
        async for change in feed.run(after):
            # Which tickets the client shows is not known here, so each that does not fit is told of once until it fits again.
            if change.ticket is not None:
                gone.pop(change.ticket_id, None)
            elif change.ticket_id in gone:
                continue
            else:
                gone[change.ticket_id] = None
                if len(gone) > TOLD:
                    gone.popitem(last=False)
            if change.blocked:  # as in a list: left out, and said so beside
                warn_of(info, [change.ticket_id])
            yield feed.message(change)


class Feed:
    """One subscription's place in the log and what it selects."""

    def __init__(
        self,
        info: Info,
        bound: str,
        *,
        ticket: UUID | None = None,
        which: Which | None = None,
        topics: Sequence[str] | None = None,
        message: str = "TicketChange",
    ) -> None:
        selection = Selection(info._raw_info)
        other = selection.below(message, "entry").below("RelationEntry", "other")
        self._context: Context = info.context
        self._bound = bound
        self._ticket = ticket
        self._which = which
        self._topics = topics
        self._want = ticket_want(selection.below(message, "ticket"))
        self._entry = TimelineWant(other=ticket_want(other) if other else None)

    async def _seen(self, last: Position) -> bool:
        """Whether the watched ticket may be seen now, or was theirs at or after this place. A cursor proves nothing: it can be forged."""
        context, ticket = self._context, self._ticket
        assert ticket is not None
        found = await read_ticket(context.database, context.viewer, TicketBy(id=ticket), TicketWant())
        return found.ticket is not None or await was_theirs(context.database, context.viewer, ticket, last.number)

    async def run(self, after: Cursor | None) -> AsyncIterator[Change]:
        """Every change from the cursor, or from now, on, as whoever watches may know of it."""
        context = self._context
        last = await beginning(context, context.database, self._bound, after)
        if self._ticket is not None and not await self._seen(last):
            raise _not_there()
        async for change in follow(context, last, self._read, ticket=self._ticket):
            yield change

    async def _read(self, after: int, upto: int) -> tuple[Sequence[Change], int]:
        found = await changes(
            self._context.database,
            self._context.viewer,
            after,
            upto,
            ticket=self._ticket,
            filter=self._which,
            topics=self._topics,
            want=self._want,
            entry=self._entry,
            limit=PAGE,
        )
        return found, found[-1].position if len(found) == PAGE else upto

    def place(self, change: Change) -> tuple[Cursor, Position]:
        position = Position(change.epoch, change.position)
        return feeds.write(position, self._bound), position

    def message(self, change: Change) -> TicketChange:
        cursor, position = self.place(change)
        return TicketChange(
            cursor=cursor,
            position=position,
            ticket=Ticket.of(change.ticket) if change.ticket else None,
            ticket_id=ids.global_id("ticket", change.ticket_id),
            entry=shown(change.entry) if change.entry and change.ticket else None,
        )


def _not_there() -> RequestFailed:
    return RequestFailed(Code.BAD_INPUT, "There is no such ticket.")

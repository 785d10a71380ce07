"""Reading tickets: one, a page, how many, by words. One statement for each root field, however deep the selection goes."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from projections import ticket_filter, ticket_reading
from projections.paging import Page
from projections.search import search, search_reads
from projections.ticket_filter import Between, Compare, OrderField
from projections.ticket_rows import Ticket as Row
from projections.ticket_rows import TicketWant
from services.gateway import ids
from services.gateway.context import Context, Info
from services.gateway.failures import Code, RequestFailed
from services.gateway.payload import PATIENCE
from services.gateway.selection import Selection
from services.gateway.shapes import BoundedCount, CountPrecision, Presence, SortDirection, given
from services.gateway.tickets.blocked import warn_of
from services.gateway.tickets.filters import (
    DateTimeComparator,
    IdComparator,
    OptionalIdComparator,
    TicketBy,
    TicketFilter,
    TicketOrder,
)
from services.gateway.tickets.finds import SearchHitConnection, SearchScope
from services.gateway.tickets.ticket import Ticket, TicketConnection
from services.gateway.tickets.wants import rows_of, ticket_want
from services.runtime.position import Position

NOBODY = UUID(int=0)
"""In the place of an id that is none of ours: it fits nothing."""
MOST_VALUES = 50


async def one_ticket(info: Info, by: TicketBy, at_least: Position | None) -> Ticket | None:
    """A ticket by one of its names; None where there is none for the viewer."""
    context = info.context
    named = await _named(context, by)
    want = ticket_want(Selection(info._raw_info))
    database = await context.reading(at_least, ticket_reading.reads(want))
    if named is None:
        return None
    found = await ticket_reading.ticket(database, context.viewer, named, want)
    return Ticket.of(found.ticket) if found.ticket else None


async def ticket_after(info: Info, ticket: UUID, position: Position) -> Ticket | None:
    """A ticket as it is after a command; READ_BEHIND when the view takes too long, though the command stands."""
    context = info.context
    want = ticket_want(Selection(info._raw_info))
    database = await context.after(position, ticket_reading.reads(want), PATIENCE)
    found = await ticket_reading.ticket(database, context.viewer, ticket_reading.TicketBy(id=ticket), want)
    return Ticket.of(found.ticket) if found.ticket else None


async def ticket_rows(context: Context, wanted: list[UUID], selection: Selection) -> dict[UUID, Row]:
    """These tickets, for `node` and `nodes`."""
    rows = await ticket_reading.tickets_by_id(context.database, context.viewer, wanted, ticket_want(selection))
    return {row.id: row for row in rows}


async def ticket_page(
    info: Info,
    filter: TicketFilter | None,
    order_by: TicketOrder,
    page: Page,
    at_least: Position | None = None,
    *,
    organisation: UUID | None = None,
) -> TicketConnection:
    """A page of tickets. Those that cannot be relied on are left out, and READ_BLOCKED beside the page says which."""
    context = info.context
    which = filter_of(filter, organisation)
    order = ticket_filter.TicketOrder(OrderField[order_by.field.name], order_by.direction is SortDirection.DESC)
    want = ticket_want(rows_of(Selection(info._raw_info), "TicketConnection"))
    database = await context.reading(at_least, ticket_reading.reads(want, which, order))
    found = await ticket_reading.tickets(database, context.viewer, which, order, page, want)
    warn_of(info, found.blocked)
    return TicketConnection.of(found.page, without=found.blocked)


async def counted(info: Info, filter: TicketFilter | None, at_least: Position | None) -> BoundedCount:
    context = info.context
    which = filter_of(filter)
    database = await context.reading(at_least, ticket_reading.reads(TicketWant(), which))
    found = await ticket_reading.ticket_count(database, context.viewer, which)
    warn_of(info, found.blocked)
    return BoundedCount(value=found.value, precision=CountPrecision["EXACT" if found.exact else "AT_LEAST"])


async def found(
    info: Info, words: str, where: list[SearchScope] | None, page: Page, at_least: Position | None
) -> SearchHitConnection:
    """Hits for words, best first."""
    if not 2 <= len(words.strip()) <= 200:
        raise RequestFailed(Code.BAD_INPUT, "Search for 2 to 200 characters.")
    context = info.context
    want = ticket_want(rows_of(Selection(info._raw_info), "SearchHitConnection"))
    database = await context.reading(at_least, search_reads(want))
    scopes = None if where is None else [scope.name for scope in where]
    hits = await search(database, context.viewer, words, scopes, page, want)
    warn_of(info, hits.blocked)
    struck = [edge.row.incident.id for edge in hits.page.edges if edge.row.incident is not None and edge.row.incident.blocked]
    warn_of(info, struck, "incident")
    return SearchHitConnection.of(hits.page, without=[*hits.blocked, *struck])


async def _named(context: Context, by: TicketBy) -> ticket_reading.TicketBy | None:
    if given(by.id) is not None:
        known = ids.read(by.id or "")
        return ticket_reading.TicketBy(id=known[1]) if known and known[0] == "ticket" else None
    if given(by.ref) is not None:
        return ticket_reading.TicketBy(ref=by.ref)
    if given(by.rt_id) is not None:
        return ticket_reading.TicketBy(external=("RT", by.rt_id or ""))
    if context.viewer.is_customer:
        raise RequestFailed(Code.FORBIDDEN, "Tickets are looked up by Message-ID by staff and programs.")
    owner = await context.services.find("message_ticket", by.message_id or "")
    return ticket_reading.TicketBy(id=owner) if owner else None


def filter_of(asked: TicketFilter | None, organisation: UUID | None = None) -> ticket_filter.TicketFilter:
    """The filter as the read model takes it. `organisation` is that of the object the list hangs on, and wins."""
    if asked is None:
        own = Compare(eq=organisation) if organisation else None
        return ticket_filter.TicketFilter(organisation=own)
    for values in (asked.tags, asked.sla_state):
        _bounded(values)
    return ticket_filter.TicketFilter(
        status=compared_names(asked.status),
        kind=compared_names(asked.kind),
        priority=compared_names(asked.priority),
        severity=compared_names(asked.severity),
        channel=compared_names(asked.channel),
        organisation=_both(compared_ids("organisation", asked.organisation), organisation),
        requester=compared_ids("contact", asked.requester),
        assignee=compared_ids("agent", asked.assignee),
        queue=compared_ids("queue", asked.queue),
        service=compared_ids("component", asked.service),
        created_at=compared_times(asked.created_at),
        updated_at=compared_times(asked.updated_at),
        sla_due_at=compared_times(asked.sla_due_at),
        sla_state=None if asked.sla_state is None else [state.name for state in asked.sla_state],
        tags=asked.tags,
    )


def compared_names(asked: object) -> Compare | None:
    """A comparator of one of the enums."""
    if asked is None:
        return None
    eq, several, none_of = (getattr(asked, name) for name in ("eq", "in_", "nin"))
    for values in (several, none_of):
        _bounded(values)
    return Compare(
        eq=eq.name if eq else None,
        in_=None if several is None else [each.name for each in several],
        nin=None if none_of is None else [each.name for each in none_of],
    )


def compared_ids(kind: str, asked: IdComparator | OptionalIdComparator | None) -> Compare | None:
    """A comparator of ids of this kind; an id of another fits nothing."""
    if asked is None:
        return None
    none_of = asked.nin if isinstance(asked, IdComparator) else None
    for values in (asked.in_, none_of):
        _bounded(values)
    presence = asked.presence if isinstance(asked, OptionalIdComparator) else None
    return Compare(
        eq=_id(kind, asked.eq) if asked.eq is not None else None,
        in_=None if asked.in_ is None else [_id(kind, each) for each in asked.in_],
        nin=None if none_of is None else [_id(kind, each) for each in none_of],
        present=None if presence is None else presence is Presence.PRESENT,
    )


def _both(filtered: Compare | None, own: UUID | None) -> Compare | None:
    if own is None or filtered is None:
        return Compare(eq=own) if own else filtered
    return Compare(
        eq=own if filtered.eq in (None, own) else NOBODY, in_=filtered.in_, nin=filtered.nin, present=filtered.present
    )


def compared_times(asked: DateTimeComparator | None) -> Between | None:
    """A half-open stretch."""
    return None if asked is None else Between(gte=asked.gte, lt=asked.lt)


def _id(kind: str, text: str) -> UUID:
    known = ids.read(text)
    return known[1] if known and known[0] == kind else NOBODY


def _bounded(values: Sequence[object] | None) -> None:
    if values is not None and len(values) > MOST_VALUES:
        raise RequestFailed(Code.BAD_INPUT, f"A comparator takes at most {MOST_VALUES} values.")

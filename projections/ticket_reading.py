"""One ticket, many tickets, how many: each answered by one statement, with all branches that are wanted.

A list is walked in the order of an index, for every audience of the viewer apart, and only the rows of the page become documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct, json

from projections.arguments import Arguments
from projections.contacts import contacts
from projections.database import Database
from projections.entry_documents import arms, entry_document
from projections.order import Order
from projections.organisations import organisations
from projections.paging import Connection, Cursors, Page, Place
from projections.projection import Projection
from projections.queues import queues
from projections.snapshot import ReadBlocked, parked, parked_seen, reached
from projections.status_components import components
from projections.status_incidents import incidents
from projections.status_maintenance import maintenance
from projections.status_tickets import ticket_services
from projections.ticket_documents import audience, ticket_document, ticket_where
from projections.ticket_filter import Between, OrderField, TicketFilter, TicketOrder
from projections.ticket_rows import Entry, Ticket, TicketWant, TimelineWant
from projections.ticket_sla import ticket_sla
from projections.ticket_timeline import ticket_timeline
from projections.tickets import tickets as ticket_rows
from projections.viewer import Viewer

EVERYTHING = TicketFilter()
MOST_COUNTED = 1000
MOST_LOOKED_AT = 10_000


class TicketBy(Struct, frozen=True, kw_only=True):
    """One name of a ticket. `external` is (system, number there)."""

    id: UUID | None = None
    ref: str | None = None
    external: tuple[str, str] | None = None

    def sql(self, arguments: Arguments) -> str:
        if self.id is not None:
            return f"t.id = {arguments(self.id, 'uuid')}"
        if self.ref is not None:
            return f"t.ref = {arguments(self.ref, 'text')}"
        system, value = self.external or ("", "")
        named = f"x.system = {arguments(system, 'text')} AND x.value = {arguments(value, 'text')}"
        return f"t.id IN (SELECT x.ticket FROM ticket_externals x WHERE {named})"


class Read(Struct, frozen=True, kw_only=True):
    """A ticket, None where there is none for the viewer, and the position (`<epoch>.<number>`) up to which what is read goes."""

    ticket: Ticket | None
    reached: str | None


class Tickets(Struct, frozen=True, kw_only=True):
    """A page; `blocked` are tickets the viewer may see of which events are set aside: on the page they may be wrong, and if it ought to
    have them they may be missing."""

    page: Connection[Ticket]
    blocked: list[UUID]
    reached: str | None


class Counted(Struct, frozen=True):
    """`blocked` as of a page."""

    value: int
    exact: bool
    blocked: Sequence[UUID] = ()


def reads(want: TicketWant, filter: TicketFilter = EVERYTHING, order: TicketOrder | None = None) -> tuple[Projection, ...]:
    """The projections that an answer rests on: those to wait for when it must not be older than a position."""
    wanted = [want]
    for each in wanted:
        others = [each.links, each.merged_into, *(timeline.other for timeline in each.timelines.values())]
        wanted += [other for other in others if other is not None]
    due = order is not None and order.field is OrderField.SLA_DUE_AT
    struck = any(each.incidents for each in wanted)
    planned = any(each.maintenance for each in wanted)
    about = struck or planned or filter.service is not None or any(each.services for each in wanted)
    entries = any(each.timelines or each.sla_entries for each in wanted)
    needed = (
        (ticket_rows, True),
        (ticket_timeline, entries),
        (ticket_sla, entries or due or filter.reads_sla or any(each.sla for each in wanted)),
        (contacts, entries or any(each.requester or each.staff for each in wanted)),
        (organisations, entries or any(each.organisation for each in wanted)),
        (queues, entries or any(each.queue for each in wanted)),
        (ticket_services, about),
        (components, about),
        (incidents, struck),
        (maintenance, planned),
    )
    return tuple(projection for projection, is_needed in needed if is_needed)


def of_tickets(projections: Sequence[Projection]) -> list[Projection]:
    """Those whose streams are tickets, so that an event set aside there makes a ticket wrong."""
    return [each for each in projections if each.name in ("tickets", "ticket_timeline", "ticket_sla", "ticket_services")]


async def ticket(db: Database, viewer: Viewer, by: TicketBy, want: TicketWant = TicketWant()) -> Read:  # noqa: B008 - frozen
    """One ticket by one of its names. Raises ReadBlocked where an event of it is set aside."""
    arguments = Arguments()
    used = reads(want)
    own = of_tickets(used)
    which = f"{by.sql(arguments)} AND {audience(arguments, viewer, 't.audience')}"
    missing = parked_seen(arguments, viewer, own, arguments(by.id, "uuid"))
    sql = f"""SELECT {reached(used)} AS reached, {missing} AS missing, t.doc, t.id, t.blocked FROM (SELECT 1) one LEFT JOIN LATERAL (
        SELECT t.id, {parked(viewer, own, "t.id")} AS blocked, {ticket_document(arguments, viewer, "t", want)}::text AS doc
        FROM tickets t WHERE {which} ORDER BY t.id LIMIT 1) t ON true"""
    row = await db.fetchrow(sql, *arguments.values)
    assert row is not None
    if row["blocked"] or (row["id"] is None and row["missing"]):
        raise ReadBlocked([each for each in (row["id"] or by.id,) if each is not None])
    return Read(ticket=json.decode(row["doc"], type=Ticket) if row["doc"] else None, reached=row["reached"])


async def tickets_by_id(db: Database, viewer: Viewer, ids: Sequence[UUID], want: TicketWant) -> list[Ticket]:
    """These tickets, as far as the viewer may see them, in no order. Raises ReadBlocked where an event of one is set aside."""
    arguments = Arguments()
    own = of_tickets(reads(want))
    these = f"ANY({arguments(list(ids), 'uuid[]')})"
    sql = f"""SELECT {parked_seen(arguments, viewer, own, these)} AS blocked, t.doc FROM (SELECT 1) one LEFT JOIN (
        SELECT {ticket_document(arguments, viewer, "t", want)}::text AS doc
        FROM tickets t WHERE t.id = {these} AND {audience(arguments, viewer, "t.audience")}) t ON true"""
    rows = await db.fetch(sql, *arguments.values)
    if rows[0]["blocked"]:
        raise ReadBlocked(rows[0]["blocked"])
    return [json.decode(row["doc"], type=Ticket) for row in rows if row["doc"] is not None]


async def tickets(
    db: Database,
    viewer: Viewer,
    filter: TicketFilter = EVERYTHING,
    order: TicketOrder = TicketOrder(),  # noqa: B008 - frozen
    page: Page = Page(),  # noqa: B008 - frozen
    want: TicketWant = TicketWant(),  # noqa: B008 - frozen
) -> Tickets:
    """A page of the tickets that the viewer may see. Raises BadCursor."""
    arguments = Arguments()
    cursors = Cursors.bound_to("tickets", filter, order, viewer.sees_staff)
    used = reads(want, filter, order)
    own = of_tickets(used)
    source, owner, keys = order.walked(viewer)
    found = _walk(arguments, viewer, source, owner, keys, page, cursors, filter)
    sql = f"""SELECT {reached(used)} AS reached, {parked_seen(arguments, viewer, own)} AS blocked, q.doc, q.key, q.tie
      FROM (SELECT 1) one LEFT JOIN (
        SELECT p.k, p.i, p.key, p.tie, {ticket_document(arguments, viewer, "t", want)}::text AS doc
        FROM ({found}) p JOIN tickets t ON t.id = p.i) q ON true
      ORDER BY {keys.by(page, "q.k", "q.i")}"""
    rows = await db.fetch(sql, *arguments.values)
    edges = [(Place(row["key"], row["tie"]), json.decode(row["doc"], type=Ticket)) for row in rows if row["doc"] is not None]
    return Tickets(page=Connection.of(edges, page, cursors), blocked=list(rows[0]["blocked"]), reached=rows[0]["reached"])


def _walk(
    arguments: Arguments,
    viewer: Viewer,
    source: str,
    owner: str,
    keys: Order,
    page: Page,
    cursors: Cursors,
    filter: TicketFilter,
) -> str:
    """The ids of a page with their keys, walked for each audience apart so that every walk follows an index and stops at its limit."""
    limit = keys.limit(arguments, page)
    which = f"{filter.sql(arguments, viewer)} AND {keys.within(arguments, page, cursors)}"
    walk = f"SELECT {keys.key} AS k, {keys.tie} AS i, {keys.columns} FROM {source} WHERE {which}"
    audiences = filter.audiences(viewer)
    if audiences is None:
        return f"{walk} ORDER BY {keys.by(page)} LIMIT {limit}"
    each = f"{walk} AND {owner} = a.id AND t.audience = a.id ORDER BY {keys.by(page)} LIMIT {limit}"
    return f"""SELECT w.* FROM unnest({arguments(audiences, "uuid[]")}) AS a(id) CROSS JOIN LATERAL ({each}) w
      ORDER BY {keys.by(page, "w.k", "w.i")} LIMIT {limit}"""


async def ticket_count(
    db: Database, viewer: Viewer, filter: TicketFilter = EVERYTHING, *, most: int = MOST_LOOKED_AT
) -> Counted:
    """How many tickets the viewer may see that fit, at most a thousand.

    Where no index leads to what fits, the newest `most` tickets of each organisation, or of all, are looked at: more may fit.
    """
    arguments = Arguments()
    which = filter.sql(arguments, viewer)
    blocked = parked_seen(arguments, viewer, of_tickets(reads(TicketWant(), filter)))
    limit = arguments(MOST_COUNTED + 1, "int")
    audiences = filter.audiences(viewer)
    own = "" if audiences is None else " AND t.audience = a.id"
    older = "FALSE"
    if filter.has_index:
        counted = f"SELECT 1 FROM tickets t WHERE {which}{own} ORDER BY t.created_at, t.id LIMIT {limit}"
    else:
        since = " AND ".join((filter.created_at or Between()).sql(arguments, "t.created_at")) or "TRUE"
        # `most` stands in the text, so that the plan for any arguments knows that an index leads there sooner than all of the table.
        newest = f"FROM tickets t WHERE {since}{own} ORDER BY t.created_at DESC, t.id DESC"
        counted = f"SELECT 1 FROM (SELECT t.* {newest} LIMIT {most:d}) t WHERE {which} LIMIT {limit}"
        older = f"EXISTS (SELECT {newest} OFFSET {most:d} LIMIT 1)"
    if audiences is not None:
        each = f"unnest({arguments(audiences, 'uuid[]')}) AS a(id)"
        counted = f"SELECT 1 FROM {each} CROSS JOIN LATERAL ({counted}) w LIMIT {limit}"
        older = f"(SELECT coalesce(bool_or({older}), FALSE) FROM {each})"
    row = await db.fetchrow(
        f"SELECT count(*) AS n, {older} AS older, {blocked} AS blocked FROM ({counted}) f", *arguments.values
    )
    assert row is not None
    return Counted(min(row["n"], MOST_COUNTED), row["n"] <= MOST_COUNTED and not row["older"], row["blocked"])


async def entries(db: Database, viewer: Viewer, ids: Sequence[UUID], want: TimelineWant = TimelineWant()) -> list[Entry]:  # noqa: B008
    """These entries, as far as the viewer may see them; for `node` and for what a command returns."""
    arguments = Arguments()
    wanted = arguments(list(ids), "uuid[]")
    sight = audience(arguments, viewer, "t.audience")
    document = entry_document(arguments, viewer, want, ticket_where)
    read = " UNION ALL ".join(
        f"SELECT e.*, {staff} AS staff FROM {table} e WHERE e.id = ANY({wanted})" for table, staff in arms(viewer)
    )
    sql = f"SELECT {document}::text AS doc FROM ({read}) e JOIN tickets t ON t.id = e.ticket AND {sight}"
    rows = await db.fetch(sql, *arguments.values)
    return [json.decode(row["doc"], type=Entry) for row in rows]

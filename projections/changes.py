"""What changed on tickets between two places in the log, as far as somebody may know of it?

For live subscriptions: replay from a cursor and fan-out from the tail read the same. Sight is judged now, for every change; what
customers may not see does not stand among their changes at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct, json

from projections.arguments import Arguments
from projections.database import Database
from projections.entry_documents import arms, entry_document
from projections.snapshot import parked
from projections.ticket_documents import audience, ticket_document, ticket_where
from projections.ticket_filter import TicketFilter
from projections.ticket_reading import EVERYTHING, of_tickets, reads
from projections.ticket_rows import Entry, Ticket, TicketWant, TimelineWant
from projections.ticket_timeline import ticket_timeline
from projections.viewer import Viewer


class Change(Struct, frozen=True, kw_only=True):
    """An event of a ticket. `ticket` is as it is now, None when the viewer may not see it now or it does not fit the filter now.

    `sees` tells the two apart. `entry` is what the event added to the timeline, None where nothing or not seen. `blocked`: an event of
    the ticket is set aside, so neither can be relied on and neither is given.
    """

    epoch: int
    position: int
    ticket_id: UUID
    topic: str
    sees: bool
    blocked: bool = False
    ticket: Ticket | None = None
    entry: Entry | None = None


async def was_theirs(db: Database, viewer: Viewer, ticket: UUID, since: int) -> bool:
    """Whether an event of the ticket from this position on was told to the viewer's organisation: they had sight of it, and lost it."""
    audiences = viewer.audiences
    if audiences is None:
        return False
    sql = """SELECT 1 FROM store.tail l WHERE l.stream = $1 AND l.position >= $2 AND l.class <> 'restricted'
      AND l.organisation = ANY($3::uuid[]) LIMIT 1"""
    return await db.fetchrow(sql, ticket, since, list(audiences)) is not None


async def changes(
    db: Database,
    viewer: Viewer,
    after: int,
    up_to: int,
    *,
    ticket: UUID | None = None,
    filter: TicketFilter | None = None,
    topics: Sequence[str] | None = None,
    want: TicketWant = TicketWant(),  # noqa: B008 - frozen
    entry: TimelineWant = TimelineWant(),  # noqa: B008 - frozen
    limit: int = 500,
) -> list[Change]:
    """The changes after one position and up to another, in order; go on after the last one's position while `limit` come.

    Of `ticket` alone, every change comes, with `sees` false once sight is lost: who asks must have seen it before. Otherwise those of
    tickets that the viewer sees, and those that the log says were of their organisation then, so that they learn what they lost.
    `topics` are those of the events that count; None is any.
    """
    arguments = Arguments()
    seen = audience(arguments, viewer, "t.audience")
    fits = (filter or TicketFilter()).sql(arguments, viewer)
    since, until, rows = arguments(after, "bigint"), arguments(up_to, "bigint"), arguments(limit, "int")
    public = "" if viewer.sees_staff else " AND l.class <> 'restricted'"
    if ticket is not None:
        theirs = f"l.stream = {arguments(ticket, 'uuid')}"
    else:
        audiences = viewer.audiences
        own = "TRUE" if audiences is None else f"l.organisation = ANY({arguments(list(audiences), 'uuid[]')})"
        theirs = f"({own} OR EXISTS (SELECT FROM tickets t WHERE t.id = l.stream AND {seen}))"
    which = "l.topic LIKE 'ticket.%'" if topics is None else f"l.topic = ANY({arguments(list(topics), 'text[]')})"
    log = f"""SELECT l.* FROM store.tail l WHERE l.position > {since} AND l.position <= {until}
      AND {which}{public} AND {theirs} ORDER BY l.position LIMIT {rows}"""
    blocked = parked(viewer, of_tickets((*reads(want, filter or EVERYTHING), ticket_timeline)), "t.id")
    there = "e.ticket = l.stream AND e.position = l.position"
    added = " UNION ALL ".join(f"SELECT e.*, {staff} AS staff FROM {table} e WHERE {there}" for table, staff in arms(viewer))
    sql = f"""SELECT l.epoch, l.position, l.stream, l.topic, t.id IS NOT NULL AS sees, {blocked} AS blocked,
        CASE WHEN t.id IS NOT NULL AND ({fits}) THEN {ticket_document(arguments, viewer, "t", want)} END::text AS doc,
        CASE WHEN t.id IS NOT NULL THEN (
          SELECT {entry_document(arguments, viewer, entry, ticket_where)} FROM ({added}) e) END::text AS entry
      FROM ({log}) l LEFT JOIN tickets t ON t.id = l.stream AND {seen} ORDER BY l.position"""
    return [
        Change(
            epoch=row["epoch"],
            position=row["position"],
            ticket_id=row["stream"],
            topic=row["topic"],
            sees=row["sees"],
            blocked=row["blocked"],
            ticket=json.decode(row["doc"], type=Ticket) if row["doc"] and not row["blocked"] else None,
            entry=json.decode(row["entry"], type=Entry) if row["entry"] and not row["blocked"] else None,
        )
        for row in await db.fetch(sql, *arguments.values)
    ]

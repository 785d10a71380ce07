"""Which tickets does an incident or planned work concern, as far as somebody may see them?"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import json

from projections.arguments import Arguments
from projections.database import Database
from projections.order import Order
from projections.paging import Connection, Cursors, Page, Place
from projections.ticket_documents import audience, ticket_document
from projections.ticket_rows import Ticket, TicketWant
from projections.viewer import Viewer

BY_AGE = Order("k.ticket", "uuid", "k.ticket", "uuid")


async def tickets_of_notices(
    db: Database, viewer: Viewer, notices: Sequence[UUID], page: Page, want: TicketWant
) -> dict[UUID, Connection[Ticket]]:
    """For each notice a page of the tickets that it concerns and that the viewer may see, oldest first. Raises BadCursor."""
    arguments = Arguments()
    cursors = {each: Cursors.bound_to("tickets of notice", each, viewer.sees_staff) for each in notices}
    sight = audience(arguments, viewer, "t.audience")
    # A cursor is of one notice, so whoever goes on after one asks for that notice alone.
    within = BY_AGE.within(arguments, page, next(iter(cursors.values())))
    sql = f"""SELECT i.id AS notice, p.* FROM unnest({arguments(list(notices), "uuid[]")}) AS i(id) CROSS JOIN LATERAL (
      SELECT {ticket_document(arguments, viewer, "t", want, reached_by_another=True)}::text AS doc, {BY_AGE.columns}
      FROM ticket_notices k JOIN tickets t ON t.id = k.ticket AND {sight}
      WHERE k.notice = i.id AND {within} ORDER BY {BY_AGE.by(page)} LIMIT {BY_AGE.limit(arguments, page)}) p"""
    found: dict[UUID, list[tuple[Place, Ticket]]] = {each: [] for each in notices}
    for row in await db.fetch(sql, *arguments.values):
        found[row["notice"]].append((Place(row["key"], row["tie"]), json.decode(row["doc"], type=Ticket)))
    return {each: Connection.of(rows, page, cursors[each]) for each, rows in found.items()}


async def tickets_of_notice(db: Database, viewer: Viewer, notice: UUID, page: Page, want: TicketWant) -> Connection[Ticket]:
    """Likewise for one."""
    return (await tickets_of_notices(db, viewer, [notice], page, want))[notice]

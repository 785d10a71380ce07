"""Which tickets does an incident concern, as far as somebody may see them?"""

from __future__ import annotations

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


async def tickets_of_incident(db: Database, viewer: Viewer, incident: UUID, page: Page, want: TicketWant) -> Connection[Ticket]:
    """A page of the tickets that an incident concerns and that the viewer may see, oldest first. Raises BadCursor."""
    arguments = Arguments()
    cursors = Cursors.bound_to("tickets of incident", incident, viewer.sees_staff)
    sight = audience(arguments, viewer, "t.audience")
    sql = f"""SELECT {ticket_document(arguments, viewer, "t", want, reached_by_another=True)}::text AS doc, {BY_AGE.columns}
      FROM ticket_incidents k JOIN tickets t ON t.id = k.ticket AND {sight}
      WHERE k.incident = {arguments(incident, "uuid")} AND {BY_AGE.within(arguments, page, cursors)}
      ORDER BY {BY_AGE.by(page)} LIMIT {BY_AGE.limit(arguments, page)}"""
    rows = await db.fetch(sql, *arguments.values)
    return Connection.of([(Place(row["key"], row["tie"]), json.decode(row["doc"], type=Ticket)) for row in rows], page, cursors)

"""Which tickets does an incident concern, as far as somebody may see them?"""

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


async def tickets_of_incidents(
    db: Database, viewer: Viewer, incidents: Sequence[UUID], page: Page, want: TicketWant
) -> dict[UUID, Connection[Ticket]]:
    """For each incident a page of the tickets that it concerns and that the viewer may see, oldest first. Raises BadCursor."""
    arguments = Arguments()
    cursors = {each: Cursors.bound_to("tickets of incident", each, viewer.sees_staff) for each in incidents}
    sight = audience(arguments, viewer, "t.audience")
    # A cursor is of one incident, so whoever goes on after one asks for that incident alone.
    within = BY_AGE.within(arguments, page, next(iter(cursors.values())))
    sql = f"""SELECT i.id AS incident, p.* FROM unnest({arguments(list(incidents), "uuid[]")}) AS i(id) CROSS JOIN LATERAL (
      SELECT {ticket_document(arguments, viewer, "t", want, reached_by_another=True)}::text AS doc, {BY_AGE.columns}
      FROM ticket_incidents k JOIN tickets t ON t.id = k.ticket AND {sight}
      WHERE k.incident = i.id AND {within} ORDER BY {BY_AGE.by(page)} LIMIT {BY_AGE.limit(arguments, page)}) p"""
    found: dict[UUID, list[tuple[Place, Ticket]]] = {each: [] for each in incidents}
    for row in await db.fetch(sql, *arguments.values):
        found[row["incident"]].append((Place(row["key"], row["tie"]), json.decode(row["doc"], type=Ticket)))
    return {each: Connection.of(rows, page, cursors[each]) for each, rows in found.items()}


async def tickets_of_incident(db: Database, viewer: Viewer, incident: UUID, page: Page, want: TicketWant) -> Connection[Ticket]:
    """Likewise for one."""
    return (await tickets_of_incidents(db, viewer, [incident], page, want))[incident]

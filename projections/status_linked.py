"""Whose tickets does an incident concern: as far as somebody may see them, or, for who sends what is posted, all of them?"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec import Struct, json

from projections.arguments import Arguments
from projections.database import Database
from projections.order import Order
from projections.paging import Connection, Cursors, Page, Place
from projections.ticket_documents import audience, ticket_document
from projections.ticket_rows import Ticket, TicketWant
from projections.viewer import Viewer


class LinkedTicket(Struct, frozen=True, kw_only=True):
    """A ticket that an incident concerns, and who is told of what is posted there."""

    ticket: UUID
    ref: str
    status: str
    requester: UUID
    organisation: UUID | None
    merged_into: UUID | None
    at: datetime


LINKED = """SELECT k.ticket, k.at, t.ref, t.status, t.requester, t.organisation, t.merged_into
  FROM ticket_incidents k JOIN tickets t ON t.id = k.ticket
  WHERE k.incident = $1 AND ($2::uuid IS NULL OR k.ticket > $2) ORDER BY k.ticket LIMIT $3"""


async def linked_tickets(db: Database, incident: UUID, *, after: UUID | None = None, limit: int = 1000) -> list[LinkedTicket]:
    """Whom a post on this incident concerns: all its tickets, whosever; go on after the last one while `limit` come.

    For the notifier, which acts for nobody: never show this to a person. It tells the requester on each ticket, once a post; a merged
    ticket lives on in `merged_into`, and one that is spam concerns nobody.
    """
    return [LinkedTicket(**row) for row in await db.fetch(LINKED, incident, after, limit)]


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

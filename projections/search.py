"""Where do these words stand, the best place first? What the viewer may not see plays no part in match, order or number.

A ticket is found by its number, or by one text (subject, message, note) that has all the words; each ticket is shown once, for its best
text. A subject counts more than any message, a number more than any subject.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from msgspec import Struct, json

from projections.arguments import Arguments
from projections.contacts import Contact, contact, contacts, sees
from projections.database import Database
from projections.entry_documents import arms
from projections.knowledge_resources import Resource, knowledge, resource
from projections.order import Order
from projections.organisations import Organisation, organisation, organisations
from projections.paging import Connection, Cursors, Page, Place
from projections.projection import Projection
from projections.snapshot import parked_seen, reached
from projections.status_incidents import Incident, incident, incidents
from projections.ticket_documents import audience, ticket_document
from projections.ticket_reading import of_tickets, reads
from projections.ticket_rows import Ticket, TicketWant
from projections.ticket_timeline import ticket_timeline
from projections.viewer import Role, Viewer
from projections.words import Wanted, fold

PEOPLE_TOO = frozenset({Role.AGENT, Role.SERVICE_MANAGER, Role.ADMIN, Role.AUDITOR, Role.CUSTOMER_ADMIN})


class Hit(Struct, frozen=True, kw_only=True):
    """What was found: one of the five. `matched_in` is REF, TITLE, MESSAGE or NOTE."""

    matched_in: str
    snippet: str
    ticket: Ticket | None = None
    contact: Contact | None = None
    organisation: Organisation | None = None
    resource: Resource | None = None
    incident: Incident | None = None


class Found(Struct, frozen=True, kw_only=True):
    """`blocked`: see `Tickets` of ticket_reading."""

    page: Connection[Hit]
    reached: str | None
    blocked: Sequence[UUID] = ()


TICKETS, PEOPLE, KNOWLEDGE, STATUS = "TICKETS", "PEOPLE", "KNOWLEDGE", "STATUS"


def search_reads(want: TicketWant) -> tuple[Projection, ...]:
    """The projections that a search rests on."""
    return tuple(
        {each.name: each for each in (*reads(want), ticket_timeline, contacts, organisations, knowledge, incidents)}.values()
    )


async def search(
    db: Database,
    viewer: Viewer,
    text: str,
    scopes: Collection[str] | None = None,
    page: Page = Page(),  # noqa: B008 - frozen
    want: TicketWant = TicketWant(),  # noqa: B008 - frozen
) -> Found:
    """`scopes` are TICKETS, PEOPLE, KNOWLEDGE and STATUS; None is all that the viewer may search. Raises BadCursor."""
    wanted = Wanted.read(text)
    arguments = Arguments()
    cursors = Cursors.bound_to("search", wanted.words, sorted(scopes) if scopes is not None else None, viewer.sees_staff)
    places = _places(arguments, viewer, wanted, text.strip(), scopes)
    if not wanted.words or not places:
        return Found(page=Connection(), reached=None)
    order = Order("b.rank", "real", "b.id", "uuid", descending=True)
    hits = " UNION ALL ".join(places)
    within = order.within(arguments, page, cursors)
    best = f"SELECT DISTINCT ON (h.id) h.* FROM ({hits}) h ORDER BY h.id, h.rank DESC, h.place, h.entry"
    used = search_reads(want)
    sql = f"""WITH best AS MATERIALIZED ({best}),
      page AS (SELECT b.*, {order.columns} FROM best b WHERE {within} ORDER BY {order.by(page)} LIMIT {order.limit(arguments, page)})
      SELECT {reached(used)} AS reached, {parked_seen(arguments, viewer, of_tickets(used))} AS blocked, q.* FROM (SELECT 1) one LEFT JOIN (
        SELECT b.rank AS k, b.id AS i, b.key, b.tie, b.place, CASE b.kind {_documents(arguments, viewer, want)} END AS doc,
          {_text(viewer)} AS text, b.kind
        FROM page b) q ON true ORDER BY {order.by(page, "q.k", "q.i")}"""
    rows = await db.fetch(sql, *arguments.values)
    found = [
        (Place(row["key"], row["tie"]), _hit(wanted, row["kind"], row["place"], row["doc"], row["text"] or ""))
        for row in rows
        if row["doc"] is not None
    ]
    return Found(page=Connection.of(found, page, cursors), reached=rows[0]["reached"], blocked=rows[0]["blocked"])


def _hit(wanted: Wanted, kind: str, place: str, doc: str, text: str) -> Hit:
    shown = wanted.snippet(text)
    match kind:
        case "CONTACT":
            return Hit(matched_in=place, snippet=shown, contact=json.decode(doc, type=Contact))
        case "ORGANISATION":
            return Hit(matched_in=place, snippet=shown, organisation=json.decode(doc, type=Organisation))
        case "KNOWLEDGE":
            return Hit(matched_in=place, snippet=shown, resource=json.decode(doc, type=Resource))
        case "INCIDENT":
            return Hit(matched_in=place, snippet=shown, incident=json.decode(doc, type=Incident))
    return Hit(matched_in=place, snippet=shown, ticket=json.decode(doc, type=Ticket))


def _places(arguments: Arguments, viewer: Viewer, wanted: Wanted, raw: str, scopes: Collection[str] | None) -> list[str]:
    """One select for each place where words may stand; those the viewer may not look into are not in the statement."""
    if not wanted.words:
        return []
    query = f"to_tsquery('simple', {arguments(wanted.tsquery, 'text')})"
    found: list[str] = []
    if scopes is None or TICKETS in scopes:
        sight = audience(arguments, viewer, "t.audience")
        ref = arguments(fold(raw), "text")
        select = "SELECT 'TICKET' AS kind, t.id, '{}' AS place, NULL::uuid AS entry, ({})::real AS rank FROM tickets t WHERE {} AND {}"
        found.append(select.format("REF", "4", f"t.ref = {ref}", sight))
        found.append(select.format("TITLE", f"1 + ts_rank(t.words, {query})", f"t.words @@ {query}", sight))
        for table, staff in arms(viewer):
            place = "NOTE" if staff else "MESSAGE"
            seen = "" if viewer.audiences is None else f" JOIN tickets t ON t.id = e.ticket AND {sight}"
            found.append(
                f"""SELECT 'TICKET', e.ticket, '{place}', e.id, ts_rank(e.words, {query})
                FROM {table} e{seen} WHERE e.words @@ {query}"""
            )
    if scopes is None or KNOWLEDGE in scopes:
        found.append(
            f"""SELECT 'KNOWLEDGE' AS kind, k.id, 'TITLE' AS place, NULL::uuid AS entry, (1 + ts_rank(k.words, {query}))::real AS rank
            FROM knowledge k WHERE k.words @@ {query} AND NOT k.retired"""
        )
    if scopes is None or STATUS in scopes:
        found.append(
            f"""SELECT 'INCIDENT' AS kind, n.id, 'TITLE' AS place, NULL::uuid AS entry, (1 + ts_rank(n.words, {query}))::real AS rank
            FROM incidents n WHERE n.words @@ {query}"""
        )
    if (scopes is None or PEOPLE in scopes) and (
        viewer.role in PEOPLE_TOO or (viewer.role is Role.SERVICE and viewer.sees_people)
    ):
        for kind, table, owner in (("CONTACT", "contacts", "x.audience"), ("ORGANISATION", "organisations", "x.id")):
            found.append(
                f"""SELECT '{kind}' AS kind, x.id, 'TITLE' AS place, NULL::uuid AS entry, (1 + ts_rank(x.words, {query}))::real AS rank
                FROM {table} x
                WHERE x.words @@ {query} AND {sees(arguments, viewer, owner)}"""
            )
    return found


def _documents(arguments: Arguments, viewer: Viewer, want: TicketWant) -> str:
    ticket = f"(SELECT {ticket_document(arguments, viewer, 't', want)} FROM tickets t WHERE t.id = b.id)::text"
    person = f"(SELECT {contact(arguments, viewer, 'c')} FROM contacts c WHERE c.id = b.id)::text"
    customer = f"(SELECT {organisation('o')} FROM organisations o WHERE o.id = b.id)::text"
    learned = f"(SELECT {resource('k')} FROM knowledge k WHERE k.id = b.id)::text"
    struck = f"(SELECT {incident(viewer, 'n')} FROM incidents n WHERE n.id = b.id)::text"
    found = {"TICKET": ticket, "KNOWLEDGE": learned, "INCIDENT": struck, "CONTACT": person, "ORGANISATION": customer}
    return " ".join(f"WHEN '{kind}' THEN {document}" for kind, document in found.items())


def _text(viewer: Viewer) -> str:
    """The text in which the words stood, to be cut to a snippet."""
    bodies = " ".join(
        f"WHEN '{'NOTE' if staff else 'MESSAGE'}' THEN (SELECT e.body FROM {table} e WHERE e.id = b.entry)"
        for table, staff in arms(viewer)
    )
    title = """CASE b.kind WHEN 'TICKET' THEN (SELECT t.subject FROM tickets t WHERE t.id = b.id)
      WHEN 'KNOWLEDGE' THEN (SELECT k.title || ': ' || k.abstract FROM knowledge k WHERE k.id = b.id)
      WHEN 'INCIDENT' THEN (SELECT n.ref || ': ' || n.title FROM incidents n WHERE n.id = b.id)
      WHEN 'CONTACT' THEN (SELECT c.name FROM contacts c WHERE c.id = b.id)
      ELSE (SELECT o.name FROM organisations o WHERE o.id = b.id) END"""
    return f"CASE b.place {bodies} ELSE {title} END"

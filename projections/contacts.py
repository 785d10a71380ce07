"""Who are the customers' people, where do they belong, and how are they reached?"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct, json

from domain.event import DomainEvent
from domain.organisations.events import (
    ContactEmailVerified,
    ContactErased,
    ContactExportCompleted,
    ContactExportRequested,
    ContactLinked,
    ContactRegistered,
    ContactRoleChanged,
    ContactUnlinked,
    ContactVerificationRequested,
)
from projections.arguments import Arguments, document
from projections.database import Database, Statement
from projections.order import Order
from projections.paging import Connection, Cursors, Page, Place
from projections.projection import Envelope, Projection
from projections.viewer import Viewer
from projections.words import folded

contacts = Projection(
    "contacts",
    version=1,
    tables="""
    CREATE TABLE contacts(
      id uuid PRIMARY KEY, subject uuid NOT NULL, audience uuid NOT NULL, version int NOT NULL,
      name text, email text, phone text, words tsvector,
      verification text NOT NULL DEFAULT 'UNVERIFIED', organisation uuid, role text NOT NULL DEFAULT 'CUSTOMER',
      erased boolean NOT NULL DEFAULT false);
    CREATE INDEX contacts_by_organisation ON contacts(organisation, id);
    CREATE INDEX contacts_by_words ON contacts USING gin(words);
    """,
    personal=(("contacts", "subject", ("name", "email", "phone", "words")),),
)


REGISTER = """INSERT INTO contacts(id, subject, audience, version, name, email, phone, words)
  VALUES ($1, $2, $1, $3, $4, $5, $6, to_tsvector('simple', $7::text))"""
LINK = "UPDATE contacts SET version = $2, organisation = $3, audience = $3, role = $4 WHERE id = $1"
UNLINK = "UPDATE contacts SET version = $2, organisation = NULL, audience = id, role = 'CUSTOMER' WHERE id = $1"
VERIFICATION = "UPDATE contacts SET version = $2, verification = $3 WHERE id = $1"
COUNT = "UPDATE contacts SET version = $2 WHERE id = $1"
ROLE = "UPDATE contacts SET version = $2, role = $3 WHERE id = $1"
ERASE = "UPDATE contacts SET version = $2, erased = true, name = NULL, email = NULL, phone = NULL, words = NULL WHERE id = $1"


@contacts.on(ContactRegistered)
def registered(event: ContactRegistered, envelope: Envelope) -> Statement:
    name, email, phone = event.name.value, event.email.value, event.phone.value if event.phone else None
    return REGISTER, (envelope.stream, event.name.of, envelope.version, name, email, phone, folded(name, email))


@contacts.on(ContactVerificationRequested)
def verification_requested(_: ContactVerificationRequested, envelope: Envelope) -> Statement:
    return VERIFICATION, (envelope.stream, envelope.version, "PENDING")


@contacts.on(ContactEmailVerified)
def email_verified(_: ContactEmailVerified, envelope: Envelope) -> Statement:
    return VERIFICATION, (envelope.stream, envelope.version, "VERIFIED")


@contacts.on(ContactLinked)
def linked(event: ContactLinked, envelope: Envelope) -> Statement:
    return LINK, (envelope.stream, envelope.version, event.organisation, event.role)


@contacts.on(ContactUnlinked)
def unlinked(_: ContactUnlinked, envelope: Envelope) -> Statement:
    return UNLINK, (envelope.stream, envelope.version)


@contacts.on(ContactRoleChanged)
def role_changed(event: ContactRoleChanged, envelope: Envelope) -> Statement:
    return ROLE, (envelope.stream, envelope.version, event.role)


@contacts.on(ContactExportRequested, ContactExportCompleted)
def exported(_: DomainEvent, envelope: Envelope) -> Statement:
    return COUNT, (envelope.stream, envelope.version)


@contacts.on(ContactErased)
def erased(_: ContactErased, envelope: Envelope) -> Statement:
    return ERASE, (envelope.stream, envelope.version)


class Contact(Struct, frozen=True, kw_only=True):
    """A customer's person. `email` and `phone` are None when erased, unknown or not the viewer's to see; `name` likewise."""

    id: UUID
    version: int
    verification: str
    role: str
    erased: bool
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    organisation_id: UUID | None = None


def contact(arguments: Arguments, viewer: Viewer, alias: str) -> str:
    """The document of a row of contacts under this alias. Of another organisation's person on a ticket one sees the name only."""
    if not viewer.sees_people:
        name, reachable = "NULL", "FALSE"
    else:
        name, reachable = f"{alias}.name", sees(arguments, viewer, f"{alias}.audience")
    return document(
        {
            "id": f"{alias}.id",
            "version": f"{alias}.version",
            "verification": f"{alias}.verification",
            "role": f"{alias}.role",
            "erased": f"{alias}.erased",
            "name": name,
            "email": f"CASE WHEN {reachable} THEN {alias}.email END",
            "phone": f"CASE WHEN {reachable} THEN {alias}.phone END",
            "organisation_id": f"CASE WHEN {reachable} THEN {alias}.organisation END",
        }
    )


def sees(arguments: Arguments, viewer: Viewer, column: str) -> str:
    """The viewer's predicate over people and organisations, which a program reads by another scope than tickets."""
    audiences = viewer.people
    return "TRUE" if audiences is None else f"{column} = ANY({arguments(list(audiences), 'uuid[]')})"


async def contacts_by_id(db: Database, viewer: Viewer, ids: Sequence[UUID]) -> list[Contact]:
    """These people, as far as the viewer may see them; for `contact` and `node`. An e-mail is looked up by its digest, not here."""
    arguments = Arguments()
    sql = f"""SELECT {contact(arguments, viewer, "c")}::text AS doc FROM contacts c
      WHERE c.id = ANY({arguments(list(ids), "uuid[]")}) AND {sees(arguments, viewer, "c.audience")}"""
    return [json.decode(row["doc"], type=Contact) for row in await db.fetch(sql, *arguments.values)]


class People(Struct, frozen=True, kw_only=True):
    """A page of an organisation's contacts and how many there are."""

    page: Connection[Contact]
    total: int


async def contacts_of(db: Database, viewer: Viewer, organisation: UUID, page: Page) -> People:
    """The people of an organisation, first registered first."""
    arguments = Arguments()
    cursors = Cursors.bound_to("contacts", organisation)
    order = Order("c.id", "uuid", "c.id", "uuid")
    mine = f"c.organisation = {arguments(organisation, 'uuid')} AND {sees(arguments, viewer, 'c.audience')}"
    sql = f"""SELECT (SELECT count(*) FROM contacts c WHERE {mine}) AS total, p.doc, p.key, p.tie FROM (SELECT 1) one LEFT JOIN LATERAL (
      SELECT {contact(arguments, viewer, "c")}::text AS doc, {order.columns} FROM contacts c
      WHERE {mine} AND {order.within(arguments, page, cursors)}
      ORDER BY {order.by(page)} LIMIT {order.limit(arguments, page)}) p ON true"""
    rows = await db.fetch(sql, *arguments.values)
    found = [(Place(row["key"], row["tie"]), json.decode(row["doc"], type=Contact)) for row in rows if row["doc"] is not None]
    return People(page=Connection.of(found, page, cursors), total=rows[0]["total"])


async def administrators_of(db: Database, organisation: UUID) -> Sequence[UUID]:
    """Its people who speak for it. For who sends them messages."""
    sql = "SELECT id FROM contacts WHERE organisation = $1 AND role = 'CUSTOMER_ADMIN' AND NOT erased ORDER BY id"
    return [row["id"] for row in await db.fetch(sql, organisation)]

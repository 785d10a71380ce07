"""Which customers are there, and what are they called?"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct, json

from domain.organisations.events import OrganisationErased, OrganisationRegistered
from projections.arguments import Arguments, document
from projections.contacts import sees
from projections.database import Database, Statement
from projections.order import Order
from projections.paging import Connection, Cursors, Page, Place
from projections.projection import Envelope, Projection
from projections.viewer import Viewer
from projections.words import fold, folded

organisations = Projection(
    "organisations",
    version=1,
    tables="""
    CREATE TABLE organisations(
      id uuid PRIMARY KEY, ref text NOT NULL, version int NOT NULL, name text, name_key text COLLATE "C" NOT NULL, words tsvector,
      email_domains text[] NOT NULL, erased boolean NOT NULL DEFAULT false);
    CREATE INDEX organisations_by_ref ON organisations(ref);
    CREATE INDEX organisations_by_name ON organisations(name_key, id);
    CREATE INDEX organisations_by_words ON organisations USING gin(words);
    """,
    personal=(("organisations", "id", ("name", "words")),),
)


REGISTER = """INSERT INTO organisations(id, ref, version, name, name_key, words, email_domains)
  VALUES ($1, $2, $3, $4, $5, to_tsvector('simple', $6::text), $7)"""
ERASE = "UPDATE organisations SET version = $2, erased = true, name = NULL, name_key = '', words = NULL, email_domains = '{}' WHERE id = $1"


@organisations.on(OrganisationRegistered)
def registered(event: OrganisationRegistered, envelope: Envelope) -> Statement:
    words = folded(event.name, event.ref)
    return REGISTER, (
        envelope.stream,
        event.ref,
        envelope.version,
        event.name,
        fold(event.name),
        words,
        list(event.email_domains),
    )


@organisations.on(OrganisationErased)
def erased(_: OrganisationErased, envelope: Envelope) -> Statement:
    return ERASE, (envelope.stream, envelope.version)


class Organisation(Struct, frozen=True, kw_only=True):
    """A customer. `name` is None when erased."""

    id: UUID
    ref: str
    version: int
    email_domains: list[str]
    erased: bool
    name: str | None = None


def organisation(alias: str) -> str:
    """The document of a row of organisations under this alias."""
    columns = ("id", "ref", "version", "email_domains", "erased", "name")
    return document({column: f"{alias}.{column}" for column in columns})


async def organisations_by(
    db: Database, viewer: Viewer, *, ids: Sequence[UUID] = (), ref: str | None = None
) -> list[Organisation]:
    """These organisations, or the one with this short name, as far as the viewer may see them."""
    arguments = Arguments()
    which = f"o.id = ANY({arguments(list(ids), 'uuid[]')})" if ref is None else f"o.ref = {arguments(ref, 'text')}"
    sql = f"SELECT {organisation('o')}::text AS doc FROM organisations o WHERE {which} AND {sees(arguments, viewer, 'o.id')}"
    return [json.decode(row["doc"], type=Organisation) for row in await db.fetch(sql, *arguments.values)]


async def organisations_page(db: Database, viewer: Viewer, name_prefix: str | None, page: Page) -> Connection[Organisation]:
    """Organisations by name; accents and case do not count."""
    arguments = Arguments()
    cursors = Cursors.bound_to("organisations", name_prefix)
    order = Order("o.name_key", 'text COLLATE "C"', "o.id", "uuid")
    prefix = "TRUE" if not name_prefix else f"starts_with(o.name_key, {arguments(fold(name_prefix), 'text')})"
    sql = f"""SELECT {organisation("o")}::text AS doc, {order.columns} FROM organisations o
      WHERE {sees(arguments, viewer, "o.id")} AND {prefix} AND {order.within(arguments, page, cursors)}
      ORDER BY {order.by(page)} LIMIT {order.limit(arguments, page)}"""
    rows = await db.fetch(sql, *arguments.values)
    return Connection.of(
        [(Place(row["key"], row["tie"]), json.decode(row["doc"], type=Organisation)) for row in rows], page, cursors
    )

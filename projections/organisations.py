"""Which customers are there, and what are they called?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct, json

from domain.organisations.events import OrganisationErased, OrganisationErasureBegun, OrganisationRegistered
from projections.arguments import Arguments, document
from projections.contacts import sees
from projections.database import Database, Statement
from projections.order import Order
from projections.organisation_filter import OrganisationFilter
from projections.paging import Connection, Cursors, Page, Place
from projections.projection import Envelope, Projection
from projections.viewer import Viewer
from projections.words import fold, folded

organisations = Projection(
    "organisations",
    version=1,
    tables="""
    CREATE TABLE organisations(
      id uuid PRIMARY KEY, ref text, version int NOT NULL, name text, name_key text,
      sort_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(name_key, '')) STORED, words tsvector,
      email_domains text[], erasing_since timestamptz, erased boolean NOT NULL DEFAULT false);
    CREATE INDEX organisations_by_ref ON organisations(ref);
    CREATE INDEX organisations_by_name ON organisations(sort_key, id);
    CREATE INDEX organisations_by_words ON organisations USING gin(words);
    CREATE INDEX organisations_erasing ON organisations(erasing_since, id) WHERE erasing_since IS NOT NULL;
    """,
    personal=(("organisations", "id", ("ref", "name", "name_key", "words", "email_domains")),),
)


REGISTER = """INSERT INTO organisations(id, ref, version, name, name_key, words, email_domains)
  VALUES ($1, $2, $3, $4, $5, to_tsvector('simple', $6::text), $7)"""
BEGIN = "UPDATE organisations SET version = $2, erasing_since = $3 WHERE id = $1"
ERASE = """UPDATE organisations SET version = $2, erasing_since = NULL, erased = true,
  ref = NULL, name = NULL, name_key = NULL, words = NULL, email_domains = NULL WHERE id = $1"""


@organisations.on(OrganisationRegistered)
def registered(event: OrganisationRegistered, envelope: Envelope) -> Statement:
    ref, name, domains = event.ref.value, event.name.value, event.email_domains.value
    return REGISTER, (
        envelope.stream,
        ref,
        envelope.version,
        name,
        None if name is None else fold(name),
        folded(name, ref),
        None if domains is None else list(domains),
    )


@organisations.on(OrganisationErasureBegun)
def erasure_begun(event: OrganisationErasureBegun, envelope: Envelope) -> Statement:
    return BEGIN, (envelope.stream, envelope.version, event.timestamp)


@organisations.on(OrganisationErased)
def erased(_: OrganisationErased, envelope: Envelope) -> Statement:
    return ERASE, (envelope.stream, envelope.version)


class Organisation(Struct, frozen=True, kw_only=True):
    """A customer. `name` is None when erased, and `ref` a placeholder."""

    id: UUID
    ref: str
    version: int
    email_domains: list[str]
    erasing: bool
    erased: bool
    name: str | None = None


def organisation(alias: str) -> str:
    """The document of a row of organisations under this alias."""
    columns = ("id", "version", "erased", "name")
    domains = f"coalesce({alias}.email_domains, '{{}}')"
    return document(
        {"ref": short_name(alias), "email_domains": domains, "erasing": f"{alias}.erasing_since IS NOT NULL"}
        | {column: f"{alias}.{column}" for column in columns}
    )


def short_name(alias: str) -> str:
    """What stands where an organisation's short name is shown, also once it is erased."""
    return f"coalesce({alias}.ref, 'erased-' || right({alias}.id::text, 12))"


async def organisations_by(
    db: Database, viewer: Viewer, *, ids: Sequence[UUID] = (), ref: str | None = None
) -> list[Organisation]:
    """These organisations, or the one with this short name, as far as the viewer may see them."""
    arguments = Arguments()
    which = f"o.id = ANY({arguments(list(ids), 'uuid[]')})" if ref is None else f"o.ref = {arguments(ref, 'text')}"
    sql = f"SELECT {organisation('o')}::text AS doc FROM organisations o WHERE {which} AND {sees(arguments, viewer, 'o.id')}"
    return [json.decode(row["doc"], type=Organisation) for row in await db.fetch(sql, *arguments.values)]


async def organisations_page(db: Database, viewer: Viewer, wanted: OrganisationFilter, page: Page) -> Connection[Organisation]:
    """Organisations by name; accents and case do not count."""
    arguments = Arguments()
    cursors = Cursors.bound_to("organisations", *wanted.binding)
    order = Order("o.sort_key", 'text COLLATE "C"', "o.id", "uuid")
    fits = wanted.sql(arguments, viewer)
    sql = f"""SELECT {organisation("o")}::text AS doc, {order.columns} FROM organisations o
      WHERE {sees(arguments, viewer, "o.id")} AND {fits} AND {order.within(arguments, page, cursors)}
      ORDER BY {order.by(page)} LIMIT {order.limit(arguments, page)}"""
    rows = await db.fetch(sql, *arguments.values)
    return Connection.of(
        [(Place(row["key"], row["tie"]), json.decode(row["doc"], type=Organisation)) for row in rows], page, cursors
    )


ERASING = """SELECT id, erasing_since FROM organisations WHERE erasing_since <= $1 ORDER BY erasing_since, id LIMIT $2
  FOR UPDATE SKIP LOCKED"""


async def claim_erasing(db: Database, begun_by: datetime, limit: int) -> list[tuple[UUID, datetime]]:
    """Whose erasure began by then and has not ended, for the scheduler; locked, without what others have locked."""
    return [(row["id"], row["erasing_since"]) for row in await db.fetch(ERASING, begun_by, limit)]

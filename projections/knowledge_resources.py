"""What is there to learn from, about which services, and by which words is it found?

Public: whoever looks sees all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct, json

from domain.knowledge.events import KnowledgePublished, KnowledgeRetired, KnowledgeRevised
from projections.arguments import Arguments, document
from projections.database import Database, Statement
from projections.order import Order
from projections.paging import Connection, Cursors, Page, Place
from projections.projection import Envelope, Projection
from projections.words import folded

knowledge = Projection(
    "knowledge",
    version=1,
    tables="""
    CREATE TABLE knowledge(
      id uuid PRIMARY KEY, version int NOT NULL, kind text NOT NULL, title text NOT NULL, abstract text NOT NULL, url text NOT NULL,
      language text NOT NULL, components uuid[] NOT NULL, answers uuid[] NOT NULL, published_at timestamptz NOT NULL,
      revised_at timestamptz NOT NULL, retired boolean NOT NULL DEFAULT false, words tsvector);
    CREATE INDEX knowledge_by_date ON knowledge(retired, published_at, id);
    CREATE INDEX knowledge_by_words ON knowledge USING gin(words);
    CREATE INDEX knowledge_by_service ON knowledge USING gin(components);
    """,
)

PUBLISH = """INSERT INTO knowledge(id, version, kind, title, abstract, url, language, components, answers, published_at, revised_at, words)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10,
    setweight(to_tsvector('simple', $11::text), 'A') || to_tsvector('simple', $12::text))"""
REVISE = """UPDATE knowledge SET version = $2, title = $3, abstract = $4, url = $5, components = $6, revised_at = $7,
    words = setweight(to_tsvector('simple', $8::text), 'A') || to_tsvector('simple', $9::text) WHERE id = $1"""
RETIRE = "UPDATE knowledge SET version = $2, retired = true WHERE id = $1"


@knowledge.on(KnowledgePublished)
def published(event: KnowledgePublished, envelope: Envelope) -> Statement:
    said = (event.kind, event.title, event.abstract, event.url, event.language, list(event.components), list(event.answers))
    return PUBLISH, (
        envelope.stream,
        envelope.version,
        *said,
        event.timestamp,
        folded(event.title) or "",
        folded(event.abstract) or "",
    )


@knowledge.on(KnowledgeRevised)
def revised(event: KnowledgeRevised, envelope: Envelope) -> Statement:
    said = (event.title, event.abstract, event.url, list(event.components), event.timestamp)
    return REVISE, (envelope.stream, envelope.version, *said, folded(event.title) or "", folded(event.abstract) or "")


@knowledge.on(KnowledgeRetired)
def retired(_: KnowledgeRetired, envelope: Envelope) -> Statement:
    return RETIRE, (envelope.stream, envelope.version)


class Resource(Struct, frozen=True, kw_only=True):
    """`answers` are wishes."""

    id: UUID
    version: int
    kind: str
    title: str
    abstract: str
    url: str
    language: str
    components: list[UUID]
    answers: list[UUID]
    published_at: datetime
    revised_at: datetime
    retired: bool


class Wanted(Struct, frozen=True, kw_only=True):
    """Which resources; None is any. `retired` are kept for history."""

    kinds: Sequence[str] | None = None
    services: Sequence[UUID] | None = None
    not_services: Sequence[UUID] = ()
    retired: bool = False


def resource(alias: str) -> str:
    """The document of a row of knowledge under this alias."""
    return document({name: f"{alias}.{name}" for name in Resource.__struct_fields__})


async def resources_by_id(db: Database, ids: Sequence[UUID]) -> list[Resource]:
    """These resources, retired ones too, in no order."""
    sql = f"SELECT {resource('k')}::text AS doc FROM knowledge k WHERE k.id = ANY($1::uuid[])"
    return [json.decode(row["doc"], type=Resource) for row in await db.fetch(sql, list(ids))]


async def resources_page(db: Database, wanted: Wanted, page: Page) -> Connection[Resource]:
    """Resources, newest first."""
    arguments = Arguments()
    cursors = Cursors.bound_to("knowledge", wanted)
    order = Order("k.published_at", "timestamptz", "k.id", "uuid", descending=True)
    terms = [f"k.retired = {arguments(wanted.retired, 'boolean')}"]
    if wanted.kinds is not None:
        terms.append(f"k.kind = ANY({arguments(list(wanted.kinds), 'text[]')})")
    if wanted.services is not None:
        terms.append(f"k.components && {arguments(list(wanted.services), 'uuid[]')}")
    if wanted.not_services:
        terms.append(f"NOT k.components && {arguments(list(wanted.not_services), 'uuid[]')}")
    sql = f"""SELECT {resource("k")}::text AS doc, {order.columns} FROM knowledge k
      WHERE {" AND ".join(terms)} AND {order.within(arguments, page, cursors)}
      ORDER BY {order.by(page)} LIMIT {order.limit(arguments, page)}"""
    rows = await db.fetch(sql, *arguments.values)
    return Connection.of(
        [(Place(row["key"], row["tie"]), json.decode(row["doc"], type=Resource)) for row in rows], page, cursors
    )

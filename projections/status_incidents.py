"""Which incidents are there, what do they do to which services, and what was told of them?

Public, but for one number: staff's version counts the tickets that were linked, which are nobody else's to know of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct, json

from domain.status.events import IncidentDeclared, IncidentResolved, IncidentTicketLinked, IncidentUpdatePosted
from domain.status.vocabulary import ComponentImpact
from projections.arguments import Arguments, document
from projections.database import Database, Statement
from projections.order import Order
from projections.paging import Connection, Cursors, Page, Place
from projections.projection import Envelope, Projection
from projections.snapshot import parked
from projections.status_notices import Notice, impacts, updates
from projections.ticket_filter import Between, Compare
from projections.viewer import Viewer
from projections.words import folded

incidents = Projection(
    "incidents",
    version=1,
    tables="""
    CREATE TABLE incidents(
      id uuid PRIMARY KEY, ref text NOT NULL, version int NOT NULL, title text NOT NULL, severity text NOT NULL, status text NOT NULL,
      started_at timestamptz NOT NULL, resolved_at timestamptz, impacts jsonb NOT NULL, components uuid[] NOT NULL,
      words tsvector);
    CREATE INDEX incidents_by_started ON incidents(started_at, id);
    CREATE INDEX incidents_open ON incidents(started_at, id) WHERE status <> 'RESOLVED';
    CREATE INDEX incidents_by_words ON incidents USING gin(words);
    CREATE INDEX incidents_by_component ON incidents USING gin(components);
    CREATE TABLE incident_updates(
      id uuid PRIMARY KEY, incident uuid NOT NULL, place int NOT NULL, at timestamptz NOT NULL, body text NOT NULL, status text NOT NULL);
    CREATE INDEX incident_updates_in_order ON incident_updates(incident, place);
    CREATE TABLE incident_staff(incident uuid PRIMARY KEY, version int NOT NULL);
    """,
    staff_tables=frozenset({"incident_staff"}),
)

DECLARE = """INSERT INTO incidents(id, ref, version, title, severity, status, started_at, impacts, components, words)
  VALUES ($1, $2, 1, $3, $4, 'INVESTIGATING', $5, $6::text::jsonb, $7,
    setweight(to_tsvector('simple', $8::text), 'A') || to_tsvector('simple', $9::text))"""
DECLARE_STAFF = "INSERT INTO incident_staff(incident, version) VALUES ($1, $2)"
COUNT_STAFF = "UPDATE incident_staff SET version = $2 WHERE incident = $1"
MOVE = "UPDATE incidents SET version = version + 1, status = $2 WHERE id = $1"
AFFECT = """UPDATE incidents SET impacts = $2::text::jsonb,
  components = components || ARRAY(SELECT a FROM unnest($3::uuid[]) AS a WHERE a <> ALL(components)) WHERE id = $1"""
RESOLVE = "UPDATE incidents SET version = version + 1, status = 'RESOLVED', resolved_at = $2 WHERE id = $1"
POST = "INSERT INTO incident_updates(id, incident, place, at, body, status) VALUES ($1, $2, $3, $4, $5, $6)"


def written(impacts: Sequence[ComponentImpact]) -> str:
    """As JSON for the column."""
    return msgspec.json.encode([{"component": each.component, "state": each.state} for each in impacts]).decode()


def _posted(update: UUID, body: str, status: str, envelope: Envelope) -> list[Statement]:
    return [
        (POST, (update, envelope.stream, envelope.version, envelope.occurred_at, body, status)),
        (COUNT_STAFF, (envelope.stream, envelope.version)),
    ]


@incidents.on(IncidentDeclared)
def declared(event: IncidentDeclared, envelope: Envelope) -> list[Statement]:
    affected = (written(event.impacts), [each.component for each in event.impacts])
    words = (folded(event.ref, event.title) or "", folded(event.body) or "")
    return [
        (DECLARE, (envelope.stream, event.ref, event.title, event.severity, event.started_at, *affected, *words)),
        (DECLARE_STAFF, (envelope.stream, envelope.version)),
        *_posted(event.update, event.body, "INVESTIGATING", envelope),
    ]


@incidents.on(IncidentUpdatePosted)
def update_posted(event: IncidentUpdatePosted, envelope: Envelope) -> list[Statement]:
    moved: list[Statement] = [(MOVE, (envelope.stream, event.status))]
    if event.impacts is not None:
        moved.append((AFFECT, (envelope.stream, written(event.impacts), [each.component for each in event.impacts])))
    return [*moved, *_posted(event.update, event.body, event.status, envelope)]


@incidents.on(IncidentResolved)
def resolved(event: IncidentResolved, envelope: Envelope) -> list[Statement]:
    return [
        (RESOLVE, (envelope.stream, event.resolved_at)),
        *_posted(event.update, event.body, "RESOLVED", envelope),
    ]


@incidents.on(IncidentTicketLinked)
def ticket_linked(_: IncidentTicketLinked, envelope: Envelope) -> Statement:
    return COUNT_STAFF, (envelope.stream, envelope.version)


class Incident(Notice, frozen=True, kw_only=True):
    """`version` counts, for all but staff, what is public."""

    started_at: datetime
    resolved_at: datetime | None = None


def incident(viewer: Viewer | None, alias: str) -> str:
    """The document of a row of incidents under this alias, for whoever looks; None is anybody."""
    fields = {name: f"{alias}.{name}" for name in ("id", "ref", "title", "severity", "status", "started_at", "resolved_at")}
    counted = f"(SELECT s.version FROM incident_staff s WHERE s.incident = {alias}.id)"
    fields["version"] = counted if viewer is not None and viewer.sees_staff else f"{alias}.version"
    return document(
        fields
        | {"impacts": impacts(alias), "updates": updates("incident_updates", "incident", alias)}
        | {"blocked": parked(viewer, [incidents], f"{alias}.id")},
    )


class IncidentFilter(Struct, frozen=True, kw_only=True):
    """Which incidents; all parts at once. `component`: those that did something to it at any time."""

    status: Compare | None = None
    component: Compare | None = None
    started_at: Between | None = None

    def sql(self, arguments: Arguments) -> str:
        """The predicate over incidents as `n`."""
        parts = [] if self.status is None else self.status.sql(arguments, "n.status", "text")
        if self.component is not None:
            if self.component.eq is not None:
                parts.append(f"n.components @> {arguments([self.component.eq], 'uuid[]')}")
            if self.component.in_ is not None:
                parts.append(f"n.components && {arguments(list(self.component.in_), 'uuid[]')}")
            if self.component.nin is not None:
                parts.append(f"NOT (n.components && {arguments(list(self.component.nin), 'uuid[]')})")
        if self.started_at is not None:
            parts += self.started_at.sql(arguments, "n.started_at")
        return " AND ".join(parts) or "TRUE"


EVERYTHING = IncidentFilter()
NEWEST_FIRST = Order("n.started_at", "timestamptz", "n.id", "uuid", descending=True)


async def incidents_page(db: Database, viewer: Viewer | None, filter: IncidentFilter, page: Page) -> Connection[Incident]:
    """A page of incidents, newest first. Raises BadCursor."""
    arguments = Arguments()
    cursors = Cursors.bound_to("incidents", filter)
    order = NEWEST_FIRST
    sql = f"""SELECT {incident(viewer, "n")}::text AS doc, {order.columns} FROM incidents n
      WHERE {filter.sql(arguments)} AND {order.within(arguments, page, cursors)}
      ORDER BY {order.by(page)} LIMIT {order.limit(arguments, page)}"""
    rows = await db.fetch(sql, *arguments.values)
    return Connection.of(
        [(Place(row["key"], row["tie"]), json.decode(row["doc"], type=Incident)) for row in rows], page, cursors
    )


def open_incidents(viewer: Viewer | None) -> str:
    """Those that are not over, newest first, at most a hundred, as JSON."""
    which = "SELECT * FROM incidents WHERE status <> 'RESOLVED' ORDER BY started_at DESC, id DESC LIMIT 100"
    listed = f"json_agg({incident(viewer, 'n')} ORDER BY n.started_at DESC, n.id DESC)"
    return f"(SELECT coalesce({listed}, '[]') FROM ({which}) n)"


async def incidents_by_id(db: Database, viewer: Viewer | None, ids: Sequence[UUID]) -> list[Incident]:
    """These, in no order."""
    sql = f"SELECT {incident(viewer, 'n')}::text AS doc FROM incidents n WHERE n.id = ANY($1::uuid[])"
    return [json.decode(row["doc"], type=Incident) for row in await db.fetch(sql, list(ids))]

"""Which work is planned or runs, what was told of it, and what of it has time to begin or end next?

Public, but for the timers, which are the scheduler's, and for staff's version, which counts the tickets that were linked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct, json

from domain.status.events import (
    MaintenanceCancelled,
    MaintenanceCompleted,
    MaintenanceScheduled,
    MaintenanceStarted,
    MaintenanceTicketLinked,
    MaintenanceUpdatePosted,
)
from projections.arguments import document
from projections.database import Database, Statement
from projections.projection import Envelope, Projection
from projections.snapshot import parked
from projections.status_incidents import written
from projections.status_notices import Notice, impacts, updates
from projections.viewer import Viewer

maintenance = Projection(
    "maintenance",
    version=2,
    tables="""
    CREATE TABLE maintenances(
      id uuid PRIMARY KEY, ref text NOT NULL, version int NOT NULL, title text NOT NULL, severity text NOT NULL, status text NOT NULL,
      begins_at timestamptz NOT NULL, ends_at timestamptz NOT NULL, impacts jsonb NOT NULL);
    CREATE INDEX maintenances_ahead ON maintenances(begins_at, id) WHERE status IN ('SCHEDULED', 'IN_PROGRESS');
    CREATE TABLE maintenance_updates(
      id uuid PRIMARY KEY, maintenance uuid NOT NULL, place int NOT NULL, at timestamptz NOT NULL, body text NOT NULL, status text);
    CREATE INDEX maintenance_updates_in_order ON maintenance_updates(maintenance, place);
    CREATE TABLE maintenance_timers(
      maintenance uuid NOT NULL, kind text NOT NULL, due_at timestamptz NOT NULL, PRIMARY KEY (maintenance, kind));
    CREATE INDEX maintenance_timers_by_due ON maintenance_timers(due_at, maintenance);
    CREATE TABLE maintenance_staff(maintenance uuid PRIMARY KEY, version int NOT NULL);
    """,
    staff_tables=frozenset({"maintenance_timers", "maintenance_staff"}),
)

SCHEDULE = """INSERT INTO maintenances(id, ref, version, title, severity, status, begins_at, ends_at, impacts)
  VALUES ($1, $2, 1, $3, $4, 'SCHEDULED', $5, $6, $7::text::jsonb)"""
SET = "INSERT INTO maintenance_timers(maintenance, kind, due_at) VALUES ($1, $2, $3)"
DROP = "DELETE FROM maintenance_timers WHERE maintenance = $1 AND kind = ANY($2::text[])"
MOVE = "UPDATE maintenances SET version = version + 1, status = $2 WHERE id = $1"
COUNT = "UPDATE maintenances SET version = version + 1 WHERE id = $1"
SCHEDULE_STAFF = "INSERT INTO maintenance_staff(maintenance, version) VALUES ($1, $2)"
COUNT_STAFF = "UPDATE maintenance_staff SET version = $2 WHERE maintenance = $1"
AFFECT = "UPDATE maintenances SET impacts = $2::text::jsonb WHERE id = $1"
POST = "INSERT INTO maintenance_updates(id, maintenance, place, at, body) VALUES ($1, $2, $3, $4, $5)"
BEGIN, END = "MAINTENANCE_BEGIN", "MAINTENANCE_END"


def _counted(envelope: Envelope) -> Statement:
    return COUNT_STAFF, (envelope.stream, envelope.version)


def _posted(update: UUID, body: str, envelope: Envelope) -> Statement:
    return POST, (update, envelope.stream, envelope.version, envelope.occurred_at, body)


@maintenance.on(MaintenanceScheduled)
def scheduled(event: MaintenanceScheduled, envelope: Envelope) -> list[Statement]:
    row = (envelope.stream, event.ref, event.title, event.severity, event.from_, event.to)
    return [
        (SCHEDULE, (*row, written(event.impacts))),
        (SCHEDULE_STAFF, (envelope.stream, envelope.version)),
        (SET, (envelope.stream, BEGIN, event.from_)),
        (SET, (envelope.stream, END, event.to)),
        _posted(event.update, event.body, envelope),
    ]


@maintenance.on(MaintenanceStarted)
def started(_: MaintenanceStarted, envelope: Envelope) -> list[Statement]:
    return [(MOVE, (envelope.stream, "IN_PROGRESS")), (DROP, (envelope.stream, [BEGIN])), _counted(envelope)]


@maintenance.on(MaintenanceCompleted)
def completed(_: MaintenanceCompleted, envelope: Envelope) -> list[Statement]:
    return [(MOVE, (envelope.stream, "COMPLETED")), (DROP, (envelope.stream, [BEGIN, END])), _counted(envelope)]


@maintenance.on(MaintenanceUpdatePosted)
def update_posted(event: MaintenanceUpdatePosted, envelope: Envelope) -> list[Statement]:
    changed: list[Statement] = [(COUNT, (envelope.stream,)), _counted(envelope)]
    if event.impacts is not None:
        changed.append((AFFECT, (envelope.stream, written(event.impacts))))
    return [*changed, _posted(event.update, event.body, envelope)]


@maintenance.on(MaintenanceCancelled)
def cancelled(event: MaintenanceCancelled, envelope: Envelope) -> list[Statement]:
    return [
        (MOVE, (envelope.stream, "CANCELLED")),
        (DROP, (envelope.stream, [BEGIN, END])),
        _counted(envelope),
        _posted(event.update, event.body, envelope),
    ]


@maintenance.on(MaintenanceTicketLinked)
def ticket_linked(_: MaintenanceTicketLinked, envelope: Envelope) -> Statement:
    return _counted(envelope)


class Maintenance(Notice, frozen=True, kw_only=True):
    """Half-open: `ends_at` is not included. `version` counts, for all but staff, what is public."""

    begins_at: datetime
    ends_at: datetime


def work(viewer: Viewer | None, alias: str) -> str:
    """The document of a row of maintenances under this alias, for whoever looks; None is anybody."""
    names = ("id", "ref", "title", "severity", "status", "begins_at", "ends_at")
    fields = {name: f"{alias}.{name}" for name in names}
    counted = f"(SELECT s.version FROM maintenance_staff s WHERE s.maintenance = {alias}.id)"
    fields["version"] = counted if viewer is not None and viewer.sees_staff else f"{alias}.version"
    return document(
        fields
        | {"impacts": impacts(alias), "updates": updates("maintenance_updates", "maintenance", alias)}
        | {"blocked": parked(viewer, [maintenance], f"{alias}.id")},
    )


def maintenance_ahead(viewer: Viewer | None) -> str:
    """Planned and running, the next first, at most a hundred, as JSON."""
    which = "SELECT * FROM maintenances WHERE status IN ('SCHEDULED', 'IN_PROGRESS') ORDER BY begins_at, id LIMIT 100"
    return f"(SELECT coalesce(json_agg({work(viewer, 'n')} ORDER BY n.begins_at, n.id), '[]') FROM ({which}) n)"


async def maintenance_by_id(db: Database, viewer: Viewer | None, ids: Sequence[UUID]) -> list[Maintenance]:
    """These, in no order."""
    sql = f"SELECT {work(viewer, 'n')}::text AS doc FROM maintenances n WHERE n.id = ANY($1::uuid[])"
    return [json.decode(row["doc"], type=Maintenance) for row in await db.fetch(sql, list(ids))]


class Timer(Struct, frozen=True, kw_only=True):
    maintenance: UUID
    kind: str
    due_at: datetime


DUE = """SELECT maintenance, kind, due_at FROM maintenance_timers WHERE due_at <= $1
  ORDER BY due_at, maintenance LIMIT $2 FOR UPDATE SKIP LOCKED"""


async def claim_due(db: Database, now: datetime, limit: int) -> list[Timer]:
    """What has time to begin or end, longest due first; locked in the caller's transaction, without what others have locked."""
    rows = await db.fetch(DUE, now, limit)
    return [Timer(maintenance=row["maintenance"], kind=row["kind"], due_at=row["due_at"]) for row in rows]

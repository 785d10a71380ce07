"""Which copies of a person's data were asked for, which are still to be made, and until when can they be fetched?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.organisations.events import ContactErased, ContactExportCompleted, ContactExportRequested
from projections.database import Database, Statement
from projections.projection import Envelope, Projection
from projections.viewer import Role, Viewer

data_exports = Projection(
    "data_exports",
    version=1,
    tables="""
    CREATE TABLE data_exports(
      id uuid PRIMARY KEY, contact uuid NOT NULL, requested_at timestamptz NOT NULL, epoch int NOT NULL, position bigint NOT NULL,
      expires_at timestamptz, gone boolean NOT NULL DEFAULT false);
    CREATE INDEX data_exports_of_contact ON data_exports(contact, requested_at, id);
    CREATE INDEX data_exports_pending ON data_exports(position) WHERE expires_at IS NULL AND NOT gone;
    """,
)

REQUEST = "INSERT INTO data_exports(id, contact, requested_at, epoch, position) VALUES ($1, $2, $3, $4, $5)"
COMPLETE = "UPDATE data_exports SET expires_at = $2 WHERE id = $1"
ERASE = "UPDATE data_exports SET gone = true WHERE contact = $1"


@data_exports.on(ContactExportRequested)
def requested(event: ContactExportRequested, envelope: Envelope) -> Statement:
    return REQUEST, (event.export, envelope.stream, event.timestamp, envelope.epoch, envelope.position)


@data_exports.on(ContactExportCompleted)
def completed(event: ContactExportCompleted, _: Envelope) -> Statement:
    return COMPLETE, (event.export, event.expires_at)


@data_exports.on(ContactErased)
def erased(_: ContactErased, envelope: Envelope) -> Statement:
    return ERASE, (envelope.stream,)


class DataExport(Struct, frozen=True, kw_only=True):
    """`expires_at` is None while it is being made; `gone` when its person was erased."""

    id: UUID
    contact: UUID
    requested_at: datetime
    epoch: int
    position: int
    expires_at: datetime | None
    gone: bool


def may_see(viewer: Viewer, contact: UUID) -> bool:
    """Themselves and administrators: a copy of everything is no affair of colleagues, nor of other staff."""
    return viewer.role is Role.ADMIN or (viewer.is_customer and viewer.id == contact)


async def exports_by_id(db: Database, viewer: Viewer, ids: Sequence[UUID]) -> list[DataExport]:
    """These, as far as the viewer may see them."""
    rows = await db.fetch("SELECT * FROM data_exports WHERE id = ANY($1::uuid[])", list(ids))
    return [each for each in map(_read, rows) if may_see(viewer, each.contact)]


async def exports_of(db: Database, viewer: Viewer, contacts: Sequence[UUID]) -> list[DataExport]:
    """These people's, newest first, the last hundred of each; none of those that are not the viewer's to see."""
    seen = [each for each in contacts if may_see(viewer, each)]
    if not seen:
        return []
    rows = await db.fetch(
        """SELECT x.* FROM unnest($1::uuid[]) AS c(id) CROSS JOIN LATERAL (
          SELECT * FROM data_exports x WHERE x.contact = c.id ORDER BY requested_at DESC, id DESC LIMIT 100) x""",
        seen,
    )
    return [_read(row) for row in rows]


async def pending(db: Database, limit: int) -> list[DataExport]:
    """Those still to be made, first asked for first; for the exporter."""
    rows = await db.fetch("SELECT * FROM data_exports WHERE expires_at IS NULL AND NOT gone ORDER BY position LIMIT $1", limit)
    return [_read(row) for row in rows]


def _read(row: object) -> DataExport:
    return DataExport(**{name: row[name] for name in DataExport.__struct_fields__})  # type: ignore[index]

"""How does everything do right now? The status page, whole, in one statement and so of one moment."""

from __future__ import annotations

from msgspec import Struct, json

from projections.arguments import document
from projections.database import Database
from projections.status_components import Component, live_components
from projections.status_incidents import Incident, open_incidents
from projections.status_maintenance import Maintenance, maintenance_ahead
from projections.viewer import Viewer


class Page(Struct, frozen=True, kw_only=True):
    """`components` by heading and name, `incidents` newest first, `maintenance` next first."""

    components: list[Component]
    incidents: list[Incident]
    maintenance: list[Maintenance]


async def status_page(db: Database, viewer: Viewer | None) -> Page:
    """Every live service, what is open, what is planned or runs; for anybody."""
    parts = {"components": live_components(), "incidents": open_incidents(viewer), "maintenance": maintenance_ahead(viewer)}
    row = await db.fetchrow(f"SELECT {document(parts)}::text AS doc")
    assert row is not None
    return json.decode(row["doc"], type=Page)

"""What changed on the status page between two places in the log?

For the live feed: replay from a cursor and fan-out from the tail read the same. Only what is public stands among the changes.
"""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from projections.database import Database
from projections.status_incidents import Incident, incidents_by_id
from projections.status_maintenance import Maintenance, maintenance_by_id
from projections.viewer import Viewer

LOG = """SELECT l.epoch, l.position, l.stream, l.topic FROM store.tail l WHERE l.position > $1 AND l.position <= $2
  AND l.class = 'public' AND (l.topic LIKE 'incident.%' OR l.topic LIKE 'maintenance.%') ORDER BY l.position LIMIT $3"""


class StatusChange(Struct, frozen=True, kw_only=True):
    """An event of a notice, which is as it is now."""

    epoch: int
    position: int
    notice: Incident | Maintenance


async def status_changes(
    db: Database, viewer: Viewer | None, after: int, up_to: int, *, limit: int
) -> tuple[list[StatusChange], int]:
    """The changes after one position and up to another, in order, and up to which position they go."""
    log = await db.fetch(LOG, after, up_to, limit)
    streams = {row["stream"]: row["topic"].partition(".")[0] for row in log}
    planned = [id for id, kind in streams.items() if kind == "maintenance"]
    happened = [id for id, kind in streams.items() if kind == "incident"]
    notices: dict[UUID, Incident | Maintenance] = {}
    if happened:
        notices |= {row.id: row for row in await incidents_by_id(db, viewer, happened)}
    if planned:
        notices |= {row.id: row for row in await maintenance_by_id(db, viewer, planned)}
    found = [
        StatusChange(epoch=row["epoch"], position=row["position"], notice=notices[row["stream"]])
        for row in log
        if row["stream"] in notices
    ]
    return found, log[-1]["position"] if len(log) == limit else up_to

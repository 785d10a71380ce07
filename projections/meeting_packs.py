"""What was fixed for a meeting? The packs as they were frozen; the table is that of meetings.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from projections.arguments import Arguments
from projections.database import Database
from projections.meetings import sees
from projections.viewer import Viewer


class FrozenPack(Struct, frozen=True, kw_only=True):
    meeting: UUID
    epoch: int
    position: int
    sha256: str
    pack: str
    frozen_at: datetime


async def packs_of(db: Database, viewer: Viewer, ids: Sequence[UUID]) -> list[FrozenPack]:
    """The packs of these meetings, as they were frozen."""
    arguments = Arguments()
    sql = f"""SELECT f.meeting, f.epoch, f.position, f.sha256, f.pack, f.frozen_at FROM meeting_packs f
      WHERE f.meeting = ANY({arguments(list(ids), "uuid[]")}) AND {sees(arguments, viewer, "f.audience")}"""
    return [FrozenPack(**dict(row)) for row in await db.fetch(sql, *arguments.values)]

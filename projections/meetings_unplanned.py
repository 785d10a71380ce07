"""Which contracts give operations meetings and have none of a quarter yet?"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.catalogue import Capability
from projections.database import Database


class Unplanned(Struct, frozen=True):
    contract: UUID
    since: datetime


UNPLANNED = """SELECT x.contract, x.from_at AS since FROM entitlement_stretches x
  WHERE x.from_at <= $2 AND (x.to_at IS NULL OR x.to_at > $2) AND $1 = ANY(x.capabilities)
    AND EXISTS (SELECT FROM entitlement_stretches y WHERE y.contract = x.contract AND y.from_at <= $3
      AND (y.to_at IS NULL OR y.to_at > $3) AND $1 = ANY(y.capabilities))
    AND NOT EXISTS (SELECT FROM meetings m WHERE m.contract = x.contract AND m.year = $4 AND m.quarter = $5)
  ORDER BY x.from_at, x.contract LIMIT $6"""


async def unplanned(db: Database, now: datetime, starts_at: datetime, year: int, quarter: int, limit: int) -> list[Unplanned]:
    """The contracts that give operations meetings now and at `starts_at`, and have none of that quarter, not even a cancelled one.

    For the scheduler. Nothing is locked, for what is missing cannot be; that each is made once rests on the meeting's stream.
    """
    capability = Capability.OPERATIONS_MEETINGS.value
    rows = await db.fetch(UNPLANNED, capability, now, starts_at, year, quarter, limit)
    return [Unplanned(row["contract"], row["since"]) for row in rows]

"""Which contracts give operations meetings and have none of a quarter yet, and which meetings has their contract left behind?

For the scheduler, which asks `mark` first: an index look-up that says whether these questions can have another answer than before.
Nothing is locked, for what is missing cannot be; that each is done once rests on the meeting's stream.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.catalogue import Capability
from projections.database import Database

GIVEN = Capability.OPERATIONS_MEETINGS.value


class Unplanned(Struct, frozen=True):
    contract: UUID
    since: datetime


class Lost(Struct, frozen=True):
    """A meeting still to come whose contract gives none since an instant."""

    meeting: UUID
    since: datetime


class Mark(Struct, frozen=True):
    """The last change of contracts and of meetings; `next` is when by itself another stretch of a contract begins or ends."""

    contracts: int
    meetings: int
    next: datetime | None


MARK = """SELECT coalesce((SELECT max(c.position) FROM entitlement_changes c), 0) AS contracts,
  coalesce((SELECT max(c.position) FROM meeting_changes c), 0) AS meetings,
  least((SELECT min(x.from_at) FROM entitlement_stretches x WHERE x.from_at > $1),
    (SELECT min(x.to_at) FROM entitlement_stretches x WHERE x.to_at > $1)) AS next"""
UNPLANNED = """SELECT x.contract, x.from_at AS since FROM entitlement_stretches x
  WHERE x.from_at <= $2 AND (x.to_at IS NULL OR x.to_at > $2) AND $1 = ANY(x.capabilities)
    AND EXISTS (SELECT FROM entitlement_stretches y WHERE y.contract = x.contract AND y.from_at <= $3
      AND (y.to_at IS NULL OR y.to_at > $3) AND $1 = ANY(y.capabilities))
    AND NOT EXISTS (SELECT FROM meetings m WHERE m.contract = x.contract AND m.year = $4 AND m.quarter = $5
      AND m.cancelled_because IS DISTINCT FROM 'ENTITLEMENT_LOST')
  ORDER BY x.from_at, x.contract LIMIT $6"""
LOST = """SELECT m.id AS meeting, coalesce((SELECT max(x.to_at) FROM entitlement_stretches x
      WHERE x.contract = m.contract AND x.to_at <= $2 AND $1 = ANY(x.capabilities)), m.starts_at) AS since
  FROM meetings m WHERE m.status IN ('SCHEDULED', 'PACK_FROZEN') AND m.starts_at > $2
    AND EXISTS (SELECT FROM entitlement_changes c WHERE c.contract = m.contract)
    AND NOT EXISTS (SELECT FROM entitlement_stretches x WHERE x.contract = m.contract AND x.from_at <= $2
      AND (x.to_at IS NULL OR x.to_at > $2) AND $1 = ANY(x.capabilities))
  ORDER BY 2, 1 LIMIT $3"""


async def mark(db: Database, now: datetime) -> Mark:
    row = await db.fetchrow(MARK, now)
    assert row is not None
    return Mark(row["contracts"], row["meetings"], row["next"])


async def unplanned(db: Database, now: datetime, starts_at: datetime, year: int, quarter: int, limit: int) -> list[Unplanned]:
    """The contracts that give operations meetings now and at `starts_at`, and have none of that quarter, not even one called off."""
    rows = await db.fetch(UNPLANNED, GIVEN, now, starts_at, year, quarter, limit)
    return [Unplanned(row["contract"], row["since"]) for row in rows]


async def lost(db: Database, now: datetime, limit: int) -> list[Lost]:
    """The meetings still to come whose contract does not give them now, those longest lost first."""
    return [Lost(row["meeting"], row["since"]) for row in await db.fetch(LOST, GIVEN, now, limit)]

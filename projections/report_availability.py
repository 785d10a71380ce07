"""How available were the services? Worked out by domain/status/availability.py, whose definitions hold: work planned is taken out, a
partial or major outage is down, degraded is up and counted apart. Public: whoever asks counts all services.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.status.availability import Stretch, availability
from domain.status.vocabulary import ComponentState, NoticeKind
from projections.database import Database
from projections.report_scope import MOST_ROWS, Bucket, TooManyRows

MICROSECOND = timedelta(microseconds=1)


class Uptime(Struct, frozen=True, kw_only=True):
    """A service in the part of a bucket in which it was there, up to now. Lengths are in microseconds.

    `counted` is that time without planned work, `down` what of it was an outage; up is `counted - down`. `incidents` were any time in it.
    """

    bucket: Bucket
    service: UUID
    ref: str
    name: str
    counted: int
    down: int
    degraded: int
    maintenance: int
    incidents: int

    @property
    def ratio(self) -> float:
        return 1.0 if self.counted <= 0 else 1.0 - self.down / self.counted


SERVICES = """SELECT s.id, s.ref, s.name, s.registered_at, s.retired_at FROM report_services s
  WHERE s.registered_at < $2 AND (s.retired_at IS NULL OR s.retired_at > $1) AND ($3::uuid[] IS NULL OR s.id = ANY($3))
  ORDER BY s.ref, s.id"""
IMPACTS = """SELECT i.service, i.notice, i.kind, i.state, i.since, i.until FROM report_impacts i
  WHERE i.service = ANY($1::uuid[]) AND i.since < $3 AND (i.until IS NULL OR i.until > $2) ORDER BY i.service, i.version"""
COVERED = "SELECT c.service FROM report_covered c WHERE c.contract = $1 ORDER BY c.service"


async def uptimes(
    db: Database, buckets: Sequence[Bucket], now: datetime, services: Sequence[UUID] | None = None
) -> list[Uptime]:
    """Each service in each bucket in which it was there, in order of time and ref. `services` None: all. Raises TooManyRows."""
    first, last = buckets[0].from_, min(buckets[-1].to, now)
    known = await db.fetch(SERVICES, first, last, None if services is None else list(services))
    if len(known) * len(buckets) > MOST_ROWS:
        raise TooManyRows
    imposed: dict[UUID, list[Stretch]] = {}
    for row in await db.fetch(IMPACTS, [row["id"] for row in known], first, last):
        stretch = Stretch(row["notice"], NoticeKind(row["kind"]), ComponentState(row["state"]), row["since"], row["until"])
        imposed.setdefault(row["service"], []).append(stretch)
    found = (_uptime(row, bucket, now, imposed.get(row["id"], [])) for bucket in buckets for row in known)
    return [each for each in found if each is not None]


async def covered(db: Database, contract: UUID) -> list[UUID] | None:
    """The services that a contract names as covered; None where it names none and so covers all."""
    return [row["service"] for row in await db.fetch(COVERED, contract)] or None


def _uptime(row: Mapping[str, Any], bucket: Bucket, now: datetime, stretches: Sequence[Stretch]) -> Uptime | None:
    since = max(bucket.from_, row["registered_at"])
    until = min(bucket.to, now, row["retired_at"] or bucket.to)
    if since >= until:
        return None
    whole = availability(stretches, since, until)
    notices = {
        each.notice
        for each in stretches
        if each.kind is NoticeKind.INCIDENT and each.since < until and (each.until is None or each.until > since)
    }
    return Uptime(
        bucket=bucket,
        service=row["id"],
        ref=row["ref"],
        name=row["name"],
        counted=(until - since - whole.maintenance) // MICROSECOND,
        down=whole.downtime // MICROSECOND,
        degraded=whole.degraded // MICROSECOND,
        maintenance=whole.maintenance // MICROSECOND,
        incidents=len(notices),
    )

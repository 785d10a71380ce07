"""What does the review pack of a quarter say? The reports of an organisation in one canonical document, of one position of the log.

Canonical: JSON with sorted keys, no spaces, text as UTF-8, instants in UTC, lengths as whole microseconds, numbers as integers alone, so
that the same facts always give the same bytes. Nothing personal is in it; organisation, contract and meeting stand by their ids.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from projections.database import Database
from projections.report_availability import Uptime, covered, uptimes
from projections.report_counting import (
    Ageing,
    Compliance,
    Satisfaction,
    Times,
    Volume,
    ageing,
    compliance,
    satisfaction,
    times,
    volume,
)
from projections.report_facts import report_facts
from projections.report_general import General, general
from projections.report_scope import Asked, Bucket, Dimension, Period, buckets
from projections.review_pack_subject import Packed, Subject
from projections.snapshot import ReadBlocked

FORMAT = 1


class Pack(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """The document. Tickets and backlog by months on the wall, promises by metric, availability by service; all else for the whole."""

    format: int
    meeting: UUID
    organisation: UUID
    contract: UUID
    quarter: str
    time_zone: str
    from_: datetime
    to: datetime
    position: str
    sla: tuple[Compliance, ...]
    availability: tuple[Uptime, ...]
    tickets: tuple[Volume, ...]
    backlog: tuple[Ageing, ...]
    times: tuple[Times, ...]
    satisfaction: tuple[Satisfaction, ...]
    operations: General


SLA_BY = (Dimension.METRIC,)
REACHED = "SELECT c.epoch, c.position FROM projector.checkpoints c WHERE (c.projection, c.version) = ($1, $2)"
ASIDE = """SELECT DISTINCT p.stream FROM projector.parked p JOIN store.tail l ON l.position = p.position
  WHERE (p.projection, p.version) = ($1, $2) AND (l.organisation IS NULL OR l.organisation = $3) LIMIT 100"""


async def live_pack(db: Database, subject: Subject) -> Packed:
    """The pack from the live read model, of the position it has reached. `db` is one snapshot (REPEATABLE READ).

    Raises ReadBlocked where an event is set aside that may belong in it: figures that may be wrong are not fixed for ever.
    """
    key = (report_facts.name, report_facts.version)
    at = await db.fetchrow(REACHED, *key)
    assert at is not None
    if aside := await db.fetch(ASIDE, *key, subject.organisation):
        raise ReadBlocked([row["stream"] for row in aside])
    return await review_pack(db, subject, at["epoch"], at["position"])


async def review_pack(db: Database, subject: Subject, epoch: int, position: int) -> Packed:
    """The pack from tables that include the log up to a position and nothing after it."""
    whole = (Bucket(subject.from_, subject.to),)
    months = buckets(subject.from_, subject.to, Period.MONTH, subject.time_zone)
    asked = Asked(whole, now=subject.to, organisation=subject.organisation)
    monthly = Asked(months, now=subject.to, organisation=subject.organisation)
    services = await covered(db, subject.contract)
    today = subject.to.astimezone(ZoneInfo(subject.time_zone)).date()
    by_metric = Asked(whole, now=subject.to, organisation=subject.organisation, group_by=SLA_BY)
    pack = Pack(
        format=FORMAT,
        meeting=subject.meeting,
        organisation=subject.organisation,
        contract=subject.contract,
        quarter=subject.quarter,
        time_zone=subject.time_zone,
        from_=subject.from_,
        to=subject.to,
        position=f"{epoch}.{position}",
        sla=tuple(await compliance(db, by_metric)),
        availability=tuple(await uptimes(db, whole, subject.to, services)),
        tickets=tuple(await volume(db, monthly)),
        backlog=tuple(await ageing(db, monthly)),
        times=tuple(await times(db, asked)),
        satisfaction=tuple(await satisfaction(db, asked)),
        operations=await general(db, subject.organisation, subject.from_, subject.to, today, services),
    )
    return Packed(canonical(pack), epoch, position)


def canonical(pack: Pack) -> str:
    return json.dumps(_plain(msgspec.structs.asdict(pack)), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read(text: str) -> Pack:
    """The document again, for showing."""
    return msgspec.json.decode(text, type=Pack)


def _plain(value: Any) -> Any:
    match value:
        case Struct():
            return _plain(msgspec.structs.asdict(value))
        case dict():
            return {str(key).rstrip("_"): _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case UUID():
            return str(value)
    return value

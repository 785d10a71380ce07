"""Who is entitled to what, why, from when and until when, at any instant?

The stretches in which each contract gives something, suspensions taken out; what holds at an instant is judged by the same pure function
that judges within decisions. For showing: a command never asks here, because a read model lags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.catalogue import Capability, Product
from domain.contracts.course import Interval, Stretch
from domain.contracts.entitlements import Entitled, judged
from domain.contracts.events import CONTRACT_EVENTS
from domain.event import DomainEvent
from projections.arguments import Arguments
from projections.contract_courses import Folded, folding, sees, written
from projections.database import Database, Statement
from projections.projection import Envelope, Projection
from projections.viewer import Viewer

TABLES = """
    CREATE TABLE entitlement_courses(contract uuid PRIMARY KEY, state text NOT NULL);
    CREATE TABLE entitlement_stretches(
      contract uuid NOT NULL, place int NOT NULL, audience uuid NOT NULL, product text NOT NULL, capabilities text[] NOT NULL,
      from_at timestamptz NOT NULL, to_at timestamptz, PRIMARY KEY (contract, place));
    CREATE INDEX entitlement_stretches_of_audience ON entitlement_stretches(audience, from_at);
    CREATE INDEX entitlement_stretches_by_end ON entitlement_stretches(to_at, audience) WHERE to_at IS NOT NULL;
    CREATE INDEX entitlement_stretches_by_begin ON entitlement_stretches(from_at, contract);
    CREATE TABLE entitlement_changes(contract uuid PRIMARY KEY, position bigint NOT NULL);
    CREATE INDEX entitlement_changes_by_position ON entitlement_changes(position);
"""
LOAD = "SELECT contract AS stream, state FROM entitlement_courses WHERE contract = ANY($1)"
SAVE = "INSERT INTO entitlement_courses(contract, state) VALUES ($1, $2) ON CONFLICT (contract) DO UPDATE SET state = $2"
FORGET = "DELETE FROM entitlement_stretches WHERE contract = $1"
SET = """INSERT INTO entitlement_stretches(contract, place, audience, product, capabilities, from_at, to_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7)"""
COLUMNS = "x.contract, x.audience, x.product, x.capabilities, x.from_at, x.to_at"


def _rows(contract: UUID, state: Folded) -> list[Statement]:
    course = state.course
    assert course is not None
    given: list[Statement] = []
    for place, stretch in enumerate(course.stretches):
        what = (stretch.product, [each.value for each in stretch.capabilities], stretch.time.from_, stretch.time.to)
        given.append((SET, (contract, place, course.organisation, *what)))
    return [(SAVE, (contract, written(state))), (FORGET, (contract,)), *given]


entitlements = Projection(
    "entitlements",
    version=3,
    tables=TABLES,
    staff_tables=frozenset({"entitlement_courses", "entitlement_changes"}),
    fold=folding(LOAD, _rows),
)
NOTE = """INSERT INTO entitlement_changes(contract, position) VALUES ($1, $2)
  ON CONFLICT (contract) DO UPDATE SET position = greatest(entitlement_changes.position, excluded.position)"""


@entitlements.on(*CONTRACT_EVENTS)
def changed(_: DomainEvent, envelope: Envelope) -> Statement:
    """So that the scheduler sees by one look-up whether anything is different from when it last looked."""
    return NOTE, (envelope.stream, envelope.position)


class Given(Struct, frozen=True, kw_only=True):
    """A stretch in which a contract gives a product to an organisation, `to_at` not included."""

    contract: UUID
    organisation: UUID
    product: str
    capabilities: tuple[str, ...]
    from_at: datetime
    to_at: datetime | None = None


async def entitled_at(
    db: Database, viewer: Viewer, organisations: Sequence[UUID], at: datetime, products: Sequence[Product]
) -> dict[UUID, Entitled]:
    """What each of these organisations may use at an instant, by all that is known now; base where nothing more is seen."""
    arguments = Arguments()
    instant = arguments(at, "timestamptz")
    sql = f"""SELECT {COLUMNS} FROM entitlement_stretches x
      WHERE x.audience = ANY({arguments(list(organisations), "uuid[]")}) AND {sees(arguments, viewer, "x.audience")}
        AND x.from_at <= {instant} AND (x.to_at IS NULL OR {instant} < x.to_at)
      ORDER BY x.contract, x.place"""
    rows = [_given(row) for row in await db.fetch(sql, *arguments.values)]
    return {
        organisation: judged([(_stretch(row), row.contract) for row in rows if row.organisation == organisation], at, products)
        for organisation in organisations
    }


async def ledger(db: Database, viewer: Viewer, organisation: UUID) -> list[Given]:
    """All stretches of an organisation, past and planned, oldest first."""
    arguments = Arguments()
    sql = f"""SELECT {COLUMNS} FROM entitlement_stretches x
      WHERE x.audience = {arguments(organisation, "uuid")} AND {sees(arguments, viewer, "x.audience")} ORDER BY x.from_at, x.contract"""
    return [_given(row) for row in await db.fetch(sql, *arguments.values)]


async def giving(db: Database, capability: Capability, from_: datetime, to: datetime) -> list[Given]:
    """Every stretch that gives a capability somewhere in `[from_, to)`, for processes; oldest contract first."""
    sql = f"""SELECT {COLUMNS} FROM entitlement_stretches x
      WHERE x.from_at < $3 AND (x.to_at IS NULL OR x.to_at > $2) AND $1 = ANY(x.capabilities) ORDER BY x.contract, x.place"""
    return [_given(row) for row in await db.fetch(sql, capability.value, from_, to)]


def _given(row: Mapping[str, Any]) -> Given:
    return Given(
        contract=row["contract"],
        organisation=row["audience"],
        product=row["product"],
        capabilities=tuple(row["capabilities"]),
        from_at=row["from_at"],
        to_at=row["to_at"],
    )


def _stretch(row: Given) -> Stretch:
    return Stretch(row.product, tuple(Capability(each) for each in row.capabilities), Interval(row.from_at, row.to_at))

"""Who serves which organisation as its service manager, by which contract, from when and until when?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.catalogue import Capability
from projections.arguments import Arguments
from projections.contract_courses import Folded, folding, sees, written
from projections.database import Database, Statement
from projections.projection import Projection
from projections.viewer import Viewer

TABLES = """
    CREATE TABLE service_manager_courses(contract uuid PRIMARY KEY, state text NOT NULL);
    CREATE TABLE service_managers(
      contract uuid NOT NULL, place int NOT NULL, audience uuid NOT NULL, manager uuid NOT NULL, mode text NOT NULL,
      from_at timestamptz NOT NULL, to_at timestamptz, PRIMARY KEY (contract, place));
    CREATE INDEX service_managers_by_manager ON service_managers(manager, from_at);
    CREATE INDEX service_managers_of_audience ON service_managers(audience, from_at);
"""
LOAD = "SELECT contract AS stream, state FROM service_manager_courses WHERE contract = ANY($1)"
SAVE = "INSERT INTO service_manager_courses(contract, state) VALUES ($1, $2) ON CONFLICT (contract) DO UPDATE SET state = $2"
FORGET = "DELETE FROM service_managers WHERE contract = $1"
SET = (
    "INSERT INTO service_managers(contract, place, audience, manager, mode, from_at, to_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
)
COLUMNS = "m.contract, m.audience, m.manager, m.mode, m.from_at, m.to_at"


def _rows(contract: UUID, state: Folded) -> list[Statement]:
    course = state.course
    assert course is not None
    given: list[Statement] = [
        (SET, (contract, place, course.organisation, each.manager, each.mode.value, each.time.from_, each.time.to))
        for place, each in enumerate(course.managers)
    ]
    return [(SAVE, (contract, written(state))), (FORGET, (contract,)), *given]


service_managers = Projection(
    "service_managers",
    version=1,
    tables=TABLES,
    staff_tables=frozenset({"service_manager_courses"}),
    fold=folding(LOAD, _rows),
)


class Assigned(Struct, frozen=True, kw_only=True):
    """`to_at` is not included; None while it lasts."""

    contract: UUID
    organisation: UUID
    manager: UUID
    mode: str
    from_at: datetime
    to_at: datetime | None = None


async def of_contracts(db: Database, viewer: Viewer, contracts: Sequence[UUID]) -> list[Assigned]:
    """The managers given by these contracts, oldest first."""
    arguments = Arguments()
    sql = f"""SELECT {COLUMNS} FROM service_managers m
      WHERE m.contract = ANY({arguments(list(contracts), "uuid[]")}) AND {sees(arguments, viewer, "m.audience")}
      ORDER BY m.contract, m.place"""
    return [_assigned(row) for row in await db.fetch(sql, *arguments.values)]


def now_serving(instant: str) -> str:
    """Whether the assignment `m` counts at the instant in this SQL expression.

    Judged by the contract's course and not by whether its end was noted already: a contract that is over, or whose product then has no
    service manager, gives none. One that is suspended keeps theirs.
    """
    within = "{0}.from_at <= {1} AND ({0}.to_at IS NULL OR {1} < {0}.to_at)"
    suspended = "SELECT FROM contract_states s WHERE s.contract = m.contract AND s.status = 'SUSPENDED'"
    gives = f"SELECT FROM entitlement_stretches x WHERE x.contract = m.contract AND '{Capability.SERVICE_MANAGER}' = ANY(x.capabilities)"
    return (
        f"({within.format('m', instant)} AND (EXISTS ({gives} AND {within.format('x', instant)})"
        f" OR EXISTS ({suspended} AND {within.format('s', instant)})))"
    )


async def serving(db: Database, viewer: Viewer, organisations: Sequence[UUID], at: datetime) -> list[Assigned]:
    """Who serves these organisations at an instant; a dedicated one before a shared one, then the longest assigned."""
    arguments = Arguments()
    instant = arguments(at, "timestamptz")
    sql = f"""SELECT {COLUMNS} FROM service_managers m
      WHERE m.audience = ANY({arguments(list(organisations), "uuid[]")}) AND {sees(arguments, viewer, "m.audience")}
        AND {now_serving(instant)}
      ORDER BY m.audience, m.mode, m.from_at, m.contract"""
    return [_assigned(row) for row in await db.fetch(sql, *arguments.values)]


SERVED = f"""SELECT m.audience, bool_or({now_serving("$2::timestamptz")}) AS now FROM service_managers m
  WHERE m.manager = $1 GROUP BY m.audience"""


async def served_by(db: Database, manager: UUID, at: datetime) -> frozenset[UUID] | None:
    """The organisations a service manager serves at an instant: what they may see. None: they were never assigned any."""
    rows = await db.fetch(SERVED, manager, at)
    return frozenset(row["audience"] for row in rows if row["now"]) if rows else None


def _assigned(row: Mapping[str, Any]) -> Assigned:
    return Assigned(
        contract=row["contract"],
        organisation=row["audience"],
        manager=row["manager"],
        mode=row["mode"],
        from_at=row["from_at"],
        to_at=row["to_at"],
    )

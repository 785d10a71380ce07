"""Which contracts does time have something to do with next: begin, change plan, cease, run out?

For the scheduler; see timers.py for how rows are claimed. One row a contract: its next instant. What is to be done then is decided on the
contract itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from projections.contract_courses import Folded, folding, written
from projections.database import Database, Statement
from projections.projection import Projection

TABLES = """
    CREATE TABLE contract_timer_courses(contract uuid PRIMARY KEY, state text NOT NULL);
    CREATE TABLE contract_timers(contract uuid PRIMARY KEY, kind text NOT NULL, due_at timestamptz NOT NULL);
    CREATE INDEX contract_timers_by_due ON contract_timers(due_at, contract);
"""
LOAD = "SELECT contract AS stream, state FROM contract_timer_courses WHERE contract = ANY($1)"
SAVE = "INSERT INTO contract_timer_courses(contract, state) VALUES ($1, $2) ON CONFLICT (contract) DO UPDATE SET state = $2"
FORGET = "DELETE FROM contract_timers WHERE contract = $1"
SET = "INSERT INTO contract_timers(contract, kind, due_at) VALUES ($1, $2, $3)"


def _rows(contract: UUID, state: Folded) -> list[Statement]:
    course = state.course
    assert course is not None
    coming: list[Statement] = [(SET, (contract, f"CONTRACT_{moment.turn}", moment.at)) for moment in course.moments[:1]]
    return [(SAVE, (contract, written(state))), (FORGET, (contract,)), *coming]


contract_timers = Projection(
    "contract_timers",
    version=1,
    tables=TABLES,
    staff_tables=frozenset({"contract_timer_courses", "contract_timers"}),
    fold=folding(LOAD, _rows),
)


class ContractTimer(Struct, frozen=True, kw_only=True):
    contract: UUID
    kind: str
    due_at: datetime


DUE = "SELECT contract, kind, due_at FROM contract_timers WHERE due_at <= $1 ORDER BY due_at, contract LIMIT $2{lock}"


async def due(db: Database, now: datetime, limit: int = 100, *, claim: bool = False) -> Sequence[ContractTimer]:
    """What is due, longest due first. With `claim` rows are locked, and those locked by others are left out."""
    rows = await db.fetch(DUE.format(lock=" FOR UPDATE SKIP LOCKED" if claim else ""), now, limit)
    return [ContractTimer(contract=row["contract"], kind=row["kind"], due_at=row["due_at"]) for row in rows]

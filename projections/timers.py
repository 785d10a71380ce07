"""What does time have to do next: warn of a promise, break it, wake a ticket, close one?

For the scheduler. A row is due when its time has come; what is to be done is decided on the ticket itself, so a row read twice does
nothing twice. Who claims rows locks them (`claim`) for as long as its transaction lasts, and others skip them; nothing is written here
but by the projection, so that a rebuild compares equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from domain.tickets.status import Status
from projections.clocks import EVERYTHING, Clocks, folding, written
from projections.database import Database, Statement
from projections.projection import Projection

TABLES = """
    CREATE TABLE timer_states(ticket uuid PRIMARY KEY, state text NOT NULL);
    CREATE TABLE timers(
      ticket uuid NOT NULL, kind text NOT NULL, target uuid NOT NULL, due_at timestamptz NOT NULL, PRIMARY KEY (ticket, kind, target));
    CREATE INDEX timers_by_due ON timers(kind, due_at, ticket);
"""
KINDS = ("SLA_IMMINENT", "SLA_BREACH", "SNOOZE_END", "AUTO_CLOSE")
LOAD = "SELECT ticket AS stream, state FROM timer_states WHERE ticket = ANY($1)"
SAVE = "INSERT INTO timer_states(ticket, state) VALUES ($1, $2) ON CONFLICT (ticket) DO UPDATE SET state = $2"
FORGET = "DELETE FROM timers WHERE ticket = $1"
SET = "INSERT INTO timers(ticket, kind, target, due_at) VALUES ($1, $2, $3, $4)"


def _rows(ticket: UUID, state: Clocks) -> list[Statement]:
    set_: list[Statement] = [
        (SET, (ticket, f"SLA_{deadline.kind}", deadline.target, deadline.at)) for deadline in state.sla.deadlines()
    ]
    if state.status is Status.SNOOZED and state.sleeps_until is not None:
        set_.append((SET, (ticket, "SNOOZE_END", ticket, state.sleeps_until)))
    if state.status is Status.RESOLVED:
        set_.append((SET, (ticket, "AUTO_CLOSE", ticket, state.sla.marks[-1].at)))
    return [(SAVE, (ticket, written(state))), (FORGET, (ticket,)), *set_]


timers = Projection(
    "timers",
    version=1,
    tables=TABLES,
    staff_tables=frozenset({"timer_states", "timers"}),
    fold=folding(LOAD, _rows, EVERYTHING),
)


class Timer(Struct, frozen=True, kw_only=True):
    """`target` is the promise's id, or the ticket's own where it is about none. `due_at` of AUTO_CLOSE is when it was resolved."""

    ticket: UUID
    kind: str
    target: UUID
    due_at: datetime


DUE = """SELECT t.ticket, t.kind, t.target, t.due_at FROM unnest($1::text[], $2::timestamptz[]) AS k(kind, until)
  CROSS JOIN LATERAL (
    SELECT ticket, kind, target, due_at FROM timers WHERE kind = k.kind AND due_at <= k.until ORDER BY due_at, ticket LIMIT $3{lock}) t
  ORDER BY t.due_at, t.ticket"""


async def due(db: Database, now: datetime, close_after: timedelta, limit: int = 100, *, claim: bool = False) -> Sequence[Timer]:
    """What is due, longest due first, at most `limit` of each kind.

    `close_after` is the policy's: how long a resolved ticket waits before it is closed by time.

    With `claim`, inside the caller's transaction, rows are locked and those locked by others are left out; that needs a login that
    may update the table.
    """
    until = [now - close_after if kind == "AUTO_CLOSE" else now for kind in KINDS]
    sql = DUE.format(lock=" FOR UPDATE SKIP LOCKED" if claim else "")
    rows = await db.fetch(sql, list(KINDS), until, limit)
    return [Timer(ticket=row["ticket"], kind=row["kind"], target=row["target"], due_at=row["due_at"]) for row in rows]


async def next_due(db: Database, close_after: timedelta) -> datetime | None:
    """When something is due next; None when nothing ever is, as far as is known now."""
    row = await db.fetchrow(
        """SELECT min(n.at) AS at FROM unnest($1::text[], $2::interval[]) AS k(kind, later) CROSS JOIN LATERAL (
          SELECT due_at + k.later AS at FROM timers WHERE kind = k.kind ORDER BY due_at LIMIT 1) n""",
        list(KINDS),
        [close_after if kind == "AUTO_CLOSE" else timedelta() for kind in KINDS],
    )
    return None if row is None else row["at"]

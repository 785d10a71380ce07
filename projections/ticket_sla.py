"""What was promised on each ticket, how does it stand, and when does it fall due?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.tickets.sla import SlaClocks
from domain.tickets.sla_json import calendar_to_json, from_json
from projections.arguments import Arguments, document
from projections.clocks import SEEN, Clocks, folding, written
from projections.database import Database, Statement
from projections.projection import Projection
from projections.viewer import Viewer

TABLES = """
    CREATE TABLE sla_clocks(
      ticket uuid PRIMARY KEY, audience uuid NOT NULL, due_at timestamptz, versions int[] NOT NULL, state text NOT NULL);
    CREATE INDEX sla_clocks_soonest ON sla_clocks((coalesce(due_at, 'infinity'::timestamptz)), ticket);
    CREATE INDEX sla_clocks_latest ON sla_clocks((coalesce(due_at, '-infinity'::timestamptz)), ticket);
    CREATE INDEX sla_clocks_of_audience_soonest ON sla_clocks(audience, (coalesce(due_at, 'infinity'::timestamptz)), ticket);
    CREATE INDEX sla_clocks_of_audience_latest ON sla_clocks(audience, (coalesce(due_at, '-infinity'::timestamptz)), ticket);
    CREATE TABLE sla_targets(
      id uuid PRIMARY KEY, ticket uuid NOT NULL, place int NOT NULL, metric text NOT NULL, state text NOT NULL,
      within_microseconds bigint NOT NULL, policy text NOT NULL, calendar text NOT NULL,
      applied_at timestamptz NOT NULL, due_at timestamptz, ended_at timestamptz);
    CREATE INDEX sla_targets_of_ticket ON sla_targets(ticket);
    CREATE INDEX sla_targets_by_state ON sla_targets(state, ticket);
    CREATE INDEX sla_targets_by_due ON sla_targets(due_at) WHERE due_at IS NOT NULL;
"""
LOAD = "SELECT ticket AS stream, state FROM sla_clocks WHERE ticket = ANY($1)"
SAVE = """INSERT INTO sla_clocks(ticket, audience, due_at, versions, state) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (ticket) DO UPDATE SET audience = $2, due_at = $3, versions = $4, state = $5"""
SAVE_TARGET = """INSERT INTO sla_targets AS t
  (id, ticket, place, metric, state, within_microseconds, policy, calendar, applied_at, due_at, ended_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  ON CONFLICT (id) DO UPDATE SET state = excluded.state, due_at = excluded.due_at, ended_at = excluded.ended_at
  WHERE (t.state, t.due_at, t.ended_at) IS DISTINCT FROM (excluded.state, excluded.due_at, excluded.ended_at)"""
MICROSECOND = timedelta(microseconds=1)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _rows(ticket: UUID, state: Clocks) -> list[Statement]:
    sla = state.sla
    due = {target: sla.due_at(target) for target in sla.clocks}
    versions = sorted({*(mark.version for mark in sla.marks), *(clock.version for clock in sla.clocks.values())})
    first = min((at for at in due.values() if at is not None), default=None)
    statements: list[Statement] = [(SAVE, (ticket, state.audience, first, versions, written(state)))]
    for place, (target, clock) in enumerate(sla.clocks.items()):
        if clock.end is not None and target not in state.changed:
            continue
        fixed = (
            clock.metric,
            sla.state(target),
            clock.within // MICROSECOND,
            clock.policy,
            _json(calendar_to_json(clock.calendar)),
        )
        statements.append((SAVE_TARGET, (target, ticket, place, *fixed, clock.applied_at, due[target], clock.ended_at)))
    return statements


ticket_sla = Projection("ticket_sla", version=1, tables=TABLES, fold=folding(LOAD, _rows, SEEN))


class SlaTarget(Struct, frozen=True, kw_only=True):
    """A promise. How much of it is used, and the ledger, depend on the time of asking: see `clocks`."""

    id: UUID
    ticket_id: UUID
    metric: str
    state: str
    within_microseconds: int
    policy: str
    calendar: dict[str, Any]
    applied_at: datetime
    due_at: datetime | None = None
    ended_at: datetime | None = None
    clocks: dict[str, Any] | None = None
    """Only where the target is read by itself; with a ticket the clocks stand once, on the ticket."""

    @property
    def within(self) -> timedelta:
        return self.within_microseconds * MICROSECOND


def clocks(value: dict[str, Any]) -> SlaClocks:
    """The clocks read with a ticket or a target, to be asked for `ledger(target, now)` and `consumed(target, now)`.

    An interval's `entry` is the version of the entry (`Entry.version`) that began it.
    """
    return from_json(value)


def clocks_of(ticket: str) -> str:
    """The clocks of the ticket in this SQL expression."""
    return f"(SELECT c.state::json -> 'sla' FROM sla_clocks c WHERE c.ticket = {ticket})"


def target(alias: str, *, alone: bool = False) -> str:
    """The document of a row of sla_targets under this alias."""
    columns = ("id", "metric", "state", "within_microseconds", "policy", "applied_at", "due_at", "ended_at")
    fields = {column: f"{alias}.{column}" for column in columns}
    fields |= {"ticket_id": f"{alias}.ticket", "calendar": f"{alias}.calendar::json"}
    if alone:
        fields["clocks"] = clocks_of(f"{alias}.ticket")
    return document(fields)


async def sla_targets(db: Database, viewer: Viewer, ids: Sequence[UUID]) -> list[SlaTarget]:
    """These promises, as far as the viewer may see their tickets; for `node`."""
    arguments = Arguments()
    wanted = arguments(list(ids), "uuid[]")
    sight, values = viewer.may_see("k.audience", len(arguments.values) + 1)
    sql = f"""SELECT {target("t", alone=True)}::text AS doc FROM sla_targets t JOIN tickets k ON k.id = t.ticket
      WHERE t.id = ANY({wanted}) AND {sight}"""
    return [msgspec.json.decode(row["doc"], type=SlaTarget) for row in await db.fetch(sql, *arguments.values, *values)]

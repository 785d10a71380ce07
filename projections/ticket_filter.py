"""Which tickets, and in what order: the filter as data and as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from projections.arguments import Arguments
from projections.order import Order
from projections.viewer import Viewer


class Compare(Struct, frozen=True, kw_only=True):
    """What a column must be, all parts at once. Nothing is none of `nin`, so what is absent fits it. `present`: whether there is one."""

    eq: str | UUID | None = None
    in_: Sequence[str | UUID] | None = None
    nin: Sequence[str | UUID] | None = None
    present: bool | None = None

    def sql(self, arguments: Arguments, column: str, cast: str) -> list[str]:
        parts = []
        if self.eq is not None:
            parts.append(f"{column} = {arguments(self.eq, cast)}")
        if self.in_ is not None:
            parts.append(f"{column} = ANY({arguments(list(self.in_), f'{cast}[]')})")
        if self.nin is not None:
            parts.append(f"({column} IS NULL OR {column} <> ALL({arguments(list(self.nin), f'{cast}[]')}))")
        if self.present is not None:
            parts.append(f"{column} IS {'NOT ' if self.present else ''}NULL")
        return parts


class Between(Struct, frozen=True, kw_only=True):
    """A half-open stretch of time."""

    gte: datetime | None = None
    lt: datetime | None = None

    def sql(self, arguments: Arguments, column: str) -> list[str]:
        bounds = ((">=", self.gte), ("<", self.lt))
        return [f"{column} {than} {arguments(bound, 'timestamptz')}" for than, bound in bounds if bound is not None]


class TicketFilter(Struct, frozen=True, kw_only=True):
    """Which tickets; all parts at once. `sla_state`: a promise stands in one of these. `tags`: all of them; nothing for customers."""

    status: Compare | None = None
    kind: Compare | None = None
    priority: Compare | None = None
    severity: Compare | None = None
    channel: Compare | None = None
    organisation: Compare | None = None
    requester: Compare | None = None
    assignee: Compare | None = None
    queue: Compare | None = None
    service: Compare | None = None
    created_at: Between | None = None
    updated_at: Between | None = None
    sla_due_at: Between | None = None
    sla_state: Sequence[str] | None = None
    tags: Sequence[str] | None = None

    def audiences(self, viewer: Viewer) -> list[UUID] | None:
        """Whose tickets to walk: the viewer's, or of these only the organisations named; None for all."""
        own = viewer.audiences
        named: set[UUID] | None = None
        if self.organisation is not None:
            for ids in ([self.organisation.eq] if self.organisation.eq else None, self.organisation.in_):
                if ids is not None:
                    these = {id for id in ids if isinstance(id, UUID)}
                    named = these if named is None else named & these
        if own is None:
            return None if named is None else sorted(named)
        return [id for id in own if named is None or id in named]

    @property
    def reads_sla(self) -> bool:
        return self.sla_due_at is not None or self.sla_state is not None

    @property
    def has_index(self) -> bool:
        """Whether an index leads to what fits a part of it; otherwise all there is has to be looked at."""
        named = (self.status, self.assignee, self.requester, self.service)
        return (
            any(each is not None and (each.eq is not None or each.in_ is not None) for each in named)
            or self.reads_sla
            or self.tags is not None
        )

    def sql(self, arguments: Arguments, viewer: Viewer) -> str:
        """The predicate over tickets as `t`."""
        if self.tags is not None and not viewer.sees_staff:
            return "FALSE"
        parts: list[str] = []
        for name in ("status", "kind", "priority", "severity", "channel"):
            if (compare := getattr(self, name)) is not None:
                parts += compare.sql(arguments, f"t.{name}", "text")
        for name in ("organisation", "requester", "assignee", "queue"):
            if (compare := getattr(self, name)) is not None:
                parts += compare.sql(arguments, f"t.{name}", "uuid")
        if self.service is not None:
            parts += _about(arguments, self.service)
        if self.created_at is not None:
            parts += self.created_at.sql(arguments, "t.created_at")
        if self.updated_at is not None:
            if viewer.sees_staff:
                # OFFSET 0: looked up for each ticket, never joined with all that were changed in that time.
                parts += _exists("ticket_staff s", "s.ticket", self.updated_at.sql(arguments, "s.updated_at"), " OFFSET 0")
            else:
                parts += self.updated_at.sql(arguments, "t.updated_at")
        if self.sla_due_at is not None:
            parts += _exists("sla_targets g", "g.ticket", ["g.due_at IS NOT NULL", *self.sla_due_at.sql(arguments, "g.due_at")])
        if self.sla_state is not None:
            parts += _exists("sla_targets g", "g.ticket", [f"g.state = ANY({arguments(list(self.sla_state), 'text[]')})"])
        if self.tags is not None:
            parts += _exists("ticket_staff s", "s.ticket", [f"s.tags @> {arguments(list(self.tags), 'text[]')}"])
        return " AND ".join(parts) or "TRUE"


def _exists(table: str, key: str, which: Sequence[str], end: str = "") -> list[str]:
    return [f"EXISTS (SELECT FROM {table} WHERE {key} = t.id AND {' AND '.join(which)}{end})"] if which else []


def _about(arguments: Arguments, services: Compare) -> list[str]:
    """Of the services a ticket is about, one is that or one of these, and none is one of those."""
    some = Compare(eq=services.eq, in_=services.in_)
    parts = _exists("ticket_services a", "a.ticket", some.sql(arguments, "a.service", "uuid"))
    if services.nin is not None:
        (none,) = _exists("ticket_services a", "a.ticket", Compare(in_=services.nin).sql(arguments, "a.service", "uuid"))
        parts.append(f"NOT {none}")
    return parts


class OrderField(StrEnum):
    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"
    PRIORITY = "PRIORITY"
    SLA_DUE_AT = "SLA_DUE_AT"


class TicketOrder(Struct, frozen=True):
    """How to sort. UPDATED_AT is what the viewer may see changed; tickets that owe nothing come last by SLA_DUE_AT either way."""

    field: OrderField = OrderField.UPDATED_AT
    descending: bool = True

    def walked(self, viewer: Viewer) -> tuple[str, str, Order]:
        """What to read in order: the tables with tickets as `t`, the audience column that leads their index, and the keys."""
        down = self.descending
        match self.field:
            case OrderField.CREATED_AT:
                return "tickets t", "t.audience", Order("t.created_at", "timestamptz", "t.id", "uuid", down)
            case OrderField.PRIORITY:
                return "tickets t", "t.audience", Order("t.priority_rank", "smallint", "t.id", "uuid", down)
            case OrderField.SLA_DUE_AT:
                key = f"coalesce(d.due_at, '{'-' if down else ''}infinity'::timestamptz)"
                source = "sla_clocks d JOIN tickets t ON t.id = d.ticket"
                return source, "d.audience", Order(key, "timestamptz", "d.ticket", "uuid", down)
            case OrderField.UPDATED_AT if viewer.sees_staff:
                source = "ticket_staff u JOIN tickets t ON t.id = u.ticket"
                return source, "u.audience", Order("u.updated_at", "timestamptz", "u.ticket", "uuid", down)
        return "tickets t", "t.audience", Order("t.updated_at", "timestamptz", "t.id", "uuid", down)

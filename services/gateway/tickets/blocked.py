"""Tickets and incidents that cannot be relied on: left out of what is answered, and named beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from projections.ticket_rows import Ticket
from services.gateway import ids
from services.gateway.context import Info
from services.gateway.failures import Code, RequestFailed


def warn_of(info: Info, blocked: Sequence[UUID], kind: str = "ticket") -> None:
    """READ_BLOCKED beside what is answered all the same: what cannot be read must not keep all else from anybody."""
    if blocked:
        named = [str(ids.global_id(kind, each)) for each in blocked]
        problem = RequestFailed(
            Code.READ_BLOCKED,
            f"Some {kind}s could not be taken into the view and are left out; an operator has to look at it.",
            blocked=named,
        )
        info.context.warn(problem, info.path.as_list())


def without_blocked(info: Info, rows: Iterable[Ticket | None]) -> list[Ticket]:
    """Those of tickets reached by way of something else that can be relied on; READ_BLOCKED beside them names the others."""
    found = [row for row in rows if row is not None]
    warn_of(info, [row.id for row in found if row.blocked])
    return [row for row in found if not row.blocked]

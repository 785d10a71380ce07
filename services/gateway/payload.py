"""What every mutation returns, and how it is read after the write."""

from __future__ import annotations

from uuid import UUID

import strawberry

from services.gateway.context import Info
from services.gateway.refusals import UserError
from services.runtime.command import Receipt
from services.runtime.position import Position

VISIBLE = "SELECT count(*) AS n FROM store.tail WHERE stream = $1 AND version <= $2 AND class <> 'restricted'"
CURRENT = "SELECT coalesce(max(version), 0) AS n FROM store.tail WHERE stream = $1"
PATIENCE = 3.0
"""Seconds that a payload waits for the view to have what was just written; the write itself stands either way."""


@strawberry.interface(description="What every mutation returns.")
class Payload:
    """A command that recorded nothing (a label that was there already) answers with the head of the log: what is there includes it."""

    errors: list[UserError] = strawberry.field(description="Why it was refused; empty on success.", default_factory=list)
    receipt: strawberry.Private[Receipt | None] = None
    subject: strawberry.Private[UUID | None] = None

    @strawberry.field(description="The version after the change; null when refused.")
    async def version(self, info: Info) -> int | None:
        return await version_of(info, self.receipt, self.subject)

    @strawberry.field(description="Pass it as atLeast; null when refused.")
    async def position(self, info: Info) -> Position | None:
        return await position_of(info, self.receipt)


async def version_of(info: Info, receipt: Receipt | None, subject: UUID | None) -> int | None:
    """A stream's version after a command; for those who see no staff matters, counted without them. Straight from the log."""
    if receipt is None or subject is None:
        return None
    context = info.context
    version = receipt.versions.get(subject)
    if version is None:
        row = await context.public.fetchrow(CURRENT, subject)
        version = row["n"] if row else 0
    if context.anybody is not None and context.anybody.sees_staff:
        return version
    row = await context.public.fetchrow(VISIBLE, subject, version)
    return row["n"] if row else 0


async def position_of(info: Info, receipt: Receipt | None) -> Position | None:
    if receipt is None:
        return None
    return receipt.position or await info.context.services.store.head()

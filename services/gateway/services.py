"""What the gateway stands on, opened at its start and closed at its end: pools, writer, freshness, clock, the live tail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from domain.policies import Policies
from projections.projection import Projection
from services.gateway.auth import Verifier
from services.runtime.clock import Clock
from services.runtime.digests import Digests
from services.runtime.event_store import EventStore
from services.runtime.freshness import Freshness
from services.runtime.position import Position
from services.runtime.postgres import Pool
from services.runtime.settings import Settings
from services.runtime.writer import Writer

READ_PATIENCE = 5.0
"""Seconds a read waits for the position it was asked for."""
STATEMENT = {"statement_timeout": "10s"}


class InForce(Protocol):
    async def now(self) -> Policies: ...


@dataclass(slots=True)
class Services:
    """All of it. `readers` and `customers` are pools of two roles: what is staff's is not granted to the second."""

    settings: Settings
    clock: Clock
    verifier: Verifier
    readers: Pool
    customers: Pool
    store: EventStore
    writer: Writer
    digests: Digests
    freshness: Freshness
    policies: InForce
    draining: asyncio.Event = field(default_factory=asyncio.Event)

    async def reached(
        self, position: Position, projections: Sequence[Projection], *, patience: float = READ_PATIENCE
    ) -> Position:
        """Wait until these read models include the position. Raises BadPosition, ReadBehind."""
        return await self.freshness.wait(position, [(each.name, each.version) for each in projections], timeout=patience)

    async def find_contact(self, email: str) -> UUID | None:
        """Whose address it is, by its digest: the address itself is nowhere in the clear but in the contact's own row."""
        return await self.store.find("email", self.digests.digest("email", email))

"""What a resolver has at hand: who asks, the services behind, and reads that are as fresh as was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import strawberry

from domain.policies import Policies
from projections.database import Database
from projections.projection import Projection
from projections.viewer import Viewer
from services.gateway.auth import Identity
from services.gateway.failures import Code, RequestFailed
from services.gateway.services import Services
from services.runtime.freshness import BadPosition, ReadBehind
from services.runtime.position import Position


@dataclass(slots=True)
class Context:
    """Of one request, or of one message of a live feed."""

    services: Services
    identity: Identity | None
    correlation: UUID
    traceparent: str | None = None
    loaders: dict[str, Any] = field(default_factory=dict)

    @property
    def viewer(self) -> Viewer:
        """Whoever asks. UNAUTHENTICATED when nobody is signed in."""
        if self.identity is None:
            raise RequestFailed(Code.UNAUTHENTICATED, "Sign in: send a bearer token.")
        return self.identity.viewer

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    async def policies(self) -> Policies:
        """Those in force."""
        return await self.services.policies.now()

    @property
    def database(self) -> Database:
        """The pool of the asking party's kind: customers' connections have no grant on what is staff's."""
        return self.services.customers if self.viewer.is_customer else self.services.readers

    async def reading(self, at_least: Position | None, projections: Sequence[Projection]) -> Database:
        """Where to read, once these read models include `at_least`. Never serves older rows: it says READ_BEHIND instead."""
        if at_least is not None:
            await self.services.reached(at_least, projections)
        return self.database

    async def must_not_be_blocked(self, projections: Sequence[Projection], *streams: UUID) -> None:
        """READ_BLOCKED when events of these streams are parked: their rows are not to be trusted."""
        if await self.services.parked.holds(projections, streams):
            raise RequestFailed(
                Code.READ_BLOCKED, "Some of this object's history could not be read into the view; staff have been told."
            )


Info: TypeAlias = strawberry.Info[Context, None]


async def wait_for(services: Any, at_least: Position, keys: Sequence[tuple[str, int]], seconds: float) -> Position:
    """Freshness, in the words of the schema's errors."""
    try:
        reached: Position = await services.wait(at_least, keys, timeout=seconds)
    except BadPosition:
        raise RequestFailed(Code.BAD_POSITION, "This position is not of this service's log, or lies beyond its end.") from None
    except ReadBehind as behind:
        raise RequestFailed(
            Code.READ_BEHIND,
            "The view has not caught up yet; ask again in a moment.",
            reached=str(behind.reached),
            asked=str(at_least),
        ) from None
    return reached

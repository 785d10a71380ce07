"""What a resolver has at hand: who asks, the services behind, and reads that are as fresh as was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import strawberry
from graphql import GraphQLError

from domain.policies import Policies
from projections.database import Database
from projections.projection import Projection
from projections.viewer import Viewer
from services.gateway.auth import Identity
from services.gateway.failures import Code, RequestFailed
from services.gateway.services import Services
from services.runtime.position import Position


@dataclass(slots=True)
class Context:
    """Of one request, or of one message of a live feed."""

    services: Services
    identity: Identity | None
    correlation: UUID
    traceparent: str | None = None
    address: str = ""
    """Whence the client comes; what counts for who is not signed in."""
    asked: bytes = b""
    """The mutation under way in one canonical form; mutations of an operation run one after the other."""
    began: datetime | None = None
    """When the mutation under way began: the time of its act."""
    loaders: dict[str, Any] = field(default_factory=dict)
    beside: list[GraphQLError] = field(default_factory=list)
    """What is wrong with an answer that is given all the same; it stands among the errors, with the data."""

    def anew(self) -> Context:
        """For the next operation or message: the same party, nothing read yet."""
        return Context(self.services, self.identity, self.correlation, self.traceparent, self.address)

    def warn(self, problem: GraphQLError, path: list[str | int]) -> None:
        """Answer with the data, and say beside it what is wrong with them."""
        self.beside.append(GraphQLError(problem.message, path=path, original_error=problem))

    @property
    def viewer(self) -> Viewer:
        """Whoever asks. UNAUTHENTICATED when nobody is signed in."""
        if self.identity is None:
            raise RequestFailed(Code.UNAUTHENTICATED, "Sign in: send a bearer token.")
        return self.identity.viewer

    @property
    def anybody(self) -> Viewer | None:
        """Whoever asks; None when nobody is signed in. For what is public."""
        return self.identity.viewer if self.identity else None

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    @property
    def at(self) -> datetime:
        return self.began or self.now

    async def policies(self) -> Policies:
        """Those in force."""
        return await self.services.policies()

    @property
    def database(self) -> Database:
        """The pool of the asking party's kind: customers' connections have no grant on what is staff's."""
        pool: Database = self.services.customers if self.viewer.is_customer else self.services.readers
        return pool

    @property
    def public(self) -> Database:
        """Where to read what is public: who is not signed in reads as customers do, without a grant on what is staff's."""
        return self.database if self.identity else self.services.customers

    async def reading_public(self, at_least: Position | None, projections: Sequence[Projection]) -> Database:
        """As `reading`, of what is public."""
        if at_least is not None:
            await self.services.reached(at_least, projections)
        return self.public

    async def reading(self, at_least: Position | None, projections: Sequence[Projection]) -> Database:
        """Where to read, once these read models include `at_least`. Never serves older rows: it says READ_BEHIND instead."""
        if at_least is not None:
            await self.services.reached(at_least, projections)
        return self.database

    async def after(self, position: Position, projections: Sequence[Projection], patience: float) -> Database:
        """Where to read what was just written."""
        await self.services.reached(position, projections, patience=patience)
        return self.database


Info: TypeAlias = strawberry.Info[Context, None]

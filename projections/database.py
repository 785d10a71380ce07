"""The only thing a query needs of PostgreSQL. asyncpg's pools and connections fulfil it; projections import no driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Statement = tuple[str, tuple[object, ...]]
"""SQL with $1 … and its arguments."""


class Database(Protocol):
    async def fetch(self, query: str, *args: object) -> Sequence[Mapping[str, Any]]: ...

    async def fetchrow(self, query: str, *args: object) -> Mapping[str, Any] | None: ...

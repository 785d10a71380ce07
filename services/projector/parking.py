"""Events a projection could not take. Their stream waits behind them, all others go on, and a fix replays them in order.

A parked row names the class of the error, never its message: messages quote what was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from projections.projection import Projection
from services.runtime.command import RecordedEvent

BEHIND = "EarlierEventParked"
"""The error of an event that is parked only because an earlier one of its stream is."""

TROUBLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a server that goes away, or has enough, makes of a statement. The last: a rollback on what is left of a connection."""

_POISON = ("22", "23", "42", "54", "P0")
_NOT_POISON = (asyncpg.InsufficientPrivilegeError,)


class Parked(NamedTuple):
    row: RecordedEvent
    error: str


class FoldFailed(Exception):
    """A fold could not say what to write. `name` is the class of its error."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def poison(error: BaseException, connection: Any) -> str | None:
    """The name to park an event under; None when the trouble is not the event's (the server is gone, full, out of locks, …).

    The event's are what the data or a statement causes: SQLSTATE classes 22, 23, 42 (a lacking privilege apart), 54, P0, and arguments that
    the driver cannot encode. https://www.postgresql.org/docs/current/errcodes-appendix.html
    """
    if isinstance(error, FoldFailed):
        return error.name
    if connection.is_closed():
        return None
    if isinstance(error, asyncpg.PostgresError):
        is_poison = (error.sqlstate or "").startswith(_POISON) and not isinstance(error, _NOT_POISON)
        return type(error).__name__ if is_poison else None
    if isinstance(error, (asyncpg.InterfaceError, ValueError, TypeError, OverflowError)):
        return type(error).__name__
    return None


async def park(connection: Any, projection: Projection, parked: Sequence[Parked]) -> None:
    """Set these aside; trying one a second time counts as another attempt, waiting behind another does not."""
    if not parked:
        return
    await connection.executemany(
        "INSERT INTO projector.parked (projection, version, stream, position, topic, error) VALUES ($1, $2, $3, $4, $5, $6)"  # noqa: S608
        " ON CONFLICT (projection, version, position) DO UPDATE SET error = excluded.error,"
        f" attempts = parked.attempts + CASE excluded.error WHEN '{BEHIND}' THEN 0 ELSE 1 END",
        [(projection.name, projection.version, row.stream, row.position, row.topic, error) for row, error in parked],
    )
    await changed(connection, projection)


async def changed(connection: Any, projection: Projection) -> None:
    """Tell other projectors, through the checkpoint they lock, that what is parked is no longer what they know."""
    await connection.execute(
        "UPDATE projector.checkpoints SET revision = revision + 1 WHERE projection = $1 AND version = $2",
        projection.name,
        projection.version,
    )


async def positions_by_stream(connection: Any, projection: Projection, streams: Sequence[UUID] | None) -> dict[UUID, list[int]]:
    """What is parked, of `streams` or of all, oldest stream first."""
    found: dict[UUID, list[int]] = {}
    for row in await connection.fetch(
        "SELECT stream, position FROM projector.parked WHERE projection = $1 AND version = $2"
        " AND ($3::uuid[] IS NULL OR stream = ANY($3)) ORDER BY position",
        projection.name,
        projection.version,
        streams,
    ):
        found.setdefault(row["stream"], []).append(row["position"])
    return found

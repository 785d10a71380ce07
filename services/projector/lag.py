"""How far behind the real head of the store each read model is, in events and in time, and what it has set aside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from projections.projection import Projection
from services.projector import metrics
from services.projector.parking import TROUBLE

EVERY = 5.0
_log = logging.getLogger("support.projector")

_STATES = """
SELECT c.projection, c.version, c.epoch, c.position, head.position - c.position AS lag_events,
  coalesce(extract(epoch FROM clock_timestamp()
    - (SELECT e.recorded_at FROM store.stored_events e WHERE e.notification_id = c.position + 1)), 0)::float8 AS lag_seconds,
  (SELECT count(*) FROM projector.parked p WHERE (p.projection, p.version) = (c.projection, c.version)) AS parked,
  (SELECT count(DISTINCT stream) FROM projector.parked p WHERE (p.projection, p.version) = (c.projection, c.version)) AS streams,
  (SELECT r.position::float8 / greatest(r.target, 1) FROM projector.rebuilds r
    WHERE (r.projection, r.version) = (c.projection, c.version) AND r.moved_at > now() - interval '1 minute') AS rebuild,
  c.superseded_in
FROM projector.checkpoints c, (SELECT coalesce(max(notification_id), 0) AS position FROM store.stored_events) AS head
ORDER BY c.projection, c.version"""
_PARKED = """
SELECT p.projection, p.version, p.stream, p.position, p.topic, p.error, p.attempts, p.since, e.originator_version
FROM projector.parked p LEFT JOIN store.stored_events e ON e.notification_id = p.position
WHERE $1::text IS NULL OR p.projection = $1 ORDER BY p.projection, p.version, p.position LIMIT $2"""
CATCHING_UP = 500
"""Events behind from which on a read model is said to be catching up."""


class State(NamedTuple):
    """A read model. `position` is `<epoch>.<number>`; `lag_seconds` the age of the oldest event it lacks."""

    name: str
    version: int
    state: str
    position: str
    lag_events: int
    lag_seconds: float
    parked_events: int
    parked_streams: int
    rebuild_progress: float | None


class ParkedEvent(NamedTuple):
    """An event that was set aside: which, why (a class name), since when, how often it was tried."""

    projection: str
    version: int
    event: str
    stream: UUID
    position: int
    topic: str
    error: str
    attempts: int
    since: datetime


async def states(connection: Any) -> list[State]:
    """Every read model, those of the release before included while they are there."""
    found = []
    for row in await connection.fetch(_STATES):
        if row["rebuild"] is not None:
            state = "REBUILDING"
        elif row["parked"]:
            state = "BLOCKED"
        else:
            state = "CATCHING_UP" if abs(row["lag_events"]) > CATCHING_UP else "LIVE"
        if row["superseded_in"] is not None:
            state = "SUPERSEDED"
        position = f"{row['epoch']}.{row['position']}"
        lag = row["lag_events"], row["lag_seconds"]
        found.append(
            State(row["projection"], row["version"], state, position, *lag, row["parked"], row["streams"], row["rebuild"])
        )
    return found


async def parked(connection: Any, name: str | None = None, limit: int = 100) -> list[ParkedEvent]:
    """What is set aside, oldest first."""
    return [
        ParkedEvent(
            row["projection"],
            row["version"],
            f"{row['stream']}/{row['originator_version']}",
            row["stream"],
            row["position"],
            row["topic"],
            row["error"],
            row["attempts"],
            row["since"],
        )
        for row in await connection.fetch(_PARKED, name, limit)
    ]


async def measure(connect: Callable[[Sequence[str]], Awaitable[Any]], projections: Sequence[Projection]) -> None:
    """Keep the gauges current, for as long as the process runs."""
    declared = {(projection.name, projection.version) for projection in projections}
    connection: Any = None
    try:
        while True:
            try:
                if connection is None or connection.is_closed():
                    connection = await connect([])
                for state in await states(connection):
                    if (state.name, state.version) in declared:
                        metrics.LAG_EVENTS.labels(state.name).set(state.lag_events)
                        metrics.LAG_SECONDS.labels(state.name).set(state.lag_seconds)
                        metrics.PARKED.labels(state.name).set(state.parked_events)
            except TROUBLE as trouble:
                _log.debug("the lag could not be measured", exc_info=trouble)
            await asyncio.sleep(EVERY)
    finally:
        if connection is not None:
            connection.terminate()

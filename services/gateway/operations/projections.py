"""How the read models do, for operators."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

import strawberry

from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.context import Info
from services.gateway.described import said
from services.gateway.shapes import member
from services.runtime.position import Position

CATCHING_UP = 500
"""Events behind from which on a read model is said to be catching up."""
STATES = """
SELECT c.projection, c.version, c.epoch, c.position, greatest(head.position - c.position, 0) AS behind,
  coalesce(extract(epoch FROM clock_timestamp()
    - (SELECT t.recorded_at FROM store.tail t WHERE t.position = c.position + 1)), 0)::float8 AS seconds,
  (SELECT r.position::float8 / greatest(r.target, 1) FROM projector.rebuilds r
    WHERE (r.projection, r.version) = (c.projection, c.version) AND r.moved_at > now() - interval '1 minute') AS rebuild
FROM projector.checkpoints c, (SELECT coalesce(max(position), 0) AS position FROM store.tail) AS head
ORDER BY c.projection, c.version"""
PARKED = """
SELECT * FROM (SELECT p.projection, p.version, p.epoch, p.stream, p.stream_version, p.topic, p.error, p.attempts, p.since,
    row_number() OVER (PARTITION BY p.projection, p.version ORDER BY p.position) AS place
  FROM (SELECT q.projection, q.version, t.epoch, q.stream, t.version AS stream_version, q.topic, q.error, q.attempts, q.since, q.position
    FROM projector.parked q JOIN store.tail t ON t.position = q.position) p) numbered
WHERE place <= 100"""


@strawberry.enum(description="How a read model does.")
class ProjectionState(Enum):
    LIVE = said("LIVE", "Follows.")
    CATCHING_UP = said("CATCHING_UP", "Behind, coming.")
    REBUILDING = said("REBUILDING", "A new version is being built beside it.")
    BLOCKED = said("BLOCKED", "Some streams are parked.")


@strawberry.type(description="An event a projection could not take; its stream waits. Payloads are not shown.")
class ParkedEvent:
    event_id: str = strawberry.field(description="Which.")
    topic: str = strawberry.field(description="Its topic, ticket.opened.v1.")
    since: datetime = strawberry.field(description="Since.")
    attempts: int = strawberry.field(description="Tries.")
    failure: str = strawberry.field(description="Type of the failure, without data.")


@strawberry.type(description="A read model and its lag against the real head of the store.")
class Projection:
    name: str = strawberry.field(description="Name.")
    shape_version: int = strawberry.field(description="Version of its shape.")
    state: ProjectionState = strawberry.field(description="State.")
    position: Position = strawberry.field(description="It includes everything up to here.")
    lag_events: int = strawberry.field(description="Events behind.")
    lag: timedelta = strawberry.field(description="Time behind.")
    rebuild_progress: float | None = strawberry.field(description="Share of a rebuild done, 0 to 1; null when none.")
    parked: list[ParkedEvent] = strawberry.field(description="Events set aside, oldest first, at most 100.")


@strawberry.type
class OperationsQueries:
    @strawberry.field(
        description="Read models. Parked events are released on the command line.",
        directives=[Access(level=AccessLevel.OPERATOR, scope=Scope.OPERATIONS_READ)],
    )
    async def projections(self, info: Info) -> list[Projection]:
        database = info.context.services.readers
        parked: dict[tuple[str, int], list[ParkedEvent]] = {}
        for row in await database.fetch(PARKED):
            event = ParkedEvent(
                event_id=f"{row['epoch']}/{row['stream']}/{row['stream_version']}",
                topic=row["topic"],
                since=row["since"],
                attempts=row["attempts"],
                failure=row["error"],
            )
            parked.setdefault((row["projection"], row["version"]), []).append(event)
        return [
            Projection(
                name=row["projection"],
                shape_version=row["version"],
                state=member(
                    ProjectionState, _state(row["behind"], row["rebuild"], (row["projection"], row["version"]) in parked)
                ),
                position=Position(row["epoch"], row["position"]),
                lag_events=row["behind"],
                lag=timedelta(seconds=max(0.0, row["seconds"])),
                rebuild_progress=row["rebuild"],
                parked=parked.get((row["projection"], row["version"]), []),
            )
            for row in await database.fetch(STATES)
        ]


def _state(behind: int, rebuild: float | None, is_parked: bool) -> str:
    if is_parked:
        return "BLOCKED"
    if rebuild is not None:
        return "REBUILDING"
    return "CATCHING_UP" if behind > CATCHING_UP else "LIVE"

"""Events on their way into projections: read from the log, opened and decoded, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from domain.event import Classification, DomainEvent
from projections.projection import Envelope, Projection
from services.projector.erasure import ERASURES, erased_subject
from services.runtime.command import RecordedEvent
from services.runtime.event_log import COLUMNS, HEAD

__all__ = ["ERASURES", "Batch", "Decode", "Item", "Reader", "head", "read", "rows", "rows_about", "rows_at", "topics_of"]

_CLASSES = {str(name): name for name in Classification}

Decode = Callable[[RecordedEvent], DomainEvent]
"""Raises whatever is wrong with an event that cannot be read."""


class Reader(Protocol):
    """How rows become events (services/projector/reading.py)."""

    async def opened(self, connection: Any, rows: Sequence[RecordedEvent]) -> Decode:
        """A decoder of these rows, with all the keys they need loaded in one query."""
        ...

    def topics(self, event: type[DomainEvent]) -> Iterable[str]:
        """The topics under which an event may be stored: its own, and the older ones that are upcast to it."""
        ...


class Item(NamedTuple):
    """An event with its envelope; `event` is None when it cannot be read, and `error` then names why."""

    row: RecordedEvent
    event: DomainEvent | None
    envelope: Envelope
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The log after position `after` up to `position`, which is the epoch's `epoch`.

    `items` are only those events that somebody asked for, `erased` the (position, subject) of every erasure.
    """

    after: int
    position: int
    epoch: int
    items: Sequence[Item]
    erased: Sequence[tuple[int, UUID]]


async def head(connection: Any) -> tuple[int, int]:
    """The log's current epoch and last position."""
    row = await connection.fetchrow(HEAD)
    return row[0], row[1]


async def rows(connection: Any, after: int, limit: int) -> list[RecordedEvent]:
    """The next rows of the log, in order. Positions have no gaps, so a range is a count."""
    return [
        RecordedEvent(*record)
        for record in await connection.fetch(
            f"SELECT {COLUMNS} FROM store.stored_events WHERE notification_id > $1 AND notification_id <= $2"  # noqa: S608
            " ORDER BY notification_id",
            after,
            after + limit,
        )
    ]


async def rows_about(connection: Any, after: int, upto: int, topics: Sequence[str]) -> list[RecordedEvent]:
    """Those rows in (after, upto] that bear one of `topics`: a rebuild leaves out what its projection takes no notice of."""
    return [
        RecordedEvent(*record)
        for record in await connection.fetch(
            f"SELECT {COLUMNS} FROM store.stored_events WHERE notification_id > $1 AND notification_id <= $2"  # noqa: S608
            " AND topic = ANY($3) ORDER BY notification_id",
            after,
            upto,
            topics,
        )
    ]


async def rows_at(connection: Any, positions: Sequence[int]) -> list[RecordedEvent]:
    """The rows at these positions, in order."""
    return [
        RecordedEvent(*record)
        for record in await connection.fetch(
            f"SELECT {COLUMNS} FROM store.stored_events WHERE notification_id = ANY($1) ORDER BY notification_id",  # noqa: S608
            positions,
        )
    ]


def topics_of(projections: Iterable[Projection], reader: Reader) -> frozenset[str]:
    """The topics these projections take notice of."""
    return frozenset(topic for projection in projections for event in projection.events for topic in reader.topics(event))


async def read(
    connection: Any,
    reader: Reader,
    recorded: Sequence[RecordedEvent],
    wanted: frozenset[str],
    *,
    after: int,
    upto: int,
    epoch: int,
) -> Batch:
    """Decode those of `recorded` that are `wanted`; one that cannot be read becomes an item without an event."""
    asked = [row for row in recorded if row.topic in wanted]
    items: list[Item] = []
    if asked:
        decode = await reader.opened(connection, asked)
        for row in asked:
            try:
                items.append(Item(row, decode(row), envelope(row)))
            except Exception as failure:
                items.append(Item(row, None, envelope(row), type(failure).__name__))
    erased = [(row.position, subject) for row in recorded if (subject := erased_subject(row)) is not None]
    return Batch(after, upto, epoch, items, erased)


def envelope(row: RecordedEvent) -> Envelope:
    return Envelope(
        row.epoch,
        row.position,
        row.stream,
        row.version,
        _CLASSES[row.classification],
        row.organisation,
        row.occurred_at,
        row.recorded_at,
        row.actor_kind,
        row.actor,
        row.correlation,
        row.causation,
    )

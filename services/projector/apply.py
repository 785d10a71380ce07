"""What a batch does to one projection: all of it at once, or, when that fails, stream by stream to find out which event it is.

The quick way knows no savepoints. When a statement fails the batch is done again carefully: a savepoint around each stream, and
inside a failing stream around each event. Then the stream is known to be parked, and the next batch takes the quick way again.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

from projections.database import Statement
from projections.projection import Projection, listed
from services.projector.checkpoints import Member
from services.projector.log import Item
from services.projector.parking import BEHIND, FoldFailed, Parked, poison
from services.projector.statements import grouped


async def quickly(connection: Any, member: Member, items: Sequence[Item], parked: AbstractSet[UUID]) -> list[Parked]:
    """Apply `items` (later than the checkpoint, in order). Returns what has to be parked: what follows in a parked stream, what
    cannot be read and what a handler refuses. Raises what a statement raises; then nothing of it may stay.
    """
    projection, topics = member.projection, member.topics
    fold = projection.fold
    steps = fold.steps if fold else {}
    states: dict[UUID, Any] = {}
    if fold is not None:
        states = await _states(connection, projection, {item.row.stream for item in items if type(item.event) in steps})
    aside: list[Parked] = []
    blocked = set(parked)
    streams: dict[UUID, list[Statement]] = {}
    folded: dict[UUID, Any] = {}
    for row, event, envelope, error in items:
        if row.topic not in topics:
            continue
        kind, stream = type(event), row.stream
        if stream in blocked:
            aside.append(Parked(row, BEHIND))
            continue
        if event is None:
            blocked.add(stream)
            aside.append(Parked(row, error or "Undecodable"))
            continue
        try:
            statements = list(projection.statements(event, envelope))
            if fold is not None and kind in steps:
                state = folded[stream] if stream in folded else states.get(stream, _NEW)
                folded[stream] = steps[kind](fold.start(stream) if state is _NEW else state, event, envelope)
        except Exception as failure:
            blocked.add(stream)
            aside.append(Parked(row, type(failure).__name__))
            continue
        if statements:
            streams.setdefault(stream, []).extend(statements)
    await _run(connection, streams)
    if fold is not None and folded:
        await _run(connection, {stream: _rows(projection, stream, state) for stream, state in folded.items()})
    return aside


async def carefully(connection: Any, member: Member, items: Sequence[Item], parked: AbstractSet[UUID]) -> list[Parked]:
    """Apply `items` with a savepoint around every stream. Raises only what is no event's fault."""
    aside: list[Parked] = []
    by_stream: dict[UUID, list[Item]] = {}
    for item in items:
        by_stream.setdefault(item.row.stream, []).append(item)
    for stream, own in by_stream.items():
        try:
            async with connection.transaction():
                aside += await quickly(connection, member, own, parked & {stream})
        except Exception as error:
            if poison(error, connection) is None:
                raise
            aside += await _one_by_one(connection, member, own)
    return aside


async def _one_by_one(connection: Any, member: Member, items: Sequence[Item]) -> list[Parked]:
    """Apply a stream's events up to the first that fails; that one and the later ones come back."""
    aside: list[Parked] = []
    for item in items:
        blocked = {item.row.stream} if aside else set()
        try:
            async with connection.transaction():
                aside += await quickly(connection, member, [item], blocked)
        except Exception as error:
            name = poison(error, connection)
            if name is None:
                raise
            aside.append(Parked(item.row, name))
    return aside


class _New:
    """A stream whose state was never written."""


_NEW = _New()


async def _states(connection: Any, projection: Projection, streams: set[UUID]) -> dict[UUID, Any]:
    assert projection.fold is not None
    if not streams:
        return {}
    fold = projection.fold
    found = await connection.fetch(fold.load, list(streams))
    try:
        return {stream: fold.read(state) for stream, state in found}
    except Exception as failure:
        raise FoldFailed(type(failure).__name__) from failure


def _rows(projection: Projection, stream: UUID, state: Any) -> Sequence[Statement]:
    assert projection.fold is not None
    try:
        return listed(projection.fold.rows(stream, state))
    except Exception as failure:
        raise FoldFailed(type(failure).__name__) from failure


async def _run(connection: Any, streams: dict[UUID, Sequence[Statement]] | dict[UUID, list[Statement]]) -> None:
    for sql, arguments in grouped(streams.values()):
        await connection.executemany(sql, arguments)

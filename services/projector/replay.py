"""After a fix: what is parked goes through again, each stream in its order; what still fails stays parked.

Keys are read anew, never remembered ones: the person may have been erased since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from services.projector import apply, checkpoints, log
from services.projector.checkpoints import Member
from services.projector.parking import changed, park, positions_by_stream
from services.runtime.freshness import CHANNEL, announcement

_STREAMS = 50


class Replayed(NamedTuple):
    """How many events went through, and how many still wait."""

    applied: int
    parked: int


async def replay(connection: Any, member: Member, reader: Any, streams: Sequence[UUID] | None = None) -> Replayed:
    """Try what is parked of `streams`, or of all. `connection` finds the projection's tables by its search_path."""
    waiting = list(await positions_by_stream(connection, member.projection, streams))
    applied = parked = 0
    for first in range(0, len(waiting), _STREAMS):
        done = await _some(connection, member, reader.fresh(), waiting[first : first + _STREAMS])
        applied, parked = applied + done.applied, parked + done.parked
    return Replayed(applied, parked)


async def _some(connection: Any, member: Member, reader: Any, streams: Sequence[UUID]) -> Replayed:
    projection = member.projection
    async with connection.transaction():
        await checkpoints.lock(connection, [member])
        found = await positions_by_stream(connection, projection, streams)
        positions = sorted(position for own in found.values() for position in own)
        rows = await log.rows_at(connection, positions)
        batch = await log.read(connection, reader, rows, member.topics, after=0, upto=0, epoch=member.epoch)
        aside = await apply.carefully(connection, member, batch.items, frozenset())
        still = {row.position for row, _ in aside}
        await connection.execute(
            "DELETE FROM projector.parked WHERE projection = $1 AND version = $2 AND position = ANY($3)",
            *member.key,
            [position for position in positions if position not in still],
        )
        await park(connection, projection, aside)
        await changed(connection, projection)
        await connection.execute(
            f"SELECT pg_notify('{CHANNEL}', $1)",
            announcement(member.epoch, member.position, [member.key]),
        )
    return Replayed(len(positions) - len(still), len(still))

"""How far each projection is: the row that a batch locks first, moves last, and that readers wait for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from projections.projection import Projection
from services.runtime.freshness import CHANNEL, announcement


class OutOfStep(Exception):
    """A checkpoint is not where this process thought: somebody else moved it back. Look again."""


@dataclass(slots=True)
class Member:
    """A projection that is kept current, with what is known of its checkpoint. `topics` are those it takes notice of."""

    projection: Projection
    topics: frozenset[str]
    epoch: int = 0
    position: int = 0
    revision: int = -1
    parked: set[UUID] = field(default_factory=set)

    @property
    def key(self) -> tuple[str, int]:
        return self.projection.name, self.projection.version


async def look(connection: Any, members: Iterable[Member]) -> None:
    """Refresh what `members` know, without a lock."""
    await _refresh(connection, list(members), "")


async def lock(connection: Any, members: Sequence[Member]) -> None:
    """Hold the checkpoints until the end of the transaction, always in the same order; a second projector waits here.

    After the wait the row says what the other wrote. `revision` counts changes to what is parked, so the parked streams are read
    anew only then.
    """
    await _refresh(connection, members, " FOR UPDATE")


async def _refresh(connection: Any, members: Sequence[Member], locking: str) -> None:
    known = {member.key: member for member in members}
    found = await connection.fetch(
        "SELECT projection, version, epoch, position, revision FROM projector.checkpoints"  # noqa: S608 - `locking` is ours
        " WHERE (projection, version) IN (SELECT * FROM unnest($1::text[], $2::int[]))"
        f" ORDER BY projection, version{locking}",
        [name for name, _ in known],
        [version for _, version in known],
    )
    if len(found) != len(known):
        raise LookupError("a projection has no checkpoint; `support migrate` makes them")
    for row in found:
        member = known[row["projection"], row["version"]]
        member.epoch, member.position = row["epoch"], row["position"]
        if member.revision != row["revision"]:
            member.parked = {
                parked["stream"]
                for parked in await connection.fetch(
                    "SELECT DISTINCT stream FROM projector.parked WHERE projection = $1 AND version = $2", *member.key
                )
            }
            member.revision = row["revision"]


async def advance(connection: Any, members: Sequence[Member], epoch: int, position: int) -> None:
    """Move the checkpoints forward and tell whoever waits for them; nobody hears of it before the commit."""
    keys = [member.key for member in members]
    await connection.execute(
        "WITH moved AS (UPDATE projector.checkpoints SET epoch = $3, position = $4, moved_at = now()"  # noqa: S608
        "   WHERE (projection, version) IN (SELECT * FROM unnest($1::text[], $2::int[])) AND position < $4)"
        f" SELECT pg_notify('{CHANNEL}', $5)",
        [name for name, _ in keys],
        [version for _, version in keys],
        epoch,
        position,
        announcement(epoch, position, keys),
    )

"""One batch of the log in one transaction: lock the checkpoints, do what is newer, move them, tell.

A crash at any moment leaves rows and checkpoint of one batch or of the one before, never of half a batch; what is done twice is
dropped by the checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.projector import apply, checkpoints
from services.projector.checkpoints import Member, OutOfStep
from services.projector.erasure import null_personal
from services.projector.log import Batch
from services.projector.parking import Parked, park, poison


async def project(connection: Any, members: Sequence[Member], batch: Batch) -> int:
    """Bring `members` to `batch.position`. Returns how many events were parked.

    Raises OutOfStep when a checkpoint lies before the batch, and whatever is no event's fault: then nothing has changed.
    """
    try:
        return await _project(connection, members, batch, careful=False)
    except OutOfStep:
        raise
    except Exception as error:
        if poison(error, connection) is None:
            raise
        return await _project(connection, members, batch, careful=True)


async def _project(connection: Any, members: Sequence[Member], batch: Batch, *, careful: bool) -> int:
    parked: list[tuple[Member, list[Parked]]] = []
    async with connection.transaction():
        await checkpoints.lock(connection, members)
        behind = [member for member in members if member.position < batch.position]
        if any(member.position < batch.after for member in behind):
            raise OutOfStep
        for member in behind:
            aside = await bring(connection, member, batch, careful=careful)
            if aside:
                await park(connection, member.projection, aside)
                parked.append((member, aside))
        if behind:
            await checkpoints.advance(connection, behind, batch.epoch, batch.position)
    for member in behind:
        member.epoch, member.position = batch.epoch, batch.position
    return sum(len(aside) for _, aside in parked)


async def bring(connection: Any, member: Member, batch: Batch, *, careful: bool) -> list[Parked]:
    """What a batch does to one projection's tables, erasures last, so that nothing written before them in it stays."""
    items = (
        batch.items if member.position <= batch.after else [item for item in batch.items if item.row.position > member.position]
    )
    if not careful:
        aside = await apply.quickly(connection, member, items, member.parked)
    else:
        aside = await carefully(connection, member, items)
    subjects = [subject for position, subject in batch.erased if position > member.position]
    if subjects:
        await null_personal(connection, member.projection, subjects)
    return aside


async def carefully(connection: Any, member: Member, items: Sequence[Any]) -> list[Parked]:
    """Quickly within a savepoint, and only for the projection that fails stream by stream."""
    try:
        async with connection.transaction():
            return await apply.quickly(connection, member, items, member.parked)
    except Exception as error:
        if poison(error, connection) is None:
            raise
    return await apply.carefully(connection, member, items, member.parked)

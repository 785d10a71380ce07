"""Whether a checkpoint lies on a part of the log that a restore has lost.

An epoch is one unbroken line of facts. Where epoch E + 1 began, `base` says up to which position the facts of epoch E were kept. A
projection that had gone further holds facts that no longer are, and nobody can take single ones back: it is rebuilt from the log, beside
the live tables, and takes their place. One that had not gone further just goes on.
"""

from __future__ import annotations

from typing import Any


async def lost(connection: Any, epoch: int, position: int) -> bool:
    """Whether (epoch, position) is not on the line of the log as it now is."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM store.logs WHERE epoch > $1 AND base < $2)"
            " OR $2 > (SELECT coalesce(max(notification_id), 0) FROM store.stored_events)",
            epoch,
            position,
        )
    )

"""Shows how the read models catch up with the log at a start, so that whoever looks then finds all of it."""

from __future__ import annotations

import asyncio

from services.runtime.settings import Settings

LOOKS_EVERY = 0.25


async def catch_up(settings: Settings) -> None:
    """Wait until every read model has what the log has now, with a bar if that takes a while. What comes meanwhile is not waited for."""
    from services.cli.declared import PROJECTIONS
    from services.projector import connector
    from services.projector.lag import states
    from services.projector.progress import shown

    declared = {(each.name, each.version) for each in PROJECTIONS}
    connection = await connector(settings)([])

    async def reached() -> int:
        found = [int(each.position.partition(".")[2]) for each in await states(connection) if each[:2] in declared]
        return min(*found, end) if len(found) == len(declared) else 0

    try:
        end = await connection.fetchval("SELECT coalesce(max(notification_id), 0) FROM store.stored_events")
        if await reached() == end:
            return
        with shown("read models", "events") as report:
            while (done := await reached()) < end:
                report(done, end)
                await asyncio.sleep(LOOKS_EVERY)
            report(end, end)
    finally:
        await connection.close()

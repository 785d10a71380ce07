"""Recording the demo data: many things at once, against the same moments one command at a time.

Both sides record the same events (the test of the demo data compares them) into a fresh database with the server's default durability,
by the same commands. What is gained is that commands of different streams share a commit and their loads overlap; within a stream
they stay in order on both sides.
"""

from __future__ import annotations

from time import perf_counter

from services.demo.course import AT_ONCE
from services.demo.plan import Scale
from tests.bench import Ground, Measure, Ratio, alternate
from tests.services.demo.telling import telling

SUBSET = Scale(tickets=60, organisations=8, days=91, rooms=True)


async def run(ground: Ground) -> dict[str, Ratio]:
    ratio = Ratio("moments/s", target=2.0)
    together, alone = _recording(ground, AT_ONCE), _recording(ground, 1)
    return {"seed.commands_per_s.vs_one_by_one": await alternate(ratio, together, alone, ground.rounds)}


def _recording(ground: Ground, at_once: int) -> Measure:
    async def measure() -> float:
        database = ground.database()
        async with telling(database) as on:
            began = perf_counter()
            done = await on.told(SUBSET, at_once=at_once)
            seconds = perf_counter() - began
        ground.databases.drop(database)
        return done.moments / seconds

    return measure

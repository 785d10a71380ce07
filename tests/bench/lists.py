"""A hundred thousand tickets: what everything that may be asked then reads, and how much slower its slowest list is than at a thousand.

The demo's first thousand tickets are told by commands and projected; that database is the peer. A copy of it has each row a hundred times
over (tests/load/crowd.py says what such copies are good for). Both are asked the same, and every statement is explained with its own
arguments on the plan for any arguments. A sequential scan of a big table, or a far read that tests/load/exempt.py does not
name, misses the target. It takes some four minutes on two cores.
"""

from __future__ import annotations

from collections import defaultdict
from time import perf_counter

from services.demo.plan import Scale
from tests.bench import Ground, Ratio
from tests.load.crowd import multiplied, told
from tests.load.exempt import REPORTS
from tests.load.run import asked, explain

FIRST = Scale(tickets=1000, organisations=40, days=91, rooms=True)
TIMES = 100
BIG = 20_000
SHARE = 0.1


async def run(ground: Ground) -> dict[str, Ratio]:
    few = ground.database()
    began = perf_counter()
    await told(few, FIRST)
    many = ground.databases.copy(few)
    print(f"  {FIRST.tickets:,} tickets told and projected in {perf_counter() - began:.0f} s", flush=True)
    began = perf_counter()
    await multiplied(many, TIMES)
    print(f"  {FIRST.tickets * TIMES:,} tickets by copying in {perf_counter() - began:.0f} s", flush=True)
    began = perf_counter()
    crowd, thousand = await asked(many), await asked(few)
    crowd.found = await explain(many, crowd.watch, big=BIG, share=SHARE)
    print(
        f"  {len(crowd.found)} statements asked and explained in {perf_counter() - began:.0f} s; exempt: {', '.join(REPORTS)}"
    )
    for wrong in [*crowd.failed, *crowd.wrong]:
        print(f"  {wrong[:1500]}")
    worst = max(crowd.found, key=lambda each: each.milliseconds * (each.by not in REPORTS))
    print(f"  slowest: {worst.by} as {worst.role}\n{worst.query[-400:]}")
    slowest: dict[str, float] = defaultdict(float)
    for each in crowd.found:
        slowest[each.by] = max(slowest[each.by], each.milliseconds)
    for name in sorted(slowest, key=lambda name: -slowest[name])[:12]:
        print(f"  {slowest[name]:>8.1f} ms  {name}")
    lists = frozenset(name for name in slowest if name not in REPORTS)
    ratio = Ratio("ms slowest")
    for _ in range(ground.rounds):
        for looked, database, figures in ((crowd, many, ratio.ours), (thousand, few, ratio.peer)):
            found = await explain(database, looked.watch, big=BIG, share=SHARE, only=lists)
            figures.append(max(each.milliseconds for each in found))
    missed = Ratio("statements", ours=[float(len(crowd.wrong) + len(crowd.failed))], peer=[1.0], target=0, at_most=True)
    return {"lists.n100000.reading_too_much": missed, "lists.n100000.vs_n1000": ratio}

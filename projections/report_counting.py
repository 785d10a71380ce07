"""What is counted how: the figures of reports and review packs, from the facts of report_tables.py, one statement a report.

Definitions, which hold in every report and in every pack:
- A bucket is half-open, `[from, to)`; what happened at `to` belongs to the next.
- Tickets that are spam or merged into another, as of the position, are counted nowhere. Imported history is left out of promises and
  times, because nobody promised anything then and its clock was not ours.
- A promise is met or broken in the bucket in which that came: broken at the instant it fell due, whether or not that was recorded yet. What
  superseded another runs from the other's start; the other is not counted. Running are those that were owed at the bucket's end.
- Backlog is what is neither resolved, closed nor spam at the bucket's end (or now, where that is to come). Age is since the opening.
- First response and resolution take the counted time of the ticket's own promise of that kind, day and night where there was none, in the
  bucket of the response, or of the last resolution if it still stands. Percentiles are nearest-rank: a value that occurred.
- A resolution that could be rated is one of an episode, in the bucket of the resolution; its rating counts there too, whenever it came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct

from projections.arguments import Arguments
from projections.database import Database
from projections.report_scope import Asked, Bucket

COUNTED = (0.5, 0.9, 0.95, 0.99)
AGES = ("1 day", "3 days", "7 days", "30 days")


class Row(Struct, frozen=True, kw_only=True):
    """`keys` are the values of the dimensions asked for, in their order; nothing is an empty text."""

    bucket: Bucket
    keys: tuple[str, ...] = ()


class Volume(Row, frozen=True, kw_only=True):
    opened: int = 0
    resolved: int = 0
    reopened: int = 0
    closed: int = 0
    backlog: int = 0


class Ageing(Row, frozen=True, kw_only=True):
    """How many are how old; `oldest` in microseconds, None without any."""

    under_one_day: int = 0
    one_to_three_days: int = 0
    three_to_seven_days: int = 0
    seven_to_thirty_days: int = 0
    over_thirty_days: int = 0
    oldest: int | None = None


class Compliance(Row, frozen=True, kw_only=True):
    met: int = 0
    breached: int = 0
    running: int = 0


class Spread(Struct, frozen=True, kw_only=True):
    """In microseconds; None when the count is 0."""

    count: int = 0
    p50: int | None = None
    p90: int | None = None
    p95: int | None = None
    p99: int | None = None


class Times(Row, frozen=True, kw_only=True):
    first_response: Spread = Spread()
    resolution: Spread = Spread()


class Satisfaction(Row, frozen=True, kw_only=True):
    """`distribution` are the numbers of ratings of 1, 2, 3, 4 and 5; `total` is the sum of all scores."""

    asked: int = 0
    rated: int = 0
    total: int = 0
    distribution: tuple[int, ...] = (0, 0, 0, 0, 0)


async def volume(db: Database, asked: Asked) -> list[Volume]:
    """Tickets in and out, and what is open at each bucket's end."""
    arguments = Arguments()
    tickets, keys, cut = asked.tickets(arguments), asked.keys(), asked.cuts(arguments)
    sql = f"""WITH t AS ({tickets}), x AS (
        SELECT {cut.place("m.at")} AS n, {keys} AS keys, lower(m.what) AS what FROM t JOIN report_moves m ON m.ticket = t.ticket
          WHERE {cut.within("m.at")}
        UNION ALL SELECT {cut.place("o.from_at")}, {keys}, 'begun' FROM t JOIN report_open o ON o.ticket = t.ticket
          WHERE {cut.before_the_end("o.from_at")}
        UNION ALL SELECT {cut.place("o.to_at")}, {keys}, 'ended' FROM t JOIN report_open o ON o.ticket = t.ticket
          WHERE {cut.before_the_end("o.to_at")})
      SELECT n, keys, what, count(*) AS n_of FROM x GROUP BY 1, 2, 3"""
    found = _by_place(await db.fetch(sql, *arguments.values))
    _stand(asked, found, "backlog")
    return [Volume(bucket=bucket, keys=keys, **found.get((n, keys), {})) for n, bucket, keys in asked.places(found)]


async def ageing(db: Database, asked: Asked) -> list[Ageing]:
    """How old open tickets are at each bucket's end."""
    arguments = Arguments()
    tickets, buckets, keys = asked.tickets(arguments), asked.sql_buckets(arguments), asked.keys()
    now = arguments(asked.now, "timestamptz")
    bounds = [None, *AGES, None]
    names = [each for each in Ageing.__struct_fields__ if each not in ("bucket", "keys", "oldest")]
    counts = []
    for name, (least, most) in zip(names, pairwise(bounds), strict=True):
        parts = [f"age >= '{least}'" if least else "", f"age < '{most}'" if most else ""]
        counts.append(f"count(*) FILTER (WHERE {' AND '.join(part for part in parts if part)}) AS {name}")
    # Lengths in days, so that an age does not depend on the zone that a connection happens to have.
    sql = f"""WITH b AS ({buckets}), t AS ({tickets}),
      o AS (SELECT b.n, {keys} AS keys, least(b.to_at, {now}) - t.opened_at AS age FROM b JOIN t ON TRUE JOIN report_open o
        ON o.ticket = t.ticket AND o.from_at < b.to_at AND (o.to_at IS NULL OR o.to_at >= b.to_at))
      SELECT n, keys, {", ".join(counts)}, (extract(epoch FROM max(age)) * 1000000)::bigint AS oldest FROM o GROUP BY 1, 2"""
    found = {(row["n"], tuple(row["keys"])): row for row in await db.fetch(sql, *arguments.values)}
    return [
        Ageing(bucket=bucket, keys=keys, **{name: row[name] for name in (*names, "oldest")})
        if (row := found.get((n, keys))) is not None
        else Ageing(bucket=bucket, keys=keys)
        for n, bucket, keys in asked.places(found)
    ]


async def compliance(db: Database, asked: Asked) -> list[Compliance]:
    """Promises kept, broken and running."""
    arguments = Arguments()
    tickets, keys, cut = asked.tickets(arguments), asked.keys(metric="p.metric"), asked.cuts(arguments)
    now = arguments(asked.now, "timestamptz")
    sql = f"""WITH t AS ({tickets}),
      g AS (SELECT p.started_at, CASE p.state WHEN 'MET' THEN 'met' ELSE 'breached' END AS how, {keys} AS keys,
        CASE WHEN p.state <> 'RUNNING' THEN p.ended_at WHEN p.due_at < {now} THEN p.due_at END AS over_at
        FROM t JOIN report_targets p ON p.ticket = t.ticket WHERE p.state <> 'SUPERSEDED' AND NOT t.imported),
      x AS (
        SELECT {cut.place("g.over_at")} AS n, g.keys, g.how AS what FROM g WHERE {cut.within("g.over_at")}
        UNION ALL SELECT {cut.place("g.started_at")}, g.keys, 'begun' FROM g WHERE {cut.before_the_end("g.started_at")}
        UNION ALL SELECT {cut.place("g.over_at")}, g.keys, 'ended' FROM g WHERE {cut.before_the_end("g.over_at")})
      SELECT n, keys, what, count(*) AS n_of FROM x GROUP BY 1, 2, 3"""
    found = _by_place(await db.fetch(sql, *arguments.values))
    _stand(asked, found, "running")
    return [Compliance(bucket=bucket, keys=keys, **found.get((n, keys), {})) for n, bucket, keys in asked.places(found)]


async def times(db: Database, asked: Asked) -> list[Times]:
    """How long first responses and resolutions took."""
    arguments = Arguments()
    tickets, keys, cut = asked.tickets(arguments), asked.keys(), asked.cuts(arguments)
    ranks = arguments(list(COUNTED), "float8[]")
    each = [
        f"""SELECT {cut.place(f"r.{at}")} AS n, {keys} AS keys, '{what}' AS what, count(*) AS n_of,
          percentile_disc({ranks}) WITHIN GROUP (ORDER BY r.{length}) AS ranks
        FROM t JOIN report_times r ON r.ticket = t.ticket WHERE NOT t.imported AND {cut.within(f"r.{at}")} GROUP BY 1, 2"""
        for what, at, length in (
            ("first_response", "responded_at", "response_microseconds"),
            ("resolution", "resolved_at", "resolution_microseconds"),
        )
    ]
    sql = f"WITH t AS ({tickets}) {' UNION ALL '.join(each)}"
    found: dict[tuple[int, tuple[str, ...]], dict[str, Spread]] = {}
    for row in await db.fetch(sql, *arguments.values):
        p50, p90, p95, p99 = row["ranks"]
        spread = Spread(count=row["n_of"], p50=p50, p90=p90, p95=p95, p99=p99)
        found.setdefault((row["n"], tuple(row["keys"])), {})[row["what"]] = spread
    return [Times(bucket=bucket, keys=keys, **found.get((n, keys), {})) for n, bucket, keys in asked.places(found)]


async def satisfaction(db: Database, asked: Asked) -> list[Satisfaction]:
    """How resolutions were rated."""
    arguments = Arguments()
    tickets, keys, cut = asked.tickets(arguments), asked.keys(), asked.cuts(arguments)
    spread = ", ".join(f"count(*) FILTER (WHERE r.score = {score})" for score in range(1, 6))
    sql = f"""WITH t AS ({tickets})
      SELECT {cut.place("r.at")} AS n, {keys} AS keys, count(*) AS asked, count(r.score) AS rated, coalesce(sum(r.score), 0) AS total,
        ARRAY[{spread}] AS spread
      FROM t JOIN report_resolutions r ON r.ticket = t.ticket WHERE NOT t.imported AND {cut.within("r.at")} GROUP BY 1, 2"""
    found = {(row["n"], tuple(row["keys"])): row for row in await db.fetch(sql, *arguments.values)}
    return [
        Satisfaction(
            bucket=bucket,
            keys=keys,
            asked=row["asked"],
            rated=row["rated"],
            total=row["total"],
            distribution=tuple(row["spread"]),
        )
        if (row := found.get((n, keys))) is not None
        else Satisfaction(bucket=bucket, keys=keys)
        for n, bucket, keys in asked.places(found)
    ]


Found = dict[tuple[int, tuple[str, ...]], dict[str, int]]


def _by_place(rows: Sequence[Mapping[str, Any]]) -> Found:
    found: Found = {}
    for row in rows:
        found.setdefault((row["n"], tuple(row["keys"])), {})[row["what"]] = row["n_of"]
    return found


def _stand(asked: Asked, found: Found, name: str) -> None:
    """From how many began and ended in each bucket to how many stand at its end."""
    for keys in {keys for _, keys in found}:
        standing = 0
        for n in range(1, len(asked.buckets) + 1):
            counts = found.get((n, keys), {})
            standing += counts.pop("begun", 0) - counts.pop("ended", 0)
            if standing:
                found.setdefault((n, keys), counts)[name] = standing
            elif not counts:
                found.pop((n, keys), None)

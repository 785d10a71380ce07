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

from datetime import datetime
from itertools import pairwise

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
    tickets, buckets, keys = asked.tickets(arguments), asked.sql_buckets(arguments), asked.keys()
    sql = f"""WITH b AS ({buckets}), t AS ({tickets})
      SELECT b.n, {keys} AS keys, lower(m.what) AS what, count(*) AS n_of FROM b JOIN report_moves m ON m.at >= b.from_at AND m.at < b.to_at
        JOIN t ON t.ticket = m.ticket GROUP BY 1, 2, 3
      UNION ALL
      SELECT b.n, {keys}, 'backlog', count(*) FROM b JOIN t ON TRUE JOIN report_open o ON o.ticket = t.ticket
        AND o.from_at < b.to_at AND (o.to_at IS NULL OR o.to_at >= b.to_at) GROUP BY 1, 2"""
    found: dict[tuple[int, tuple[str, ...]], dict[str, int]] = {}
    for row in await db.fetch(sql, *arguments.values):
        found.setdefault((row["n"], tuple(row["keys"])), {})[row["what"]] = row["n_of"]
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
    tickets, buckets, keys = asked.tickets(arguments), asked.sql_buckets(arguments), asked.keys(metric="g.metric")
    now = arguments(asked.now, "timestamptz")
    ended = "g.over_at >= b.from_at AND g.over_at < b.to_at"
    sql = f"""WITH b AS ({buckets}), t AS ({tickets}),
      g AS (SELECT p.ticket, p.metric, p.started_at, p.state = 'MET' AS met,
        CASE WHEN p.state <> 'RUNNING' THEN p.ended_at WHEN p.due_at < {now} THEN p.due_at END AS over_at
        FROM report_targets p WHERE p.state <> 'SUPERSEDED')
      SELECT b.n, {keys} AS keys, count(*) FILTER (WHERE g.met AND {ended}) AS met,
        count(*) FILTER (WHERE NOT g.met AND {ended}) AS breached,
        count(*) FILTER (WHERE g.started_at < b.to_at AND (g.over_at IS NULL OR g.over_at >= b.to_at)) AS running
      FROM b JOIN t ON NOT t.imported JOIN g ON g.ticket = t.ticket
        AND (({ended}) OR (g.started_at < b.to_at AND (g.over_at IS NULL OR g.over_at >= b.to_at)))
      GROUP BY 1, 2"""
    found = {(row["n"], tuple(row["keys"])): row for row in await db.fetch(sql, *arguments.values)}
    return [
        Compliance(bucket=bucket, keys=keys, met=row["met"], breached=row["breached"], running=row["running"])
        if (row := found.get((n, keys))) is not None
        else Compliance(bucket=bucket, keys=keys)
        for n, bucket, keys in asked.places(found)
    ]


async def times(db: Database, asked: Asked) -> list[Times]:
    """How long first responses and resolutions took."""
    arguments = Arguments()
    tickets, buckets, keys = asked.tickets(arguments), asked.sql_buckets(arguments), asked.keys()
    ranks = arguments(list(COUNTED), "float8[]")
    each = [
        f"""SELECT b.n, {keys} AS keys, '{what}' AS what, count(*) AS n_of,
          percentile_disc({ranks}) WITHIN GROUP (ORDER BY r.{length}) AS ranks
        FROM b JOIN t ON NOT t.imported JOIN report_times r ON r.ticket = t.ticket AND r.{at} >= b.from_at AND r.{at} < b.to_at
        GROUP BY 1, 2"""
        for what, at, length in (
            ("first_response", "responded_at", "response_microseconds"),
            ("resolution", "resolved_at", "resolution_microseconds"),
        )
    ]
    sql = f"WITH b AS ({buckets}), t AS ({tickets}) {' UNION ALL '.join(each)}"
    found: dict[tuple[int, tuple[str, ...]], dict[str, Spread]] = {}
    for row in await db.fetch(sql, *arguments.values):
        p50, p90, p95, p99 = row["ranks"]
        spread = Spread(count=row["n_of"], p50=p50, p90=p90, p95=p95, p99=p99)
        found.setdefault((row["n"], tuple(row["keys"])), {})[row["what"]] = spread
    return [Times(bucket=bucket, keys=keys, **found.get((n, keys), {})) for n, bucket, keys in asked.places(found)]


async def satisfaction(db: Database, asked: Asked) -> list[Satisfaction]:
    """How resolutions were rated."""
    arguments = Arguments()
    tickets, buckets, keys = asked.tickets(arguments), asked.sql_buckets(arguments), asked.keys()
    spread = ", ".join(f"count(*) FILTER (WHERE r.score = {score})" for score in range(1, 6))
    sql = f"""WITH b AS ({buckets}), t AS ({tickets})
      SELECT b.n, {keys} AS keys, count(*) AS asked, count(r.score) AS rated, coalesce(sum(r.score), 0) AS total, ARRAY[{spread}] AS spread
      FROM b JOIN report_resolutions r ON r.at >= b.from_at AND r.at < b.to_at JOIN t ON t.ticket = r.ticket AND NOT t.imported
      GROUP BY 1, 2"""
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


def until(bucket: Bucket, now: datetime) -> datetime:
    """Where a bucket ends that may still go on."""
    return max(bucket.from_, min(bucket.to, now))

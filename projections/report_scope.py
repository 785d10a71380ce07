"""What a report is asked about: buckets of time on a wall, dimensions to split by, whose tickets, which of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from projections.arguments import Arguments
from projections.ticket_filter import Compare
from projections.viewer import Role, Viewer

MOST_ROWS = 1000


class Bucket(Struct, frozen=True, rename={"from_": "from"}):
    """Half-open: `to` is not included."""

    from_: datetime
    to: datetime


class Period(StrEnum):
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"
    WHOLE = "WHOLE"


class Dimension(StrEnum):
    ORGANISATION = "ORGANISATION"
    QUEUE = "QUEUE"
    KIND = "KIND"
    PRIORITY = "PRIORITY"
    SEVERITY = "SEVERITY"
    CHANNEL = "CHANNEL"
    SERVICE = "SERVICE"
    METRIC = "METRIC"
    AGENT = "AGENT"


_VALUES = {
    Dimension.ORGANISATION: "t.organisation::text",
    Dimension.QUEUE: "t.queue::text",
    Dimension.KIND: "t.kind",
    Dimension.PRIORITY: "t.priority",
    Dimension.SEVERITY: "t.severity",
    Dimension.CHANNEL: "t.channel",
    Dimension.SERVICE: "t.service::text",
    Dimension.AGENT: "t.agent::text",
}


class TooManyRows(Exception):
    """More rows than a report has; longer buckets, fewer dimensions or a shorter time would do."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """SQL about a column's place among buckets: a search in their starts, where a join with each bucket would take a hundred times."""

    starts: str
    first: str
    last: str

    def place(self, column: str) -> str:
        """The bucket's number; what lies before all of them is at the first."""
        return f"greatest(width_bucket({column}, {self.starts}), 1)"

    def within(self, column: str) -> str:
        return f"{column} >= {self.first} AND {column} < {self.last}"

    def before_the_end(self, column: str) -> str:
        return f"{column} < {self.last}"


@dataclass(frozen=True)
class Asked:
    """`now` is when it is asked: what falls due later is not broken, and what is open then is as old as it is then.

    `viewer` None: whoever asks was judged before, and `organisation` says whose tickets they are.
    """

    buckets: tuple[Bucket, ...]
    now: datetime
    viewer: Viewer | None = None
    organisation: UUID | None = None
    group_by: tuple[Dimension, ...] = ()
    organisations: Compare | None = None
    queues: Compare | None = None
    kinds: Compare | None = None
    priorities: Compare | None = None

    def tickets(self, arguments: Arguments) -> str:
        """The tickets that are counted, as a SELECT; on several services, once for each of them where that is a dimension."""
        parts = ["k.counted", _sight(self.viewer, arguments)]
        if self.organisation is not None:
            parts.append(f"k.audience = {arguments(self.organisation, 'uuid')}")
        for asked, column, cast in (
            (self.organisations, "k.organisation", "uuid"),
            (self.queues, "k.queue", "uuid"),
            (self.kinds, "k.kind", "text"),
            (self.priorities, "k.priority", "text"),
        ):
            if asked is not None:
                parts += asked.sql(arguments, column, cast)
        about, service = "", "NULL::uuid"
        if Dimension.SERVICE in self.group_by:
            about, service = "LEFT JOIN LATERAL unnest(k.services) AS s(service) ON TRUE", "s.service"
        return f"SELECT k.*, {service} AS service FROM report_tickets k {about} WHERE {' AND '.join(parts)}"

    def sql_buckets(self, arguments: Arguments) -> str:
        from_ = arguments([each.from_ for each in self.buckets], "timestamptz[]")
        to = arguments([each.to for each in self.buckets], "timestamptz[]")
        return f"SELECT from_at, to_at, n::int AS n FROM unnest({from_}, {to}) WITH ORDINALITY AS u(from_at, to_at, n)"

    def cuts(self, arguments: Arguments) -> Cuts:
        """Where instants lie among the buckets, which follow one another without a gap."""
        last = arguments(self.buckets[-1].to, "timestamptz")
        starts = arguments([each.from_ for each in self.buckets], "timestamptz[]")
        return Cuts(starts, arguments(self.buckets[0].from_, "timestamptz"), last)

    def keys(self, metric: str = "NULL") -> str:
        """The values of the dimensions, as an array of text."""
        values = [f"coalesce({_VALUES.get(each, metric)}, '')" for each in self.group_by]
        return f"ARRAY[{', '.join(values)}]::text[]"

    def places(self, found: Iterable[tuple[int, tuple[str, ...]]]) -> list[tuple[int, Bucket, tuple[str, ...]]]:
        """Every row's number, bucket and keys, in order of time and group. Without dimensions every bucket has its row.

        Raises TooManyRows.
        """
        keyed = set(found) if self.group_by else {(n, ()) for n in range(1, len(self.buckets) + 1)}
        if len(keyed) > MOST_ROWS:
            raise TooManyRows
        return [(n, self.buckets[n - 1], keys) for n, keys in sorted(keyed)]


def _sight(viewer: Viewer | None, arguments: Arguments) -> str:
    """Customers count their own; service managers those they serve; programs by scope; other staff all."""
    if viewer is None:
        return "TRUE"
    if viewer.role is Role.SERVICE:
        return "TRUE" if "REPORTS_READ" in viewer.scopes else "FALSE"
    mine = viewer.audiences
    return "TRUE" if mine is None else f"k.audience = ANY({arguments(list(mine), 'uuid[]')})"


def buckets(from_: datetime, to: datetime, period: Period, zone: str, most: int = MOST_ROWS) -> tuple[Bucket, ...]:
    """`[from_, to)` cut where days, ISO weeks, months, quarters or years begin on the wall of a zone; the ends may be shorter.

    A day of 23 or 25 hours is one bucket. Raises TooManyRows.
    """
    if period is Period.WHOLE:
        return (Bucket(from_, to),)
    wall = ZoneInfo(zone)
    cuts = [from_]
    day = _begin(from_.astimezone(wall).date(), period)
    while True:
        day = _next(day, period)
        cut = datetime(day.year, day.month, day.day, tzinfo=wall).astimezone(UTC)
        if cut >= to:
            break
        if cut > cuts[-1]:
            cuts.append(cut)
        if len(cuts) > most:
            raise TooManyRows
    return tuple(Bucket(begin, end) for begin, end in zip(cuts, [*cuts[1:], to], strict=True))


def _begin(day: date, period: Period) -> date:
    match period:
        case Period.WEEK:
            return day - timedelta(days=day.weekday())
        case Period.MONTH:
            return day.replace(day=1)
        case Period.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Period.YEAR:
            return day.replace(month=1, day=1)
        case _:
            return day


def _next(day: date, period: Period) -> date:
    match period:
        case Period.WEEK:
            return day + timedelta(days=7)
        case Period.MONTH | Period.QUARTER:
            month = day.month + (1 if period is Period.MONTH else 3)
            return date(day.year + (month > 12), (month - 1) % 12 + 1, 1)
        case Period.YEAR:
            return date(day.year + 1, 1, 1)
        case _:
            return day + timedelta(days=1)

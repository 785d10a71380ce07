"""The root fields that read reports: what is asked, judged, and counted in one snapshot with the position it includes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeAlias, TypeVar

import strawberry

from domain.meetings.quarters import FIRST_YEAR, LAST_YEAR
from projections import report_counting as counting
from projections.database import Database
from projections.report_availability import uptimes
from projections.report_facts import report_facts
from projections.report_scope import Asked, Bucket, TooManyRows, buckets
from projections.report_scope import Dimension as Split
from projections.report_scope import Period as Cut
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.context import Context, Info
from services.gateway.failures import Code, RequestFailed
from services.gateway.read_models import REPORTS
from services.gateway.reports.types import (
    AvailabilityReport,
    BacklogAgeingReport,
    SatisfactionReport,
    SlaComplianceReport,
    TicketTimesReport,
    TicketVolumeReport,
)
from services.gateway.reports.vocabulary import Dimension, Period
from services.gateway.scalars import TimeZone
from services.gateway.tickets.filters import IdComparator, TicketKindComparator, TicketPriorityComparator
from services.gateway.tickets.queries import AtLeast
from services.gateway.tickets.reading import compared_ids, compared_names
from services.runtime.position import Position

R = TypeVar("R")
READING = [Access(level=AccessLevel.CONTACT, scope=Scope.REPORTS_READ)]
LONGEST = timedelta(days=3 * 366)
FIRST, LAST = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
MOST_DIMENSIONS = 2
REACHED = "SELECT c.epoch, c.position FROM projector.checkpoints c WHERE (c.projection, c.version) = ($1, $2)"


@strawberry.input(description="What to report on.")
class ReportInput:
    from_: datetime = strawberry.field(description="From.", name="from")
    to: datetime = strawberry.field(description="Until, not included; at most three years.")
    period: Period = strawberry.field(description="Bucket length.", default=Period.MONTH)
    time_zone: TimeZone = strawberry.field(description="Where days begin.", default=TimeZone("UTC"))
    group_by: list[Dimension] = strawberry.field(description="Split by, at most two.", default_factory=list)
    organisations: IdComparator | None = strawberry.field(
        description="Only these organisations; for customers always their own.", default=None
    )
    queues: IdComparator | None = strawberry.field(description="Only these teams.", default=None)
    kind: TicketKindComparator | None = strawberry.field(description="Only these kinds.", default=None)
    priority: TicketPriorityComparator | None = strawberry.field(description="Only these priorities.", default=None)


What: TypeAlias = Annotated[ReportInput, strawberry.argument(description="On what.")]


@strawberry.type
class ReportQueries:
    @strawberry.field(description="Promises kept and broken.", directives=READING)
    async def sla_compliance_report(self, info: Info, input: What, at_least: AtLeast = None) -> SlaComplianceReport:
        asked = _asked(info.context, input, metric=True)
        as_of, rows = await _counted(info.context, at_least, lambda db: counting.compliance(db, asked))
        return SlaComplianceReport.of(as_of, rows, asked.group_by)

    @strawberry.field(description="Tickets in and out.", directives=READING)
    async def ticket_volume_report(self, info: Info, input: What, at_least: AtLeast = None) -> TicketVolumeReport:
        asked = _asked(info.context, input)
        as_of, rows = await _counted(info.context, at_least, lambda db: counting.volume(db, asked))
        return TicketVolumeReport.of(as_of, rows, asked.group_by)

    @strawberry.field(description="Age of what is open.", directives=READING)
    async def backlog_ageing_report(self, info: Info, input: What, at_least: AtLeast = None) -> BacklogAgeingReport:
        asked = _asked(info.context, input)
        as_of, rows = await _counted(info.context, at_least, lambda db: counting.ageing(db, asked))
        return BacklogAgeingReport.of(as_of, rows, asked.group_by)

    @strawberry.field(description="First response and resolution.", directives=READING)
    async def ticket_times_report(self, info: Info, input: What, at_least: AtLeast = None) -> TicketTimesReport:
        asked = _asked(info.context, input)
        as_of, rows = await _counted(info.context, at_least, lambda db: counting.times(db, asked))
        return TicketTimesReport.of(as_of, rows, asked.group_by)

    @strawberry.field(
        description="Availability of the services, which is everybody's; only SERVICE may be in groupBy, and no filter is for it.",
        directives=READING,
    )
    async def availability_report(self, info: Info, input: What, at_least: AtLeast = None) -> AvailabilityReport:
        cuts, now = _buckets(input), info.context.now
        splits = [each.name for each in input.group_by]
        if splits not in ([], ["SERVICE"]) or any((input.organisations, input.queues, input.kind, input.priority)):
            raise RequestFailed(
                Code.BAD_INPUT, "Availability is split by SERVICE alone and is not of organisations or tickets."
            )
        as_of, rows = await _counted(info.context, at_least, lambda db: uptimes(db, cuts, now))
        return AvailabilityReport.of(as_of, rows, [Split.SERVICE] * len(splits))

    @strawberry.field(description="Satisfaction.", directives=READING)
    async def satisfaction_report(self, info: Info, input: What, at_least: AtLeast = None) -> SatisfactionReport:
        asked = _asked(info.context, input)
        as_of, rows = await _counted(info.context, at_least, lambda db: counting.satisfaction(db, asked))
        return SatisfactionReport.of(as_of, rows, asked.group_by)


def _asked(context: Context, input: ReportInput, *, metric: bool = False) -> Asked:
    splits = tuple(Split[each.name] for each in input.group_by)
    if len(splits) > MOST_DIMENSIONS or len(set(splits)) < len(splits):
        raise RequestFailed(Code.BAD_INPUT, f"groupBy takes at most {MOST_DIMENSIONS} dimensions, each once.")
    if Split.METRIC in splits and not metric:
        raise RequestFailed(Code.BAD_INPUT, "METRIC splits promises alone: slaComplianceReport.")
    if Split.AGENT in splits and not context.viewer.sees_staff:
        raise RequestFailed(Code.FORBIDDEN, "Figures by agent are for staff.", needs=AccessLevel.STAFF.name)
    return Asked(
        buckets=_buckets(input),
        now=context.now,
        viewer=context.viewer,
        group_by=splits,
        organisations=compared_ids("organisation", input.organisations),
        queues=compared_ids("queue", input.queues),
        kinds=compared_names(input.kind),
        priorities=compared_names(input.priority),
    )


def _buckets(input: ReportInput) -> tuple[Bucket, ...]:
    if input.from_ >= input.to:
        raise RequestFailed(Code.BAD_INPUT, "A report goes from an instant to a later one.")
    if input.to - input.from_ > LONGEST:
        raise RequestFailed(Code.BAD_INPUT, "A report is over three years at most.")
    if input.from_ < FIRST or input.to > LAST:
        raise RequestFailed(Code.BAD_INPUT, f"A report is about the years {FIRST.year} to {LAST.year - 1}.")
    with _bounded():
        return buckets(input.from_, input.to, Cut[input.period.name], input.time_zone)


async def _counted(
    context: Context, at_least: Position | None, count: Callable[[Database], Awaitable[Sequence[R]]]
) -> tuple[Position, Sequence[R]]:
    """Figures and the position they include, from one snapshot."""
    pool: Any = await context.reading(at_least, REPORTS)
    async with snapshot(pool) as db:
        reached = await db.fetchrow(REACHED, report_facts.name, report_facts.version)
        with _bounded():
            rows = await count(db)
    return Position(reached["epoch"], reached["position"]), rows


@asynccontextmanager
async def snapshot(pool: Any) -> AsyncIterator[Any]:
    """A connection whose statements all see the database of one moment."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        yield connection


@contextmanager
def _bounded() -> Iterator[None]:
    """Say it where there would be too many rows."""
    try:
        yield
    except TooManyRows:
        raise RequestFailed(
            Code.BAD_INPUT, "That would be more than 1000 rows: ask for longer buckets, a shorter time or fewer dimensions."
        ) from None

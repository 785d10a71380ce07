"""Reports as they are read: buckets with their group, and in each what was counted. Definitions: projections/report_counting.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

import strawberry

from projections import report_counting as counted
from projections.report_availability import Uptime
from projections.report_scope import Bucket
from projections.report_scope import Dimension as Split
from services.gateway.context import Info
from services.gateway.contracts import loading as services_loading
from services.gateway.ids import global_id
from services.gateway.people import loading
from services.gateway.reports.vocabulary import Dimension
from services.gateway.shapes import member
from services.gateway.status.components import ServiceComponent
from services.gateway.status.vocabulary import ComponentState, Lifecycle
from services.runtime.position import Position

_IDS = {Split.ORGANISATION: "organisation", Split.QUEUE: "queue", Split.SERVICE: "component", Split.AGENT: "agent"}
MICROSECOND = timedelta(microseconds=1)


def length(microseconds: int | None) -> timedelta | None:
    return None if microseconds is None else microseconds * MICROSECOND


@strawberry.type(description="One value of a dimension.")
class DimensionValue:
    dimension: Dimension = strawberry.field(description="Which.")
    key: str = strawberry.field(description="Machine value: a global id or the name in its enum; empty where there is none.")
    split: strawberry.Private[Split]
    raw: strawberry.Private[str]

    @classmethod
    def of(cls, split: Split, raw: str) -> Self:
        kind = _IDS.get(split)
        key = str(global_id(kind, UUID(raw))) if kind and raw else raw
        return cls(dimension=member(Dimension, split.value), key=key, split=split, raw=raw)

    @strawberry.field(description="To show.")
    async def label(self, info: Info) -> str:
        if not self.raw:
            return "None"
        context = info.context
        match self.split:
            case Split.ORGANISATION:
                home = await loading.organisations(context).load(UUID(self.raw))
                return (home.name or home.ref) if home else "None"
            case Split.QUEUE:
                team = await loading.queue(context, UUID(self.raw))
                return team.name or "None"
            case Split.AGENT:
                agent = await loading.agents(context).load(UUID(self.raw))
                return (agent.name if agent else None) or "Staff"
            case Split.SERVICE:
                service = await services_loading.components(context).load(UUID(self.raw))
                return service.name if service else "None"
        return self.raw.replace("_", " ").capitalize()


@strawberry.type(description="A bucket's place.")
class ReportBucket:
    from_: datetime = strawberry.field(description="From.", name="from")
    to: datetime = strawberry.field(description="Until, not included.")
    group: list[DimensionValue] = strawberry.field(description="Values of groupBy, in its order.")

    @classmethod
    def of(cls, bucket: Bucket, group_by: Sequence[Split] = (), keys: Sequence[str] = ()) -> Self:
        group = [DimensionValue.of(split, key) for split, key in zip(group_by, keys, strict=True)]
        return cls(from_=bucket.from_, to=bucket.to, group=group)


@strawberry.interface(description="Every report.")
class Report:
    as_of: Position = strawberry.field(description="Includes everything up to here.")


@strawberry.type(description="One bucket.")
class SlaComplianceRow:
    bucket: ReportBucket = strawberry.field(description="Where.")
    met: int = strawberry.field(description="Kept.")
    breached: int = strawberry.field(description="Broken, at the instant they fell due.")
    running: int = strawberry.field(description="Still running at the end.")
    met_ratio: float | None = strawberry.field(description="Kept of ended, 0 to 1; null when none ended.")


@strawberry.type(
    description="Promises kept. A target counts in the bucket in which it ended; what was superseded and imported history count nowhere."
)
class SlaComplianceReport(Report):
    rows: list[SlaComplianceRow] = strawberry.field(description="At most 1000, in order of time and group.")

    @classmethod
    def of(cls, as_of: Position, rows: Sequence[counted.Compliance], group_by: Sequence[Split] = ()) -> Self:
        found = [
            SlaComplianceRow(
                bucket=ReportBucket.of(row.bucket, group_by, row.keys),
                met=row.met,
                breached=row.breached,
                running=row.running,
                met_ratio=row.met / ended if (ended := row.met + row.breached) else None,
            )
            for row in rows
        ]
        return cls(as_of=as_of, rows=found)


@strawberry.type(description="One bucket.")
class TicketVolumeRow:
    bucket: ReportBucket = strawberry.field(description="Where.")
    opened: int = strawberry.field(description="Opened.")
    resolved: int = strawberry.field(description="Resolved, each time.")
    reopened: int = strawberry.field(description="Reopened, each time.")
    closed: int = strawberry.field(description="Closed, each time.")
    backlog: int = strawberry.field(description="Open at the end of the bucket, or now.")


@strawberry.type(description="Tickets in and out. What is spam or merged counts nowhere.")
class TicketVolumeReport(Report):
    rows: list[TicketVolumeRow] = strawberry.field(description="At most 1000, in order of time and group.")

    @classmethod
    def of(cls, as_of: Position, rows: Sequence[counted.Volume], group_by: Sequence[Split] = ()) -> Self:
        found = [
            TicketVolumeRow(
                bucket=ReportBucket.of(row.bucket, group_by, row.keys),
                opened=row.opened,
                resolved=row.resolved,
                reopened=row.reopened,
                closed=row.closed,
                backlog=row.backlog,
            )
            for row in rows
        ]
        return cls(as_of=as_of, rows=found)


@strawberry.type(description="One bucket.")
class BacklogAgeingRow:
    bucket: ReportBucket = strawberry.field(description="Where.")
    under_one_day: int = strawberry.field(description="Under a day.")
    one_to_three_days: int = strawberry.field(description="One to three days.")
    three_to_seven_days: int = strawberry.field(description="Three to seven days.")
    seven_to_thirty_days: int = strawberry.field(description="Seven to thirty days.")
    over_thirty_days: int = strawberry.field(description="Older.")
    oldest: timedelta | None = strawberry.field(description="Age of the oldest; null without any.")


@strawberry.type(description="How old open tickets are at the end of each bucket, counted from their opening.")
class BacklogAgeingReport(Report):
    rows: list[BacklogAgeingRow] = strawberry.field(description="At most 1000, in order of time and group.")

    @classmethod
    def of(cls, as_of: Position, rows: Sequence[counted.Ageing], group_by: Sequence[Split] = ()) -> Self:
        found = [
            BacklogAgeingRow(
                bucket=ReportBucket.of(row.bucket, group_by, row.keys),
                under_one_day=row.under_one_day,
                one_to_three_days=row.one_to_three_days,
                three_to_seven_days=row.three_to_seven_days,
                seven_to_thirty_days=row.seven_to_thirty_days,
                over_thirty_days=row.over_thirty_days,
                oldest=length(row.oldest),
            )
            for row in rows
        ]
        return cls(as_of=as_of, rows=found)


@strawberry.type(description="Spread of durations, by nearest rank: values that occurred; nulls when count is 0.")
class DurationStatistics:
    count: int = strawberry.field(description="How many.")
    p50: timedelta | None = strawberry.field(description="Median.")
    p90: timedelta | None = strawberry.field(description="Nine in ten.")
    p95: timedelta | None = strawberry.field(description="95 of 100.")
    p99: timedelta | None = strawberry.field(description="99 of 100.")

    @classmethod
    def of(cls, spread: counted.Spread) -> Self:
        ranks = (spread.p50, spread.p90, spread.p95, spread.p99)
        p50, p90, p95, p99 = (length(each) for each in ranks)
        return cls(count=spread.count, p50=p50, p90=p90, p95=p95, p99=p99)


@strawberry.type(description="One bucket.")
class TicketTimesRow:
    bucket: ReportBucket = strawberry.field(description="Where.")
    first_response: DurationStatistics = strawberry.field(description="First response.")
    resolution: DurationStatistics = strawberry.field(description="Last resolution, where it stands; waiting taken out.")


@strawberry.type(
    description="How long things took, from the same ledger as the promises: by the calendar of the ticket's promise, day and night where"
    " there was none."
)
class TicketTimesReport(Report):
    rows: list[TicketTimesRow] = strawberry.field(description="At most 1000, in order of time and group.")

    @classmethod
    def of(cls, as_of: Position, rows: Sequence[counted.Times], group_by: Sequence[Split] = ()) -> Self:
        found = [
            TicketTimesRow(
                bucket=ReportBucket.of(row.bucket, group_by, row.keys),
                first_response=DurationStatistics.of(row.first_response),
                resolution=DurationStatistics.of(row.resolution),
            )
            for row in rows
        ]
        return cls(as_of=as_of, rows=found)


@strawberry.type(description="One bucket.")
class AvailabilityRow:
    bucket: ReportBucket = strawberry.field(description="Where.")
    uptime_ratio: float = strawberry.field(description="Up share of the time outside maintenance, 0 to 1.")
    downtime: timedelta = strawberry.field(description="Down: in partial or major outage.")
    degraded_time: timedelta = strawberry.field(description="Degraded.")
    maintenance_time: timedelta = strawberry.field(description="Planned work.")
    incidents: int = strawberry.field(description="Incidents that held it.")
    row: strawberry.Private[Uptime]

    @strawberry.field(description="Service.")
    async def component(self, info: Info) -> ServiceComponent:
        found = await services_loading.components(info.context).load(self.row.service)
        if found is not None:
            return ServiceComponent.of(found)
        return ServiceComponent(  # the view of services is behind the one of reports
            id=global_id("component", self.row.service),
            ref=self.row.ref,
            version=0,
            name=self.row.name,
            group="",
            state=member(ComponentState, "OPERATIONAL"),
            since=self.row.bucket.from_,
            lifecycle=Lifecycle["ACTIVE"],
            uuid=self.row.service,
        )


@strawberry.type(description="Service time, by service, in the part of each bucket in which it was there.")
class AvailabilityReport(Report):
    rows: list[AvailabilityRow] = strawberry.field(description="At most 1000, in order of time and service.")

    @classmethod
    def of(cls, as_of: Position, rows: Sequence[Uptime], group_by: Sequence[Split] = ()) -> Self:
        found = [
            AvailabilityRow(
                bucket=ReportBucket.of(row.bucket, group_by, [str(row.service)] * len(group_by)),
                uptime_ratio=row.ratio,
                downtime=row.down * MICROSECOND,
                degraded_time=row.degraded * MICROSECOND,
                maintenance_time=row.maintenance * MICROSECOND,
                incidents=row.incidents,
                row=row,
            )
            for row in rows
        ]
        return cls(as_of=as_of, rows=found)


@strawberry.type(description="One bucket.")
class SatisfactionRow:
    bucket: ReportBucket = strawberry.field(description="Where.")
    asked: int = strawberry.field(description="Resolutions that could be rated.")
    rated: int = strawberry.field(description="Rated.")
    mean: float | None = strawberry.field(description="Mean score, 1 to 5; null when none.")
    distribution: list[int] = strawberry.field(description="Number of ratings of 1, 2, 3, 4, 5.")


@strawberry.type(description="How resolutions were rated, in the bucket of the resolution.")
class SatisfactionReport(Report):
    rows: list[SatisfactionRow] = strawberry.field(description="At most 1000, in order of time and group.")

    @classmethod
    def of(cls, as_of: Position, rows: Sequence[counted.Satisfaction], group_by: Sequence[Split] = ()) -> Self:
        found = [
            SatisfactionRow(
                bucket=ReportBucket.of(row.bucket, group_by, row.keys),
                asked=row.asked,
                rated=row.rated,
                mean=row.total / row.rated if row.rated else None,
                distribution=list(row.distribution),
            )
            for row in rows
        ]
        return cls(as_of=as_of, rows=found)

"""A service as the status page shows it, and how it did these days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

import strawberry

from domain.status.availability import Availability
from projections import status_components as rows
from projections.snapshot import ReadBlocked
from services.gateway.context import Info
from services.gateway.failures import Code, RequestFailed
from services.gateway.ids import global_id
from services.gateway.shapes import Node, member
from services.gateway.status import loading
from services.gateway.status.vocabulary import ComponentState, Lifecycle

LONGEST = 366
"""Days of which availability is told."""


@strawberry.type(description="How a service did on one day, in UTC.")
class AvailabilityDay:
    date: date = strawberry.field(description="Which day.")
    uptime_ratio: float = strawberry.field(description="Up share of the time outside maintenance, 0 to 1.")
    worst: ComponentState = strawberry.field(description="The worst state it was in.")

    @classmethod
    def of(cls, day: Availability) -> Self:
        return cls(date=day.since.date(), uptime_ratio=day.uptime_ratio, worst=member(ComponentState, day.worst.value))


@strawberry.type(
    description="How a service did: time under maintenance is taken out, whatever else happened in it; of the rest a partial or major"
    " outage is down, and a degraded service is up. It counts from when the service was registered at the earliest."
)
class ComponentAvailability:
    from_: datetime = strawberry.field(description="From.", name="from")
    to: datetime = strawberry.field(description="Until, not included.")
    uptime_ratio: float = strawberry.field(description="Up share of the time outside maintenance, 0 to 1.")
    downtime: timedelta = strawberry.field(description="In partial or major outage.")
    partial_outage_time: timedelta = strawberry.field(description="Of that, in partial outage.")
    major_outage_time: timedelta = strawberry.field(description="Of that, in major outage.")
    degraded_time: timedelta = strawberry.field(description="Degraded.")
    maintenance_time: timedelta = strawberry.field(description="Under maintenance.")
    history: strawberry.Private[rows.History]

    @classmethod
    def of(cls, history: rows.History) -> Self:
        whole = history.whole
        spent = {state.name: time for state, time in whole.spent.items()}
        return cls(
            from_=whole.since,
            to=whole.until,
            uptime_ratio=whole.uptime_ratio,
            downtime=whole.downtime,
            partial_outage_time=spent["PARTIAL_OUTAGE"],
            major_outage_time=spent["MAJOR_OUTAGE"],
            degraded_time=whole.degraded,
            maintenance_time=whole.maintenance,
            history=history,
        )

    @strawberry.field(description="Day by day, oldest first.")
    def days(self) -> list[AvailabilityDay]:
        return [AvailabilityDay.of(day) for day in self.history.days]


@strawberry.type(description="A service as the status page shows it.")
class ServiceComponent(Node):
    ref: str = strawberry.field(description="Short name.")
    version: int = strawberry.field(description="For expectedVersion.")
    name: str = strawberry.field(description="Name.")
    group: str = strawberry.field(description="Heading it stands under.")
    state: ComponentState = strawberry.field(description="How it does.")
    since: datetime = strawberry.field(description="Since when.")
    lifecycle: Lifecycle = strawberry.field(description="In the catalogue or retired.")
    uuid: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: rows.Component) -> Self:
        """Raises ReadBlocked where an event of it is set aside."""
        if row.blocked:
            raise ReadBlocked([row.id], "component")
        return cls(
            id=global_id("component", row.id),
            ref=row.ref,
            version=row.version,
            name=row.name,
            group=row.heading,
            state=member(ComponentState, row.state),
            since=row.since,
            lifecycle=Lifecycle["ACTIVE" if row.retired_at is None else "RETIRED"],
            uuid=row.id,
        )

    @strawberry.field(description="How it did these days, now included.")
    async def availability(
        self,
        info: Info,
        days: Annotated[int, strawberry.argument(description=f"How many times 24 hours back, 1 to {LONGEST}.")] = 90,
    ) -> ComponentAvailability:
        if not 1 <= days <= LONGEST:
            raise RequestFailed(Code.BAD_INPUT, f"Ask for 1 to {LONGEST} days.")
        return ComponentAvailability.of(await loading.histories(info.context).load((self.uuid, days)))

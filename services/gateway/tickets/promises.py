"""SLA targets, their ledgers and the policies they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

import strawberry

from domain import calendars, policies
from domain.tickets.sla import Interval, SlaClocks
from domain.tickets.sla_json import calendar_from_json
from projections import ticket_sla
from projections.ticket_rows import Entry
from services.gateway.context import Info
from services.gateway.described import said
from services.gateway.ids import global_id
from services.gateway.scalars import ProductCode, TimeZone
from services.gateway.shapes import Node, member
from services.gateway.tickets.vocabulary import TicketPriority, TicketSeverity

if TYPE_CHECKING:
    from services.gateway.tickets.entries import TimelineEntry


@strawberry.enum(description="What is promised.")
class SlaMetric(Enum):
    FIRST_RESPONSE = said("FIRST_RESPONSE", "First public reply, or talk by phone, by a human agent.")
    NEXT_RESPONSE = said("NEXT_RESPONSE", "The next one after each message of the customer.")
    RESOLUTION = said("RESOLUTION", "Resolved.")


@strawberry.enum(description="How the promise stands.")
class SlaState(Enum):
    RUNNING = said("RUNNING", "The clock runs.")
    PAUSED = said("PAUSED", "It stands still.")
    MET = said("MET", "Kept.")
    BREACHED = said("BREACHED", "Not kept.")
    SUPERSEDED = said("SUPERSEDED", "Replaced by another target.")


@strawberry.enum(description="Whether time counts.")
class SlaIntervalKind(Enum):
    COUNTED = said("COUNTED", "It counts.")
    PAUSED = said("PAUSED", "It waits for the customer or is on hold.")
    OUTSIDE_CALENDAR = said("OUTSIDE_CALENDAR", "Outside the service hours.")


@strawberry.enum(description="What began a stretch.")
class SlaCause(Enum):
    TICKET_OPENED = said("TICKET_OPENED", "Opened.")
    TARGET_APPLIED = said("TARGET_APPLIED", "A target was set or replaced.")
    STATUS_CHANGED = said("STATUS_CHANGED", "Its state changed.")
    CALENDAR = said("CALENDAR", "The calendar opened or closed.")
    FIRST_REPLY = said("FIRST_REPLY", "The reply.")
    REOPENED = said("REOPENED", "Reopened.")


@strawberry.enum(description="Kinds of calendar.")
class ServiceHours(Enum):
    ALWAYS = said("ALWAYS", "Day and night, all year.")
    WEEKLY = said("WEEKLY", "As listed.")


@strawberry.enum(description="Days.")
class Weekday(Enum):
    MONDAY = said("MONDAY", "Mon.")
    TUESDAY = said("TUESDAY", "Tue.")
    WEDNESDAY = said("WEDNESDAY", "Wed.")
    THURSDAY = said("THURSDAY", "Thu.")
    FRIDAY = said("FRIDAY", "Fri.")
    SATURDAY = said("SATURDAY", "Sat.")
    SUNDAY = said("SUNDAY", "Sun.")


@strawberry.type(
    description="A promise, with policy and calendar as they were when it was applied; later edits do not touch it."
)
class SlaTarget(Node):
    metric: SlaMetric = strawberry.field(description="What is promised.")
    state: SlaState = strawberry.field(description="How it stands.")
    target: timedelta = strawberry.field(description="Within how much counted time.")
    policy_name: str = strawberry.field(description="Name of the policy at that time.")
    calendar: SlaCalendar = strawberry.field(description="Calendar at that time.")
    applied_at: datetime = strawberry.field(description="Set.")
    due_at: datetime | None = strawberry.field(
        description="Falls due, if the clock keeps running; null while paused and once ended."
    )
    ended_at: datetime | None = strawberry.field(description="Kept or broken at; null before.")
    uuid: strawberry.Private[UUID]
    clocks: strawberry.Private[SlaClocks | None] = None
    entries: strawberry.Private[Mapping[int, Entry] | None] = None

    @classmethod
    def of(cls, row: ticket_sla.SlaTarget, clocks: SlaClocks | None = None, entries: Mapping[int, Entry] | None = None) -> Self:
        """`clocks` are those of its ticket, `entries` those of the timeline that began a stretch, by version."""
        return cls(
            id=global_id("sla_target", row.id),
            metric=member(SlaMetric, row.metric),
            state=member(SlaState, row.state),
            target=row.within,
            policy_name=row.policy,
            calendar=SlaCalendar.of(calendar_from_json(row.calendar)),
            applied_at=row.applied_at,
            due_at=row.due_at,
            ended_at=row.ended_at,
            uuid=row.id,
            clocks=clocks if clocks or row.clocks is None else ticket_sla.clocks(row.clocks),
            entries=entries,
        )

    async def _clocks(self, info: Info) -> SlaClocks:
        """Those in hand, or, where the promise was met alone in an entry, read for it."""
        if self.clocks is None:
            found = await ticket_sla.sla_targets(info.context.database, info.context.viewer, [self.uuid])
            self.clocks = ticket_sla.clocks(found[0].clocks or {}) if found else SlaClocks()
        return self.clocks

    @strawberry.field(description="Counted so far: the sum of the COUNTED stretches of the ledger.")
    async def consumed(self, info: Info) -> timedelta:
        return (await self._clocks(info)).consumed(self.uuid, info.context.now)

    @strawberry.field(
        description="Every stretch, gapless, oldest first: from appliedAt, or, where it took another promise's place, from when the"
        " first of them was applied, because it counts anew from there."
    )
    async def ledger(self, info: Info) -> list[SlaInterval]:
        clocks = await self._clocks(info)
        return [SlaInterval.of(each, self.entries or {}) for each in clocks.ledger(self.uuid, info.context.now)]


@strawberry.type(description="A stretch of time in the ledger of a promise.")
class SlaInterval:
    from_: datetime = strawberry.field(description="From.", name="from")
    to: datetime | None = strawberry.field(description="Until, not included; null for the running one.")
    kind: SlaIntervalKind = strawberry.field(description="Whether it counts.")
    cause: SlaCause = strawberry.field(description="What began it.")
    counted: timedelta = strawberry.field(description="Counted time in it.")
    entry: Annotated[TimelineEntry, strawberry.lazy("services.gateway.tickets.entries")] | None = strawberry.field(
        description="The entry that began it; null when the calendar did or you may not see it."
    )

    @classmethod
    def of(cls, stretch: Interval, entries: Mapping[int, Entry]) -> Self:
        from services.gateway.tickets.entries import shown  # an entry shows its promise, a promise the entries behind it

        entry = entries.get(stretch.entry) if stretch.entry is not None else None
        return cls(
            from_=stretch.from_,
            to=stretch.to,
            kind=member(SlaIntervalKind, stretch.kind),
            cause=member(SlaCause, stretch.cause),
            counted=stretch.counted,
            entry=shown(entry) if entry else None,
        )


@strawberry.type(description="Service hours.")
class SlaCalendar:
    name: str = strawberry.field(description="Name.")
    time_zone: TimeZone = strawberry.field(description="Zone.")
    hours: ServiceHours = strawberry.field(description="Whether it ever closes.")
    opens: list[WeeklyHours] = strawberry.field(description="Weekly hours, local; empty when always open.")
    holidays: list[date] = strawberry.field(description="Days closed.")

    @classmethod
    def of(cls, calendar: calendars.Calendar) -> Self:
        return cls(
            name=calendar.name,
            time_zone=TimeZone(calendar.time_zone),
            hours=member(ServiceHours, calendar.hours),
            opens=[WeeklyHours(day=member(Weekday, each.day), from_=each.from_, to=each.to) for each in calendar.opens],
            holidays=list(calendar.holidays),
        )


@strawberry.type(description="Configured promises; the catalogue itself names no figures.")
class SlaPolicy:
    name: str = strawberry.field(description="Name.")
    product: ProductCode = strawberry.field(description="For which product.")
    calendar: SlaCalendar = strawberry.field(description="Calendar.")
    targets: list[SlaPolicyTarget] = strawberry.field(description="Figures.")


@strawberry.type(description="One figure of a policy.")
class SlaPolicyTarget:
    metric: SlaMetric = strawberry.field(description="What.")
    priority: TicketPriority = strawberry.field(description="For which priority.")
    severity: TicketSeverity | None = strawberry.field(description="For which severity; null for any.")
    target: timedelta = strawberry.field(description="Within how much counted time.")


@strawberry.type(description="Open hours of a weekday.")
class WeeklyHours:
    day: Weekday = strawberry.field(description="Day.")
    from_: str = strawberry.field(description="From, local, 08:00.", name="from")
    to: str = strawberry.field(description="To, local, 16:00.")


def configured(known: policies.Policies) -> list[SlaPolicy]:
    """The promises as they are configured now."""
    named = {calendar.name: calendar for calendar in known.calendars}
    return [
        SlaPolicy(
            name=policy.name,
            product=ProductCode(policy.product),
            calendar=SlaCalendar.of(named.get(policy.calendar, calendars.ALWAYS)),
            targets=[
                SlaPolicyTarget(
                    metric=member(SlaMetric, each.metric),
                    priority=member(TicketPriority, each.priority),
                    severity=member(TicketSeverity, each.severity) if each.severity else None,
                    target=each.within,
                )
                for each in policy.targets
            ],
        )
        for policy in known.sla_policies
    ]


def targets(
    rows: Sequence[ticket_sla.SlaTarget], clocks: Mapping[str, Any] | None, entries: Sequence[Entry]
) -> list[SlaTarget]:
    """A ticket's promises, superseded ones last, over the clocks that they share."""
    shared = ticket_sla.clocks(dict(clocks)) if clocks else None
    by_version = {entry.version: entry for entry in entries}
    return [SlaTarget.of(row, shared, by_version) for row in sorted(rows, key=lambda row: row.state == "SUPERSEDED")]

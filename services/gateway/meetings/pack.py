"""A review pack as it is read: the frozen document, in the types of the reports that it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

import strawberry

from projections.meeting_packs import FrozenPack
from projections.report_facts import report_facts
from projections.report_general import General, NoticeFact
from projections.review_pack import SLA_BY, live_pack, read
from projections.review_pack_subject import Packed, Subject
from services.commands.meetings import Packs
from services.gateway.context import Context
from services.gateway.knowledge.vocabulary import KnowledgeKind
from services.gateway.reports.queries import snapshot
from services.gateway.reports.types import (
    AvailabilityReport,
    BacklogAgeingReport,
    SatisfactionReport,
    SlaComplianceReport,
    TicketTimesReport,
    TicketVolumeReport,
)
from services.gateway.scalars import TimeZone
from services.gateway.shapes import member
from services.gateway.status.vocabulary import StatusSeverity
from services.runtime.position import Position


def packs(context: Context) -> Packs:
    """Packs of all that is recorded when one is asked for: of the head of the log as it is then, in one snapshot."""

    async def compute(subject: Subject) -> Packed:
        services = context.services
        await services.reached(await services.store.head(), [report_facts])
        async with snapshot(services.readers) as db:
            return await live_pack(db, subject)

    return compute


@strawberry.type(description="An incident or planned work, as it stood at the end of the pack's time.")
class PackNotice:
    ref: str = strawberry.field(description="Number.")
    title: str = strawberry.field(description="What.")
    severity: StatusSeverity = strawberry.field(description="How serious.")
    from_: datetime = strawberry.field(description="From.", name="from")
    to: datetime | None = strawberry.field(description="Until; null where it went on.")

    @classmethod
    def all(cls, facts: Sequence[NoticeFact]) -> list[PackNotice]:
        return [
            PackNotice(
                ref=each.ref, title=each.title, severity=member(StatusSeverity, each.severity), from_=each.from_, to=each.to
            )
            for each in facts
        ]


@strawberry.type(description="What was published.")
class PublishedCount:
    kind: KnowledgeKind = strawberry.field(description="In what form.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="What else went on in the quarter; open and overdue as it stood at the end of the pack's time.")
class GeneralOperations:
    incident_count: int = strawberry.field(description="Incidents on the services.")
    incidents: list[PackNotice] = strawberry.field(description="They, oldest first, the last 200.")
    maintenance_count: int = strawberry.field(description="Planned work on the services.")
    maintenance: list[PackNotice] = strawberry.field(description="It, oldest first, the last 200.")
    engagements_requested: int = strawberry.field(description="Engagements asked for.")
    engagements_completed: int = strawberry.field(description="Engagements completed.")
    engagements_open: int = strawberry.field(description="Engagements neither completed, declined nor cancelled.")
    published: list[PublishedCount] = strawberry.field(description="What was published to learn from.")
    action_items_raised: int = strawberry.field(description="Action items raised.")
    action_items_done: int = strawberry.field(description="Action items done.")
    action_items_open: int = strawberry.field(description="Action items open.")
    action_items_overdue: int = strawberry.field(description="Of these, past the day on which they were due.")

    @classmethod
    def of(cls, general: General) -> Self:
        return cls(
            incident_count=general.incident_count,
            incidents=PackNotice.all(general.incidents),
            maintenance_count=general.maintenance_count,
            maintenance=PackNotice.all(general.maintenance),
            engagements_requested=general.engagements_requested,
            engagements_completed=general.engagements_completed,
            engagements_open=general.engagements_open,
            published=[
                PublishedCount(kind=member(KnowledgeKind, kind), count=count)
                for kind, count in sorted(general.published.items())
            ],
            action_items_raised=general.actions_raised,
            action_items_done=general.actions_done,
            action_items_open=general.actions_open,
            action_items_overdue=general.actions_overdue,
        )


@strawberry.type(
    description="The quarter's figures, fixed at a position: reading it again gives the same, whatever was corrected since. The services"
    " are those that the contract covers."
)
class ReviewPack:
    frozen_at: datetime = strawberry.field(description="When fixed.")
    position: Position = strawberry.field(description="At which state.")
    from_: datetime = strawberry.field(description="The quarter's beginning.", name="from")
    to: datetime = strawberry.field(description="Its end, or when it was fixed if that was earlier; not included.")
    time_zone: TimeZone = strawberry.field(description="On whose wall the quarter and its months begin.")
    sla: SlaComplianceReport = strawberry.field(description="Service levels, by metric.")
    availability: AvailabilityReport = strawberry.field(description="Availability.")
    tickets: TicketVolumeReport = strawberry.field(description="Tickets, by month.")
    backlog: BacklogAgeingReport = strawberry.field(description="Age of open tickets at the end of each month.")
    times: TicketTimesReport = strawberry.field(description="Response and resolution times.")
    satisfaction: SatisfactionReport = strawberry.field(description="Satisfaction.")
    operations: GeneralOperations = strawberry.field(description="Operations in general.")
    document: str = strawberry.field(description="All of it as canonical JSON, the very text that was fixed.")
    sha256: str = strawberry.field(description="The SHA-256 of the document's UTF-8 bytes, in hexadecimal.")

    @classmethod
    def of(cls, frozen: FrozenPack) -> Self:
        pack, at = read(frozen.pack), Position(frozen.epoch, frozen.position)
        return cls(
            frozen_at=frozen.frozen_at,
            position=at,
            from_=pack.from_,
            to=pack.to,
            time_zone=TimeZone(pack.time_zone),
            sla=SlaComplianceReport.of(at, pack.sla, SLA_BY),
            availability=AvailabilityReport.of(at, pack.availability),
            tickets=TicketVolumeReport.of(at, pack.tickets),
            backlog=BacklogAgeingReport.of(at, pack.backlog),
            times=TicketTimesReport.of(at, pack.times),
            satisfaction=SatisfactionReport.of(at, pack.satisfaction),
            operations=GeneralOperations.of(pack.operations),
            document=frozen.pack,
            sha256=frozen.sha256,
        )

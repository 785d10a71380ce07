"""The ticket as it is shown. Its branches come with it in one statement: tickets/wants.py says which were asked for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry

from projections import agents
from projections import ticket_rows as rows
from projections.paging import Connection
from services.gateway.context import Info
from services.gateway.ids import global_id
from services.gateway.people import loading
from services.gateway.people.parties import Agent, Contact, Organisation, Queue, party
from services.gateway.scalars import Cursor, LanguageTag
from services.gateway.shapes import Actor, Node, PageInfo, member, page_info
from services.gateway.status.components import ServiceComponent
from services.gateway.status.notices import Maintenance, StatusIncident
from services.gateway.tickets.blocked import without_blocked
from services.gateway.tickets.entries import (
    SatisfactionRating,
    TimelineEntry,
    TimelineEntryConnection,
    TimelineEntryEdge,
    shown,
)
from services.gateway.tickets.fields import TicketField, values
from services.gateway.tickets.happenings import TimelineKind
from services.gateway.tickets.offers import offers
from services.gateway.tickets.promises import SlaTarget, targets
from services.gateway.tickets.vocabulary import (
    Channel,
    EscalationTarget,
    ExternalSystem,
    HoldReason,
    LanguageNotice,
    Resolution,
    TicketCommand,
    TicketKind,
    TicketLinkKind,
    TicketPriority,
    TicketSeverity,
    TicketStatus,
)

ERASED = "Erased"


@strawberry.type(description="A call for help inside.")
class Escalation:
    target: EscalationTarget = strawberry.field(description="To whom.")
    by: Actor = strawberry.field(description="By whom.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(description="A number in another system.")
class ExternalRef:
    system: ExternalSystem = strawberry.field(description="Which.")
    value: str = strawberry.field(description="Its number there.")


@strawberry.type(description="The part of a ticket that never leaves staff.")
class TicketStaffView:
    tags: list[str] = strawberry.field(description="Labels of the team.")
    watchers: list[Actor] = strawberry.field(description="Who follows it.")
    detected_language: LanguageTag | None = strawberry.field(
        description="Language of the last incoming message; null when unsure."
    )
    language_notice: LanguageNotice = strawberry.field(description="Whether that asks for care: replies are in English.")
    escalation: Escalation | None = strawberry.field(description="Last one; null without any.")
    note_count: int = strawberry.field(description="Number of internal notes.")

    @classmethod
    def of(cls, row: rows.StaffView) -> Self:
        call = row.escalation
        english = row.language is None or row.language.partition("-")[0] == "en"
        return cls(
            tags=row.tags,
            watchers=[party(each) for each in row.watchers],
            detected_language=LanguageTag(row.language) if row.language else None,
            language_notice=LanguageNotice["NONE" if english else "REPLY_IN_ENGLISH"],
            escalation=Escalation(target=member(EscalationTarget, call.target), by=party(call.by), at=call.at)
            if call
            else None,
            note_count=row.note_count,
        )


@strawberry.type(description="A tie to another ticket.")
class TicketLink:
    kind: TicketLinkKind = strawberry.field(description="How, read from this ticket.")
    ticket: Ticket = strawberry.field(description="Which.")


@strawberry.type(description="An inquiry and all that was done about it.")
class Ticket(Node):
    ref: str = strawberry.field(description="The number people use, 10482.")
    version: int = strawberry.field(description="For expectedVersion. To customers it counts only what they may see.")
    kind: TicketKind = strawberry.field(description="Request or incident.")
    subject: str = strawberry.field(description="Subject line.")
    status: TicketStatus = strawberry.field(description="Where it stands.")
    priority: TicketPriority = strawberry.field(description="How soon.")
    severity: TicketSeverity | None = strawberry.field(description="How bad; null for a request.")
    channel: Channel = strawberry.field(description="How it came.")
    created_at: datetime = strawberry.field(description="Opened.")
    updated_at: datetime = strawberry.field(
        description="Last change you may see; an internal note does not move it for customers."
    )
    first_responded_at: datetime | None = strawberry.field(description="First public reply by a human agent; null before.")
    resolved_at: datetime | None = strawberry.field(description="Resolved; null when not.")
    reopenable_until: datetime | None = strawberry.field(
        description="Until when it can be reopened; null unless resolved or closed."
    )
    snoozed_until: datetime | None = strawberry.field(description="When it wakes; null unless snoozed.")
    hold_reason: HoldReason | None = strawberry.field(description="What it waits for; null unless on hold.")
    resolution: Resolution | None = strawberry.field(description="How it ended; null unless resolved or closed.")
    viewer_is_watching: bool = strawberry.field(description="Whether you follow it.")
    row: strawberry.Private[rows.Ticket]

    @classmethod
    def of(cls, row: rows.Ticket) -> Self:
        return cls(
            id=global_id("ticket", row.id),
            ref=row.ref,
            version=row.version,
            kind=member(TicketKind, row.kind),
            subject=row.subject or ERASED,
            status=member(TicketStatus, row.status),
            priority=member(TicketPriority, row.priority),
            severity=member(TicketSeverity, row.severity) if row.severity else None,
            channel=member(Channel, row.channel),
            created_at=row.created_at,
            updated_at=row.updated_at,
            first_responded_at=row.first_responded_at,
            resolved_at=row.resolved_at,
            reopenable_until=row.reopenable_until,
            snoozed_until=row.snoozed_until,
            hold_reason=member(HoldReason, row.hold_reason) if row.hold_reason else None,
            resolution=member(Resolution, row.resolution) if row.resolution else None,
            viewer_is_watching=row.viewer_is_watching,
            row=row,
        )

    @strawberry.field(description="Whose; null until staff place the ticket of an unknown sender.")
    def organisation(self, info: Info) -> Organisation | None:
        if self.row.organisation is not None:
            return Organisation.of(self.row.organisation)
        return self._organisation(info) if self.row.organisation_id is not None else None  # type: ignore[return-value]

    async def _organisation(self, info: Info) -> Organisation | None:
        """Where the ticket came without it. A coroutine only then: fifty of them cost more than their statement."""
        row = await loading.organisations(info.context).load(self.row.organisation_id)  # type: ignore[arg-type]
        return Organisation.of(row) if row else None

    @strawberry.field(description="Who asked.")
    def requester(self) -> Contact:
        row = self.row.requester
        return Contact.of(row) if row else Contact.unread(self.row.requester_id)

    @strawberry.field(description="Who works on it; null when nobody.")
    def assignee(self) -> Agent | None:
        if self.row.assignee_id is None:
            return None
        return Agent.of(self.row.assignee or agents.Agent(id=self.row.assignee_id))

    @strawberry.field(description="The team.")
    def queue(self, info: Info) -> Queue:
        return Queue.of(self.row.queue) if self.row.queue else self._queue(info)  # type: ignore[return-value]

    async def _queue(self, info: Info) -> Queue:
        return Queue.of(await loading.queue(info.context, self.row.queue_id))

    @strawberry.field(description="Promises on it, superseded ones last.")
    def sla_targets(self) -> list[SlaTarget]:
        return targets(self.row.sla, self.row.clocks, self.row.sla_entries)

    @strawberry.field(description="Custom fields you may see.")
    async def fields(self, info: Info) -> list[TicketField]:
        seen = [*self.row.fields, *(self.row.staff.fields if self.row.staff else ())]
        return values(await info.context.policies(), seen)

    @strawberry.field(description="Other tickets it belongs with, as far as you may see them.")
    def links(self, info: Info) -> list[TicketLink]:
        kept = {row.id for row in without_blocked(info, (link.ticket for link in self.row.links))}
        shown = [link for link in self.row.links if link.ticket.id in kept]
        return [TicketLink(kind=member(TicketLinkKind, link.kind), ticket=Ticket.of(link.ticket)) for link in shown]

    @strawberry.field(description="Where it lives on; null unless merged.")
    def merged_into(self, info: Info) -> Ticket | None:
        return next((Ticket.of(row) for row in without_blocked(info, [self.row.merged_into])), None)

    @strawberry.field(description="Ratings, one an episode of resolution.")
    def ratings(self) -> list[SatisfactionRating]:
        return [
            SatisfactionRating(score=row.score, comment=row.comment, episode=row.episode, at=row.at) for row in self.row.ratings
        ]

    @strawberry.field(description="Its numbers elsewhere, RT for instance.")
    def external_refs(self) -> list[ExternalRef]:
        return [ExternalRef(system=member(ExternalSystem, row.system), value=row.value) for row in self.row.external]

    @strawberry.field(description="Services concerned.")
    def services(self) -> list[ServiceComponent]:
        return [ServiceComponent.of(row) for row in self.row.services]

    @strawberry.field(description="Incidents it is linked to, newest first.")
    def incidents(self) -> list[StatusIncident]:
        return [StatusIncident.of(row) for row in self.row.incidents]

    @strawberry.field(description="Planned work it is linked to, the latest first.")
    def maintenance(self) -> list[Maintenance]:
        return [Maintenance.of(row) for row in self.row.maintenance]

    @strawberry.field(description="What you may do with it now.")
    def viewer_can(self, info: Info) -> list[TicketCommand]:
        return offers(self.row, info.context.viewer, info.context.now)

    @strawberry.field(description="All that happened, oldest first, without what you may not see.")
    def timeline(
        self,
        info: Info,
        kinds: Annotated[list[TimelineKind] | None, strawberry.argument(description="Which kinds; all if left out.")] = None,
        first: Annotated[int | None, strawberry.argument(description="Rows from the start.")] = None,
        after: Annotated[Cursor | None, strawberry.argument(description="After this.")] = None,
        last: Annotated[int | None, strawberry.argument(description="Rows from the end.")] = None,
        before: Annotated[Cursor | None, strawberry.argument(description="Before this.")] = None,
    ) -> TimelineEntryConnection:
        from services.gateway.tickets.wants import timeline_want  # it reads these types' names

        want = timeline_want({"kinds": kinds, "first": first, "after": after, "last": last, "before": before})
        return timeline_connection(self.row.timeline(str(info.path.key), want))

    @strawberry.field(description="What only staff see; null to others.")
    def staff(self, info: Info) -> TicketStaffView | None:
        if not info.context.viewer.sees_staff or self.row.staff is None:
            return None
        return TicketStaffView.of(self.row.staff)


@strawberry.type(description="One row.")
class TicketEdge:
    cursor: Cursor = strawberry.field(description="Its place.")
    node: Ticket = strawberry.field(description="The row.")


@strawberry.type(description="A page of tickets.")
class TicketConnection:
    edges: list[TicketEdge] = strawberry.field(description="Rows with cursors.")
    nodes: list[Ticket] = strawberry.field(description="Rows.")
    page_info: PageInfo = strawberry.field(description="Where it lies.")

    @classmethod
    def of(cls, found: Connection[rows.Ticket], *, without: Collection[UUID] = ()) -> Self:
        kept = [edge for edge in found.edges if edge.row.id not in without]
        edges = [TicketEdge(cursor=Cursor(edge.cursor), node=Ticket.of(edge.row)) for edge in kept]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=page_info(found))


def timeline_connection(found: Connection[rows.Entry]) -> TimelineEntryConnection:
    entries: list[tuple[str, TimelineEntry]] = [(edge.cursor, shown(edge.row)) for edge in found.edges]
    edges: list[Any] = [TimelineEntryEdge(cursor=Cursor(cursor), node=entry) for cursor, entry in entries]
    return TimelineEntryConnection(edges=edges, nodes=[entry for _, entry in entries], page_info=page_info(found))

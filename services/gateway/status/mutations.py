"""Commands on services, incidents and planned work."""

from __future__ import annotations

import strawberry

from domain.status import vocabulary as words
from domain.status.maintenance import Maintenance
from services.commands import status
from services.gateway import ids
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.acting import by
from services.gateway.context import Info
from services.gateway.ids import of_kind
from services.gateway.status.inputs import (
    CancelMaintenanceInput,
    DeclareIncidentInput,
    LinkTicketToIncidentInput,
    LinkTicketToMaintenanceInput,
    PostStatusUpdateInput,
    RegisterServiceComponentInput,
    ResolveIncidentInput,
    RetireServiceComponentInput,
    ScheduleMaintenanceInput,
    impacts_of,
)
from services.gateway.status.payloads import ServiceComponentPayload, StatusNoticePayload
from services.gateway.tickets.changing import What

ADMIN = [Access(level=AccessLevel.ADMIN, scope=Scope.STATUS_WRITE)]
STAFF = [Access(level=AccessLevel.STAFF, scope=Scope.STATUS_WRITE)]
NOTICE = ("input", "noticeId")


@strawberry.type
class StatusMutations:
    @strawberry.mutation(description="Adds a service to the page.", directives=ADMIN)
    async def register_service_component(
        self, info: Info, input: What[RegisterServiceComponentInput]
    ) -> ServiceComponentPayload:
        act = by(info.context, input)
        receipt = await status.register_component(
            info.context.services.desk, act, ref=input.ref, name=input.name, group=input.group
        )
        return ServiceComponentPayload.of(receipt)

    @strawberry.mutation(description="Takes a service off the page.", directives=ADMIN)
    async def retire_service_component(self, info: Info, input: What[RetireServiceComponentInput]) -> ServiceComponentPayload:
        component = of_kind("component", input.component_id, "input", "componentId")
        act = by(info.context, input)
        return ServiceComponentPayload.of(await status.retire_component(info.context.services.desk, act, component))

    @strawberry.mutation(description="Declares an incident to the public.", directives=STAFF)
    async def declare_incident(self, info: Info, input: What[DeclareIncidentInput]) -> StatusNoticePayload:
        new = status.NewIncident(
            title=input.title,
            severity=words.StatusSeverity(input.severity.name),
            impacts=impacts_of(input.impacts),
            body=input.body,
            started_at=input.started_at,
        )
        return StatusNoticePayload.of(await status.declare_incident(info.context.services.desk, by(info.context, input), new))

    @strawberry.mutation(description="Announces planned work; it begins and ends by time.", directives=STAFF)
    async def schedule_maintenance(self, info: Info, input: What[ScheduleMaintenanceInput]) -> StatusNoticePayload:
        new = status.NewMaintenance(
            title=input.title,
            severity=words.StatusSeverity(input.severity.name),
            impacts=impacts_of(input.impacts),
            body=input.body,
            from_=input.from_,
            to=input.to,
        )
        receipt = await status.schedule_maintenance(info.context.services.desk, by(info.context, input), new)
        return StatusNoticePayload.of(receipt, planned=True)

    @strawberry.mutation(description="Calls planned work off, also while it runs.", directives=STAFF)
    async def cancel_maintenance(self, info: Info, input: What[CancelMaintenanceInput]) -> StatusNoticePayload:
        work = of_kind("maintenance", input.notice_id, *NOTICE)
        act = by(info.context, input)
        receipt = await status.cancel_maintenance(info.context.services.desk, act, work, body=input.body)
        return StatusNoticePayload.of(receipt, planned=True)

    @strawberry.mutation(description="Posts, and may move an incident on or change its impact.", directives=STAFF)
    async def post_status_update(self, info: Info, input: What[PostStatusUpdateInput]) -> StatusNoticePayload:
        known = ids.read(input.notice_id)
        planned = known is not None and known[0] == "maintenance"
        notice = of_kind("maintenance" if planned else "incident", input.notice_id, *NOTICE)
        post = status.Post(
            body=input.body,
            status=words.IncidentStatus(input.status.name) if input.status else None,
            impacts=None if input.impacts is None else impacts_of(input.impacts),
        )
        act, desk = by(info.context, input), info.context.services.desk
        if planned:
            receipt = await status.post_update(desk, act, notice, post, kind=Maintenance)
        else:
            receipt = await status.post_update(desk, act, notice, post)
        return StatusNoticePayload.of(receipt, planned=planned)

    @strawberry.mutation(description="Ties a ticket to an incident; the public does not see it.", directives=STAFF)
    async def link_ticket_to_incident(self, info: Info, input: What[LinkTicketToIncidentInput]) -> StatusNoticePayload:
        incident = of_kind("incident", input.notice_id, *NOTICE)
        ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
        act = by(info.context, input)
        return StatusNoticePayload.of(await status.link_ticket(info.context.services.desk, act, incident, ticket))

    @strawberry.mutation(description="Ties a ticket to planned work; the public does not see it.", directives=STAFF)
    async def link_ticket_to_maintenance(self, info: Info, input: What[LinkTicketToMaintenanceInput]) -> StatusNoticePayload:
        work = of_kind("maintenance", input.notice_id, *NOTICE)
        ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
        act = by(info.context, input)
        receipt = await status.link_ticket(info.context.services.desk, act, work, ticket, kind=Maintenance)
        return StatusNoticePayload.of(receipt, planned=True)

    @strawberry.mutation(description="Ends it and restores only the services it degraded.", directives=STAFF)
    async def resolve_incident(self, info: Info, input: What[ResolveIncidentInput]) -> StatusNoticePayload:
        incident = of_kind("incident", input.notice_id, *NOTICE)
        act = by(info.context, input)
        return StatusNoticePayload.of(await status.resolve_incident(info.context.services.desk, act, incident, body=input.body))

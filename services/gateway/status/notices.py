"""Incidents and planned work as the public sees them. Which tickets one concerns each sees only as far as they see tickets."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

import strawberry

from projections import status_incidents, status_maintenance
from projections import status_notices as rows
from projections.paging import Connection
from projections.snapshot import ReadBlocked
from services.gateway.context import Info
from services.gateway.ids import global_id
from services.gateway.scalars import Cursor
from services.gateway.selection import Selection
from services.gateway.shapes import Node, PageInfo, member, page_info
from services.gateway.status.components import ServiceComponent
from services.gateway.status.vocabulary import ComponentState, IncidentStatus, MaintenanceStatus, StatusSeverity
from services.gateway.tickets.body import MessageBody

if TYPE_CHECKING:
    from services.gateway.tickets.ticket import TicketConnection


@strawberry.type(description="What it does to a service.")
class ComponentImpact:
    component: ServiceComponent = strawberry.field(description="Which.")
    state: ComponentState = strawberry.field(description="To what.")


@strawberry.type(description="A public post.")
class StatusUpdate(Node):
    at: datetime = strawberry.field(description="When.")
    body: MessageBody = strawberry.field(description="Text.")
    status: IncidentStatus | None = strawberry.field(description="State after it; null for maintenance.")

    @classmethod
    def of(cls, row: rows.Update) -> Self:
        return cls(
            id=global_id("update", row.id),
            at=row.at,
            body=MessageBody(source=row.body, written="MARKDOWN"),
            status=member(IncidentStatus, row.status) if row.status else None,
        )


@strawberry.interface(description="An incident or maintenance, as the public sees it.")
class StatusNotice(Node):
    ref: str = strawberry.field(description="Number.")
    version: int = strawberry.field(description="For expectedVersion.")
    title: str = strawberry.field(description="Title.")
    severity: StatusSeverity = strawberry.field(description="How serious.")
    impacts: list[ComponentImpact] = strawberry.field(description="Services and what it does to them.")
    updates: list[StatusUpdate] = strawberry.field(description="Posts, newest first.")


def _common(kind: str, row: rows.Notice) -> dict[str, Any]:
    if row.blocked:
        raise ReadBlocked([row.id], kind)
    return {
        "id": global_id(kind, row.id),
        "ref": row.ref,
        "version": row.version,
        "title": row.title,
        "severity": member(StatusSeverity, row.severity),
        "impacts": [
            ComponentImpact(component=ServiceComponent.of(each.component), state=member(ComponentState, each.state))
            for each in row.impacts
        ],
        "updates": [StatusUpdate.of(each) for each in row.updates],
    }


async def _tickets(info: Info, notice: UUID, first: int | None, after: str | None) -> TicketConnection:
    # A ticket shows its notices, a notice its tickets.
    from services.gateway.status.linked import tickets_of_notice
    from services.gateway.tickets.blocked import warn_of
    from services.gateway.tickets.ticket import TicketConnection
    from services.gateway.tickets.wants import page_of, rows_of, ticket_want

    page, viewer = page_of(first, after, None, None), info.context.anybody
    if viewer is None:
        return TicketConnection.of(Connection())
    want = ticket_want(rows_of(Selection(info._raw_info), "TicketConnection"))
    found = await tickets_of_notice(info.context, notice, page, want)
    blocked = [edge.row.id for edge in found.edges if edge.row.blocked]
    warn_of(info, blocked)
    return TicketConnection.of(found, without=blocked)


@strawberry.type(description="An incident.")
class StatusIncident(StatusNotice):
    status: IncidentStatus = strawberry.field(description="Where it stands.")
    started_at: datetime = strawberry.field(description="Began.")
    resolved_at: datetime | None = strawberry.field(description="Over; null before.")
    uuid: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: status_incidents.Incident) -> Self:
        return cls(
            **_common("incident", row),
            status=member(IncidentStatus, row.status),
            started_at=row.started_at,
            resolved_at=row.resolved_at,
            uuid=row.id,
        )

    @strawberry.field(description="Linked tickets you may see, oldest first.")
    async def tickets(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="Rows from the start.")] = None,
        after: Annotated[Cursor | None, strawberry.argument(description="After this.")] = None,
    ) -> Annotated[TicketConnection, strawberry.lazy("services.gateway.tickets.ticket")]:
        return await _tickets(info, self.uuid, first, after)


@strawberry.type(description="Planned work.")
class Maintenance(StatusNotice):
    status: MaintenanceStatus = strawberry.field(description="Where it stands.")
    from_: datetime = strawberry.field(description="From.", name="from")
    to: datetime = strawberry.field(description="Until, not included.")
    uuid: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: status_maintenance.Maintenance) -> Self:
        common = _common("maintenance", row)
        status = member(MaintenanceStatus, row.status)
        return cls(**common, status=status, from_=row.begins_at, to=row.ends_at, uuid=row.id)

    @strawberry.field(description="Linked tickets you may see, oldest first.")
    async def tickets(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="Rows from the start.")] = None,
        after: Annotated[Cursor | None, strawberry.argument(description="After this.")] = None,
    ) -> Annotated[TicketConnection, strawberry.lazy("services.gateway.tickets.ticket")]:
        return await _tickets(info, self.uuid, first, after)


@strawberry.type(description="One row.")
class StatusIncidentEdge:
    cursor: Cursor = strawberry.field(description="Its place.")
    node: StatusIncident = strawberry.field(description="The row.")


@strawberry.type(description="A page of incidents.")
class StatusIncidentConnection:
    edges: list[StatusIncidentEdge] = strawberry.field(description="Rows with cursors.")
    nodes: list[StatusIncident] = strawberry.field(description="Rows.")
    page_info: PageInfo = strawberry.field(description="Where it lies.")

    @classmethod
    def of(cls, info: Info, found: Connection[status_incidents.Incident]) -> Self:
        """One that is blocked is left out and named beside it."""
        from services.gateway.tickets.blocked import warn_of

        warn_of(info, [each.row.id for each in found.edges if each.row.blocked], "incident")
        kept = [each for each in found.edges if not each.row.blocked]
        edges = [StatusIncidentEdge(cursor=Cursor(each.cursor), node=StatusIncident.of(each.row)) for each in kept]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=page_info(found))

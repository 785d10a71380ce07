"""What commands on services, incidents and planned work return: the thing after the write, never older than the write."""

from __future__ import annotations

from typing import Self
from uuid import UUID

import strawberry

from projections.status_components import components_by_id
from projections.status_incidents import incidents_by_id
from projections.status_maintenance import maintenance_by_id
from services.gateway.context import Info
from services.gateway.payload import PATIENCE, Payload, position_of
from services.gateway.read_models import STATUS
from services.gateway.status.components import ServiceComponent
from services.gateway.status.notices import Maintenance, StatusIncident, StatusNotice
from services.runtime.command import Receipt


@strawberry.type(description="Result of a command on a service.")
class ServiceComponentPayload(Payload):
    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        return cls(receipt=receipt, subject=UUID(receipt.ids["component"]))

    @strawberry.field(description="It, changed; null when refused.")
    async def component(self, info: Info) -> ServiceComponent | None:
        position = await position_of(info, self.receipt)
        if position is None or self.subject is None:
            return None
        rows = await components_by_id(await info.context.after(position, STATUS, PATIENCE), [self.subject])
        return ServiceComponent.of(rows[0]) if rows else None


@strawberry.type(description="Result of a command on an incident or maintenance.")
class StatusNoticePayload(Payload):
    planned: strawberry.Private[bool] = False

    @classmethod
    def of(cls, receipt: Receipt, *, planned: bool = False) -> Self:
        return cls(receipt=receipt, subject=UUID(receipt.ids["notice"]), planned=planned)

    @strawberry.field(description="It, changed; null when refused.")
    async def notice(self, info: Info) -> StatusNotice | None:
        position = await position_of(info, self.receipt)
        if position is None or self.subject is None:
            return None
        database = await info.context.after(position, STATUS, PATIENCE)
        if self.planned:
            planned = await maintenance_by_id(database, info.context.viewer, [self.subject])
            return Maintenance.of(planned[0]) if planned else None
        rows = await incidents_by_id(database, info.context.viewer, [self.subject])
        return StatusIncident.of(rows[0]) if rows else None

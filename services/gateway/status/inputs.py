"""Inputs of commands on services, incidents and planned work, and what they become."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import strawberry

from domain.status import vocabulary as words
from services.gateway.ids import of_kind
from services.gateway.scalars import IdempotencyKey
from services.gateway.status.vocabulary import ComponentState, IncidentStatus, StatusSeverity


@strawberry.input(description="What it does to a service.")
class ComponentImpactInput:
    component_id: strawberry.ID = strawberry.field(description="Which.")
    state: ComponentState = strawberry.field(description="To what.")


@strawberry.input(description="For registerServiceComponent.")
class RegisterServiceComponentInput:
    ref: str = strawberry.field(description="Short name: a–z, 0–9 and hyphens, unique for ever.")
    name: str = strawberry.field(description="Name.")
    group: str = strawberry.field(description="Heading.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For retireServiceComponent.")
class RetireServiceComponentInput:
    component_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For declareIncident.")
class DeclareIncidentInput:
    title: str = strawberry.field(description="Title.")
    severity: StatusSeverity = strawberry.field(description="How serious.")
    impacts: list[ComponentImpactInput] = strawberry.field(description="What it does to services.")
    body: str = strawberry.field(description="First public post, Markdown.")
    started_at: datetime | None = strawberry.field(description="Began; now if left out.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For scheduleMaintenance.")
class ScheduleMaintenanceInput:
    title: str = strawberry.field(description="Title.")
    severity: StatusSeverity = strawberry.field(description="How serious.", default=StatusSeverity.INFORMATION)
    impacts: list[ComponentImpactInput] = strawberry.field(description="What it does to services.")
    body: str = strawberry.field(description="First public post, Markdown.")
    from_: datetime = strawberry.field(description="From; at once if that has passed.", name="from")
    to: datetime = strawberry.field(description="Until, not included.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For cancelMaintenance.")
class CancelMaintenanceInput:
    notice_id: strawberry.ID = strawberry.field(description="Which.")
    body: str = strawberry.field(description="Public post, Markdown.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For postStatusUpdate.")
class PostStatusUpdateInput:
    notice_id: strawberry.ID = strawberry.field(description="Which.")
    body: str = strawberry.field(description="Public post, Markdown.")
    status: IncidentStatus | None = strawberry.field(
        description="New state of an incident; as it was if left out.", default=None
    )
    impacts: list[ComponentImpactInput] | None = strawberry.field(
        description="New impact, the whole of it; as it was if left out.", default=None
    )
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For linkTicketToIncident.")
class LinkTicketToIncidentInput:
    notice_id: strawberry.ID = strawberry.field(description="Which.")
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For linkTicketToMaintenance.")
class LinkTicketToMaintenanceInput:
    notice_id: strawberry.ID = strawberry.field(description="Which.")
    ticket_id: strawberry.ID = strawberry.field(description="Ticket.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For resolveIncident.")
class ResolveIncidentInput:
    notice_id: strawberry.ID = strawberry.field(description="Which.")
    body: str = strawberry.field(description="Last public post, Markdown.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


def impacts_of(given: Sequence[ComponentImpactInput]) -> list[words.ComponentImpact]:
    """Raises NotFound at the place of an id that is none of a service."""
    return [
        words.ComponentImpact(
            of_kind("component", each.component_id, "input", "impacts", str(place), "componentId"),
            words.ComponentState(each.state.name),
        )
        for place, each in enumerate(given)
    ]

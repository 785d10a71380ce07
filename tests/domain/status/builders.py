"""Services and notices, for tests that need one and do not care how it came to be so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.event import Aggregate, DomainEvent
from domain.status.component import ServiceComponent
from domain.status.incident import StatusIncident
from domain.status.maintenance import Maintenance
from domain.status.vocabulary import ComponentImpact, ComponentState, StatusSeverity

MONDAY = datetime(2026, 6, 29, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def a_component(ref: str = "compute", *, at: datetime = MONDAY) -> ServiceComponent:
    return ServiceComponent.register(id=uuid7(), at=at, ref=ref, name=ref.title(), group="Infrastructure")


def an_incident(
    *impacts: ComponentImpact, at: datetime = MONDAY, started_at: datetime | None = None, body: str = "We look into it."
) -> StatusIncident:
    return StatusIncident.declare(
        id=uuid7(),
        at=at,
        ref="INC-1",
        title="Volumes are slow",
        severity=StatusSeverity.MAJOR,
        impacts=impacts or (ComponentImpact(uuid7(), ComponentState.DEGRADED),),
        body=body,
        update=uuid7(),
        started_at=started_at,
    )


def planned(
    *impacts: ComponentImpact, at: datetime = MONDAY, from_: datetime = MONDAY + HOUR, to: datetime = MONDAY + 3 * HOUR
) -> Maintenance:
    return Maintenance.schedule(
        id=uuid7(),
        at=at,
        ref="MNT-1",
        title="New switches",
        impacts=impacts or (ComponentImpact(uuid7(), ComponentState.UNDER_MAINTENANCE),),
        body="Short breaks.",
        from_=from_,
        to=to,
        update=uuid7(),
    )


def new_id() -> UUID:
    return uuid7()


def recorded(aggregate: Aggregate) -> list[str]:
    """The topics recorded since the last look."""
    return [event.TOPIC for event in aggregate.collect_events()]  # type: ignore[attr-defined]


def replayed(events: Sequence[DomainEvent]) -> Aggregate | None:
    again: Aggregate | None = None
    for event in events:
        again = event.mutate(again)
    return again

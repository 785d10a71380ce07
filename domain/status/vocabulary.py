"""The words of the status page: its enums, what a notice does to a service, and which state is worse.

The names of the members are those of the GraphQL schema and of the JSON; they are never renamed. Readers treat a member they do
not know as "other".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ComponentState(StrEnum):
    """How a service does."""

    OPERATIONAL = "OPERATIONAL"
    DEGRADED = "DEGRADED"
    PARTIAL_OUTAGE = "PARTIAL_OUTAGE"
    MAJOR_OUTAGE = "MAJOR_OUTAGE"
    UNDER_MAINTENANCE = "UNDER_MAINTENANCE"


class IncidentStatus(StrEnum):
    INVESTIGATING = "INVESTIGATING"
    IDENTIFIED = "IDENTIFIED"
    MONITORING = "MONITORING"
    RESOLVED = "RESOLVED"


class MaintenanceStatus(StrEnum):
    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class StatusSeverity(StrEnum):
    """How serious, rising in this order."""

    INFORMATION = "INFORMATION"
    MINOR = "MINOR"
    MAJOR = "MAJOR"
    CRITICAL = "CRITICAL"


class NoticeKind(StrEnum):
    """What imposes a state on a service: something that happened, or something planned."""

    INCIDENT = "INCIDENT"
    MAINTENANCE = "MAINTENANCE"


@dataclass(frozen=True)
class ComponentImpact:
    """What a notice does to a service."""

    component: UUID
    state: ComponentState


BADNESS = {
    state: rank
    for rank, state in enumerate(
        (
            ComponentState.OPERATIONAL,
            ComponentState.UNDER_MAINTENANCE,
            ComponentState.DEGRADED,
            ComponentState.PARTIAL_OUTAGE,
            ComponentState.MAJOR_OUTAGE,
        )
    )
}
"""Rising. Planned work is better than anything that was not planned: whoever looks must see the outage behind it."""


def worst(states: Iterable[ComponentState]) -> ComponentState:
    """The worst of them; OPERATIONAL where there is none."""
    return max(states, key=BADNESS.__getitem__, default=ComponentState.OPERATIONAL)


_FORWARD = (
    IncidentStatus.INVESTIGATING,
    IncidentStatus.IDENTIFIED,
    IncidentStatus.MONITORING,
    IncidentStatus.RESOLVED,
)
INCIDENT_WAYS = {status: _FORWARD[place + 1 :] for place, status in enumerate(_FORWARD)}
"""Onwards only, and any step may be left out: a cause may be known at once, and some incidents are over before they are understood."""
MAINTENANCE_WAYS = {
    MaintenanceStatus.SCHEDULED: (MaintenanceStatus.IN_PROGRESS, MaintenanceStatus.CANCELLED),
    MaintenanceStatus.IN_PROGRESS: (MaintenanceStatus.COMPLETED, MaintenanceStatus.CANCELLED),
    MaintenanceStatus.COMPLETED: (),
    MaintenanceStatus.CANCELLED: (),
}

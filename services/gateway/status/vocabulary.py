"""The enums of the status page: the domain's words, each with what it means."""

from __future__ import annotations

from enum import Enum

import strawberry

from services.gateway.described import said


@strawberry.enum(description="How a service does.")
class ComponentState(Enum):
    OPERATIONAL = said("OPERATIONAL", "Well.")
    DEGRADED = said("DEGRADED", "Slow or limited.")
    PARTIAL_OUTAGE = said("PARTIAL_OUTAGE", "Down for some.")
    MAJOR_OUTAGE = said("MAJOR_OUTAGE", "Down.")
    UNDER_MAINTENANCE = said("UNDER_MAINTENANCE", "Being worked on.")


@strawberry.enum(description="Where an incident stands.")
class IncidentStatus(Enum):
    INVESTIGATING = said("INVESTIGATING", "Looked into.")
    IDENTIFIED = said("IDENTIFIED", "Cause known.")
    MONITORING = said("MONITORING", "Fixed, watched.")
    RESOLVED = said("RESOLVED", "Over.")


@strawberry.enum(description="Where maintenance stands.")
class MaintenanceStatus(Enum):
    SCHEDULED = said("SCHEDULED", "Planned.")
    IN_PROGRESS = said("IN_PROGRESS", "Now.")
    COMPLETED = said("COMPLETED", "Done.")
    CANCELLED = said("CANCELLED", "Called off.")


@strawberry.enum(description="How serious, rising.")
class StatusSeverity(Enum):
    INFORMATION = said("INFORMATION", "Good to know.")
    MINOR = said("MINOR", "Limited.")
    MAJOR = said("MAJOR", "Serious.")
    CRITICAL = said("CRITICAL", "Urgent.")


@strawberry.enum(description="Whether something is in use.")
class Lifecycle(Enum):
    ACTIVE = said("ACTIVE", "In use.")
    RETIRED = said("RETIRED", "Kept for history.")

"""The enums of engagements: the domain's words, each with what it means."""

from __future__ import annotations

from enum import Enum

import strawberry

from services.gateway.described import said


@strawberry.enum(description="What for.")
class EngagementKind(Enum):
    ROLLOUT_PLANNING = said("ROLLOUT_PLANNING", "Planning a roll-out.")
    TECHNICAL_REVIEW = said("TECHNICAL_REVIEW", "Reviewing.")
    ARCHITECTURE_DESIGN = said("ARCHITECTURE_DESIGN", "Designing.")
    MIGRATION = said("MIGRATION", "Migrating.")


@strawberry.enum(description="Life of an engagement.")
class EngagementStatus(Enum):
    REQUESTED = said("REQUESTED", "Asked for.")
    SCOPED = said("SCOPED", "Agreed what.")
    SCHEDULED = said("SCHEDULED", "Agreed when.")
    COMPLETED = said("COMPLETED", "Done.")
    DECLINED = said("DECLINED", "Refused.")
    CANCELLED = said("CANCELLED", "Withdrawn.")

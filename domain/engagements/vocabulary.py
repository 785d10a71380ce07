"""The words of engagements: what for, and the life of one."""

from __future__ import annotations

from enum import StrEnum


class EngagementKind(StrEnum):
    ROLLOUT_PLANNING = "ROLLOUT_PLANNING"
    TECHNICAL_REVIEW = "TECHNICAL_REVIEW"
    ARCHITECTURE_DESIGN = "ARCHITECTURE_DESIGN"
    MIGRATION = "MIGRATION"


class EngagementStatus(StrEnum):
    REQUESTED = "REQUESTED"
    SCOPED = "SCOPED"
    SCHEDULED = "SCHEDULED"
    COMPLETED = "COMPLETED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"


TRANSITIONS: dict[EngagementStatus, tuple[EngagementStatus, ...]] = {
    EngagementStatus.REQUESTED: (EngagementStatus.SCOPED, EngagementStatus.DECLINED, EngagementStatus.CANCELLED),
    EngagementStatus.SCOPED: (
        EngagementStatus.SCOPED,
        EngagementStatus.SCHEDULED,
        EngagementStatus.DECLINED,
        EngagementStatus.CANCELLED,
    ),
    EngagementStatus.SCHEDULED: (
        EngagementStatus.SCOPED,
        EngagementStatus.SCHEDULED,
        EngagementStatus.COMPLETED,
        EngagementStatus.CANCELLED,
    ),
    EngagementStatus.COMPLETED: (),
    EngagementStatus.DECLINED: (),
    EngagementStatus.CANCELLED: (),
}
"""What may come next. Scoping and scheduling may be done over: another lead, another time. What is scoped anew after it was scheduled
stays scheduled."""
ENDED = frozenset(status for status, following in TRANSITIONS.items() if not following)

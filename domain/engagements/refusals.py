"""What engagements refuse, as sentences."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from domain.engagements.vocabulary import TRANSITIONS, EngagementStatus
from domain.errors import InvalidTransition, RuleViolated

_STANDS = {
    EngagementStatus.REQUESTED: "is asked for; agree on its scope first",
    EngagementStatus.SCOPED: "has a scope and no time yet; schedule it first",
    EngagementStatus.SCHEDULED: "is scheduled; cancel it if it is not to take place",
    EngagementStatus.COMPLETED: "is completed; ask for a new one",
    EngagementStatus.DECLINED: "was declined; ask for a new one",
    EngagementStatus.CANCELLED: "was cancelled; ask for a new one",
}


class EngagementStandsOtherwise(InvalidTransition):
    """Its state does not allow what was asked."""

    def __init__(self, status: EngagementStatus) -> None:
        super().__init__(f"This engagement {_STANDS[status]}.", current=status, allowed=TRANSITIONS[status])


class EngagementHasNotBegun(RuleViolated):
    rule: ClassVar[str] = "ENGAGEMENT_HAS_NOT_BEGUN"

    def __init__(self, starts_at: datetime) -> None:
        super().__init__(f"It begins at {starts_at.isoformat()} and cannot be done before; schedule it earlier or cancel it.")

"""What operations meetings refuse, as sentences."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.errors import AlreadyExists, Forbidden, InvalidTransition, NotFound, RuleViolated
from domain.meetings.vocabulary import TRANSITIONS, MeetingStatus

_STANDS = {
    MeetingStatus.SCHEDULED: "is planned; hold it first",
    MeetingStatus.PACK_FROZEN: "is planned and has its review pack; hold it first",
    MeetingStatus.HELD: "took place",
    MeetingStatus.CANCELLED: "was cancelled; schedule it anew",
}


class MeetingStandsOtherwise(InvalidTransition):
    """Its state does not allow what was asked."""

    def __init__(self, status: MeetingStatus) -> None:
        super().__init__(f"This meeting {_STANDS[status]}.", current=status, allowed=TRANSITIONS[status])


class MeetingExists(AlreadyExists):
    """One meeting a contract and quarter."""

    def __init__(self, existing: UUID) -> None:
        message = "This contract has its meeting of the quarter; reschedule that one."
        super().__init__(message, existing=existing, path=("input", "quarter"))


class AgendaIsFixed(RuleViolated):
    rule: ClassVar[str] = "AGENDA_IS_FIXED"

    def __init__(self, title: str) -> None:
        super().__init__(f"{title} stands on every agenda; add only what is to come after it.", path=("input", "title"))


class PackIsFrozen(RuleViolated):
    rule: ClassVar[str] = "PACK_IS_FROZEN"

    def __init__(self) -> None:
        super().__init__("The review pack of this meeting is frozen and does not change; read it as it is.")


class QuarterHasNotBegun(RuleViolated):
    rule: ClassVar[str] = "QUARTER_HAS_NOT_BEGUN"

    def __init__(self, begins: datetime) -> None:
        super().__init__(f"The quarter begins at {begins.isoformat()}; there is nothing to report on before.")


class MeetingHasNotBegun(RuleViolated):
    rule: ClassVar[str] = "MEETING_HAS_NOT_BEGUN"

    def __init__(self, starts_at: datetime) -> None:
        super().__init__(f"It begins at {starts_at.isoformat()} and is not held before; reschedule it or cancel it.")


class MinutesAreClosed(RuleViolated):
    rule: ClassVar[str] = "MINUTES_ARE_CLOSED"

    def __init__(self, until: datetime) -> None:
        super().__init__(f"The minutes could be written until {until.isoformat()}; raise an action item instead.")


class ActionItemIsOthers(Forbidden):
    """Only its owner or the manager says that a task is done."""

    def __init__(self) -> None:
        message = "Only its owner or the service manager completes an action item; ask one of them."
        super().__init__(message, needs="MANAGER", path=("input", "actionItemId"))


def no_such_item() -> NotFound:
    return NotFound("There is no such action item.", path=("input", "actionItemId"))

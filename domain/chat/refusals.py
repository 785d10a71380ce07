"""What chat rooms refuse, as sentences."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.chat.vocabulary import TRANSITIONS, AccessStatus
from domain.errors import AlreadyExists, InvalidTransition, NotFound, RuleViolated

_STANDS = {
    AccessStatus.REQUESTED: "waits for an answer",
    AccessStatus.APPROVED: "was granted",
    AccessStatus.DENIED: "was denied; it can be asked for again",
    AccessStatus.REVOKED: "was taken back; it can be asked for again",
    AccessStatus.EXPIRED: "has run out; it can be asked for again",
}


class AccessStandsOtherwise(InvalidTransition):
    """Its state does not allow what was asked."""

    def __init__(self, status: AccessStatus) -> None:
        super().__init__(f"This access {_STANDS[status]}.", current=status, allowed=TRANSITIONS[status])


class AccessAskedFor(AlreadyExists):
    """One open request or grant for each room and contact."""

    def __init__(self, access: UUID, status: AccessStatus) -> None:
        super().__init__(f"Access to this room {_STANDS[status]} already.", existing=access, path=("input", "roomId"))


class NotOnesOwn(RuleViolated):
    rule: ClassVar[str] = "OWN_REQUEST"

    def __init__(self) -> None:
        super().__init__("Nobody approves what they asked for themselves; ask a colleague.")


class EmailNotVerified(RuleViolated):
    rule: ClassVar[str] = "EMAIL_NOT_VERIFIED"

    def __init__(self) -> None:
        super().__init__("The community room is open to people whose e-mail is verified; ask for a link and follow it first.")


class CommunityIsClosed(RuleViolated):
    rule: ClassVar[str] = "ROOM_CLOSED"

    def __init__(self) -> None:
        super().__init__("The community room takes nobody new at present.")


def no_such_room() -> NotFound:
    return NotFound("There is no such room.", path=("input", "roomId"))

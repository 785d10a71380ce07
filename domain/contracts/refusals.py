"""What contracts refuse, as sentences."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from domain.contracts.vocabulary import TRANSITIONS, ContractStatus
from domain.errors import InvalidTransition, RuleViolated, ValidationFailed

_STANDS = {
    ContractStatus.DRAFT: "is a draft; activate it first",
    ContractStatus.ACTIVE: "is active",
    ContractStatus.SUSPENDED: "is suspended; resume it first",
    ContractStatus.TERMINATED: "was terminated; draft another",
    ContractStatus.EXPIRED: "has run out; draft another",
}


class ContractStandsOtherwise(InvalidTransition):
    """Its state does not allow what was asked."""

    def __init__(self, status: ContractStatus) -> None:
        super().__init__(f"This contract {_STANDS[status]}.", current=status, allowed=TRANSITIONS[status])


class ContractIsEnding(InvalidTransition):
    def __init__(self, status: ContractStatus, ends: datetime) -> None:
        super().__init__(
            f"This contract was terminated and ends on {ends.isoformat()}; draft another for what follows.",
            current=status,
            allowed=(ContractStatus.TERMINATED,),
        )


class SuspensionIsPlanned(InvalidTransition):
    def __init__(self, status: ContractStatus) -> None:
        super().__init__(
            "This contract is to be suspended already; resume it to change when.", current=status, allowed=TRANSITIONS[status]
        )


class PeriodsOverlap(RuleViolated):
    rule: ClassVar[str] = "PERIODS_OVERLAP"

    def __init__(self, product: str) -> None:
        super().__init__(
            f"The organisation has {product} by another contract in this time; end that one first or choose other dates."
        )


class ManagerReserved(RuleViolated):
    rule: ClassVar[str] = "MANAGER_RESERVED"

    def __init__(self) -> None:
        super().__init__("A dedicated service manager serves one organisation; this one serves another in that time.")


class ManagerAssigned(RuleViolated):
    rule: ClassVar[str] = "MANAGER_ASSIGNED"

    def __init__(self) -> None:
        super().__init__("This contract has a service manager; replace them instead.")


class NoManager(RuleViolated):
    rule: ClassVar[str] = "NO_MANAGER"

    def __init__(self) -> None:
        super().__init__("This contract has no service manager; assign one first.")


class NoServiceManager(RuleViolated):
    rule: ClassVar[str] = "NOT_A_SERVICE_MANAGER"

    def __init__(self) -> None:
        super().__init__("This member of staff is no service manager; name one, or have them sign in as one first.")


def in_the_past(at: datetime, *, path: tuple[str, ...]) -> ValidationFailed:
    return ValidationFailed(
        "This takes effect now or later, not earlier.", problem="OUT_OF_RANGE", path=path, limit=at.isoformat()
    )


def past_its_end(ends: datetime, *, path: tuple[str, ...]) -> ValidationFailed:
    return ValidationFailed("The contract ends before that.", problem="OUT_OF_RANGE", path=path, limit=ends.isoformat())

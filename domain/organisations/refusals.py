"""What organisations and contacts refuse, as sentences."""

from __future__ import annotations

from typing import ClassVar

from domain.errors import InvalidTransition, RuleViolated, TokenInvalid


class ContactIsErased(InvalidTransition):
    def __init__(self) -> None:
        super().__init__("This person was erased; nothing can be said about them any more.", current="ERASED", allowed=())


class OrganisationIsErased(InvalidTransition):
    def __init__(self) -> None:
        super().__init__("This organisation was erased.", current="ERASED", allowed=())


class OrganisationIsBeingErased(InvalidTransition):
    def __init__(self) -> None:
        super().__init__("This organisation is being erased; nothing is tied to it any more.", current="ERASING", allowed=())


class LinkedElsewhere(RuleViolated):
    rule: ClassVar[str] = "LINKED_ELSEWHERE"

    def __init__(self) -> None:
        super().__init__("This person belongs to another organisation; unlink them there first.")


class NotLinked(RuleViolated):
    rule: ClassVar[str] = "NOT_LINKED"

    def __init__(self) -> None:
        super().__init__("This person belongs to no organisation; link them first.")


class ContractInForce(RuleViolated):
    rule: ClassVar[str] = "CONTRACT_IN_FORCE"

    def __init__(self) -> None:
        super().__init__(
            "An organisation with a contract in force cannot be erased; "
            "terminate that first (terminateContract) and erase when it has ended."
        )


class VerificationInvalid(TokenInvalid):
    def __init__(self) -> None:
        super().__init__("The link is wrong, was used or has expired; ask for a new one.")

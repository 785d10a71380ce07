"""What status subscriptions refuse, as sentences."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.errors import AlreadyExists, Forbidden, InvalidTransition, RuleViolated, TokenInvalid
from domain.subscriptions.vocabulary import TRANSITIONS, SubscriptionStatus

_STANDS = {
    SubscriptionStatus.AWAITING_CONFIRMATION: "waits for its confirmation; confirm it with the token in the message first",
    SubscriptionStatus.ACTIVE: "is active",
    SubscriptionStatus.PAUSED: "is paused; resume it first",
    SubscriptionStatus.DISABLED: "was disabled; resume it first",
    SubscriptionStatus.CANCELLED: "was cancelled; ask for a new one",
    SubscriptionStatus.EXPIRED: "was never confirmed; ask for a new one",
}


class SubscriptionStandsOtherwise(InvalidTransition):
    """Its state does not allow what was asked."""

    def __init__(self, status: SubscriptionStatus) -> None:
        super().__init__(f"This subscription {_STANDS[status]}.", current=status, allowed=TRANSITIONS[status])


class SubscriptionThere(AlreadyExists):
    """One for each organisation, channel and destination. `existing` is None where the one who asks may not see it."""

    def __init__(self, existing: UUID | None) -> None:
        super().__init__(
            "This destination is subscribed already, or waits for its confirmation.",
            existing=existing,
            path=("input", "destination"),
        )


class NotConfirmed(RuleViolated):
    rule: ClassVar[str] = "NOT_CONFIRMED"

    def __init__(self) -> None:
        super().__init__(
            "This subscription waits for its confirmation; first confirm it with the token in the message that was sent to it."
        )


class NotAWebhook(RuleViolated):
    rule: ClassVar[str] = "NOT_A_WEBHOOK"

    def __init__(self) -> None:
        super().__init__("Only webhooks have a signing secret.")


class DestinationIsErased(RuleViolated):
    rule: ClassVar[str] = "DESTINATION_ERASED"

    def __init__(self) -> None:
        super().__init__("Where it sent to was erased; ask for a new subscription.")


class DisabledForAbuse(Forbidden):
    def __init__(self) -> None:
        super().__init__("This subscription was stopped for misuse; only staff let it go on.", needs="STAFF")


class TokenRefused(TokenInvalid):
    def __init__(self) -> None:
        super().__init__("The token is wrong, was used or has expired.")

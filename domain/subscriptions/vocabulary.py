"""The words of status subscriptions, and the life of one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SubscriptionStatus(StrEnum):
    AWAITING_CONFIRMATION = "AWAITING_CONFIRMATION"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    """Never confirmed in time."""


class DigestMode(StrEnum):
    IMMEDIATE = "IMMEDIATE"
    HOURLY = "HOURLY"
    DAILY = "DAILY"


class DisableReason(StrEnum):
    FAILURES = "FAILURES"
    COMPLAINT = "COMPLAINT"
    ABUSE = "ABUSE"


class CancelCause(StrEnum):
    REQUEST = "REQUEST"
    """Its owner, an administrator or staff."""
    UNSUBSCRIBED = "UNSUBSCRIBED"
    """Whoever had the token of a message."""
    ERASED = "ERASED"
    LEFT_ORGANISATION = "LEFT_ORGANISATION"
    ENTITLEMENT_LOST = "ENTITLEMENT_LOST"
    """Neither base nor a contract gives it any more, by a catalogue of one's own."""


@dataclass(frozen=True)
class QuietHours:
    """A pause every night, local time as 22:00: from `from_` on, `to` not included. `to` before `from_` is on the next day."""

    from_: str
    to: str
    time_zone: str


_STATUS = SubscriptionStatus
OVER = frozenset({_STATUS.CANCELLED, _STATUS.EXPIRED})
CONFIRMED = frozenset({_STATUS.ACTIVE, _STATUS.PAUSED, _STATUS.DISABLED})
TRANSITIONS: dict[SubscriptionStatus, tuple[SubscriptionStatus, ...]] = {
    _STATUS.AWAITING_CONFIRMATION: (_STATUS.ACTIVE, _STATUS.EXPIRED, _STATUS.CANCELLED),
    _STATUS.ACTIVE: (_STATUS.PAUSED, _STATUS.DISABLED, _STATUS.CANCELLED),
    _STATUS.PAUSED: (_STATUS.ACTIVE, _STATUS.DISABLED, _STATUS.CANCELLED),
    _STATUS.DISABLED: (_STATUS.ACTIVE, _STATUS.CANCELLED),
    _STATUS.CANCELLED: (),
    _STATUS.EXPIRED: (),
}

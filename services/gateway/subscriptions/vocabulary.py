"""The enums of status subscriptions."""

from __future__ import annotations

from enum import Enum

import strawberry

from services.gateway.described import said


@strawberry.enum(description="Life of a status subscription.")
class SubscriptionStatus(Enum):
    AWAITING_CONFIRMATION = said("AWAITING_CONFIRMATION", "Only the confirmation is sent.")
    ACTIVE = said("ACTIVE", "Sends.")
    PAUSED = said("PAUSED", "By its owner.")
    DISABLED = said("DISABLED", "By us, after failures.")
    CANCELLED = said("CANCELLED", "Over.")
    EXPIRED = said("EXPIRED", "Never confirmed in time; over.")


@strawberry.enum(description="Together or at once.")
class DigestMode(Enum):
    IMMEDIATE = said("IMMEDIATE", "Each at once.")
    HOURLY = said("HOURLY", "Collected hourly.")
    DAILY = said("DAILY", "Collected daily.")


@strawberry.enum(description="Why we stopped a subscription.")
class DisableReason(Enum):
    FAILURES = said("FAILURES", "Too many failures.")
    COMPLAINT = said("COMPLAINT", "The receiver complained.")
    ABUSE = said("ABUSE", "Misuse; only staff resume it.")

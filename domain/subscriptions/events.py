"""What can happen to a status subscription.

A public contract: see domain/tickets/events/lifecycle.py for the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.deliveries.vocabulary import NotificationChannel
from domain.event import Aggregate, Classification, DomainEvent, Personal
from domain.status.vocabulary import StatusSeverity
from domain.subscriptions.vocabulary import CancelCause, DigestMode, DisableReason, QuietHours


@dataclass(frozen=True)
class SubscriptionRequested(DomainEvent, Aggregate.Created):
    """`owner` is the contact whose it is, or the organisation where staff asked for it. No `components` means all.

    The destination is sealed with a key of the subscription's own, so that it can be erased alone.
    """

    TOPIC = "subscription.requested.v1"
    organisation: UUID
    owner: UUID
    channel: NotificationChannel
    destination: Personal[str]
    severity_floor: StatusSeverity
    token_hash: str
    expires_at: datetime
    components: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class SubscriptionConfirmed(DomainEvent):
    TOPIC = "subscription.confirmed.v1"


@dataclass(frozen=True)
class SubscriptionConfirmationExpired(DomainEvent):
    """Dated to the instant until which it could be confirmed, whenever that is noticed."""

    TOPIC = "subscription.confirmation_expired.v1"


@dataclass(frozen=True)
class SubscriptionScopeChanged(DomainEvent):
    TOPIC = "subscription.scope_changed.v1"
    components: tuple[UUID, ...]
    severity_floor: StatusSeverity


@dataclass(frozen=True)
class SubscriptionQuietHoursSet(DomainEvent):
    """`quiet` None: never quiet."""

    TOPIC = "subscription.quiet_hours_set.v1"
    urgent_from: StatusSeverity
    quiet: QuietHours | None = None


@dataclass(frozen=True)
class SubscriptionDigestSet(DomainEvent):
    TOPIC = "subscription.digest_set.v1"
    mode: DigestMode


@dataclass(frozen=True)
class SubscriptionPaused(DomainEvent):
    TOPIC = "subscription.paused.v1"


@dataclass(frozen=True)
class SubscriptionResumed(DomainEvent):
    TOPIC = "subscription.resumed.v1"


@dataclass(frozen=True)
class SubscriptionSecretRotated(DomainEvent):
    """A webhook has a new signing secret, sealed with a key of its own; the one before holds until `previous_until`, None: there was none.

    Restricted, so that not even the sealed secret comes to anybody but ourselves.
    """

    TOPIC = "subscription.secret_rotated.v1"
    CLASS: ClassVar[Classification] = Classification.RESTRICTED
    secret_ref: UUID
    secret: Personal[str]
    previous_until: datetime | None = None


@dataclass(frozen=True)
class SubscriptionTestRequested(DomainEvent):
    TOPIC = "subscription.test_requested.v1"


@dataclass(frozen=True)
class SubscriptionDisabled(DomainEvent):
    TOPIC = "subscription.disabled.v1"
    reason: DisableReason


@dataclass(frozen=True)
class SubscriptionCancelled(DomainEvent):
    TOPIC = "subscription.cancelled.v1"
    because: CancelCause = CancelCause.REQUEST


@dataclass(frozen=True)
class SubscriptionDestinationErased(DomainEvent):
    """The keys of destination and secrets were destroyed in the same append."""

    TOPIC = "subscription.destination_erased.v1"

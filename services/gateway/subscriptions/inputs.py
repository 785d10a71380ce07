"""Inputs of commands on status subscriptions."""

from __future__ import annotations

import strawberry

from services.gateway.scalars import URL, EmailAddress, IdempotencyKey, PhoneNumber, TimeZone
from services.gateway.status.vocabulary import StatusSeverity
from services.gateway.subscriptions.vocabulary import DigestMode, DisableReason


@strawberry.input(description="Where to tell.", one_of=True)
class StatusDestinationInput:
    email: EmailAddress | None = strawberry.field(description="An address; gets a token.", default=strawberry.UNSET)
    sms: PhoneNumber | None = strawberry.field(description="A number; gets a token.", default=strawberry.UNSET)
    webhook: URL | None = strawberry.field(
        description="An https address that is public; gets a token.", default=strawberry.UNSET
    )


@strawberry.input(description="Which subscription, when its owner may not be signed in.", one_of=True)
class StatusSubscriptionBy:
    id: strawberry.ID | None = strawberry.field(description="Global id, signed in.", default=strawberry.UNSET)
    token: str | None = strawberry.field(description="The token from a message.", default=strawberry.UNSET)


@strawberry.input(description="A nightly pause.")
class QuietHoursInput:
    from_: str = strawberry.field(description="From, local, 22:00.", name="from")
    to: str = strawberry.field(description="To, local, 07:00.")
    time_zone: TimeZone = strawberry.field(description="Zone.")


@strawberry.input(description="For requestStatusSubscription.")
class RequestStatusSubscriptionInput:
    destination: StatusDestinationInput = strawberry.field(description="Where.")
    organisation_id: strawberry.ID | None = strawberry.field(
        description="Whose; yours if left out. Staff and programs name one.", default=None
    )
    component_ids: list[strawberry.ID] = strawberry.field(description="Services; all if empty.", default_factory=list)
    severity_floor: StatusSeverity = strawberry.field(description="Nothing below this.", default=StatusSeverity.MINOR)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For confirmStatusSubscription.")
class ConfirmStatusSubscriptionInput:
    token: str = strawberry.field(description="Token from the confirmation.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For cancelStatusSubscription.")
class CancelStatusSubscriptionInput:
    by: StatusSubscriptionBy = strawberry.field(description="Which.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For changeStatusSubscriptionScope.")
class ChangeStatusSubscriptionScopeInput:
    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    component_ids: list[strawberry.ID] = strawberry.field(description="Services; all if empty.")
    severity_floor: StatusSeverity = strawberry.field(description="Nothing below this.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For setStatusSubscriptionQuietHours.")
class SetStatusSubscriptionQuietHoursInput:
    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    quiet_hours: QuietHoursInput | None = strawberry.field(description="When; none if left out.", default=None)
    urgent_from: StatusSeverity = strawberry.field(
        description="Sent all the same from here up.", default=StatusSeverity.CRITICAL
    )
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For setStatusSubscriptionDigest.")
class SetStatusSubscriptionDigestInput:
    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    digest: DigestMode = strawberry.field(description="How.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For pauseStatusSubscription.")
class PauseStatusSubscriptionInput:
    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For resumeStatusSubscription.")
class ResumeStatusSubscriptionInput:
    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For rotateWebhookSecret.")
class RotateWebhookSecretInput:
    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For sendTestNotification.")
class SendTestNotificationInput:
    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For disableStatusSubscription.")
class DisableStatusSubscriptionInput:
    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    reason: DisableReason = strawberry.field(description="Why.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For eraseStatusDestination.")
class EraseStatusDestinationInput:
    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")

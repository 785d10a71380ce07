"""Who is to be told about status, where, of what and when. Before it is confirmed nothing but the confirmation is sent.

Decision: the destination and each webhook secret are sealed with keys of their own (`id`, `secret_ref`), wrapped by the owner's. So
one destination can be erased without its owner, and a secret that was replaced twice can be opened by nobody.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.deliveries.vocabulary import NotificationChannel
from domain.errors import ValidationFailed
from domain.event import Aggregate, Classification, DomainEvent, Personal
from domain.status.vocabulary import StatusSeverity
from domain.subscriptions import events, timing
from domain.subscriptions.destinations import destination as checked
from domain.subscriptions.refusals import (
    DestinationIsErased,
    DisabledForAbuse,
    NotAWebhook,
    NotConfirmed,
    SubscriptionStandsOtherwise,
    TokenRefused,
)
from domain.subscriptions.vocabulary import (
    OVER,
    CancelCause,
    DigestMode,
    DisableReason,
    QuietHours,
    SubscriptionStatus,
)

LASTS = timedelta(hours=24)
"""How long it can be confirmed."""
OVERLAP = timedelta(hours=24)
"""How long the secret before holds beside a new one."""
MOST_COMPONENTS = 50
_STATUS = SubscriptionStatus


class StatusSubscription(Aggregate):
    TOPIC = "subscription"
    Event = DomainEvent
    Created = events.SubscriptionRequested  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @classmethod
    def request(
        cls,
        *,
        id: UUID,
        at: datetime,
        organisation: UUID,
        owner: UUID,
        channel: NotificationChannel,
        destination: str,
        severity_floor: StatusSeverity,
        token_hash: str,
        components: Sequence[UUID] = (),
    ) -> StatusSubscription:
        """That it is the only one to this destination is reserved in the same append. Raises ValidationFailed."""
        where = checked(channel, destination, path=("input", "destination", _INPUT[channel]))
        return cls._create(
            events.SubscriptionRequested,
            id=id,
            timestamp=at,
            organisation=organisation,
            owner=owner,
            channel=channel,
            destination=Personal(where, of=owner, key=id),
            severity_floor=severity_floor,
            token_hash=token_hash,
            expires_at=at + LASTS,
            components=_bounded(components),
        )

    def confirm(self, *, at: datetime, token_hash: str) -> None:
        """Somebody came with the token. Raises TokenRefused, which does not tell why."""
        waits = self.status is _STATUS.AWAITING_CONFIRMATION and not self.erased and at < self.expires_at
        if not hmac.compare_digest(token_hash, self.token_hash) or not waits:
            raise TokenRefused
        self.trigger_event(events.SubscriptionConfirmed, timestamp=at)

    def expire(self, *, at: datetime) -> None:
        """Nobody came in time. Records nothing before, or twice."""
        if self.status is _STATUS.AWAITING_CONFIRMATION and self.expires_at <= at:
            self.trigger_event(events.SubscriptionConfirmationExpired, timestamp=self.expires_at)

    def change_scope(self, components: Sequence[UUID], severity_floor: StatusSeverity, *, at: datetime) -> None:
        self._must_live(at)
        wanted = _bounded(components)
        if (set(wanted), severity_floor) != (set(self.components), self.severity_floor):
            self.trigger_event(events.SubscriptionScopeChanged, timestamp=at, components=wanted, severity_floor=severity_floor)

    def set_quiet_hours(self, quiet: QuietHours | None, urgent_from: StatusSeverity, *, at: datetime) -> None:
        self._must_live(at)
        if quiet is not None:
            timing.quiet_hours(quiet)
        if (quiet, urgent_from) != (self.quiet, self.urgent_from):
            self.trigger_event(events.SubscriptionQuietHoursSet, timestamp=at, quiet=quiet, urgent_from=urgent_from)

    def set_digest(self, mode: DigestMode, *, at: datetime) -> None:
        self._must_live(at)
        if mode is not self.digest:
            self.trigger_event(events.SubscriptionDigestSet, timestamp=at, mode=mode)

    def pause(self, *, at: datetime) -> None:
        self._must_be(at, _STATUS.ACTIVE)
        self.trigger_event(events.SubscriptionPaused, timestamp=at)

    def resume(self, *, at: datetime, by_staff: bool) -> None:
        """Go on, also after we disabled it; what was stopped for misuse goes on by staff alone."""
        self._must_be(at, _STATUS.PAUSED, _STATUS.DISABLED)
        if self.disabled_for is DisableReason.ABUSE and not by_staff:
            raise DisabledForAbuse
        self.trigger_event(events.SubscriptionResumed, timestamp=at)

    def rotate_secret(self, secret_ref: UUID, secret: str, *, at: datetime) -> UUID | None:
        """A new signing secret, the first included. Returns the ref of one whose key is to be destroyed: the one before the last."""
        self._must_be(at, _STATUS.ACTIVE, _STATUS.PAUSED)
        if self.channel is not NotificationChannel.WEBHOOK:
            raise NotAWebhook
        gone = self.secrets[-2] if len(self.secrets) > 1 else None
        self.trigger_event(
            events.SubscriptionSecretRotated,
            timestamp=at,
            secret_ref=secret_ref,
            secret=Personal(secret, of=self.owner, key=secret_ref),
            previous_until=at + OVERLAP if self.secrets else None,
        )
        return gone

    def request_test(self, *, at: datetime) -> None:
        """A message to see whether it comes."""
        self._must_be(at, _STATUS.ACTIVE)
        if self.erased or self.destination is None:
            raise DestinationIsErased
        self.trigger_event(events.SubscriptionTestRequested, timestamp=at)

    def disable(self, reason: DisableReason, *, at: datetime) -> None:
        """We stop it. One that was never confirmed is cancelled instead: going on must not confirm it."""
        self._must_be(at, _STATUS.ACTIVE, _STATUS.PAUSED)
        self.trigger_event(events.SubscriptionDisabled, timestamp=at, reason=reason)

    def cancel(self, *, at: datetime, because: CancelCause = CancelCause.REQUEST) -> None:
        self._must_live(at)
        self.trigger_event(events.SubscriptionCancelled, timestamp=at, because=because)

    def erase_destination(self, *, at: datetime, because: CancelCause = CancelCause.REQUEST) -> None:
        """For good, with what is left of it. Again records nothing."""
        self.expire(at=at)
        if self.status not in OVER:
            self.cancel(at=at, because=because)
        if not self.erased:
            self.trigger_event(events.SubscriptionDestinationErased, timestamp=at)

    def tells(self, severity: StatusSeverity, services: Collection[UUID]) -> bool:
        """Whether a post of this severity about these services is told here. Only what was confirmed and runs tells anything."""
        in_scope = not self.components or any(each in services for each in self.components)
        return self.sends and in_scope and timing.at_least(severity, self.severity_floor)

    @property
    def zone(self) -> str:
        """The time zone in which its owner is told of times: that of the quiet hours, the only one we were told."""
        return self.quiet.time_zone if self.quiet is not None else "UTC"

    @property
    def sends(self) -> bool:
        """Whether anything but its confirmation goes out now."""
        return self.status is _STATUS.ACTIVE and self.destination is not None

    def not_before(self, severity: StatusSeverity, *, at: datetime) -> datetime:
        """When a post of this severity that came up at `at` may be told."""
        return timing.not_before(at, severity, urgent_from=self.urgent_from, quiet=self.quiet, digest=self.digest)

    def collects(self, severity: StatusSeverity) -> bool:
        """Whether such a post waits for the next digest."""
        return self.digest is not DigestMode.IMMEDIATE and not timing.at_least(severity, self.urgent_from)

    def after_quiet(self, *, at: datetime) -> datetime:
        """When what is due at `at` may go out: quiet hours may have been set since it was collected."""
        return timing.not_before(at, StatusSeverity.INFORMATION, urgent_from=StatusSeverity.CRITICAL, quiet=self.quiet)

    def _must_live(self, at: datetime) -> None:
        if self._stands(at) in OVER:
            raise SubscriptionStandsOtherwise(self._stands(at))

    def _must_be(self, at: datetime, *statuses: SubscriptionStatus) -> None:
        """Raises NotConfirmed before the confirmation, and SubscriptionStandsOtherwise."""
        if self._stands(at) is _STATUS.AWAITING_CONFIRMATION:
            raise NotConfirmed
        if self._stands(at) not in statuses:
            raise SubscriptionStandsOtherwise(self._stands(at))

    def _stands(self, at: datetime) -> SubscriptionStatus:
        """What ran out counts as run out, noticed or not."""
        late = self.status is _STATUS.AWAITING_CONFIRMATION and self.expires_at <= at
        return _STATUS.EXPIRED if late else self.status

    @property
    def organisation(self) -> UUID:
        return self._organisation

    def evolve(self, event: DomainEvent) -> None:
        if isinstance(event, events.SubscriptionRequested):
            self.visible_version = 0
        if event.CLASS is not Classification.RESTRICTED:
            self.visible_version += 1
        match event:
            case events.SubscriptionRequested():
                self._organisation, self.owner, self.channel = event.organisation, event.owner, event.channel
                self.destination = event.destination.value
                self.components, self.severity_floor = tuple(event.components), event.severity_floor
                self.token_hash, self.expires_at = event.token_hash, event.expires_at
                self.status = _STATUS.AWAITING_CONFIRMATION
                self.quiet: QuietHours | None = None
                self.urgent_from, self.digest = StatusSeverity.CRITICAL, DigestMode.IMMEDIATE
                self.disabled_for: DisableReason | None = None
                self.secrets: tuple[UUID, ...] = ()
                self.tests: tuple[int, ...] = ()
                self.tested_at: datetime | None = None
                self.erased = False
            case events.SubscriptionConfirmed():
                self.status = _STATUS.ACTIVE
            case events.SubscriptionResumed():
                self.status, self.disabled_for = _STATUS.ACTIVE, None
            case events.SubscriptionConfirmationExpired():
                self.status = _STATUS.EXPIRED
            case events.SubscriptionScopeChanged():
                self.components, self.severity_floor = tuple(event.components), event.severity_floor
            case events.SubscriptionQuietHoursSet():
                self.quiet, self.urgent_from = event.quiet, event.urgent_from
            case events.SubscriptionDigestSet():
                self.digest = event.mode
            case events.SubscriptionPaused():
                self.status = _STATUS.PAUSED
            case events.SubscriptionSecretRotated():
                self.secrets = (*self.secrets, event.secret_ref)
            case events.SubscriptionTestRequested():
                self.tests, self.tested_at = (*self.tests, event.originator_version), event.timestamp
            case events.SubscriptionDisabled():
                self.status, self.disabled_for = _STATUS.DISABLED, event.reason
            case events.SubscriptionCancelled():
                self.status = _STATUS.CANCELLED
            case events.SubscriptionDestinationErased():
                self.erased, self.destination = True, None


_INPUT = {
    NotificationChannel.EMAIL: "email",
    NotificationChannel.SMS: "sms",
    NotificationChannel.WEBHOOK: "webhook",
}


def _bounded(components: Sequence[UUID]) -> tuple[UUID, ...]:
    wanted = tuple(dict.fromkeys(components))
    if len(wanted) > MOST_COMPONENTS:
        raise ValidationFailed(
            f"A subscription names at most {MOST_COMPONENTS} services; none means all.",
            problem="TOO_LONG",
            path=("input", "componentIds"),
            limit=str(MOST_COMPONENTS),
        )
    return wanted

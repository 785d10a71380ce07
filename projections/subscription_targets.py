"""Who must be told of this status post, on which channel, and not before when?

For the notifier. `since` is the position at which a subscription began to send: whoever came after a post is not told of it, however
late it is dealt with. What is recorded is judged once more on the subscription's own stream, for this lags.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.event import DomainEvent
from domain.status.vocabulary import StatusSeverity
from domain.subscriptions import events, timing
from domain.subscriptions.vocabulary import DigestMode, QuietHours
from projections.database import Database, Statement
from projections.projection import Envelope, Projection

subscription_targets = Projection(
    "subscription_targets",
    version=1,
    tables="""
    CREATE TABLE subscription_targets(
      subscription uuid PRIMARY KEY, organisation uuid NOT NULL, channel text NOT NULL, since bigint, components uuid[] NOT NULL,
      severity_floor text NOT NULL, urgent_from text NOT NULL, digest text NOT NULL, quiet_from text, quiet_to text, quiet_zone text);
    CREATE INDEX subscription_targets_that_send ON subscription_targets(subscription) WHERE since IS NOT NULL;
    """,
    staff_tables=frozenset({"subscription_targets"}),
)

REQUEST = """INSERT INTO subscription_targets(subscription, organisation, channel, components, severity_floor, urgent_from, digest)
  VALUES ($1, $2, $3, $4, $5, 'CRITICAL', 'IMMEDIATE')"""
BEGIN = "UPDATE subscription_targets SET since = $2 WHERE subscription = $1"
STOP = "UPDATE subscription_targets SET since = NULL WHERE subscription = $1"
SCOPE = "UPDATE subscription_targets SET components = $2, severity_floor = $3 WHERE subscription = $1"
QUIET = """UPDATE subscription_targets SET urgent_from = $2, quiet_from = $3, quiet_to = $4, quiet_zone = $5
  WHERE subscription = $1"""
DIGEST = "UPDATE subscription_targets SET digest = $2 WHERE subscription = $1"
FORGET = "DELETE FROM subscription_targets WHERE subscription = $1"


@subscription_targets.on(events.SubscriptionRequested)
def requested(event: events.SubscriptionRequested, envelope: Envelope) -> Statement:
    return REQUEST, (envelope.stream, event.organisation, event.channel, list(event.components), event.severity_floor)


@subscription_targets.on(events.SubscriptionConfirmed, events.SubscriptionResumed)
def sends(_: DomainEvent, envelope: Envelope) -> Statement:
    return BEGIN, (envelope.stream, envelope.position)


@subscription_targets.on(events.SubscriptionPaused, events.SubscriptionDisabled)
def stopped(_: DomainEvent, envelope: Envelope) -> Statement:
    return STOP, (envelope.stream,)


@subscription_targets.on(events.SubscriptionScopeChanged)
def scope_changed(event: events.SubscriptionScopeChanged, envelope: Envelope) -> Statement:
    return SCOPE, (envelope.stream, list(event.components), event.severity_floor)


@subscription_targets.on(events.SubscriptionQuietHoursSet)
def quiet_hours_set(event: events.SubscriptionQuietHoursSet, envelope: Envelope) -> Statement:
    quiet = event.quiet
    hours = (quiet.from_, quiet.to, quiet.time_zone) if quiet else (None, None, None)
    return QUIET, (envelope.stream, event.urgent_from, *hours)


@subscription_targets.on(events.SubscriptionDigestSet)
def digest_set(event: events.SubscriptionDigestSet, envelope: Envelope) -> Statement:
    return DIGEST, (envelope.stream, event.mode)


@subscription_targets.on(
    events.SubscriptionCancelled, events.SubscriptionConfirmationExpired, events.SubscriptionDestinationErased
)
def over(_: DomainEvent, envelope: Envelope) -> Statement:
    return FORGET, (envelope.stream,)


FIRST = UUID(int=0)


class Target(Struct, frozen=True, kw_only=True):
    subscription: UUID
    organisation: UUID
    channel: str
    urgent_from: str
    digest: str
    quiet_from: str | None
    quiet_to: str | None
    quiet_zone: str | None

    def not_before(self, severity: StatusSeverity, at: datetime) -> datetime:
        """When it may be told of what came up at `at`: then, or at the end of its quiet hours or its digest."""
        quiet = None
        if self.quiet_from and self.quiet_to and self.quiet_zone:
            quiet = QuietHours(self.quiet_from, self.quiet_to, self.quiet_zone)
        urgent, digest = StatusSeverity(self.urgent_from), DigestMode(self.digest)
        return timing.not_before(at, severity, urgent_from=urgent, quiet=quiet, digest=digest)


TARGETS = f"""SELECT {", ".join(Target.__struct_fields__)} FROM subscription_targets
  WHERE since < $1 AND (components = '{{}}' OR components && $2::uuid[]) AND severity_floor = ANY($3::text[])
    AND subscription > $4 ORDER BY subscription LIMIT $5"""


async def targets(
    db: Database,
    severity: StatusSeverity,
    services: Collection[UUID],
    position: int,
    *,
    after: UUID = FIRST,
    limit: int = 1000,
) -> Sequence[Target]:
    """Whom a post of this severity about these services, recorded at this position, is for; on after the last while `limit` come."""
    floors = [each.value for each in StatusSeverity if timing.at_least(severity, each)]
    return [Target(**row) for row in await db.fetch(TARGETS, position, list(services), floors, after, limit)]

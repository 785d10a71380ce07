"""Which status subscriptions has time, their owner's erasure or leaving, or the loss of what carries them ended?

For the scheduler; see timers.py for how rows are claimed. One row for each that is not over. What is read beside it lags, so this only
names who may have to end: what is recorded is judged on the streams.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.catalogue import Capability
from domain.event import DomainEvent
from domain.organisations.events import ContactErased, ContactLinked, ContactUnlinked
from domain.subscriptions import events
from projections.database import Database, Statement
from projections.projection import Envelope, Projection

subscription_timers = Projection(
    "subscription_timers",
    version=2,
    tables="""
    CREATE TABLE subscription_timers(subscription uuid PRIMARY KEY, owner uuid NOT NULL, organisation uuid NOT NULL, due_at timestamptz);
    CREATE INDEX subscription_timers_by_due ON subscription_timers(due_at, subscription) WHERE due_at IS NOT NULL;
    CREATE INDEX subscription_timers_of_owner ON subscription_timers(owner);
    CREATE TABLE subscription_owners_gone(contact uuid PRIMARY KEY, organisation uuid, erased boolean NOT NULL);
    """,
    staff_tables=frozenset({"subscription_timers", "subscription_owners_gone"}),
)

SET = "INSERT INTO subscription_timers(subscription, owner, organisation, due_at) VALUES ($1, $2, $3, $4)"
STAYS = "UPDATE subscription_timers SET due_at = NULL WHERE subscription = $1"
FORGET = "DELETE FROM subscription_timers WHERE subscription = $1"


@subscription_timers.on(events.SubscriptionRequested)
def requested(event: events.SubscriptionRequested, envelope: Envelope) -> Statement:
    return SET, (envelope.stream, event.owner, event.organisation, event.expires_at)


@subscription_timers.on(events.SubscriptionConfirmed)
def confirmed(_: events.SubscriptionConfirmed, envelope: Envelope) -> Statement:
    return STAYS, (envelope.stream,)


@subscription_timers.on(events.SubscriptionCancelled, events.SubscriptionConfirmationExpired)
def over(_: DomainEvent, envelope: Envelope) -> Statement:
    return FORGET, (envelope.stream,)


GONE = """INSERT INTO subscription_owners_gone(contact, organisation, erased) VALUES ($1, NULL, $2)
  ON CONFLICT (contact) DO UPDATE SET organisation = NULL, erased = $2"""
ELSEWHERE = "UPDATE subscription_owners_gone SET organisation = $2 WHERE contact = $1"


@subscription_timers.on(ContactUnlinked, ContactErased)
def gone(event: DomainEvent, envelope: Envelope) -> Statement:
    return GONE, (envelope.stream, isinstance(event, ContactErased))


@subscription_timers.on(ContactLinked)
def elsewhere(event: ContactLinked, envelope: Envelope) -> Statement:
    """Somebody who never left anything has no row here."""
    return ELSEWHERE, (envelope.stream, event.organisation)


class Ending(Struct, frozen=True, kw_only=True):
    """`due_at` is None where something other than time ends it."""

    subscription: UUID
    due_at: datetime | None = None


DUE = """SELECT t.subscription, t.due_at FROM subscription_timers t WHERE t.due_at <= $1
  ORDER BY t.due_at, t.subscription LIMIT $2{lock}"""
LOST = """SELECT t.subscription, NULL::timestamptz AS due_at FROM subscription_owners_gone g
  JOIN subscription_timers t ON t.owner = g.contact
  WHERE g.erased OR g.organisation IS DISTINCT FROM t.organisation ORDER BY t.subscription LIMIT $1{lock}"""

# Only where base does not give them, by a catalogue of one's own; then it may be that no contract gives them either.
UNENTITLED = f"""SELECT t.subscription, NULL::timestamptz AS due_at FROM subscription_timers t
  WHERE NOT EXISTS (SELECT FROM entitlement_stretches x WHERE x.audience = t.organisation
    AND '{Capability.STATUS_NOTIFICATIONS}' = ANY(x.capabilities) AND x.from_at <= $1 AND (x.to_at IS NULL OR $1 < x.to_at))
  ORDER BY t.subscription LIMIT $2{{lock}}"""


async def endings(
    db: Database, now: datetime, limit: int = 100, *, by_contract: bool = False, claim: bool = False
) -> list[Ending]:
    """Subscriptions never confirmed in time, longest first, and such as have lost their owner; at most `limit` of each.

    `by_contract`: also those of organisations to which no contract gives them, where base does not. With `claim` rows are locked, and
    those locked by others are left out.
    """
    lock = " FOR UPDATE OF t SKIP LOCKED" if claim else ""
    due = await db.fetch(DUE.format(lock=lock), now, limit)
    lost = await db.fetch(LOST.format(lock=lock), limit)
    bare = await db.fetch(UNENTITLED.format(lock=lock), now, limit) if by_contract else []
    found = {
        row["subscription"]: Ending(subscription=row["subscription"], due_at=row["due_at"]) for row in (*bare, *lost, *due)
    }
    return [*found.values()]

"""Which accesses to chat rooms has time, a contract or their person's leaving ended, or is about to?

For the scheduler; see timers.py for how rows are claimed. One row for each access that is asked for or granted. What is read here
beside it lags, so this only names who may have to go: what is recorded is judged on the streams.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.chat.events import (
    ChatAccessApproved,
    ChatAccessDenied,
    ChatAccessExpired,
    ChatAccessRequested,
    ChatAccessRevoked,
)
from domain.chat.vocabulary import ChatRoomKind
from domain.event import DomainEvent
from domain.organisations.events import ContactErased, ContactLinked, ContactUnlinked
from projections.database import Database, Statement
from projections.projection import Envelope, Projection

chat_timers = Projection(
    "chat_timers",
    version=2,
    tables="""
    CREATE TABLE chat_timers(
      access uuid PRIMARY KEY, contact uuid NOT NULL, organisation uuid, kind text NOT NULL, since timestamptz NOT NULL,
      due_at timestamptz);
    CREATE INDEX chat_timers_by_due ON chat_timers(due_at, access) WHERE due_at IS NOT NULL;
    CREATE INDEX chat_timers_of_organisation ON chat_timers(organisation, since);
    CREATE INDEX chat_timers_of_contact ON chat_timers(contact);
    CREATE TABLE chat_contacts_gone(contact uuid PRIMARY KEY, organisation uuid, erased boolean NOT NULL);
    """,
    staff_tables=frozenset({"chat_timers", "chat_contacts_gone"}),
)

SET = "INSERT INTO chat_timers(access, contact, organisation, kind, since) VALUES ($1, $2, $3, $4, $5)"
DUE_AT = "UPDATE chat_timers SET due_at = $2 WHERE access = $1"
FORGET = "DELETE FROM chat_timers WHERE access = $1"


@chat_timers.on(ChatAccessRequested)
def requested(event: ChatAccessRequested, envelope: Envelope) -> Statement:
    return SET, (envelope.stream, event.contact, event.organisation, event.kind, event.timestamp)


@chat_timers.on(ChatAccessApproved)
def approved(event: ChatAccessApproved, envelope: Envelope) -> Statement:
    return DUE_AT, (envelope.stream, event.expires_at)


@chat_timers.on(ChatAccessDenied, ChatAccessRevoked, ChatAccessExpired)
def ended(_: DomainEvent, envelope: Envelope) -> Statement:
    return FORGET, (envelope.stream,)


GONE = """INSERT INTO chat_contacts_gone(contact, organisation, erased) VALUES ($1, NULL, $2)
  ON CONFLICT (contact) DO UPDATE SET organisation = NULL, erased = $2"""
ELSEWHERE = "UPDATE chat_contacts_gone SET organisation = $2 WHERE contact = $1"


@chat_timers.on(ContactUnlinked, ContactErased)
def gone(event: DomainEvent, envelope: Envelope) -> Statement:
    return GONE, (envelope.stream, isinstance(event, ContactErased))


@chat_timers.on(ContactLinked)
def elsewhere(event: ContactLinked, envelope: Envelope) -> Statement:
    """Somebody who never left anything has no row here."""
    return ELSEWHERE, (envelope.stream, event.organisation)


class Ending(Struct, frozen=True, kw_only=True):
    """`due_at` is None where something other than time ends it."""

    access: UUID
    due_at: datetime | None = None


DUE = "SELECT t.access, t.due_at FROM chat_timers t WHERE t.due_at <= $1 ORDER BY t.due_at, t.access LIMIT $2{lock}"
LEFT = """SELECT t.access, NULL::timestamptz AS due_at FROM chat_contacts_gone g JOIN chat_timers t ON t.contact = g.contact
  WHERE g.erased OR (t.organisation IS NOT NULL AND g.organisation IS DISTINCT FROM t.organisation) ORDER BY t.access LIMIT $1{lock}"""
# What a contract carried when it was asked for is lost where that stretch has ended since and none carries it now.
LOST = """SELECT t.access, NULL::timestamptz AS due_at FROM unnest($2::text[], $3::text[]) AS n(kind, capability)
  JOIN entitlement_stretches x ON x.to_at <= $1 AND n.capability = ANY(x.capabilities)
  JOIN chat_timers t ON t.organisation = x.audience AND t.since <= x.to_at AND t.kind = n.kind
  WHERE NOT EXISTS (SELECT FROM entitlement_stretches y WHERE y.audience = x.audience AND n.capability = ANY(y.capabilities)
    AND y.from_at <= $1 AND (y.to_at IS NULL OR $1 < y.to_at))
  ORDER BY t.access LIMIT $4{lock}"""

# Looks at every access of such a room, so it is asked only where a catalogue of one's own took something from base.
UNENTITLED = """SELECT t.access, NULL::timestamptz AS due_at FROM unnest($2::text[], $3::text[]) AS n(kind, capability)
  JOIN chat_timers t ON t.kind = n.kind
  WHERE NOT EXISTS (SELECT FROM entitlement_stretches y WHERE y.audience = t.organisation AND n.capability = ANY(y.capabilities)
    AND y.from_at <= $1 AND (y.to_at IS NULL OR $1 < y.to_at))
  ORDER BY t.access LIMIT $4{lock}"""


async def endings(
    db: Database,
    now: datetime,
    kinds: Sequence[ChatRoomKind],
    limit: int = 100,
    *,
    taken: Sequence[ChatRoomKind] = (),
    claim: bool = False,
) -> list[Ending]:
    """Accesses that are past their time, longest first, and such as nothing carries any more; at most `limit` of each.

    `kinds` are those of rooms that not everybody may be in: what they need has to be given by a contract; `taken` are rooms that
    everybody once might be in, and now may not. With `claim` rows are locked, and those locked by others are left out.
    """
    lock = " FOR UPDATE OF t SKIP LOCKED" if claim else ""
    due = await db.fetch(DUE.format(lock=lock), now, limit)
    needs = [kind.needs.value for kind in kinds]
    lost = await db.fetch(LOST.format(lock=lock), now, [kind.value for kind in kinds], needs, limit)
    left = await db.fetch(LEFT.format(lock=lock), limit)
    needed = [kind.needs.value for kind in taken]
    bare = await db.fetch(UNENTITLED.format(lock=lock), now, [kind.value for kind in taken], needed, limit) if taken else []
    found = {row["access"]: Ending(access=row["access"], due_at=row["due_at"]) for row in (*bare, *lost, *left, *due)}
    return [*found.values()]

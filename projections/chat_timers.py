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
from projections.database import Database, Statement
from projections.projection import Envelope, Projection

chat_timers = Projection(
    "chat_timers",
    version=1,
    tables="""
    CREATE TABLE chat_timers(access uuid PRIMARY KEY, contact uuid NOT NULL, organisation uuid, kind text NOT NULL, due_at timestamptz);
    CREATE INDEX chat_timers_by_due ON chat_timers(due_at, access) WHERE due_at IS NOT NULL;
    """,
    staff_tables=frozenset({"chat_timers"}),
)

SET = "INSERT INTO chat_timers(access, contact, organisation, kind) VALUES ($1, $2, $3, $4)"
DUE_AT = "UPDATE chat_timers SET due_at = $2 WHERE access = $1"
FORGET = "DELETE FROM chat_timers WHERE access = $1"


@chat_timers.on(ChatAccessRequested)
def requested(event: ChatAccessRequested, envelope: Envelope) -> Statement:
    return SET, (envelope.stream, event.contact, event.organisation, event.kind)


@chat_timers.on(ChatAccessApproved)
def approved(event: ChatAccessApproved, envelope: Envelope) -> Statement:
    return DUE_AT, (envelope.stream, event.expires_at)


@chat_timers.on(ChatAccessDenied, ChatAccessRevoked, ChatAccessExpired)
def ended(_: DomainEvent, envelope: Envelope) -> Statement:
    return FORGET, (envelope.stream,)


class Ending(Struct, frozen=True, kw_only=True):
    """`due_at` is None where something other than time ends it."""

    access: UUID
    due_at: datetime | None = None


DUE = "SELECT t.access, t.due_at FROM chat_timers t WHERE t.due_at <= $1 ORDER BY t.due_at, t.access LIMIT $2{lock}"
LOST = """SELECT t.access, NULL::timestamptz AS due_at FROM chat_timers t JOIN contacts c ON c.id = t.contact
  WHERE c.erased OR (t.organisation IS NOT NULL AND c.organisation IS DISTINCT FROM t.organisation)
    OR EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS n(kind, capability) WHERE n.kind = t.kind AND NOT EXISTS (
      SELECT FROM entitlement_stretches x WHERE x.audience = c.organisation AND n.capability = ANY(x.capabilities)
        AND x.from_at <= $1 AND (x.to_at IS NULL OR $1 < x.to_at)))
  ORDER BY t.access LIMIT $4{lock}"""


async def endings(
    db: Database, now: datetime, kinds: Sequence[ChatRoomKind], limit: int = 100, *, claim: bool = False
) -> list[Ending]:
    """Accesses that are past their time, longest first, and such as nothing carries any more; at most `limit` of each.

    `kinds` are those of rooms that not everybody may be in: what they need has to be given by a contract. With `claim` rows are
    locked, and those locked by others are left out.
    """
    lock = " FOR UPDATE OF t SKIP LOCKED" if claim else ""
    due = await db.fetch(DUE.format(lock=lock), now, limit)
    needs = [kind.needs.value for kind in kinds]
    lost = await db.fetch(LOST.format(lock=lock), now, [kind.value for kind in kinds], needs, limit)
    found = {row["access"]: Ending(access=row["access"], due_at=row["due_at"]) for row in (*lost, *due)}
    return [*found.values()]

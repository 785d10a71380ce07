"""What can happen to somebody's access to a chat room.

A public contract: see domain/tickets/events/lifecycle.py for the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.chat.vocabulary import ChatRoomKind, RevocationReason
from domain.event import Aggregate, DomainEvent


@dataclass(frozen=True)
class ChatAccessRequested(DomainEvent, Aggregate.Created):
    """Somebody is to be let in. Begins its stream, and follows in it when an access that ended is asked for again.

    `organisation` is the contact's then: leaving it ends the access. `asked_by` is who asked for another, None who asked for
    themselves; it is data because a rule rests on it, that nobody approves what they asked for.
    """

    TOPIC = "chat_access.requested.v1"
    room: UUID
    contact: UUID
    kind: ChatRoomKind
    organisation: UUID | None = None
    asked_by: UUID | None = None

    def mutate(self, aggregate: Any) -> Any:
        return Aggregate.Created.mutate(self, None) if aggregate is None else Aggregate.Event.mutate(self, aggregate)


@dataclass(frozen=True)
class ChatAccessApproved(DomainEvent):
    TOPIC = "chat_access.approved.v1"
    expires_at: datetime | None = None


@dataclass(frozen=True)
class ChatAccessDenied(DomainEvent):
    TOPIC = "chat_access.denied.v1"


@dataclass(frozen=True)
class ChatAccessRevoked(DomainEvent):
    TOPIC = "chat_access.revoked.v1"
    reason: RevocationReason


@dataclass(frozen=True)
class ChatAccessExpired(DomainEvent):
    """Dated to the instant until which it was given, whenever that is noticed."""

    TOPIC = "chat_access.expired.v1"

"""What can happen to a digest.

A public contract: see domain/tickets/events/lifecycle.py for the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.event import Aggregate, DomainEvent


@dataclass(frozen=True)
class DigestPostCollected(DomainEvent, Aggregate.Created):
    """A post waits for the digest that is due at `due_at`. The first one begins it. `post` is the `ce-id` of the event that told it."""

    TOPIC = "digest.post_collected.v1"
    subscription: UUID
    organisation: UUID
    due_at: datetime
    post: str

    def mutate(self, aggregate: Any) -> Any:
        return Aggregate.Created.mutate(self, None) if aggregate is None else Aggregate.Event.mutate(self, aggregate)


@dataclass(frozen=True)
class DigestClosed(DomainEvent):
    """Its time had come. `told`: its message was queued in the same append; not where the subscription sends nothing any more."""

    TOPIC = "digest.closed.v1"
    told: bool

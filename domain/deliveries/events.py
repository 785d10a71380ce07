"""What can happen to an outgoing message.

A public contract: see domain/tickets/events/lifecycle.py for the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.deliveries.vocabulary import NotificationChannel, SuppressionReason, Thread
from domain.event import Aggregate, DomainEvent, Personal


@dataclass(frozen=True)
class DeliveryQueued(DomainEvent, Aggregate.Created):
    """A message is finished and waits for whoever sends it.

    `about` is the `ce-id` of the event that it tells of, `<stream uuid>/<version>`; `aggregate` and `subject_id` name what it
    belongs to. Address and text are sealed with a key of the message's own, so that a token in it can be made unreadable once used.
    Until `not_before` it is held. `thread` is of mail alone. To a webhook, `text` is the body as JSON.
    """

    TOPIC = "delivery.queued.v1"
    channel: NotificationChannel
    aggregate: str
    subject_id: UUID
    about: str
    recipient: UUID
    to: Personal[str]
    text: Personal[str]
    subject: Personal[str] | None = None
    organisation: UUID | None = None
    not_before: datetime | None = None
    thread: Thread | None = None


@dataclass(frozen=True)
class DeliverySuppressed(DomainEvent):
    """It waited, and is not to be sent any more."""

    TOPIC = "delivery.suppressed.v1"
    reason: SuppressionReason

"""One message to one recipient on one channel about one event, and what it is for: a subscription, a ticket, a matter of theirs.

Its id follows from these, so whoever queues it twice meets itself: the store takes a stream's first event once.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from domain.deliveries.events import DeliveryQueued, DeliverySuppressed
from domain.deliveries.vocabulary import NotificationChannel, SuppressionReason, Thread
from domain.event import Aggregate, DomainEvent, Personal
from domain.policies import NAMESPACE


class Delivery(Aggregate):
    TOPIC = "delivery"
    Event = DomainEvent
    Created = DeliveryQueued  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @staticmethod
    def id_of(about: str, subject_id: UUID, recipient: UUID, channel: NotificationChannel, *, epoch: int | None = None) -> UUID:
        """`epoch` of the log in which the event stands; None where the message is recorded together with it."""
        line = "" if epoch is None else f"{epoch}/"
        return uuid5(NAMESPACE, f"delivery/{line}{about}/{subject_id}/{recipient}/{channel.value}")

    @classmethod
    def queue(
        cls,
        *,
        at: datetime,
        channel: NotificationChannel,
        aggregate: str,
        subject_id: UUID,
        about: str,
        recipient: UUID,
        organisation: UUID | None,
        to: str,
        subject: str,
        text: str,
        epoch: int | None = None,
        not_before: datetime | None = None,
        thread: Thread | None = None,
    ) -> Delivery:
        """A finished message. A text message has no subject line. `not_before` that has passed holds nothing back."""
        id = cls.id_of(about, subject_id, recipient, channel, epoch=epoch)
        return cls._create(
            DeliveryQueued,
            id=id,
            timestamp=at,
            channel=channel,
            aggregate=aggregate,
            subject_id=subject_id,
            about=about,
            recipient=recipient,
            organisation=organisation,
            to=Personal(to, of=recipient, key=id),
            text=Personal(text, of=recipient, key=id),
            subject=None if channel is NotificationChannel.SMS else Personal(subject, of=recipient, key=id),
            not_before=not_before if not_before is not None and not_before > at else None,
            thread=thread,
        )

    def suppress(self, reason: SuppressionReason, *, at: datetime) -> None:
        """Let it not be sent. Again records nothing: the first reason stays."""
        if self.suppressed is None:
            self.trigger_event(DeliverySuppressed, timestamp=at, reason=reason)

    @property
    def organisation(self) -> UUID | None:
        return self._organisation

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case DeliveryQueued():
                self._organisation = event.organisation
                self.recipient = event.recipient
                self.about = event.about
                self.channel = event.channel
                self.not_before = event.not_before
                self.suppressed: SuppressionReason | None = None
            case DeliverySuppressed():
                self.suppressed = event.reason

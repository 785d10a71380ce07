"""One message to one recipient on one channel about one event.

Its id follows from these, so whoever queues it twice meets itself: the store takes a stream's first event once.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from domain.deliveries.events import DeliveryQueued
from domain.deliveries.vocabulary import NotificationChannel
from domain.event import Aggregate, DomainEvent, Personal
from domain.policies import NAMESPACE


class Delivery(Aggregate):
    TOPIC = "delivery"
    Event = DomainEvent
    Created = DeliveryQueued  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @staticmethod
    def id_of(about: str, recipient: UUID, channel: NotificationChannel) -> UUID:
        return uuid5(NAMESPACE, f"delivery/{about}/{recipient}/{channel.value}")

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
    ) -> Delivery:
        """A finished message. A text message has no subject line."""
        id = cls.id_of(about, recipient, channel)
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
        )

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

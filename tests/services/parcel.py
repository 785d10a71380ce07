"""A small aggregate for tests of what records any aggregate: it has all that is hard, and no business of ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from domain.errors import Refused
from domain.event import Aggregate, Classification, DomainEvent, Personal

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


class Size(StrEnum):
    SMALL = "SMALL"
    LARGE = "LARGE"


class ParcelIsDelivered(Refused):
    code = "PARCEL_DELIVERED"


@dataclass(frozen=True)
class Label:
    id: UUID
    text: Personal[str]
    printed_at: datetime
    from_: str = "depot"


@dataclass(frozen=True)
class Box:
    width: int
    height: int = 1


@dataclass(frozen=True)
class ParcelSent(DomainEvent, Aggregate.Created):
    """Somebody sent a parcel."""

    TOPIC = "parcel.sent.v1"
    size: Size
    recipient: UUID
    name: Personal[str]
    owner: UUID | None = None
    phone: Personal[str] | None = None
    box: Box | None = None
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class ParcelScanned(DomainEvent):
    TOPIC = "parcel.scanned.v1"
    place: str
    lasted: timedelta = timedelta(0)
    from_: datetime | None = None


@dataclass(frozen=True)
class ParcelMessageLeft(DomainEvent):
    TOPIC = "parcel.message_left.v1"
    entry: UUID
    text: Personal[str]
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class ParcelNoted(DomainEvent):
    TOPIC = "parcel.noted.v1"
    CLASS = Classification.RESTRICTED
    note: str


def _told_apart(old: dict[str, Any]) -> dict[str, Any]:
    return {"at": old["at"], "to": {"whom": old["receiver"], "text": old["remark"]}}


def _counted(old: dict[str, Any]) -> dict[str, Any]:
    return {"at": old["at"], "handed_to": old["to"]["whom"], "words": old["to"]["text"], "attempts": 1}


@dataclass(frozen=True)
class ParcelDelivered(DomainEvent):
    """v1 had receiver and remark, v2 put both into one object; both are stored for ever."""

    TOPIC = "parcel.delivered.v3"
    UPCASTS = {"parcel.delivered.v1": _told_apart, "parcel.delivered.v2": _counted}  # noqa: RUF012 - never changed
    handed_to: UUID
    words: Personal[str] | None
    attempts: int
    signed: bool = False


@dataclass(frozen=True)
class ParcelRecipientErased(DomainEvent):
    TOPIC = "parcel.recipient_erased.v1"


class Parcel(Aggregate):
    TOPIC = "parcel"
    Event = DomainEvent
    Created = ParcelSent  # type: ignore[assignment]

    @classmethod
    def send(cls, *, at: datetime, recipient: UUID, name: str, id: UUID | None = None, owner: UUID | None = None) -> Parcel:
        return cls._create(
            ParcelSent,
            id=id or uuid4(),
            timestamp=at,
            size=Size.LARGE,
            recipient=recipient,
            name=Personal(name, recipient),
            owner=owner,
        )

    @property
    def organisation(self) -> UUID | None:
        return self.owner

    def scan(self, *, at: datetime, place: str) -> None:
        self._must_be_under_way()
        self.trigger_event(ParcelScanned, timestamp=at, place=place)

    def note(self, *, at: datetime, note: str) -> None:
        self.trigger_event(ParcelNoted, timestamp=at, note=note)

    def leave_message(self, *, at: datetime, entry: UUID, text: str) -> None:
        self.trigger_event(ParcelMessageLeft, timestamp=at, entry=entry, text=Personal(text, self.recipient, entry))

    def deliver(self, *, at: datetime, words: str | None = None) -> None:
        self._must_be_under_way()
        said = Personal(words, self.recipient) if words else None
        self.trigger_event(ParcelDelivered, timestamp=at, handed_to=self.recipient, words=said, attempts=1)

    def erase_recipient(self, *, at: datetime) -> None:
        self.trigger_event(ParcelRecipientErased, timestamp=at)

    def _must_be_under_way(self) -> None:
        if self.delivered:
            raise ParcelIsDelivered("this parcel is delivered; nothing more can happen to it")

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case ParcelSent():
                self.recipient = event.recipient
                self.owner = event.owner
                self.name = event.name
                self.delivered = False
                self.places: list[str] = []
                self.messages: list[Personal[str]] = []
                self.visible_version = 0
            case ParcelScanned():
                self.places.append(event.place)
            case ParcelMessageLeft():
                self.messages.append(event.text)
            case ParcelDelivered():
                self.delivered = True
        if event.CLASS is not Classification.RESTRICTED:
            self.visible_version += 1

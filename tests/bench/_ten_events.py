"""Ten events in the life of a ticket, and the eventsourcing library's own way to store and fold the same.

The library's side is what its documentation has: its mapper with the JSON transcoder, transcodings for the types that need one, and
`project_aggregate`. It keeps texts as they are: no cipher, which is also the faster choice. Enums need no transcoding, since they
are strings and come back as such; both sides fold with the same aggregate.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import project_aggregate
from eventsourcing.persistence import DatetimeAsISO, JSONTranscoder, Mapper, StoredEvent, Transcoding, UUIDAsHex

from domain.event import Aggregate, DomainEvent, Personal
from domain.tickets import events as e
from domain.tickets import ticket as _ticket  # noqa: F401 - registers the aggregate
from domain.tickets.vocabulary import (
    Attachment,
    Channel,
    CloseCause,
    Priority,
    ReopenCause,
    Resolution,
    Severity,
    TicketKind,
)
from tests.services.parcel import NOON, Parcel

TEXT = "The switch in rack 12 drops every third frame since the upgrade on Tuesday; the log of last night is attached. " * 3


class PersonalAsDict(Transcoding):
    type = Personal
    name = "personal"

    def encode(self, obj: Personal[Any]) -> dict[str, Any]:
        return {"value": obj.value, "of": obj.of, "key": obj.key}

    def decode(self, data: dict[str, Any]) -> Personal[Any]:
        return Personal(**data)


class AttachmentAsDict(Transcoding):
    type = Attachment
    name = "attachment"

    def encode(self, obj: Attachment) -> dict[str, Any]:
        return dict(vars(obj))

    def decode(self, data: dict[str, Any]) -> Attachment:
        return Attachment(**data)


class TimedeltaAsSeconds(Transcoding):
    type = timedelta
    name = "seconds"

    def encode(self, obj: timedelta) -> float:
        return obj.total_seconds()

    def decode(self, data: float) -> timedelta:
        return timedelta(seconds=data)


def library_mapper() -> Mapper[UUID]:
    transcoder = JSONTranscoder()
    for transcoding in (UUIDAsHex(), DatetimeAsISO(), TimedeltaAsSeconds(), PersonalAsDict(), AttachmentAsDict()):
        transcoder.register(transcoding)
    return Mapper(transcoder)


def library_fold(mapper: Mapper[UUID], stored: list[StoredEvent]) -> object:
    """As the library's repository does it."""
    return project_aggregate(None, map(mapper.to_domain_event, stored))


def ten_events(stream: UUID, requester: UUID) -> list[DomainEvent]:
    """Opened, talked about, resolved, reopened and closed."""
    at = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
    agent, queue = uuid4(), uuid4()
    entries = [uuid4() for _ in range(4)]

    def said(i: int) -> Personal[str]:
        return Personal(TEXT, requester, entries[i])

    log = Attachment(uuid4(), Personal("switch.log", requester, entries[0]), "text/plain", 48_213, "9f" * 32)
    made: list[tuple[type[DomainEvent], dict[str, Any]]] = [
        (
            e.TicketOpened,
            {
                "originator_topic": "ticket",
                "ref": "10482",
                "kind": TicketKind.INCIDENT,
                "subject": Personal("Frames are dropped", requester),
                "requester": requester,
                "organisation": uuid4(),
                "queue": queue,
                "priority": Priority.NORMAL,
                "severity": Severity.MAJOR,
                "channel": Channel.PORTAL,
            },
        ),
        (
            e.TicketMessageReceived,
            {"entry": entries[0], "author": requester, "channel": Channel.PORTAL, "body": said(0), "attachments": (log,)},
        ),
        (e.TicketAssigned, {"agent": agent}),
        (e.TicketReplySent, {"entry": entries[1], "channel": Channel.PORTAL, "body": said(1), "first_response": True}),
        (e.TicketInternalNoteAdded, {"entry": entries[2], "body": said(2), "mentions": (agent,)}),
        (e.TicketPriorityChanged, {"priority": Priority.HIGH, "previous": Priority.NORMAL}),
        (e.TicketResolved, {"resolution": Resolution.WORKAROUND, "episode": 1, "reopenable_until": at + timedelta(days=14)}),
        (e.TicketReopened, {"episode": 2, "because": ReopenCause.REPLY}),
        (e.TicketMessageReceived, {"entry": entries[3], "author": requester, "channel": Channel.EMAIL, "body": said(3)}),
        (e.TicketClosed, {"because": CloseCause.STAFF, "reopenable_until": at + timedelta(days=15)}),
    ]
    return [kind(stream, i, at + timedelta(minutes=i), **fields) for i, (kind, fields) in enumerate(made, 1)]


def pending(events: Sequence[DomainEvent]) -> Aggregate:
    """The aggregate as it was when these events were made, so that a writer can record them."""
    aggregate: Aggregate | None = None
    for event in events:
        aggregate = event.mutate(aggregate)
    assert aggregate is not None
    aggregate.pending_events.extend(events)
    return aggregate


def ten_small_events(stream: UUID, recipient: UUID) -> list[DomainEvent]:
    """The same kind of life in an aggregate that remembers little: see tests/services/parcel.py."""
    parcel = Parcel.send(at=NOON, recipient=recipient, name="Anna Ås", id=stream, owner=uuid4())
    for place in ("Ribe", "Tved", "Vejen", "Kolding"):
        parcel.scan(at=NOON, place=place)
    for _ in range(3):
        parcel.leave_message(at=NOON, entry=uuid4(), text=TEXT)
    parcel.note(at=NOON, note="fragile")
    parcel.deliver(at=NOON)
    return [event for event in parcel.collect_events() if isinstance(event, DomainEvent)]

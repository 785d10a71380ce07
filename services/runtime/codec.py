"""Events as JSON and back: what is stored and, unchanged, what travels on NATS.

{"at": …, fields …}: stream, version and topic stand beside it, never in it. Defaults fill what older events lack, unknown fields are
dropped, and an event whose meaning changed is read through the upcasters of its successor (`DomainEvent.UPCASTS`), which are pure
functions on the JSON object. It is a `Mapper` of the eventsourcing library, so the stock recorders could still store what it writes.

Decision: msgspec decodes into a dict that becomes the event's own `__dict__`. No `__init__` and no `__post_init__` runs, as in the
library's mapper: replay never judges. A slotted event class would reverse it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, MapperDeserialisationError, StoredEvent

from domain.errors import ValidationFailed
from domain.event import Aggregate, DomainEvent, Personal
from services.runtime.command import RecordedEvent
from services.runtime.sealing import NOTHING, Keys
from services.runtime.wire import Field, Place, Time, fields_of, find_personal, wire_type, write_fields

ENVELOPE = frozenset({"originator_id", "originator_version", "originator_topic", "timestamp"})
Upcast = Callable[[dict[str, Any]], dict[str, Any]]
_new = object.__new__
_set = object.__setattr__


class UnknownTopic(LookupError):
    """No event class and no upcaster has this topic: it comes from a newer release, or its module was not imported."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"no event class has the topic {topic}")
        self.topic = topic


class Undecodable(MapperDeserialisationError):
    """The JSON of an event is not what its class says."""

    def __init__(self, topic: str, stream: UUID, version: int) -> None:
        super().__init__(f"{stream}/{version} is not a {topic}")
        self.topic = topic


class EventForm:
    """What is worked out once for an event class."""

    __slots__ = ("aggregate", "decode", "event", "fields", "optional", "read", "renamed", "size", "topic", "wire")

    def __init__(self, event: type[DomainEvent]) -> None:
        self.event = event
        self.topic = event.TOPIC
        self.aggregate = event.TOPIC.partition(".")[0] if issubclass(event, Aggregate.Created) else None
        self.fields: list[Field] = fields_of(event, leave_out=ENVELOPE)
        self.wire = wire_type(event.__name__, self.fields, at=Time)
        self.decode = msgspec.json.Decoder(self.wire).decode
        self.size = len(self.fields) + 1
        self.optional = [(each.on_wire, each.default) for each in self.fields if each.default is not None]
        self.read = [(each.on_wire, each.form.read) for each in self.fields if each.form.read is not None]
        self.renamed = [(each.on_wire, each.name) for each in self.fields if each.on_wire != each.name]


class Codec(Mapper[UUID]):
    """Events as JSON and back. One instance is enough for a process; it keeps no keys of its own but those given for the library's face."""

    def __init__(self, keys: Keys = NOTHING) -> None:
        super().__init__(transcoder=JSONTranscoder())
        self.keys = keys
        self._forms: dict[str, EventForm] = {}
        self._events: dict[str, type[DomainEvent]] = {}
        self._upcasts: dict[str, tuple[str, list[Upcast]]] = {}

    def encode(self, event: DomainEvent, keys: Keys = NOTHING) -> bytes:
        """The event's JSON, personal values sealed. Raises NoKey, NotSealable, and ValidationFailed for text that is no Unicode."""
        form = self.form(event.TOPIC)
        if form.aggregate is not None and getattr(event, "originator_topic", None) != form.aggregate:
            raise TypeError(f"{form.topic} does not create the aggregate that its topic names")
        place = Place(event.originator_id, event.originator_version, keys)
        written = {"at": event.timestamp, **write_fields(form.fields, event, "", place)}
        if written["at"].utcoffset():
            raise TypeError("an event's time is in UTC")
        try:
            return msgspec.json.encode(written)
        except UnicodeEncodeError:
            pass  # raised below, so that the text is not in the error's context
        raise ValidationFailed("a text has characters that are not Unicode", problem="BAD_FORMAT")

    def decode(self, topic: str, state: bytes, stream: UUID, version: int, keys: Keys = NOTHING) -> DomainEvent:
        """The event again; personal values whose key is not among `keys` read None. Raises UnknownTopic, Undecodable, SealBroken."""
        form = self._forms.get(topic)
        if form is None:
            current, state = self._upcast(topic, state)
            form = self.form(current)
        try:
            fields = form.decode(state)
        except msgspec.DecodeError as error:
            raise Undecodable(topic, stream, version) from error
        complete = len(fields) == form.size
        if form.read:
            place = Place(stream, version, keys)
            for name, read in form.read:
                if complete or name in fields:
                    fields[name] = read(fields[name], name, place)
        for on_wire, name in form.renamed:
            if complete or on_wire in fields:
                fields[name] = fields.pop(on_wire)
        if not complete:
            for name, default in form.optional:
                if name not in fields:
                    fields[name] = default()
        fields["timestamp"] = fields.pop("at")
        fields["originator_id"] = stream
        fields["originator_version"] = version
        if form.aggregate is not None:
            fields["originator_topic"] = form.aggregate
        event: DomainEvent = _new(form.event)
        _set(event, "__dict__", fields)
        return event

    def event(self, row: RecordedEvent, keys: Keys = NOTHING) -> DomainEvent:
        """The event of a row of the log."""
        return self.decode(row.topic, row.state, row.stream, row.version, keys)

    def personal(self, event: DomainEvent) -> Iterator[Personal[Any]]:
        """Every personal value of an event: for whom keys are needed before it can be encoded."""
        return find_personal(self.form(event.TOPIC).fields, event)

    def knows(self, topic: str) -> bool:
        """Whether events of this topic can be decoded here."""
        if topic not in self._events and topic not in self._upcasts:
            self._look_around()
        return topic in self._events or topic in self._upcasts

    def form(self, topic: str) -> EventForm:
        """What is worked out for the event class of this topic. Raises UnknownTopic."""
        form = self._forms.get(topic)
        if form is None:
            if not self.knows(topic) or topic in self._upcasts:
                raise UnknownTopic(topic)
            form = self._forms[topic] = EventForm(self._events[topic])
        return form

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """The library's face, with the keys given to the constructor."""
        assert isinstance(domain_event, DomainEvent)
        state = self.encode(domain_event, self.keys)
        return StoredEvent(domain_event.originator_id, domain_event.originator_version, domain_event.TOPIC, state)

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEvent:
        """The library's face, with the keys given to the constructor."""
        stream = stored_event.originator_id
        stream = stream if isinstance(stream, UUID) else UUID(stream)
        return self.decode(stored_event.topic, stored_event.state, stream, stored_event.originator_version, self.keys)

    def _look_around(self) -> None:
        for event in event_classes():
            self._events[event.TOPIC] = event
            steps = list(event.UPCASTS.values())
            for i, old in enumerate(event.UPCASTS):
                self._upcasts[old] = (event.TOPIC, steps[i:])

    def _upcast(self, topic: str, state: bytes) -> tuple[str, bytes]:
        """The event as its newest successor has it, and that one's topic."""
        if not self.knows(topic):
            raise UnknownTopic(topic)
        if topic not in self._upcasts:
            return topic, state
        found = msgspec.json.decode(state)
        _mark_places(found, "")
        while topic in self._upcasts:
            topic, steps = self._upcasts[topic]
            for upcast in steps:
                found = upcast(found)
        return topic, msgspec.json.encode(found)


def event_classes() -> Iterator[type[DomainEvent]]:
    """Every event class with a topic whose module was imported."""
    waiting = [DomainEvent]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if kind.__dict__.get("TOPIC"):
            yield kind


def _mark_places(found: Any, path: str) -> None:
    """Write into each sealed value where it lay when it was sealed, since an upcaster may move it."""
    if isinstance(found, dict):
        if "sealed" in found and "of" in found:
            found["path"] = path
            return
        for name, value in found.items():
            _mark_places(value, f"{path}.{name}" if path else name)
    elif isinstance(found, list):
        for i, value in enumerate(found):
            _mark_places(value, f"{path}.{i}")

"""What every event and every aggregate has in common.

Built on the eventsourcing library's aggregates (https://eventsourcing.readthedocs.io): its versions, its mutation protocol and
its topic registry. Two things are ours. A topic is always explicit, so no Python path is ever stored. And an aggregate changes in
one place, `evolve`, which only remembers; commands judge. Replay therefore never runs a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from eventsourcing.domain import Aggregate as LibraryAggregate
from eventsourcing.utils import register_topic, resolve_topic

T = TypeVar("T")


class Classification(StrEnum):
    """Who may read an event: the third token of its NATS subject and `ce-dataclassification`."""

    PUBLIC = "public"
    CONFIDENTIAL = "confidential"
    """Of one organisation; may reach its own people."""
    RESTRICTED = "restricted"
    """Staff only; must never reach a customer."""


@dataclass(frozen=True, slots=True)
class Personal(Generic[T]):
    """A value about a person. It is stored sealed with that person's key and reads `value=None` once the key is destroyed.

    `of` is the person (a contact, or an organisation for what is about no single person). `key` is the entry whose own key seals
    the value, so that one message can be redacted; without it the person's key seals it directly.
    """

    value: T | None = field(repr=False)
    of: UUID
    key: UUID | None = None


@dataclass(frozen=True)
class DomainEvent(LibraryAggregate.Event):
    """The one base of all events. `timestamp` is when it happened, written `at` in JSON; who did it is in the envelope.

    A field whose JSON name is a word of Python ends with an underscore here: `from_` is written `from`, in nested values too.
    """

    TOPIC: ClassVar[str] = ""
    CLASS: ClassVar[Classification] = Classification.CONFIDENTIAL
    UPCASTS: ClassVar[Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}
    """How stored events of older topics read as this one: old topic → pure function on the JSON object, oldest first.

    Each leads to the next and the last one here, so none is touched when a newer topic comes: v1 → v2 → this.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        topic = cls.__dict__.get("TOPIC")
        if topic:
            register_topic(topic, cls)

    def mutate(self, aggregate: Any) -> Any:
        """The aggregate with this event in it, or the one it begins.

        What the library's does, without its properties, its comparison of UUIDs and its search for the arguments of an `__init__` (there
        is none: `evolve` sets the first state): half of the time of folding. Where an event does not follow, the library's says so.
        """
        if aggregate is None:
            topic = getattr(self, "originator_topic", None)
            if topic is None:
                return super().mutate(None)
            kind = resolve_topic(topic)
            aggregate = kind.__new__(kind)
            aggregate.__base_init__(self.originator_id, self.originator_version, self.timestamp)
            aggregate.evolve(self)
            return aggregate
        if self.originator_id is not aggregate._id or self.originator_version != aggregate._version + 1:
            return super().mutate(aggregate)
        aggregate.evolve(self)
        aggregate._version = self.originator_version
        aggregate._modified_on = self.timestamp
        return aggregate

    def apply(self, aggregate: Any) -> None:
        aggregate.evolve(self)


class Aggregate(LibraryAggregate):
    """The one base of all aggregates: a stream of events under one id.

    The creation event is applied by `evolve` as any other, so a subclass sets its first state there.
    """

    TOPIC: ClassVar[str]

    @property
    def organisation(self) -> UUID | None:
        """Whose it is: the last token of the NATS subject. None while nobody's."""
        return None

    def audience(self, event: DomainEvent) -> UUID | None:  # noqa: ARG002 - a subclass asks it
        """The organisation on whose subject a recorded event travels; another than `organisation` only after a transfer."""
        return self.organisation

    def evolve(self, event: DomainEvent) -> None:
        raise NotImplementedError

    def __repr__(self) -> str:
        # The library's shows all attributes, and an aggregate may remember what a person wrote.
        return f"{type(self).__name__}({self.id}, version {self.version})"

"""What is said to the event store and what it answers: one command, its receipt, and a row of the log.

These are msgspec structs: a frozen dataclass costs ten times as much to make, and each command makes several.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from services.runtime.act import Act
from services.runtime.position import Position


class NewEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event to be recorded. `version` counts from 1 in its stream; `state` is what the codec wrote, at most 512 KiB."""

    stream: UUID
    version: int
    topic: str
    state: bytes
    classification: str
    organisation: UUID | None
    occurred_at: datetime


class NewPersonKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A person's key, wrapped by the key-encryption key named `kek`."""

    person: UUID
    wrapped: bytes
    kek: str


class NewEntryKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The key of one message or note in `stream`, wrapped by its person's key. Refused once that key is destroyed."""

    entry: UUID
    person: UUID
    stream: UUID
    wrapped: bytes


class Lookup(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A unique look-up or reservation: `digest` is an HMAC, `owner` what it leads to, `subject` the person at whose erasure it goes.

    Reserving what the same owner holds already changes nothing; another owner's is refused. Releasing what is not held does nothing.
    """

    kind: str
    digest: bytes
    owner: UUID
    subject: UUID | None = None
    op: Literal["reserve", "release"] = "reserve"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One decision, recorded whole or not at all.

    `checks` name each stream the decision rests on with the version it was judged at (0: it must not exist yet), those that were only
    read included; a stream with events and no check is checked at its first event's version − 1. `uses` are persons for whom
    something is sealed by their own key (those of `entry_keys` need not be named): destroyed keys refuse the command. `ids` come back
    with the receipt, now and at a replay. `epoch` is the log's when it was judged; None judges nothing.
    """

    act: Act
    events: tuple[NewEvent, ...] = ()
    checks: tuple[tuple[UUID, int], ...] = ()
    person_keys: tuple[NewPersonKey, ...] = ()
    entry_keys: tuple[NewEntryKey, ...] = ()
    uses: tuple[UUID, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    destroy_entries: tuple[UUID, ...] = ()
    destroy_persons: tuple[UUID, ...] = ()
    ids: dict[str, str] = msgspec.field(default_factory=dict)
    epoch: int | None = None

    @property
    def has_sides(self) -> bool:
        """Whether anything but events and an idempotency key is written or judged."""
        return bool(
            self.entry_keys or self.uses or self.lookups or self.person_keys or self.destroy_entries or self.destroy_persons
        )


class Receipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a command: the position of its last event (None without events) and each changed stream's version."""

    position: Position | None
    versions: dict[UUID, int]
    ids: dict[str, str]
    replayed: bool = False


class RecordedEvent(msgspec.Struct, frozen=True, gc=False):
    """A row of the log: event and envelope, undecoded."""

    stream: UUID
    version: int
    topic: str
    state: bytes
    position: int
    epoch: int
    classification: str
    organisation: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    correlation: UUID
    causation: str | None
    actor_kind: str
    actor: UUID
    traceparent: str | None


class StreamEvent(msgspec.Struct, frozen=True, gc=False):
    """An event as far as its own aggregate needs it."""

    version: int
    topic: str
    state: bytes


class Loaded(msgspec.Struct, frozen=True, gc=False):
    """A stream, from its first event to its last. `outcome` is the first outcome of the idempotency key that was asked for with it."""

    epoch: int
    events: list[StreamEvent]
    outcome: Receipt | None = None

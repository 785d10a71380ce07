"""Rows of the log as events: the codec, with the keys that sealed values need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from domain.event import DomainEvent
from services.projector.log import Decode
from services.runtime.codec import Codec, event_classes
from services.runtime.command import RecordedEvent
from services.runtime.keys import Keyring, Vault


class EventReader:
    """Decodes rows, opening what is sealed with keys read in one query a batch.

    Keys are kept for a minute (services/runtime/keys.py). That is safe for whoever goes through the log in order, as an erasure that lies
    behind an event is met after it; what goes back to earlier events, a replay, asks for a fresh reader.
    """

    def __init__(self, codec: Codec, vault: Vault) -> None:
        self._codec = codec
        self._vault = vault
        self._ring: tuple[Any, Keyring] | None = None

    def fresh(self) -> EventReader:
        """A reader that remembers no key."""
        return EventReader(self._codec, self._vault)

    async def opened(self, connection: Any, rows: Sequence[RecordedEvent]) -> Decode:
        if self._ring is None or self._ring[0] is not connection:
            self._ring = connection, Keyring(connection, self._vault)
        keys = await self._ring[1].open_for(rows)
        decode = self._codec.decode
        return lambda row: decode(row.topic, row.state, row.stream, row.version, keys)

    def topics(self, event: type[DomainEvent]) -> Iterable[str]:
        older: dict[str, set[str]] = {}
        for kind in event_classes():
            older.setdefault(kind.TOPIC, set()).update(kind.UPCASTS)
        found, waiting = set(), [event.TOPIC]
        while waiting:
            topic = waiting.pop()
            if topic not in found:
                found.add(topic)
                waiting.extend(older.get(topic, ()))
        return found

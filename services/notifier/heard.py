"""An event as the writers of notices get it: decoded, with the history of its stream at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from domain.event import Aggregate, DomainEvent
from services.commands.notifying import Message
from services.runtime.codec import Codec
from services.runtime.command import RecordedEvent
from services.runtime.event_log import EventLog
from services.runtime.keys import Keyring

A = TypeVar("A", bound=Aggregate)
E = TypeVar("E", bound=DomainEvent)


@dataclass(frozen=True)
class Log:
    """The log, read and opened."""

    events: EventLog
    codec: Codec
    keys: Keyring

    async def decoded(self, row: RecordedEvent) -> DomainEvent:
        return self.codec.event(row, await self.keys.open_for([row]))

    async def aggregate(self, kind: type[A], stream: UUID, upto: int | None = None) -> A:
        """The aggregate as it stood at a version, or as it stands. LookupError where there is none."""
        rows = (await self.events.stream(stream))[:upto]
        opened, found = await self.keys.open_for(rows), None
        for row in rows:
            found = self.codec.event(row, opened).mutate(found)
        if not isinstance(found, kind):
            raise LookupError(f"{stream} is no {kind.TOPIC}")
        return found


@dataclass(frozen=True)
class Heard(Generic[E]):
    """`database` reads the read models; `now` is when it is dealt with."""

    event: E
    row: RecordedEvent
    log: Log
    database: Any
    now: datetime

    async def then(self, kind: type[A]) -> A:
        """What it happened to, as it stood just after."""
        return await self.log.aggregate(kind, self.row.stream, self.row.version)

    async def today(self, kind: type[A]) -> A:
        """The same as it stands now."""
        return await self.log.aggregate(kind, self.row.stream)

    def to(self, recipients: Sequence[UUID], subject: str, text: str) -> list[Message]:
        """One message to each, for what it happened to."""
        aggregate = self.row.topic.partition(".")[0]
        return [Message(each, aggregate, self.row.stream, subject, text) for each in recipients]

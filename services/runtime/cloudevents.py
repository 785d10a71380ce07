"""An event as CloudEvents 1.0 in binary mode on NATS headers, written by the relay and read by our own consumers.

Every attribute is a header `ce-` + name; values are percent-encoded outside U+0021–U+007E (with `"` and `%`, as the protocol binding
has it). No Content-Type, which would mean structured mode, and no Nats-Msg-Id: the expected sequence is the fence. The payload is the
stored JSON, byte for byte.
https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote
from uuid import UUID

from services.runtime.command import RecordedEvent
from services.runtime.position import Position

_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_KEPT = "".join(c for c in _PRINTABLE if c not in '"%')
_PLAIN = re.compile(r"[!#$&-~]*\Z")
_ID = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([1-9][0-9]{0,18})\Z")


class NotAnEvent(ValueError):
    """A message on the stream that no relay of ours wrote."""


class Identity(NamedTuple):
    """Which fact: the same in store and stream. `recorded_at` tells it from one that a restored store recorded at the same version."""

    epoch: int
    stream: UUID
    version: int
    recorded_at: datetime


def encoded(value: str) -> str:
    """`value` as a header may carry it; nothing that could end a header survives."""
    return value if _PLAIN.match(value) else quote(value, safe=_KEPT)


@dataclass(frozen=True)
class Naming:
    """How a deployment names its events: `source` is the base URL of the service, `prefix` what stands before a topic in `ce-type`."""

    source: str
    prefix: str

    @cached_property
    def _base(self) -> str:
        return encoded(self.source.rstrip("/"))

    @cached_property
    def _type(self) -> str:
        return encoded(self.prefix) + "."

    def headers(self, event: RecordedEvent) -> dict[str, str]:
        """The envelope. Fixed forms (ids, times, numbers) need no encoding."""
        base, stream = self._base, _text(event.stream)
        headers = {
            "ce-specversion": "1.0",
            "ce-id": f"{stream}/{event.version}",
            "ce-type": self._type + event.topic,
            "ce-source": f"{base}/log/{event.epoch}",
            "ce-subject": f"{event.topic.partition('.')[0]}/{stream}",
            "ce-time": _written(event.occurred_at),
            "ce-recordedtime": _written(event.recorded_at),
            "ce-datacontenttype": "application/json",
            "ce-dataschema": f"{base}/schemas/{event.topic}.json",
            "ce-partitionkey": stream,
            "ce-sequence": f"{event.position:019d}",
            "ce-position": f"{event.epoch}.{event.position}",
            "ce-streamversion": str(event.version),
            "ce-correlationid": _text(event.correlation),
            "ce-authtype": encoded(event.actor_kind),
            "ce-authid": _text(event.actor),
            "ce-dataclassification": event.classification,
        }
        if event.causation is not None:
            headers["ce-causationid"] = encoded(event.causation)
        if event.traceparent is not None:
            headers["traceparent"] = encoded(event.traceparent)
        return headers

    def event(self, subject: str, headers: Mapping[str, str], payload: bytes) -> RecordedEvent:
        """The row of the log that a message carries. Raises NotAnEvent where it is none of ours."""
        try:
            who = identity(headers)
            if who is None:
                raise NotAnEvent("the message bears no ce-id, ce-position and ce-recordedtime of ours")
            organisation = subject.rpartition(".")[2]
            return RecordedEvent(
                stream=who.stream,
                version=who.version,
                topic=unquote(headers["ce-type"]).removeprefix(f"{self.prefix}."),
                state=payload,
                position=Position.parse(headers["ce-position"]).number,
                epoch=who.epoch,
                classification=headers["ce-dataclassification"],
                organisation=None if organisation in ("public", "none") else UUID(organisation),
                occurred_at=datetime.fromisoformat(headers["ce-time"]),
                recorded_at=who.recorded_at,
                correlation=UUID(headers["ce-correlationid"]),
                causation=unquote(headers["ce-causationid"]) if "ce-causationid" in headers else None,
                actor_kind=unquote(headers["ce-authtype"]),
                actor=UUID(headers["ce-authid"]),
                traceparent=headers.get("traceparent"),
            )
        except NotAnEvent:
            raise
        except (KeyError, ValueError) as unreadable:
            raise NotAnEvent(f"the message lacks or garbles an attribute: {type(unreadable).__name__}") from None


def subject(event: RecordedEvent) -> str:
    """`support.<class>.<aggregate>.<event>.<organisation>`: the class stands early so that a broker permission can enforce it."""
    aggregate, name, _ = event.topic.split(".", 2)
    nobody = "public" if event.classification == "public" else "none"
    whose = event.organisation.hex if event.organisation is not None else nobody
    return f"support.{event.classification}.{aggregate}.{name}.{whose}"


def identity(headers: Mapping[str, str] | None) -> Identity | None:
    """Which fact a message is; None when it is none of ours."""
    found = _ID.match((headers or {}).get("ce-id", ""))
    if found is None or headers is None:
        return None
    try:
        recorded_at = datetime.fromisoformat(headers.get("ce-recordedtime", ""))
        return Identity(Position.parse(headers.get("ce-position", "")).epoch, UUID(found[1]), int(found[2]), recorded_at)
    except ValueError:
        return None


@lru_cache(maxsize=16_384)
def _text(value: UUID) -> str:
    return str(value)


def _written(instant: datetime) -> str:
    """RFC 3339 in UTC, as the payload's `at` is written."""
    return instant.isoformat().replace("+00:00", "Z")

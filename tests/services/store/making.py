"""Commands to the store, with everything a test does not care about filled in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from services.runtime.act import Act, Actor, ActorKind, Idempotency
from services.runtime.command import Command, NewEntryKey, NewEvent, NewPersonKey

AT = datetime(2026, 7, 1, 8, 14, 3, 120_000, tzinfo=UTC)
STAFF = Actor(ActorKind.STAFF, UUID("0198f00d-1111-7222-8333-444455556666"))
SECRET = b"of the tests"


def act(key: str | None = None, request: bytes = b"the request", principal: str = "staff:1") -> Act:
    idempotency = Idempotency(principal, key, request) if key is not None else None
    return Act(STAFF, AT, uuid4(), "1/0199a1de-7c10-7b5e-8d0e-6a1f3c2b4d55/3", "00-4bf9-00f0-01", idempotency)


def event(stream: UUID, version: int = 1, **others: Any) -> NewEvent:
    values: dict[str, Any] = {
        "topic": "ticket.tagged.v1",
        "state": b'{"at":"2026-07-01T08:14:03.120Z","tag":"vip"}',
        "classification": "confidential",
        "organisation": None,
        "occurred_at": AT,
    }
    return NewEvent(stream=stream, version=version, **(values | others))


def appending(stream: UUID, version: int = 1, *, key: str | None = None, count: int = 1, **others: Any) -> Command:
    """`count` events on a stream from `version` on."""
    return Command(act=act(key), events=tuple(event(stream, version + each) for each in range(count)), **others)


def person_key(person: UUID) -> NewPersonKey:
    return NewPersonKey(person=person, wrapped=b"wrapped for " + person.bytes, kek="1")


def entry_key(entry: UUID, person: UUID, stream: UUID) -> NewEntryKey:
    return NewEntryKey(entry=entry, person=person, stream=stream, wrapped=b"wrapped for " + entry.bytes)

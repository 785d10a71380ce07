"""A writer on a fresh database, for tests of what is recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from domain.event import DomainEvent
from services.runtime.act import Act, Actor, ActorKind, Expected, Idempotency
from services.runtime.codec import Codec
from services.runtime.digests import Digests
from services.runtime.event_store import EventStore, open_store
from services.runtime.keys import Keyring, Vault
from services.runtime.writer import Writer
from tests.ground import TestDatabase
from tests.services.parcel import NOON

STAFF = Actor(ActorKind.STAFF, UUID("0198f00d-1111-7222-8333-444455556666"))


class Counting:
    """A store that counts what is asked of it beside the log."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.asked: list[tuple[object, ...]] = []

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        self.asked.append(args)
        return await self._store.fetch(query, *args)


class Watch:
    """A clock of a test's own, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Recording:
    """A store and what writes to it. `another()` is a second process as far as keys go."""

    database: TestDatabase
    store: EventStore
    vault: Vault
    codec: Codec
    digests: Digests
    watch: Watch
    reads: Counting
    keyring: Keyring
    writer: Writer

    def another(self) -> Recording:
        reads = Counting(self.store)
        keyring = Keyring(reads, self.vault, clock=self.watch)
        return replace(self, reads=reads, keyring=keyring, writer=Writer(self.store, self.codec, keyring, self.digests))

    async def events(self, stream: UUID) -> list[DomainEvent]:
        rows = await self.store.stream(stream)
        keys = await self.keyring.open_for(rows)
        return [self.codec.event(row, keys) for row in rows]

    async def as_owner(self, query: str, *args: object) -> list[Any]:
        connection = await asyncpg.connect(self.database.owner_dsn)
        try:
            rows: list[Any] = await connection.fetch(query, *args)
            return rows
        finally:
            await connection.close()


@asynccontextmanager
async def recording(database: TestDatabase) -> AsyncIterator[Recording]:
    settings = database.settings
    secret = settings.lookup_secret.get_secret_value()
    async with open_store(settings.postgres("append"), secret=secret.encode()) as store:
        vault, codec, digests, watch = Vault(settings.key_encryption), Codec(), Digests(secret), Watch()
        reads = Counting(store)
        keyring = Keyring(reads, vault, clock=watch)
        writer = Writer(store, codec, keyring, digests)
        yield Recording(database, store, vault, codec, digests, watch, reads, keyring, writer)


def act(*, key: str | None = None, request: bytes = b"{}", expected: Expected | None = None, at: datetime = NOON) -> Act:
    idempotency = Idempotency(f"staff:{STAFF.id}", key, request) if key else None
    return Act(actor=STAFF, at=at, correlation=uuid4(), idempotency=idempotency, expected=expected)

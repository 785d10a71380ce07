"""The event store: what is appended, read and looked up by whoever decides on commands.

The eventsourcing library's recorder for PostgreSQL is synchronous and locks the whole table for each writer; this is its asynchronous
sibling, with its column names and topics. Measured on 2 cores: see tests/bench/append.py.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

from domain.errors import IdempotencyKeyReused
from services.runtime.act import Idempotency
from services.runtime.append_queue import AppendQueue
from services.runtime.batch import REUSED, receipt_of
from services.runtime.command import Command, EntryKey, Loaded, PersonKey, Receipt, RecordedEvent
from services.runtime.event_log import COLUMNS, EventLog
from services.runtime.postgres import APPEND_SETTINGS, Connection, Login, Pool, assert_settings

_NULLS = "NULL::timestamptz, NULL::timestamptz, NULL::uuid, NULL::text, NULL::text"
_LOAD = f"""
WITH entries AS (SELECT entry, person, wrapped FROM store.entry_keys WHERE stream = $1)
(SELECT 0 AS part, {COLUMNS} FROM store.stored_events WHERE originator_id = $1 ORDER BY originator_version)
UNION ALL SELECT 1, NULL, NULL, NULL, NULL, NULL, max(epoch), NULL, NULL, {_NULLS}, NULL, NULL FROM store.logs
UNION ALL SELECT 2, entry, NULL, NULL, wrapped, NULL, NULL, NULL, NULL, {_NULLS}, person, NULL FROM entries
UNION ALL SELECT 3, person, NULL, kek, wrapped, NULL, NULL, NULL, NULL, {_NULLS}, NULL, NULL FROM store.person_keys
  WHERE person IN (SELECT person FROM entries UNION SELECT $1)
UNION ALL SELECT 4, NULL, NULL, outcome::text, request, position, epoch, NULL, NULL, {_NULLS}, NULL, NULL FROM store.idempotency
  WHERE principal = $2 AND key = $3
"""  # noqa: S608 - constants
_OUTCOME = "SELECT outcome, request, position, epoch FROM store.idempotency WHERE principal = $1 AND key = $2"


class EventStore(EventLog):
    """Reads over a pool, appends over one connection of its own. Open it with `open_store`."""

    def __init__(self, pool: Pool, queue: AppendQueue, *, secret: bytes) -> None:
        super().__init__(pool)
        self._queue = queue
        self._secret = secret

    @property
    def depth(self) -> int:
        """Commands that wait to be appended."""
        return self._queue.depth

    async def append(self, command: Command) -> Receipt:
        """Record a command whole or not at all.

        Raises VersionConflict, PersonErased, AlreadyExists (a look-up is another's), IdempotencyKeyReused, EventTooLarge, EpochMismatch,
        Overloaded and NotRecorded, all of which mean that nothing was written, and OutcomeUnknown, which does not: send it again with the
        same idempotency key. A caller that is cancelled while it waits does not know either.
        """
        return await self._queue.append(command)

    async def load(self, stream: UUID, idempotency: Idempotency | None = None) -> Loaded:
        """A stream, the keys that open it, the log's epoch and, for this idempotency key, the first outcome: one statement.

        Raises IdempotencyKeyReused where the key was used for another request.
        """
        principal, key = (idempotency.principal, idempotency.key) if idempotency else (None, None)
        events: list[RecordedEvent] = []
        entries: dict[UUID, EntryKey] = {}
        persons: dict[UUID, PersonKey] = {}
        outcome: Receipt | None = None
        epoch = 0
        for row in await self._pool.fetch(_LOAD, stream, principal, key):
            match row[0]:
                case 0:
                    events.append(RecordedEvent(*row[1:]))
                case 1:
                    epoch = row["epoch"]
                case 2:
                    entries[row[1]] = EntryKey(row[1], row["actor"], row["state"])
                case 3:
                    persons[row[1]] = PersonKey(row[1], row["state"], row["topic"])
                case _ if idempotency is not None:
                    outcome = self._first(idempotency, row["topic"], row["state"], row["notification_id"], row["epoch"])
        return Loaded(epoch=epoch, events=events, entry_keys=entries, person_keys=persons, outcome=outcome)

    async def first_outcome(self, idempotency: Idempotency) -> Receipt | None:
        """What came of this key's first use; None if it was not used. Raises IdempotencyKeyReused for another request."""
        row = await self._pool.fetchrow(_OUTCOME, idempotency.principal, idempotency.key)
        return self._first(idempotency, *row) if row is not None else None

    async def find(self, kind: str, digest: bytes) -> UUID | None:
        """Whose look-up or reservation it is."""
        owner: UUID | None = await self._pool.fetchval(
            "SELECT owner FROM store.lookups WHERE kind = $1 AND digest = $2", kind, digest
        )
        return owner

    async def owned(self, owner: UUID, kind: str) -> list[bytes]:
        """The digests an owner holds, so that they can be released."""
        rows = await self._pool.fetch("SELECT digest FROM store.lookups WHERE owner = $1 AND kind = $2", owner, kind)
        return [row[0] for row in rows]

    async def next_ticket_ref(self) -> int:
        """The next number of a ticket. Numbers may be left out, never given twice."""
        number: int = await self._pool.fetchval("SELECT nextval('store.ticket_refs')")
        return number

    async def close(self) -> None:
        """Finish what waits, then hang up."""
        await self._queue.close()
        await self._pool.close()

    def _first(self, idempotency: Idempotency, outcome: str, request: bytes, position: int | None, epoch: int) -> Receipt:
        if not hmac.compare_digest(hmac.digest(self._secret, idempotency.request, "sha256"), request):
            raise IdempotencyKeyReused(REUSED)
        return receipt_of(outcome, position, epoch)


@asynccontextmanager
async def open_store(
    login: Login | str, *, secret: bytes, largest_pool: int = 8, capacity: int = 4096, patience: float = 5.0
) -> AsyncIterator[EventStore]:
    """The store by the append role's login or connection string, drained and closed at the end.

    `secret` keys the HMACs of idempotent requests; `capacity` in commands is when it says Overloaded; `patience` in seconds is how long
    commands wait for a database that restarts.
    """
    login = Login(login) if isinstance(login, str) else login
    login = replace(login, settings={**login.settings, **APPEND_SETTINGS})

    async def connect() -> Connection:
        connection = await login.connect(codecs=False)
        try:
            await assert_settings(connection, APPEND_SETTINGS)
        except BaseException:
            connection.terminate()
            raise
        return connection

    # Once now, so that a wrong server or login stops the process at its start and not at the first command.
    await (await connect()).close()
    pool = await login.pool(largest=largest_pool)
    store = EventStore(pool, AppendQueue(connect, secret=secret, capacity=capacity, patience=patience), secret=secret)
    try:
        yield store
    finally:
        await store.close()

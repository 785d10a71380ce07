"""The event store: what is appended, read and looked up by whoever decides on commands.

The eventsourcing library's recorder for PostgreSQL is synchronous and locks the whole table for each writer; this is its asynchronous
sibling, with its column names and topics. Measured on 2 cores: see tests/bench/append.py.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import blake2b
from typing import Any
from uuid import UUID

from domain.errors import IdempotencyKeyReused
from services.runtime.act import Idempotency
from services.runtime.append_queue import AppendQueue
from services.runtime.batch import REUSED, digest_of, receipt_of
from services.runtime.command import Command, Loaded, Receipt, StreamEvent
from services.runtime.event_log import EventLog
from services.runtime.lanes import Lanes
from services.runtime.postgres import APPEND_SETTINGS, PLANS, Connection, Login, Pool, assert_settings

_LOAD = """
SELECT 0 AS version, NULL AS topic, NULL::bytea AS state, NULL::bigint AS position, max(epoch) AS epoch FROM store.logs
UNION ALL SELECT originator_version, topic, state, NULL, NULL FROM store.stored_events WHERE originator_id = $1
ORDER BY version"""
_LOAD_AND_OUTCOME = """
SELECT -1 AS version, outcome::text AS topic, request AS state, position, epoch FROM store.idempotency WHERE principal = $2 AND key = $3
UNION ALL SELECT 0, NULL, NULL, NULL, max(epoch) FROM store.logs
UNION ALL SELECT originator_version, topic, state, NULL, NULL FROM store.stored_events WHERE originator_id = $1
ORDER BY version"""
_OUTCOME = "SELECT outcome, request, position, epoch FROM store.idempotency WHERE principal = $1 AND key = $2"


class EventStore(EventLog):
    """Reads over a pool, appends over one connection of its own. Open it with `open_store`."""

    def __init__(self, pool: Pool, lanes: Lanes, queue: AppendQueue, *, secret: bytes) -> None:
        super().__init__(pool)
        self._lanes = lanes
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
        """A stream, the log's epoch and, for this idempotency key, the first outcome: one statement.

        Raises IdempotencyKeyReused where the key was used for another request.
        """
        outcome: Receipt | None = None
        if idempotency is None:
            epoch, *rows = await self._lanes.fetch(_LOAD, stream)
        else:
            epoch, *rows = await self._lanes.fetch(_LOAD_AND_OUTCOME, stream, idempotency.principal, idempotency.key)
            if epoch[0] < 0:
                outcome = self._first(idempotency, *epoch[1:])
                epoch, *rows = rows
        return Loaded(epoch=epoch[4], events=[StreamEvent(row[0], row[1], row[2]) for row in rows], outcome=outcome)

    async def first_outcome(self, idempotency: Idempotency) -> Receipt | None:
        """What came of this key's first use; None if it was not used. Raises IdempotencyKeyReused for another request."""
        rows = await self._lanes.fetch(_OUTCOME, idempotency.principal, idempotency.key)
        return self._first(idempotency, *rows[0]) if rows else None

    async def find(self, kind: str, digest: bytes) -> UUID | None:
        """Whose look-up or reservation it is."""
        rows = await self._lanes.fetch("SELECT owner FROM store.lookups WHERE kind = $1 AND digest = $2", kind, digest)
        return rows[0][0] if rows else None

    async def owned(self, owner: UUID, kind: str) -> list[bytes]:
        """The digests an owner holds, so that they can be released."""
        rows = await self._pool.fetch("SELECT digest FROM store.lookups WHERE owner = $1 AND kind = $2", owner, kind)
        return [row[0] for row in rows]

    async def subjects(self, owner: UUID, kind: str) -> list[UUID]:
        """Of whom the look-ups are that an owner holds: an organisation's people."""
        rows = await self._pool.fetch(
            "SELECT DISTINCT subject FROM store.lookups WHERE owner = $1 AND kind = $2 AND subject IS NOT NULL ORDER BY 1",
            owner,
            kind,
        )
        return [row[0] for row in rows]

    async def next_ref(self, kind: str) -> int:
        """The next number of a kind, from its sequence `store.<kind>_refs`. Numbers may be left out, never given twice."""
        rows = await self._lanes.fetch("SELECT nextval($1::text::regclass)", f"store.{kind}_refs")
        return int(rows[0][0])

    async def fetch(self, query: str, *args: object) -> list[Any]:
        """One constant statement of those who read beside the log what the same role may: the keyring."""
        return await self._lanes.fetch(query, *args)

    async def close(self) -> None:
        """Finish what waits, then hang up."""
        await self._queue.close()
        await self._lanes.close()
        await self._pool.close()

    def _first(self, idempotency: Idempotency, outcome: str, request: bytes, position: int | None, epoch: int) -> Receipt:
        if not hmac.compare_digest(digest_of(self._secret, idempotency.request), request):
            raise IdempotencyKeyReused(REUSED)
        return receipt_of(outcome, position, epoch)


@asynccontextmanager
async def open_store(
    login: Login | str, *, secret: bytes, largest_pool: int = 8, capacity: int = 4096, patience: float = 5.0
) -> AsyncIterator[EventStore]:
    """The store by the append role's login or connection string, drained and closed at the end.

    `secret` keys the hashes of idempotent requests; `capacity` in commands is when it says Overloaded; `patience` in seconds is how long
    commands wait for a database that restarts.
    """
    login = Login(login) if isinstance(login, str) else login
    login = replace(login, settings={**login.settings, **APPEND_SETTINGS})
    appending = replace(login, settings={**login.settings, **PLANS})
    key = blake2b(secret).digest()

    async def connect() -> Connection:
        connection = await appending.connect(codecs=False)
        try:
            await assert_settings(connection, {**APPEND_SETTINGS, **PLANS})
        except BaseException:
            connection.terminate()
            raise
        return connection

    # Once now, so that a wrong server or login stops the process at its start and not at the first command.
    await (await connect()).close()
    pool = await login.pool(largest=largest_pool)
    lanes = Lanes(login.connect, largest_pool)
    store = EventStore(pool, lanes, AppendQueue(connect, secret=key, capacity=capacity, patience=patience), secret=key)
    try:
        yield store
    finally:
        await store.close()

"""Connections to PostgreSQL, each as the role of its job, with that role's time-outs sent and asserted.

Role settings apply at login only and a pooler may lose them, so they are sent with every connection as well; what writes the log
also looks whether they arrived. Connections must be direct: no transaction-mode pooler.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

import asyncpg

from services.runtime.errors import StoreError

OLDEST = 17
"""`transaction_timeout` came with PostgreSQL 17: the only time-out that catches a client that vanished in a transaction."""

LONGEST_STATEMENT = 64 * 1024
"""Bytes of SQL kept prepared: a ticket with all its branches is 16 KiB of it, and planning that anew takes ten times the reading."""

KEEPALIVES = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
"""Seconds and tries: a peer that vanished without a word is noticed within half a minute."""

APPEND_SETTINGS = {
    "default_transaction_isolation": "read committed",
    "transaction_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "5s",
}
"""What keeps one lock from stopping all writes: no transaction of the append role lives longer, nor waits longer for the lock."""

PLANS = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
"""For the one connection that appends: planning anew costs more than the work, and plans are made while tables are small and kept when
they have grown. (As settings of the function they would cost 15 µs a call.)"""

LOST = (
    *(OSError, EOFError, asyncpg.InterfaceError, asyncpg.InternalClientError),
    *(asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InvalidTransactionStateError),
)
"""The session is over, or the server goes, comes or was never there. (InternalClientError: a statement on a session that was just told of
its end. InvalidTransactionStateError: `transaction_timeout` and its kin.)"""

Connection = Any
"""asyncpg's connection; it ships no types that mypy reads."""
Pool = Any


class PostgresTooOld(StoreError):
    """The server is older than what we rest on."""


class SettingLost(StoreError):
    """A setting that keeps the log safe did not reach the session; a pooler in between would do that."""


@dataclass(frozen=True)
class Login:
    """One role's way in. `dsn` names host and database; user and password come on top where given."""

    dsn: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)

    async def connect(self, *, codecs: bool = True) -> Connection:
        """A direct connection to a server that is new enough. Statements never time out on the client's side.

        Without `codecs` UUIDs are read as asyncpg's subclass and written faster: for a connection that reads none.
        """
        connection = await asyncpg.connect(**self._arguments())
        try:
            await (prepare(connection) if codecs else check(connection))
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def pool(self, *, smallest: int = 0, largest: int = 8) -> Pool:
        """A pool. Nothing may leave session state behind: connections are not reset between uses, which saves a round trip."""
        return await asyncpg.create_pool(
            **self._arguments(),
            min_size=smallest,
            max_size=largest,
            init=prepare,
            reset=_leave_as_it_is,
            command_timeout=None,
            max_cacheable_statement_size=LONGEST_STATEMENT,
        )

    def _arguments(self) -> dict[str, Any]:
        named = {"user": self.user, "password": self.password}
        given = {name: value for name, value in named.items() if value is not None}
        return {"dsn": self.dsn, "server_settings": {**KEEPALIVES, "jit": "off", **self.settings}, **given}


async def prepare(connection: Connection) -> None:
    """Check the connection and have it read UUIDs as the standard library's: asyncpg returns a subclass."""
    await check(connection)
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=_bytes_of, decoder=_uuid, format="binary")


async def check(connection: Connection) -> None:
    """Refuse an old server; notice one that vanishes without a word, since no time-out of ours ever will."""
    major = connection.get_server_version().major
    if major < OLDEST:
        raise PostgresTooOld(f"PostgreSQL {OLDEST} or later is needed; this server is {major}")
    end = connection._transport.get_extra_info("socket")  # asyncpg has no public way to it
    if end is not None and end.family in (socket.AF_INET, socket.AF_INET6):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # keep-alives are silent while something sent is not acknowledged
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)


async def assert_settings(connection: Connection, settings: Mapping[str, str]) -> None:
    """Raise SettingLost unless the session has these settings."""
    names = [*settings, "transaction_isolation"]
    values = await connection.fetchval(
        "SELECT array_agg(current_setting(name) ORDER BY i) FROM unnest($1::text[]) WITH ORDINALITY AS s(name, i)", names
    )
    for name, value in zip(names, values, strict=True):
        wanted = settings.get(name, "read committed")
        if value != wanted:
            raise SettingLost(f"{name} is {value} where {wanted} was asked for: connect directly, not through a pooler")


async def _leave_as_it_is(connection: Connection) -> None:
    """No state, nothing to reset."""


def _bytes_of(value: UUID) -> bytes:
    return value.bytes


@lru_cache(maxsize=65_536)
def _uuid(raw: bytes) -> UUID:
    # The same few streams, actors and organisations come again and again; making a UUID anew costs ten times the look-up.
    return UUID(bytes=raw)

"""Bring a database to what this release needs, as often as one likes: numbered SQL files once each, then logins and grants anew.

Files only ever add (expand/contract: what an older release still uses is dropped a release later), so the release before keeps
running meanwhile. Run it as the owner; only the owner makes tables, and no process runs as the owner.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Sequence
from importlib.resources import files

import asyncpg

from services.runtime.errors import StoreError
from services.runtime.locks import Lock
from services.runtime.postgres import APPEND_SETTINGS, Connection, Login
from services.runtime.settings import Settings

ROLES = ("append", "relay", "project", "read", "customer")
_SETTINGS = {
    "append": APPEND_SETTINGS,
    "relay": {"idle_in_transaction_session_timeout": "60s"},
    "project": {"idle_in_transaction_session_timeout": "60s", "lock_timeout": "60s"},
    "read": {"transaction_timeout": "30s", "idle_in_transaction_session_timeout": "10s"},
    "customer": {"transaction_timeout": "30s", "idle_in_transaction_session_timeout": "10s"},
}
"""Role settings, which apply at login; connections send their own as well."""

Step = Callable[[Connection], Awaitable[object]]


class MigrationRefused(StoreError):
    """The database is not as it must be; the message says what to do."""


async def migrate(owner_dsn: str, logins: Settings, *steps: Step) -> list[str]:
    """Do all that is missing; returns the names of the files applied now. `steps` run last, as the owner (projections' schemas)."""
    connection = await Login(owner_dsn).connect()
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", Lock.MIGRATE)
        applied = await _apply_files(connection)
        users = {role: str(getattr(logins, f"postgres_{role}_user")) for role in ROLES}
        for role, user in users.items():
            await _make_login(connection, user, getattr(logins, f"postgres_{role}_password").get_secret_value())
            await _remember_settings(connection, user, _SETTINGS[role])
        quoted = {role: await connection.fetchval("SELECT quote_ident($1)", user) for role, user in users.items()}
        await connection.execute(_sql("grants.sql").format(**quoted))
        for step in steps:
            await step(connection)
        return applied
    finally:
        await connection.close()


async def _apply_files(connection: Connection) -> list[str]:
    await connection.execute(
        "CREATE SCHEMA IF NOT EXISTS store;"
        "CREATE TABLE IF NOT EXISTS store.schema_migrations"
        " (file text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    known = dict(await connection.fetch("SELECT file, sha256 FROM store.schema_migrations"))
    applied = []
    for name in sorted(entry.name for entry in files("services.runtime").joinpath("sql").iterdir()):
        if not name[:4].isdigit():
            continue
        text = _sql(name)
        digest = hashlib.sha256(text.encode()).hexdigest()
        if name not in known:
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute("INSERT INTO store.schema_migrations (file, sha256) VALUES ($1, $2)", name, digest)
            applied.append(name)
        elif known[name] != digest:
            raise MigrationRefused(f"{name} was changed after it was applied here: put the change into a new file")
    return applied


def _sql(name: str) -> str:
    return files("services.runtime").joinpath("sql", name).read_text(encoding="utf-8")


async def _make_login(connection: Connection, user: str, password: str) -> None:
    """Create the role or give it its password again. Without a password it must be there already."""
    exists = await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", user)
    if not password:
        if not exists:
            raise MigrationRefused(f"the login {user} does not exist and there is no password to make it with")
        return
    verb = "ALTER" if exists else "CREATE"
    # The server gets what it would store, never the password: statements may end up in its log.
    await _role_statement(connection, f"{verb} ROLE %I LOGIN NOINHERIT PASSWORD %L", user, scram_verifier(password))


async def _remember_settings(connection: Connection, user: str, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        await _role_statement(connection, f"ALTER ROLE %I SET {name} = %L", user, value)


async def _role_statement(connection: Connection, form: str, *arguments: str) -> None:
    """Roles belong to the whole server: another database's migration may touch the same row, so try again."""
    statement = await connection.fetchval("SELECT format($1, VARIADIC $2::text[])", form, list(arguments))
    for pause in (0.05, 0.1, 0.2, 0.4, 0.8, None):
        try:
            await connection.execute(statement)
        except (asyncpg.InternalServerError, asyncpg.UniqueViolationError, asyncpg.DuplicateObjectError):
            if pause is None:
                raise
            await asyncio.sleep(pause)
        except asyncpg.InsufficientPrivilegeError as error:
            raise MigrationRefused(f"{arguments[0]} cannot be made or changed by this owner: {error}") from None
        else:
            return


def scram_verifier(password: str, *, salt: bytes | None = None, iterations: int = 4096) -> str:
    """What PostgreSQL stores for a password (RFC 5802, RFC 7677)."""
    salt = secrets.token_bytes(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{parts[0]}${parts[1]}:{parts[2]}"


def pending(known: Sequence[str]) -> list[str]:
    """The files of this release that are not among the applied ones; a process whose list is not empty is not ready."""
    names = sorted(entry.name for entry in files("services.runtime").joinpath("sql").iterdir() if entry.name[:4].isdigit())
    return [name for name in names if name not in known]

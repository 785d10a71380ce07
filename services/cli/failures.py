"""A failure as one plain sentence with the setting to change, and the exit code: 2 for settings and usage, 1 for the rest."""

from __future__ import annotations

import errno
import socket

import asyncpg

from services.runtime.bus import BusError
from services.runtime.clock import ClockFileUnreadable
from services.runtime.embedded.process import CannotStart
from services.runtime.errors import StoreError
from services.runtime.logs import failure
from services.runtime.settings import SettingsInvalid

TOLD = frozenset({"TablesChanged", "WronglyDeclared", "NoPolicies", "UnknownKeyEncryptionKey", "PolicyFileInvalid"})
"""Exceptions of processes whose messages are sentences for operators. By name, because importing them loads the processes."""
DEBUG = "SUPPORT_LOG_LEVEL=debug shows where"


def sentence(error: BaseException) -> tuple[str, int]:
    """What to print, and the exit code. Messages of exceptions we do not know stay out: they can quote data."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if type(error).__name__ in TOLD:
        return str(error), 1
    match error:
        case SettingsInvalid() | ClockFileUnreadable():
            return str(error), 2
        case CannotStart() | BusError():
            return str(error), 1
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            return (
                "PostgreSQL refuses the login: check SUPPORT_POSTGRES_<ROLE>_USER and _PASSWORD, then run `support migrate`",
                1,
            )
        case asyncpg.InvalidCatalogNameError():
            return "the database does not exist: create it, or check SUPPORT_POSTGRES_DSN", 1
        case asyncpg.UndefinedTableError() | asyncpg.InvalidSchemaNameError() | asyncpg.UndefinedFunctionError():
            return "the database is not what this release needs: run `support migrate`", 1
        case asyncpg.InsufficientPrivilegeError():
            return (
                "PostgreSQL does not allow this login to do that: run `support migrate`, or check SUPPORT_POSTGRES_<ROLE>_USER",
                1,
            )
        case (
            asyncpg.PostgresConnectionError()
            | asyncpg.CannotConnectNowError()
            | ConnectionError()
            | socket.gaierror()
            | TimeoutError()
        ):
            return (
                f"PostgreSQL or NATS cannot be reached: check SUPPORT_POSTGRES_DSN and SUPPORT_NATS_URL ({failure(error)})",
                1,
            )
        case StoreError():
            return str(error) or type(error).__name__, 1
        case OSError(errno=errno.EADDRINUSE | errno.EACCES | errno.EADDRNOTAVAIL) if not error.filename:
            return (
                f"cannot listen: {error.strerror}; set SUPPORT_HTTP_PORT, or SUPPORT_METRICS_PORT_<PROCESS>, to a free port",
                1,
            )
        case PermissionError():
            return f"no permission for {error.filename}: check SUPPORT_HOME and the owner of that folder", 1
        case OSError() if error.filename:
            return f"{error.filename}: {error.strerror}", 1
        case ModuleNotFoundError():
            return f"the installation lacks {error.name}: run `make install`", 1
    return f"this failed and should not have: {failure(error)}; {DEBUG}", 1

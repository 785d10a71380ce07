"""PostgreSQL and NATS for `support dev`: embedded ones, or those that the settings name."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import asyncpg

from services.dev.supervisor import Child, Say
from services.runtime import nats_permissions
from services.runtime.development import made_secrets
from services.runtime.embedded.nats import EmbeddedNats, greeting
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.embedded.process import CannotStart
from services.runtime.settings import Settings

OLDEST_POSTGRES = 17
OLDEST_NATS = (2, 12)


def postgres(settings: Settings, port: int, say: Say) -> Child:
    """The embedded PostgreSQL, supervised."""
    made = made_secrets(settings.home)
    server = EmbeddedPostgres(settings.home, port, made["postgres_superuser_password"], made["postgres_owner_password"])
    server.prepare()  # its launch needs the folder

    async def ready(pid: int) -> bool:
        return server.ready(pid)

    return Child(server.launch(), ready, say, prepare=server.prepare)


def nats(settings: Settings, say: Say) -> Child:
    """The embedded NATS, supervised."""
    roles = {
        nats_permissions.admin: (settings.nats_admin_user, settings.nats_admin_password),
        nats_permissions.relay: (settings.nats_relay_user, settings.nats_relay_password),
        nats_permissions.consumer: (settings.nats_consumer_user, settings.nats_consumer_password),
        nats_permissions.subscriber: (settings.nats_subscriber_user, settings.nats_subscriber_password),
    }
    logins = [login(user, password.get_secret_value()) for login, (user, password) in roles.items()]
    server = EmbeddedNats(settings.home, settings.nats_port, logins)

    async def ready(pid: int) -> bool:
        return server.ready(pid)

    return Child(server.launch(), ready, say, prepare=server.prepare)


async def check_postgres(owner_dsn: str) -> None:
    """CannotStart unless a PostgreSQL that is new enough answers the owner."""
    where = urlsplit(owner_dsn)
    place = f"{where.hostname}:{where.port or 5432}{where.path}"
    try:
        connection = await asyncpg.connect(owner_dsn, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        why = "nobody answers" if isinstance(error, OSError | TimeoutError) else type(error).__name__
        raise CannotStart(f"PostgreSQL at {place}: {why}; check SUPPORT_POSTGRES_OWNER_DSN and SUPPORT_POSTGRES_DSN") from None
    found = connection.get_server_version()
    await connection.close()
    refuse_old_postgres(found.major, place)


def refuse_old_postgres(major: int, place: str) -> None:
    """The log rests on `transaction_timeout`, which came with 17."""
    if major < OLDEST_POSTGRES:
        raise CannotStart(
            f"PostgreSQL {major} at {place} is too old, {OLDEST_POSTGRES} or later is needed: set SUPPORT_POSTGRES_DSN to another"
        )


async def check_nats(url: str) -> None:
    """CannotStart unless a NATS that is new enough, with JetStream, greets."""
    where = urlsplit(url)
    said = await asyncio.to_thread(greeting, where.port or 4222, where.hostname or "127.0.0.1")
    if said is None:
        raise CannotStart(f"nobody answers at {url}: start NATS there, or set SUPPORT_NATS_URL")
    refuse_old_nats(str(said.get("version", "0.0")), url)
    if not said.get("jetstream"):
        raise CannotStart(f"NATS at {url} runs without JetStream: turn it on, or set SUPPORT_NATS_URL")


def refuse_old_nats(version: str, url: str) -> None:
    """The relay publishes in atomic batches, which came with 2.12."""
    major, minor = (int(part) for part in version.split(".")[:2])
    if (major, minor) < OLDEST_NATS:
        raise CannotStart(
            f"nats-server {version} at {url} is too old, 2.12 or later is needed: set SUPPORT_NATS_URL to another"
        )

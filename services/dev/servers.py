"""PostgreSQL and NATS for `support dev`: embedded ones, or those that the settings name."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import asyncpg

from services.dev.supervisor import Child, Say
from services.runtime import bus, nats_permissions
from services.runtime.development import made_secrets
from services.runtime.embedded.nats import EmbeddedNats, greeting
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.embedded.process import CannotStart
from services.runtime.postgres import Login, PostgresTooOld
from services.runtime.settings import Settings


def postgres(settings: Settings, port: int, say: Say) -> Child:
    """The embedded PostgreSQL, supervised."""
    made = made_secrets(settings.home)
    server = EmbeddedPostgres(settings.home, port, made["postgres_superuser_password"], made["postgres_owner_password"])
    server.prepare()  # its launch needs the folder

    async def problem(pid: int) -> str | None:
        return None if server.ready(pid) else "it takes no connections"

    return Child(server.launch(), problem, say, prepare=server.prepare)


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

    async def problem(pid: int) -> str | None:
        return None if server.ready(pid) else "it takes no connections"

    return Child(server.launch(), problem, say, prepare=server.prepare)


async def check_postgres(owner_dsn: str) -> None:
    """CannotStart unless a PostgreSQL that is new enough answers the owner."""
    where = urlsplit(owner_dsn)
    place = f"PostgreSQL at {where.hostname}:{where.port or 5432}{where.path}"
    try:
        connection = await asyncio.wait_for(Login(owner_dsn).connect(), 10)
    except PostgresTooOld as old:
        raise CannotStart(f"{place}: {old}; set SUPPORT_POSTGRES_DSN to another") from None
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        why = "nobody answers" if isinstance(error, OSError | TimeoutError) else type(error).__name__
        raise CannotStart(f"{place}: {why}; check SUPPORT_POSTGRES_OWNER_DSN and SUPPORT_POSTGRES_DSN") from None
    await connection.close()


async def check_nats(url: str) -> None:
    """CannotStart unless a NATS with JetStream greets; BusError when it is too old."""
    where = urlsplit(url)
    said = await asyncio.to_thread(greeting, where.port or 4222, where.hostname or "127.0.0.1")
    if said is None:
        raise CannotStart(f"nobody answers at {url}: start NATS there, or set SUPPORT_NATS_URL")
    major, minor = (int(part) for part in str(said.get("version", "0.0")).split(".")[:2])
    bus.require_version(major, minor)
    if not said.get("jetstream"):
        raise CannotStart(f"NATS at {url} runs without JetStream: turn it on, or set SUPPORT_NATS_URL")

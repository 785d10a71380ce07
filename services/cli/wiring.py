"""How each process is put together from its parts. Imports stand in the functions: a relay never loads a gateway."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from services.cli.running import imported
from services.runtime.clock import Clock
from services.runtime.codec import Codec
from services.runtime.decision import Decision
from services.runtime.digests import Digests
from services.runtime.event_store import EventStore, open_store
from services.runtime.keys import Keyring, Vault
from services.runtime.postgres import Login, Pool
from services.runtime.settings import PostgresRole, Settings
from services.runtime.telemetry import Check, health_server
from services.runtime.writer import Writer

if TYPE_CHECKING:
    from services.commands.desk import Policed
    from services.runtime.cloudevents import Naming
    from services.scheduler.exporter import Exporter
    from services.scheduler.moments import Room

_log = logging.getLogger("support")


class Writing(NamedTuple):
    """What a process that records decisions rests on."""

    store: EventStore
    writer: Writer
    codec: Codec
    digests: Digests


@asynccontextmanager
async def writing(settings: Settings, begin: Callable[..., Decision] = Decision) -> AsyncIterator[Writing]:
    """The event store and a writer, drained and closed at the end. `begin` makes its decisions."""
    import services.cli.declared  # noqa: F401 - every topic

    settings.require("lookup_secret")
    secret = settings.lookup_secret.get_secret_value()
    codec, digests, vault = Codec(), Digests(secret), Vault(settings.key_encryption)
    async with open_store(settings.postgres("append"), secret=secret.encode()) as store:
        yield Writing(store, Writer(store, codec, Keyring(store, vault), digests, begin=begin), codec, digests)


@asynccontextmanager
async def reading(settings: Settings, role: PostgresRole) -> AsyncIterator[Pool]:
    """A pool of one role's connections that find the read models' tables."""
    from services.cli.declared import PROJECTIONS

    path = ", ".join(f'"{each.schema}"' for each in PROJECTIONS)
    pool = await Login(settings.postgres(role), settings={"search_path": path}).pool()
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def _watched(name: str, settings: Settings, checks: Mapping[str, Check]) -> AsyncIterator[None]:
    """With /metrics, /livez and /readyz of a background process while the block runs."""
    async with health_server(settings.metrics_host, getattr(settings, f"metrics_port_{name}"), checks) as port:
        _log.info("%s runs; /metrics, /livez and /readyz on %s:%d", name, settings.metrics_host, port)
        yield


async def run_relay(settings: Settings, clock: Clock, stop: asyncio.Event) -> None:  # noqa: ARG001 - its times are the log's
    from services.relay import run
    from services.relay.metrics import Status

    status = Status()

    async def publishing() -> str | None:
        return None if status.ready else status.stopped or "store or NATS is not reached"

    async with _watched("relay", settings, {"relay": publishing}):
        await run(settings, stop, status)


async def run_projector(settings: Settings, clock: Clock, stop: asyncio.Event) -> None:  # noqa: ARG001 - its times are the log's
    from services.cli.declared import PROJECTIONS
    from services.projector import Status, run, spare_the_collector

    spare_the_collector()
    status = Status()

    async def caught_up() -> str | None:
        return None if status.ready else "the read models are not near the end of the log yet"

    async with _watched("projector", settings, {"projector": caught_up}):
        await run(settings, stop, PROJECTIONS, status)


async def run_gateway(settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    import services.cli.declared  # noqa: F401 - every topic

    await imported("services.gateway.app:run")(settings, clock, stop)


def scheduled(store: EventStore, writer: Writer, codec: Codec, naming: Naming, policies: Policed) -> tuple[list[Room], str]:
    """The rooms in which time does something, and the search path on which their moments are found."""
    from projections.chat_timers import chat_timers
    from projections.contacts import contacts
    from projections.contract_timers import contract_timers
    from projections.digest_timers import digest_timers
    from projections.engagement_timers import engagement_timers
    from projections.entitlements import entitlements
    from projections.meetings import meetings
    from projections.organisations import organisations
    from projections.status_maintenance import maintenance
    from projections.subscription_timers import subscription_timers
    from projections.timers import timers
    from services.commands.desk import Desk
    from services.commands.posts import Posts
    from services.projector.schemas import path
    from services.scheduler.chat import Chat
    from services.scheduler.contracts import Contracts
    from services.scheduler.digests import Digests as DigestRoom
    from services.scheduler.engagements import Engagements
    from services.scheduler.erasures import Erasures
    from services.scheduler.meetings import Meetings
    from services.scheduler.status import Status as StatusRoom
    from services.scheduler.subscriptions import Subscriptions
    from services.scheduler.tickets import Tickets

    rooms: list[Room] = [Tickets(writer), Contracts(writer), StatusRoom(writer), Chat(writer), Engagements(writer)]
    rooms += [Erasures(Desk(writer, policies)), Subscriptions(writer), DigestRoom(writer, Posts(store, codec), naming)]
    rooms.append(Meetings(writer))
    read = (timers, contract_timers, maintenance, subscription_timers, chat_timers, contacts, organisations, digest_timers)
    return rooms, path([each.schema for each in (*read, engagement_timers, entitlements, meetings)])


def exporting(settings: Settings, store: EventStore, writer: Writer, codec: Codec, clock: Clock) -> Exporter:
    """What makes the copies of their data that people ask for; it reads as a customer."""
    from services.cli.declared import PROJECTIONS
    from services.projector.schemas import path
    from services.scheduler.exporter import Exporter

    read = {"search_path": path([each.schema for each in PROJECTIONS])}
    return Exporter(
        connect=Login(settings.postgres("customer"), settings=read).connect,
        store=store,
        writer=writer,
        codec=codec,
        keyring=Keyring(store, Vault(settings.key_encryption)),
        clock=clock,
        projections=PROJECTIONS,
        kept=timedelta(days=settings.export_days),
    )


async def run_scheduler(settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    from services.policies.in_force import PoliciesInForce
    from services.runtime.bus import naming
    from services.scheduler import Scheduler, Status

    status = Status()

    async def looking() -> str | None:
        return status.problem

    async with writing(settings) as (store, writer, codec, _), _watched("scheduler", settings, {"scheduler": looking}):
        policies = PoliciesInForce(store, codec)
        rooms, path = scheduled(store, writer, codec, naming(settings), policies)
        # The projector's login, because a claim locks rows and only who may write them may lock them.
        pool = await Login(settings.postgres("project"), settings={"search_path": path}).pool(largest=2)
        try:
            exporter = exporting(settings, store, writer, codec, clock)
            await asyncio.gather(Scheduler(pool, rooms, policies.now, clock, status).run(stop), exporter.run(stop))
        finally:
            await pool.close()


async def run_notifier(settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    from services.commands.notifying import Telling
    from services.commands.posts import Posts
    from services.notifier import Notifier, Status
    from services.notifier.endings import Endings
    from services.notifier.heard import Log
    from services.notifier.people import People
    from services.notifier.posts import StatusPosts
    from services.notifier.rules import Rule, Together
    from services.runtime.bus import naming
    from services.runtime.freshness import Freshness

    status = Status()

    async def following() -> str | None:
        return status.problem

    async with (
        writing(settings) as (store, writer, codec, _),
        reading(settings, "read") as readers,
        Freshness(settings.postgres("read")) as fresh,
        _watched("notifier", settings, {"notifier": following}),
    ):
        telling, together = Telling(writer, naming(settings)), Together(stop)
        log = Log(store, codec, Keyring(store, Vault(settings.key_encryption)))
        # What is not to be sent any more comes before what tells of it.
        rules: list[Rule] = [
            StatusPosts(together, telling, Posts(store, codec), readers, clock),
            Endings(together, telling, readers, clock),
            People(together, telling, log, readers, clock),
        ]
        await Notifier(Login(settings.postgres("project")).connect, fresh, rules, status).run(stop)

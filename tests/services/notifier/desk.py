"""A desk whose notifiers run: people act, read models follow, and what was queued can be looked at."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.deliveries.events import DeliveryQueued, DeliverySuppressed
from domain.deliveries.vocabulary import NotificationChannel
from domain.status.vocabulary import ComponentImpact, ComponentState, IncidentStatus, StatusSeverity
from domain.subscriptions.digest import Digest
from domain.subscriptions.subscription import StatusSubscription
from domain.subscriptions.vocabulary import DigestMode, QuietHours
from projections.contacts import contacts
from projections.deliveries import deliveries
from projections.digest_timers import digest_timers
from projections.projection import Projection
from projections.subscription_targets import subscription_targets
from projections.viewer import Viewer
from services.commands import status, subscriptions
from services.commands.notifying import Telling
from services.commands.posts import Posts
from services.notifier import Notifier
from services.notifier.endings import Endings
from services.notifier.heard import Log
from services.notifier.people import People
from services.notifier.posts import StatusPosts
from services.notifier.rules import Rule, Together
from services.projector.schemas import path
from services.runtime.act import Act
from services.runtime.cloudevents import Naming
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from services.runtime.errors import OutcomeUnknown, Unavailable
from services.runtime.freshness import Freshness
from services.runtime.postgres import Login
from services.scheduler import Scheduler
from services.scheduler.digests import Digests
from tests.ground import TestDatabase
from tests.services.commands import test_subscriptions as subscribing
from tests.services.commands.desk import AGENT, World, world
from tests.services.projector.ground import Ground, ground

NAMING = Naming("https://support.example.eu", "eu.support-desk")
READ: tuple[Projection, ...] = (subscription_targets, deliveries, contacts, digest_timers)
EMAIL = NotificationChannel.EMAIL
S = ComponentState


class Driven:
    """The clock of the world."""

    def __init__(self, on: World) -> None:
        self._on = on

    def now(self) -> datetime:
        return self._on.at


@dataclass
class Dying:
    """A writer whose process dies every so often, before or after what it was to record."""

    lots: random.Random
    inner: Any = None

    async def decide(self, act: Act, decide: Callable[[Decision], Awaitable[object]]) -> Receipt:
        if self.lots.random() < 0.02:
            raise Unavailable("it died before")
        receipt: Receipt = await self.inner.decide(act, decide)
        if self.lots.random() < 0.02:
            raise OutcomeUnknown("it died after")
        return receipt


@dataclass
class Told:
    """A queued message, as far as it can be read, and whether it was suppressed since."""

    id: UUID
    event: DeliveryQueued
    suppressed: str | None
    causation: str | None

    @property
    def to(self) -> str | None:
        return self.event.to.value

    @property
    def text(self) -> str:
        return self.event.text.value or ""

    @property
    def subject(self) -> str:
        return (self.event.subject.value if self.event.subject else None) or ""


@dataclass
class NotifyingDesk:
    on: World
    ground: Ground
    readers: Any
    timers: Any
    fresh: Freshness
    stack: AsyncExitStack
    running: list[tuple[asyncio.Task[None], asyncio.Event]] = field(default_factory=list)
    components: dict[str, UUID] = field(default_factory=dict)

    def rules(self, stop: asyncio.Event | None = None, dying: Dying | None = None) -> list[Rule]:
        """Of a process of its own: nothing but the database is shared."""
        process = self.on.recording.another()
        if dying is not None:
            dying.inner = process.writer
        telling, clock = Telling(dying or process.writer, NAMING), Driven(self.on)  # type: ignore[arg-type]  # as much as it asks
        together = Together(stop or asyncio.Event())
        return [
            StatusPosts(together, telling, Posts(process.store, process.codec), self.readers, clock),  # type: ignore[arg-type]  # as much as it asks
            Endings(together, telling, self.readers, clock),  # type: ignore[arg-type]
            People(together, telling, Log(process.store, process.codec, process.keyring), self.readers, clock),  # type: ignore[arg-type]
        ]

    def notifier(self, rules: Sequence[Rule] | None = None) -> Notifier:
        login = Login(self.on.recording.database.settings.postgres("project"))
        return Notifier(login.connect, self.fresh, rules or self.rules())

    async def start(self, notifier: Notifier | None = None) -> Notifier:
        """One more replica. The first of all begins at the end of the log."""
        stop = asyncio.Event()
        notifier = notifier or self.notifier(self.rules(stop))
        self.running.append((asyncio.create_task(notifier.run(stop)), stop))
        async with asyncio.timeout(20):
            while notifier.status.problem is not None:
                await asyncio.sleep(0.01)
        return notifier

    async def stop(self) -> None:
        for _, stop in self.running:
            stop.set()
        await asyncio.wait_for(asyncio.gather(*(task for task, _ in self.running)), 20)
        self.running.clear()

    async def settled(self, patience: float = 60.0) -> None:
        """Wait until everything that happened was dealt with, and what came of that too."""
        async with asyncio.timeout(patience):
            while True:
                await self.ground.caught_up(*READ)
                head = (await self.on.recording.store.head()).number
                (place,) = await self.on.recording.as_owner("SELECT position FROM notifier.places")
                if place["position"] == head:
                    return
                await asyncio.sleep(0.02)

    async def outbox(self) -> list[Told]:
        """All that was queued by the notifier or as a digest, oldest first."""
        rows = await self.on.recording.store.fetch(
            "SELECT originator_id AS id, causation FROM store.stored_events WHERE topic = 'delivery.queued.v1'"
            " AND actor_kind = 'system' ORDER BY notification_id"
        )
        reading, found = self.on.recording.another(), []
        for row in rows:
            first, *later = await reading.events(row["id"])
            assert isinstance(first, DeliveryQueued)
            suppressed = [event.reason.value for event in later if isinstance(event, DeliverySuppressed)]
            found.append(Told(row["id"], first, suppressed[0] if suppressed else None, row["causation"]))
        return found

    async def to(self) -> list[str | None]:
        """To whom, in order of the alphabet."""
        return sorted([message.to for message in await self.outbox()], key=str)

    async def component(self, ref: str) -> UUID:
        receipt = await status.register_component(self.on.desk, self.on.by(AGENT), ref=ref, name=ref.title(), group="All")
        self.components[ref] = UUID(receipt.ids["component"])
        return self.components[ref]

    async def incident(
        self, *services: UUID, severity: StatusSeverity = StatusSeverity.MAJOR, title: str = "Slow disks"
    ) -> UUID:
        impacts = [ComponentImpact(each, S.DEGRADED) for each in services]
        new = status.NewIncident(title, severity, impacts, "We look into it.")
        return UUID((await status.declare_incident(self.on.desk, self.on.by(AGENT), new)).ids["notice"])

    async def post(self, incident: UUID, body: str = "It is the cache.", to: IncidentStatus | None = None) -> None:
        await status.post_update(self.on.desk, self.on.by(AGENT), incident, status.Post(body, to))

    async def subscribed(
        self,
        who: Viewer,
        where: str,
        channel: NotificationChannel = EMAIL,
        *,
        services: Sequence[UUID] = (),
        floor: StatusSeverity = StatusSeverity.MINOR,
        quiet: QuietHours | None = None,
        urgent: StatusSeverity = StatusSeverity.CRITICAL,
        digest: DigestMode = DigestMode.IMMEDIATE,
    ) -> UUID:
        on = self.on
        id = await subscribing.confirmed(on, who, where, channel=channel)
        if services or floor is not StatusSeverity.MINOR:
            await subscriptions.change_scope(on.desk, on.by(who), id, services, floor)
        if quiet is not None or urgent is not StatusSeverity.CRITICAL:
            command = StatusSubscription.set_quiet_hours
            await subscriptions.change(on.desk, on.by(who), id, command, quiet, urgent, at=on.at)
        if digest is not DigestMode.IMMEDIATE:
            await subscriptions.change(on.desk, on.by(who), id, StatusSubscription.set_digest, digest, at=on.at)
        return id

    def schedulers(self, number: int = 3) -> list[Scheduler]:
        """For digests alone."""
        made = []
        for _ in range(number):
            process = self.on.recording.another()
            room = Digests(process.writer, Posts(process.store, process.codec), NAMING)
            made.append(Scheduler(self.timers, [room], self.on.desk.policies.now, Driven(self.on)))  # type: ignore[arg-type]
        return made

    async def digests(self) -> int:
        rows = await self.on.recording.as_owner("SELECT count(*) AS n FROM store.stored_events WHERE topic LIKE 'digest.post%'")
        return int(rows[0]["n"])


__all__ = ["Digest", "NotifyingDesk", "Told", "notifying_desk"]


@asynccontextmanager
async def notifying_desk(database: TestDatabase) -> AsyncIterator[NotifyingDesk]:
    """With a projector, and no notifier yet."""
    settings = database.settings
    search = {"search_path": path([each.schema for each in READ])}
    async with AsyncExitStack() as stack:
        on = await stack.enter_async_context(world(database))
        below = await stack.enter_async_context(ground(database))
        await stack.enter_async_context(below.running(*READ))
        readers = await Login(settings.postgres("read"), settings=search).pool()
        stack.push_async_callback(readers.close)
        timers = await Login(settings.postgres("project"), settings=search).pool(largest=3)
        stack.push_async_callback(timers.close)
        fresh = await stack.enter_async_context(Freshness(settings.postgres("read")))
        desk = NotifyingDesk(on, below, readers, timers, fresh, stack)
        try:
            yield desk
        finally:
            await desk.stop()

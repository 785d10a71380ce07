"""Any number of notifiers, killed at any moment: no message is lost, none comes twice, and nothing stands in the way for ever."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import pytest

from domain.event import DomainEvent
from domain.status.events import IncidentDeclared
from services.cli.untold import AGAIN
from services.notifier.rules import Rule
from services.runtime.command import RecordedEvent
from services.runtime.errors import Unavailable
from tests.ground import TestDatabase
from tests.services.notifier.desk import READ, Dying, NotifyingDesk, notifying_desk

pytestmark = pytest.mark.anyio
PASSED_OVER = "SELECT attempts, again FROM notifier.parked"


async def crowd(desk: NotifyingDesk, number: int) -> tuple[UUID, list[str]]:
    disks, on = await desk.component("disks"), desk.on
    anna = await on.customer("anna@acme.example", await on.organisation("acme"))
    where = [f"p{n:03}@acme.example" for n in range(number)]
    for each in where:
        await desk.subscribed(anna, each)
    return disks, where


async def test_ten_notifiers_that_ignore_each_other_tell_two_hundred_subscribers_once(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        disks, where = await crowd(desk, 20)
        await desk.start()
        await desk.stop()
        incident = await desk.incident(disks)
        await desk.ground.caught_up(*READ)
        (event,) = [row for row in await desk.on.recording.store.read(0, 10_000) if row.stream == incident]
        rules = [rule for _ in range(10) for rule in desk.rules() if IncidentDeclared in rule.events]
        await asyncio.gather(*(rule.tell(event) for rule in rules))  # 200 attempts
        assert await desk.to() == where
        await desk.start()
        await desk.settled()
        assert await desk.to() == where


async def test_notifiers_that_die_at_any_moment_lose_nothing_and_double_nothing(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notifier.TROUBLE", 0.001)
    async with notifying_desk(database) as desk:
        disks, where = await crowd(desk, 30)
        await desk.start()
        await desk.stop()
        lots = random.Random(7)
        incidents = [await desk.incident(disks, title=f"Number {n}") for n in range(8)]
        for _ in range(3):
            dying = desk.rules(dying=Dying(lots))
            await desk.start(desk.notifier(dying))  # each begins again where it was, for the place is moved after the work
        await desk.settled()
        outbox = await desk.outbox()
        for to in where:  # each once, and nobody hears of what is later before what is earlier, whoever led in between
            assert [each.event.about for each in outbox if each.to == to] == [f"{incident}/1" for incident in incidents]
        assert len(outbox) == len(where) * len(incidents)


@dataclass
class Broken:
    """Fails on the first incident of all, and is away for a while on the second."""

    inner: Rule
    name: str = "broken"
    seen: int = 0
    mended: bool = False
    poison: list[RecordedEvent] = field(default_factory=list)

    @property
    def events(self) -> tuple[type[DomainEvent], ...]:
        return (IncidentDeclared,)

    reads = ()

    async def tell(self, event: RecordedEvent) -> None:
        self.seen += 1
        if event.version == 1 and b"Poison" in event.state and not self.mended:
            self.poison.append(event)
            raise ZeroDivisionError
        if self.seen % 2:
            raise Unavailable("away")
        await self.inner.tell(event)


async def test_what_cannot_be_dealt_with_is_passed_over_and_what_is_away_is_waited_for(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notifier.PAUSE", 0.001)
    monkeypatch.setattr("services.notifier.TROUBLE", 0.01)
    async with notifying_desk(database) as desk:
        disks, where = await crowd(desk, 2)
        rule = Broken(desk.rules()[0])
        await desk.start(desk.notifier([rule]))
        await desk.incident(disks, title="Poison")
        await desk.incident(disks)
        await desk.settled()
        assert await desk.to() == where
        parked = await desk.on.recording.as_owner("SELECT topic, error FROM notifier.parked")
        assert [tuple(row) for row in parked] == [("incident.declared.v1", "ZeroDivisionError")]
        for attempts in (2, 3):  # tried again before it is mended, it is passed over anew
            await desk.on.recording.as_owner(AGAIN, [])
            async with asyncio.timeout(20):
                while [tuple(row) for row in await desk.on.recording.as_owner(PASSED_OVER)] != [(attempts, False)]:
                    await asyncio.sleep(0.02)
        rule.mended = True
        await rule.inner.tell(rule.poison[0])  # whom it had told before it failed is told no second time
        for _ in range(2):
            await desk.on.recording.as_owner(AGAIN, [])
            async with asyncio.timeout(20):
                while await desk.on.recording.as_owner(PASSED_OVER):
                    await asyncio.sleep(0.02)
        assert await desk.to() == sorted(where * 2)


async def test_a_lost_connection_is_said_and_the_log_is_gone_on_with(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        disks, where = await crowd(desk, 5)
        notifier = await desk.start()
        superuser = await asyncpg.connect(database.superuser_dsn)
        try:
            await desk.incident(disks)
            for _ in range(3):
                await superuser.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND usename IN ('support_project', 'support_append') AND pid <> pg_backend_pid()"
                )
                await asyncio.sleep(0.05)
        finally:
            await superuser.close()
        await desk.settled()
        assert await desk.to() == where
        assert notifier.status.problem is None


async def test_a_server_that_holds_the_connection_and_does_not_answer_is_said(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notifier.place.PATIENCE", 0.3)
    async with notifying_desk(database) as desk:
        disks, where = await crowd(desk, 2)
        notifier = await desk.start()
        superuser = await asyncpg.connect(database.superuser_dsn)
        rows = await superuser.fetch(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = 'support_project'"
        )
        await superuser.close()
        try:
            for row in rows:
                os.kill(row["pid"], signal.SIGSTOP)
            async with asyncio.timeout(20):
                while not (notifier.status.problem or "").startswith("cannot go on"):
                    await asyncio.sleep(0.02)
        finally:
            for row in rows:
                os.kill(row["pid"], signal.SIGCONT)
        await desk.incident(disks)
        await desk.settled()
        assert await desk.to() == where


async def test_it_waits_for_the_read_models_it_needs_and_says_so(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notifier.READ_PATIENCE", 0.05)
    async with notifying_desk(database) as desk:
        disks, where = await crowd(desk, 2)
        notifier = await desk.start()
        held = await desk.ground.connect([])
        try:
            await held.execute("BEGIN")
            await held.execute("SELECT FROM projector.checkpoints FOR UPDATE")
            await desk.incident(disks)
            async with asyncio.timeout(20):
                while not (notifier.status.problem or "").startswith("waiting for the read models"):
                    await asyncio.sleep(0.01)
            assert await desk.outbox() == []
            await held.execute("COMMIT")
        finally:
            await held.close()
        await desk.settled()
        assert await desk.to() == where

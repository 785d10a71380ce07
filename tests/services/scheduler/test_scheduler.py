"""Time records each moment once, whatever the number of schedulers, and catches up without a storm."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from domain.event import DomainEvent
from domain.policies import Policies
from domain.tickets.events import (
    TicketClosed,
    TicketEscalated,
    TicketSlaBreached,
    TicketSlaImminent,
    TicketWoken,
)
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import AfterReply, CloseCause, Priority, WakeCause
from projections.timers import timers
from projections.viewer import Viewer
from services.commands import conversation
from services.commands.desk import change
from services.projector.schemas import path
from services.runtime.clock import Clock
from services.runtime.command import Receipt
from services.runtime.postgres import Login
from services.scheduler import Scheduler
from services.scheduler.moments import Moment
from services.scheduler.tickets import Tickets
from tests.ground import TestDatabase
from tests.services.commands.desk import AGENT, World, world
from tests.services.projector.ground import Ground, ground

pytestmark = pytest.mark.anyio


class Driven(Clock):
    """The clock of a world."""

    def __init__(self, on: World) -> None:
        super().__init__()
        self._on = on

    def now(self):  # type: ignore[no-untyped-def]  # as the clock's
        return self._on.at


@dataclass
class Time:
    on: World
    ground: Ground
    schedulers: list[Scheduler]
    anna: Viewer

    async def passes(self, **length: float) -> None:
        """Let it pass, and all schedulers look at once."""
        await self.ground.project(timers)
        self.on.later(**length)
        await asyncio.gather(*(scheduler.look() for scheduler in self.schedulers))

    async def recorded(self, ticket: UUID, *kinds: type[DomainEvent]) -> list[DomainEvent]:
        return [event for event in await self.on.recording.events(ticket) if isinstance(event, kinds)]


@asynccontextmanager
async def time(database: TestDatabase, schedulers: int = 3) -> AsyncIterator[Time]:
    async with world(database) as on, ground(database) as below:
        await below.ensure(timers)
        login = Login(database.settings.postgres("project"), settings={"search_path": path([timers.schema])})
        pool = await login.pool(largest=schedulers)
        running = [Scheduler(pool, [Tickets(on.desk.writer)], on.desk.policies.now, Driven(on)) for _ in range(schedulers)]
        try:
            yield Time(on, below, running, await on.customer("anna@acme.example", await on.organisation("acme")))
        finally:
            await pool.close()


async def test_a_warning_and_a_breach_are_recorded_once_by_three_schedulers(database: TestDatabase) -> None:
    async with time(database) as t:
        ticket = await t.on.opened(t.anna, priority=Priority.LOW)
        for _ in range(3):
            await t.passes(hours=18, minutes=1)
            await t.passes(minutes=1)
        kinds = Counter(
            type(event) for event in await t.recorded(ticket, TicketSlaImminent, TicketSlaBreached, TicketEscalated)
        )
        assert kinds == {TicketSlaImminent: 1, TicketSlaBreached: 1, TicketEscalated: 1}


async def test_a_breach_is_dated_to_when_the_promise_fell_due(database: TestDatabase) -> None:
    async with time(database) as t:
        opened_at = t.on.at
        ticket = await t.on.opened(t.anna, priority=Priority.LOW)
        await t.passes(days=2)
        (breach,) = await t.recorded(ticket, TicketSlaBreached)
        assert isinstance(breach, TicketSlaBreached)
        assert breach.breached_at == opened_at + timedelta(days=1)
        assert breach.timestamp == t.on.at


async def test_after_two_days_of_downtime_nothing_is_announced_as_near_that_is_broken(database: TestDatabase) -> None:
    async with time(database) as t:
        tickets = [await t.on.opened(t.anna, f"Disk {n}", priority=Priority.NORMAL) for n in range(12)]
        await t.passes(days=2)
        for _ in range(3):
            await t.passes(seconds=10)
        for ticket in tickets:
            assert await t.recorded(ticket, TicketSlaImminent) == []
            assert len(await t.recorded(ticket, TicketSlaBreached)) == 1


async def test_a_snoozed_ticket_wakes_when_its_time_has_come_and_not_before(database: TestDatabase) -> None:
    async with time(database) as t:
        ticket = await t.on.opened(t.anna)
        until = t.on.at + timedelta(hours=3)
        await change(t.on.desk, t.on.by(AGENT), ticket, Ticket.snooze, until, at=t.on.at)
        await t.passes(hours=2)
        assert await t.recorded(ticket, TicketWoken) == []
        await t.passes(hours=1)
        await t.passes(hours=1)
        (woken,) = await t.recorded(ticket, TicketWoken)
        assert isinstance(woken, TicketWoken)
        assert woken.because is WakeCause.TIME


async def test_a_resolved_ticket_closes_by_time_and_keeps_its_window(database: TestDatabase) -> None:
    async with time(database) as t:
        ticket = await t.on.opened(t.anna)
        await conversation.reply(t.on.desk, t.on.by(AGENT), ticket, body="Done.", then=AfterReply.RESOLVE)
        window = (await t.on.ticket(ticket)).reopenable_until
        await t.passes(days=6)
        assert await t.recorded(ticket, TicketClosed) == []
        await t.passes(days=1)
        (closed,) = await t.recorded(ticket, TicketClosed)
        assert isinstance(closed, TicketClosed)
        assert (closed.because, closed.reopenable_until) == (CloseCause.TIME, window)


async def test_a_moment_that_lags_in_the_read_model_records_nothing(database: TestDatabase) -> None:
    async with time(database) as t:
        ticket = await t.on.opened(t.anna, priority=Priority.LOW)
        await t.ground.project(timers)
        await conversation.reply(t.on.desk, t.on.by(AGENT), ticket, body="Hello.")
        t.on.later(days=3)
        await asyncio.gather(*(scheduler.look() for scheduler in t.schedulers))
        assert await t.recorded(ticket, TicketSlaBreached, TicketSlaImminent) == []


async def test_a_ticket_that_cannot_be_judged_stops_no_other(database: TestDatabase) -> None:
    async with time(database, schedulers=1) as t:
        broken, fine = [await t.on.opened(t.anna, f"Disk {n}", priority=Priority.LOW) for n in range(2)]
        await t.ground.project(timers)
        version = (await t.on.ticket(broken)).version
        await t.ground.record(broken, version + 1, "ticket.from_the_future.v9", b'{"at":"2026-07-01T12:00:00Z"}')
        t.on.later(days=2)
        await t.schedulers[0].look()
        assert len(await t.recorded(fine, TicketSlaBreached)) == 1


@dataclass(frozen=True)
class Broken:
    """A room whose read model is not there."""

    name: str = "broken"

    async def due(self, connection: Any, now: datetime, policies: Policies, limit: int) -> Sequence[Moment]:  # noqa: ARG002
        return list(await connection.fetch("SELECT * FROM no_such_timers FOR UPDATE SKIP LOCKED"))

    async def record(self, moment: Moment, policies: Policies, now: datetime) -> Receipt:  # noqa: ARG002
        raise AssertionError("nothing was due")


async def test_a_room_that_cannot_be_looked_at_stops_no_other_and_is_told(database: TestDatabase) -> None:
    async with time(database, schedulers=1) as t:
        (scheduler,) = t.schedulers
        scheduler.rooms = [Broken(), *scheduler.rooms]
        ticket = await t.on.opened(t.anna, priority=Priority.LOW)
        await t.passes(days=2)
        assert len(await t.recorded(ticket, TicketSlaBreached)) == 1
        assert scheduler.status.problem is not None
        assert "broken: UndefinedTableError" in scheduler.status.problem
        scheduler.rooms = scheduler.rooms[1:]
        await scheduler.look()
        assert scheduler.status.problem is None
        scheduler.rooms = [Broken()]
        with pytest.raises(asyncpg.UndefinedTableError):
            await scheduler.look()

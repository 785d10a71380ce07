"""The notifier: reads the log in order, decides who is to be told, and queues what they are told. Sending is another process's work.

Any number may run: one leads, the others stand by. It reads the store, which is the log itself, so that NATS may be away; it waits for the
read models that a rule needs. Its place is moved after the work: a process that dies in between does it again, and finds it done.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from services.notifier import metrics
from services.notifier.place import Place
from services.notifier.rules import Rule, Stopped
from services.runtime.command import RecordedEvent
from services.runtime.errors import NotRecorded, Overloaded, StoreError
from services.runtime.freshness import BadPosition, Freshness, ReadBehind
from services.runtime.logs import failure
from services.runtime.position import Position
from services.runtime.postgres import LOST

__all__ = ["Notifier", "Status"]

_log = logging.getLogger("support.notifier")
STRETCH = 5000
"""Positions looked at in one query; most are of topics that nobody hears."""
POLL = 1.0
TROUBLE = 1.0
"""Seconds to wait when a server cannot be reached."""
ATTEMPTS = 5
"""With an event that cannot be dealt with, before it is passed over."""
BUSY_ATTEMPTS = 60
"""With one that the store is too busy for: some two minutes."""
READ_PATIENCE = 5.0
"""Seconds to wait for read models before it is said."""
PAUSE = 0.2
OUTAGE = (
    *LOST, StoreError, ReadBehind, BadPosition, asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError,
    asyncpg.InsufficientResourcesError, asyncpg.LockNotAvailableError, asyncpg.TransactionRollbackError,
)  # fmt: skip
"""It is not the event that is wrong: try again for as long as it takes."""


@dataclass
class Status:
    """What /readyz tells: None, or why not."""

    problem: str | None = "not begun yet"


@dataclass
class Notifier:
    """`connect` opens a connection that may read the log and keep the place; `fresh` knows how far the read models are."""

    connect: Callable[[], Awaitable[Any]]
    fresh: Freshness
    rules: Sequence[Rule]
    status: Status = field(default_factory=Status)
    _by_topic: dict[str, list[Rule]] = field(default_factory=dict)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        for rule in self.rules:
            for event in rule.events:
                self._by_topic.setdefault(event.TOPIC, []).append(rule)

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop. Outlives every outage; what is under way when it stops is done by whoever leads next."""
        self._stop = stop
        while not stop.is_set():
            try:
                place = Place(await self.connect())
                try:
                    await self._term(place, stop)
                finally:
                    metrics.LEADER.set(0)
                    await place.close()
            except (*OUTAGE, asyncpg.PostgresError) as problem:
                self._trouble(problem)
                await _sleep(stop, TROUBLE)

    async def _term(self, place: Place, stop: asyncio.Event) -> None:
        await place.listen()
        while not await place.lead():
            self.status.problem = None
            await _sleep(stop, POLL)
            if stop.is_set():
                return
        at = await place.begin()
        metrics.LEADER.set(1)
        _log.info("leading, from %s on", at)
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: place.wake())
        try:
            while not stop.is_set():
                at = await self._step(place, at)
        except Stopped:
            return
        finally:
            stopping.cancel()

    async def _step(self, place: Place, at: Position) -> Position:
        """Deal with the next stretch of the log; wait where there is none. Returns where the place is then."""
        head = await place.head()
        metrics.LAG.set(max(0, head.number - at.number))
        if head.number < at.number:
            _log.warning("the log ends at %s, before %s: it was restored; going on from its end", head, at)
            await place.move(head)
            return head
        self.status.problem = None
        for event in await place.again():
            if await self._deal_with(place, event, head.epoch):
                await place.done(event)
        if head.number == at.number:
            await place.news(POLL)
            return at
        upto = Position(head.epoch, min(head.number, at.number + STRETCH))
        for event in await place.next(at.number, upto.number, [*self._by_topic]):
            await self._deal_with(place, event, head.epoch)
            await place.move(Position(head.epoch, event.position))
        await place.move(upto)
        return upto

    async def _deal_with(self, place: Place, event: RecordedEvent, epoch: int) -> bool:
        """Whether it could be; else it is passed over."""
        attempt = 0
        while True:
            attempt += 1
            try:
                for rule in self._by_topic[event.topic]:
                    await self._wait_for_read_models(rule, Position(epoch, event.position))
                    await rule.tell(event)
            except Exception as problem:
                # A store that is busy is not: but a decision that can never be taken looks just so.
                busy = type(problem) is Overloaded
                if isinstance(problem, (*OUTAGE, Stopped)) and not busy and not isinstance(problem, NotRecorded):
                    raise
                wrong = problem
            else:
                return True
            _log.warning("%s at %d cannot be dealt with (%s), attempt %d", event.topic, event.position, failure(wrong), attempt)
            if attempt >= (BUSY_ATTEMPTS if busy else ATTEMPTS):
                break
            await _sleep(self._stop, min(PAUSE * attempt, 2.0))
            if self._stop.is_set():
                raise Stopped
        await place.park(event, type(wrong).__name__)
        metrics.PARKED.labels(event.topic, type(wrong).__name__).inc()
        _log.error("%s at %d is passed over; `support untold` lists and retries it", event.topic, event.position)
        return False

    async def _wait_for_read_models(self, rule: Rule, position: Position) -> None:
        keys = [(each.name, each.version) for each in rule.reads]
        while True:
            try:
                await self.fresh.wait(position, keys, timeout=READ_PATIENCE)
            except ReadBehind as behind:
                self._say(f"waiting for the read models, which are at {behind.reached} of {position}")
                if self._stop.is_set():
                    raise Stopped from None
            else:
                self.status.problem = None
                return

    def _trouble(self, problem: BaseException) -> None:
        self._say(f"cannot go on ({failure(problem)}): trying again; see SUPPORT_POSTGRES_DSN")

    def _say(self, problem: str) -> None:
        if self.status.problem != problem:
            _log.warning(problem)
        self.status.problem = problem


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)

"""Keeps a group of projections current: one feed of the log, one transaction a batch for all of them.

A projection far behind the others (a new version, one that was restored) is brought near on a connection of its own meanwhile, so the
others are not held up; then it joins the group. Whatever goes wrong with the servers ends the session, and a new one begins from the
checkpoints.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from projections.projection import Projection
from services.projector import metrics
from services.projector.batches import project
from services.projector.checkpoints import Member, OutOfStep, look
from services.projector.epochs import lost
from services.projector.feed import Feed, LogWentBack, Stream
from services.projector.log import Reader, topics_of
from services.projector.parking import TROUBLE
from services.projector.rebuild import rebuild
from services.projector.replay import replay

Connect = Callable[[Sequence[str]], Awaitable[Any]]
"""A connection as the projector's login whose search_path are these schemas."""

LIMIT = 500
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_log = logging.getLogger("support.projector")


class FreshReader(Reader, Protocol):
    """A reader that can be had without remembered keys."""

    def fresh(self) -> FreshReader: ...


class Runner:
    """`ready` is set once all projections were near the head of the log. `stream` is JetStream, when there is one."""

    def __init__(
        self,
        projections: Sequence[Projection],
        connect: Connect,
        reader: FreshReader,
        *,
        stream: Stream | None = None,
        limit: int = LIMIT,
        poll: float = 1.0,
    ) -> None:
        self._projections = projections
        self._connect = connect
        self._reader = reader
        self._stream = stream
        self._limit = limit
        self._poll = poll
        self._wanted = topics_of(projections, reader)
        self.members = [Member(each, topics_of([each], reader)) for each in projections]
        self.ready = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: the batch under way is finished and acknowledged first."""
        failures = 0
        while not stop.is_set():
            try:
                await self._session(stop)
                failures = 0
            except LogWentBack as said:
                _log.warning("%s; looking at all checkpoints again", said)
                await _pause(stop, _PAUSES[0])
            except TROUBLE as trouble:
                pause = _PAUSES[min(failures, len(_PAUSES) - 1)]
                failures += 1
                _log.warning("the database does not answer as it should; again in %.1f s", pause, exc_info=trouble)
                await _pause(stop, pause)

    async def _session(self, stop: asyncio.Event) -> None:
        async with contextlib.AsyncExitStack() as stack:
            schemas = [member.projection.schema for member in self.members]
            writer, listener = [await self._open(stack, schemas) for _ in range(2)]
            feed = Feed(listener, self._reader.fresh(), self._wanted, stream=self._stream, limit=self._limit, poll=self._poll)
            stack.push_async_callback(feed.close)
            watch = asyncio.create_task(_when(stop, feed.wake))
            stack.callback(watch.cancel)
            await feed.start()
            await self._replay(writer)
            await look(writer, self.members)
            near, far = await self._near_and_far(writer)
            coming = [asyncio.create_task(self._bring_near(member, stop)) for member in far]
            for task in coming:
                stack.push_async_callback(_cancelled, task)
            while not stop.is_set():
                for task in [task for task in coming if task.done()]:
                    coming.remove(task)
                    near.append(task.result())
                await self._step(writer, feed, near, stop)
                if not coming and not self.ready.is_set() and all(self._is_near(member, feed.head) for member in near):
                    self.ready.set()
                    _log.info("caught up", extra={"position": min(member.position for member in near)})

    async def _step(self, writer: Any, feed: Feed, near: Sequence[Member], stop: asyncio.Event) -> None:
        if not near:
            await _pause(stop, 0.05)
            return
        after = min(member.position for member in near)
        batch = await feed.next(after)
        if batch is not None:
            began = time.perf_counter()
            try:
                aside = await project(writer, near, batch)
            except OutOfStep:
                await look(writer, near)
                return
            metrics.BATCH_SECONDS.observe(time.perf_counter() - began)
            metrics.EVENTS.inc(batch.position - after)
            if aside:
                _log.error("set aside what could not be applied: see `support projections parked`", extra={"events": aside})
        await feed.committed(min(member.position for member in near))
        for member in near:
            metrics.LAG_EVENTS.labels(member.projection.name).set(max(0, feed.head - member.position))

    async def _near_and_far(self, connection: Any) -> tuple[list[Member], list[Member]]:
        """Those that can go on together, and those that first have to be brought near (or rebuilt)."""
        gone = {id(member) for member in self.members if await lost(connection, member.epoch, member.position)}
        front = max((member.position for member in self.members if id(member) not in gone), default=0)
        far = [member for member in self.members if id(member) in gone or not self._is_near(member, front)]
        return [member for member in self.members if member not in far], far

    def _is_near(self, member: Member, front: int) -> bool:
        return member.position >= front - self._limit

    async def _bring_near(self, member: Member, stop: asyncio.Event) -> Member:
        """Alone, from the store, until the end of the log is near."""
        async with contextlib.AsyncExitStack() as stack:
            writer, listener = [await self._open(stack, [member.projection.schema]) for _ in range(2)]
            reader = self._reader.fresh()
            if await lost(writer, member.epoch, member.position):
                _log.warning(
                    "%s holds facts of a part of the log that was lost; rebuilding it",
                    member.projection.name,
                    extra={"position": f"{member.epoch}.{member.position}"},
                )
                await rebuild(self._connect, member.projection, reader)
                await look(writer, [member])
            feed = Feed(listener, reader, member.topics, limit=self._limit, poll=self._poll)
            stack.push_async_callback(feed.close)
            await feed.start()
            while not stop.is_set() and not self._is_near(member, feed.head):
                batch = await feed.next(member.position)
                if batch is None:
                    break
                try:
                    await project(writer, [member], batch)
                except OutOfStep:
                    await look(writer, [member])
        return member

    async def _replay(self, writer: Any) -> None:
        """A fix is a new release, and a new release is a new start: try what is parked once more."""
        for member in self.members:
            done = await replay(writer, member, self._reader)
            if done.applied or done.parked:
                _log.info(
                    "tried what was parked of %s again",
                    member.projection.name,
                    extra={"applied": done.applied, "parked": done.parked},
                )

    async def _open(self, stack: contextlib.AsyncExitStack, schemas: Sequence[str]) -> Any:
        connection = await self._connect(schemas)
        stack.push_async_callback(_hang_up, connection)
        return connection


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _when(stop: asyncio.Event, then: Callable[[], None]) -> None:
    await stop.wait()
    then()


async def _hang_up(connection: Any) -> None:
    try:
        await connection.close(timeout=2)
    except TROUBLE:
        connection.terminate()


async def _cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

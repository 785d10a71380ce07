"""Leading: keep the stream equal to the log, from the moment of taking the lead until it is lost.

After anything unexpected (a refusal, no answer, a stream that moved or was made anew) it looks where the stream is, judges, and goes on
from there. It never assumes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from time import monotonic

from nats.aio.client import Client
from nats.js.errors import NotFoundError

from services.relay import durables, metrics
from services.relay.judgement import GoOn, StreamState, judge
from services.relay.log import Log
from services.relay.metrics import Status
from services.relay.publisher import Publisher, Refused, Unanswered
from services.runtime.cloudevents import identity
from services.runtime.nats_permissions import STREAM
from services.runtime.provisioning import delete_stream, provision_stream, require_ours

BATCH = 500
"""Events of one batch; nats-server takes 1,000 unless told otherwise."""
BATCH_BYTES = 4 * 2**20
POLL = 1.0
"""Seconds between looks at the log when no notification comes."""
WATCH = 5.0
"""Seconds between looks at the stream and its durables."""
_log = logging.getLogger("support.relay")


class Leader:
    """One term. `lead` returns when `stop` is set; exceptions say that store or NATS cannot be reached, or Stopped."""

    def __init__(
        self, log: Log, client: Client, publisher: Publisher, status: Status | None = None, *, replicas: int = 1
    ) -> None:
        self._store = log
        self._client = client
        self._publisher = publisher
        self._status = status or Status()
        self._replicas = replicas
        self._last = 0
        self._epoch = 0
        self._created: datetime | None = None
        self._watched = 0.0
        self._caught_up = False

    async def lead(self, stop: asyncio.Event, settled: Callable[[], None] = lambda: None) -> None:
        """Settle, then publish what comes. The batch in flight is finished before it returns."""
        await self.settle()
        settled()
        ending = asyncio.create_task(stop.wait())
        ending.add_done_callback(lambda _: self._store.wake())
        try:
            while not stop.is_set():
                if not await self.step():
                    await self._store.wait(POLL)
        finally:
            ending.cancel()

    async def step(self) -> bool:
        """Publish the next batch and, every few seconds, look at the stream. False when there was nothing to publish."""
        self._store.read_anew()
        events = await self._store.after(self._last, BATCH, BATCH_BYTES)
        if events:
            try:
                await self._publisher.publish(events)
            except Refused as refusal:
                metrics.REFUSED.inc()
                _log.warning("the stream refused a batch after %d: %s", self._last, refusal)
                await self.settle()
            except Unanswered as silence:
                _log.warning("a batch after %d: %s", self._last, silence)
                await self.settle()
            else:
                self._last = events[-1].position
                metrics.PUBLISHED.inc(len(events))
        else:
            self._status.reached(self._last, self._last)
        if monotonic() - self._watched > WATCH or not (events or self._caught_up):
            self._caught_up = self._caught_up or not events
            await self._watch()
        return bool(events)

    async def settle(self) -> None:
        """Find out where the stream is, and make it anew where it cannot be continued. Raises Stopped."""
        state = await self._store.state()
        stream = await self._look()
        stored = await self._store.identity(stream.last) if stream else None
        match judge(stream, state, stored):
            case GoOn(after):
                await provision_stream(self._client, replicas=self._replicas)
            case anew:
                _log.warning("making the stream %s anew from the store: %s", STREAM, anew.because)
                await self._clear(state.epoch, stream)
                await provision_stream(self._client, replicas=self._replicas, first=state.first)
                metrics.REBUILDS.inc()
                stream, after = await self._look(), state.first - 1
        self._last, self._epoch = after, state.epoch
        self._created = stream.created if stream else None
        self._status.reached(self._last, state.head)
        _log.info("the stream %s is at %d of %d", STREAM, self._last, state.head)
        self._watched, self._caught_up = monotonic(), False

    async def _clear(self, epoch: int, stream: StreamState | None) -> None:
        """Take the old stream away, its durables' places noted before."""
        if stream is not None:
            await durables.note(self._client, self._store, stream.fact.epoch if stream.fact else epoch)
            await delete_stream(self._client.jetstream(timeout=30))
        await durables.move_back(self._store, epoch)

    async def _watch(self) -> None:
        """Notice a stream that was lost or moved, give missing durables back, and note where all are."""
        state = await self._store.state()
        self._status.reached(self._last, state.head)
        stream = await self._look()
        if stream is None or stream.created != self._created or stream.last != self._last or state.epoch != self._epoch:
            await self.settle()
        if made := await durables.give_back(self._client, self._store, self._last):
            _log.info("made the durable consumers %s", ", ".join(made))
        await durables.note(self._client, self._store, self._epoch)
        self._watched = monotonic()

    async def _look(self) -> StreamState | None:
        js = self._client.jetstream(timeout=10)
        try:
            info = await js.stream_info(STREAM)
            require_ours(info.config)
            state, headers = info.state, {}
            if state.messages:
                headers = (await js.get_msg(STREAM, state.last_seq)).headers or {}
        except NotFoundError:
            return None
        return StreamState(
            info.created, state.first_seq, state.last_seq, state.messages, identity(headers), headers.get("ce-source", "")
        )

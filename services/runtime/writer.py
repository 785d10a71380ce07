"""How anything is recorded: load, let the aggregate decide, append, and again when somebody else was faster.

    await writer.add(act, Ticket.open(...))
    await writer.change(act, Ticket, ticket_id, Ticket.close, at=act.at, because=because)
    await writer.decide(act, merge)      # async def merge(decision: Decision) -> None, for several aggregates

A refusal records nothing. With an idempotency key the first outcome is returned to every later attempt, also where the later one would
be refused because the first did its work.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from domain.errors import AlreadyExists, Refused
from domain.event import Aggregate
from services.runtime.act import Act, Actor, Idempotency
from services.runtime.codec import Codec
from services.runtime.command import Receipt, RecordedEvent
from services.runtime.decision import AlreadyDone, Decision
from services.runtime.digests import Digests
from services.runtime.errors import EpochMismatch, Overloaded, VersionConflict
from services.runtime.keys import Keyring

if TYPE_CHECKING:
    from services.runtime.event_store import EventStore

__all__ = ["Decision", "Writer", "caused_by"]

A = TypeVar("A", bound=Aggregate)
P = ParamSpec("P")

ATTEMPTS = 8
LONGEST_PAUSE = 0.05
"""Seconds. Pauses double from 2 ms up to this and are drawn by lot, so that those who collided do not collide again."""


class Writer:
    """Records decisions. One is enough for a process."""

    def __init__(
        self, store: EventStore, codec: Codec, keyring: Keyring, digests: Digests, *, begin: Callable[..., Decision] = Decision
    ) -> None:
        """`begin` makes the decision of each attempt; who records history gives one whose ids follow from what is told."""
        self._begin = begin
        self._store = store
        self._codec = codec
        self._keyring = keyring
        self._digests = digests

    async def add(self, act: Act, aggregate: Aggregate) -> Receipt:
        """Record a new aggregate. Raises AlreadyExists where its stream does."""

        async def decide(decision: Decision) -> None:
            decision.add(aggregate)

        return await self._decide(act, decide, made=True)

    async def change(
        self,
        act: Act,
        kind: type[A],
        id: UUID,
        command: Callable[Concatenate[A, P], object],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Receipt:
        """Let one aggregate decide. Raises NotFound, Conflict and whatever the command refuses with."""

        async def decide(decision: Decision) -> None:
            command(await decision.load(kind, id), *args, **kwargs)

        return await self._decide(act, decide)

    async def decide(self, act: Act, decide: Callable[[Decision], Awaitable[object]]) -> Receipt:
        """Decide on several aggregates. The function runs anew at every attempt and must change nothing but its decision.

        At a replay it may not run at all: what the caller needs afterwards it gives to `Decision.remember` and reads from the receipt.
        """
        return await self._decide(act, decide)

    async def _decide(self, act: Act, decide: Callable[[Decision], Awaitable[object]], *, made: bool = False) -> Receipt:
        taken: AlreadyExists | None = None
        for attempt in range(ATTEMPTS):
            decision = self._begin(act, self._store, self._codec, self._keyring, self._digests)
            try:
                await decide(decision)
                command = await decision.command()
                if command is None:
                    return Receipt(position=None, versions={}, ids=decision.ids)
                try:
                    receipt = await self._store.append(command)
                except AlreadyExists as reserved:
                    # Somebody reserved it after this decision looked; decided anew, it sees whose it is and what follows from that.
                    if taken is not None:
                        raise
                    taken = reserved
                    continue
            except AlreadyDone as done:
                return done.receipt
            except Refused:
                first = await self._first_outcome(act)
                if first is None:
                    raise
                return first
            except VersionConflict as conflict:
                if made and decision.is_new(conflict.stream):
                    raise AlreadyExists("there is one with this id already", existing=conflict.stream) from None
                self._keyring.forget(persons=(conflict.stream,))  # it may be a person whose key somebody made meanwhile
            except EpochMismatch:
                self._keyring.forget_all()
            else:
                decision.recorded()
                return receipt
            await asyncio.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.002 * 2**attempt)))
        raise Overloaded("too many change this at the same time; nothing was done, try again")

    async def _first_outcome(self, act: Act) -> Receipt | None:
        # Two attempts with one key at once: the second may be refused for what the first has just done.
        return await self._store.first_outcome(act.idempotency) if act.idempotency else None


def caused_by(event: RecordedEvent, actor: Actor, at: datetime, idempotency: Idempotency | None = None) -> Act:
    """The act of whoever answers an event: it belongs to the same affair and names its cause."""
    return Act(
        actor=actor,
        at=at,
        correlation=event.correlation,
        causation=f"{event.epoch}/{event.stream}/{event.version}",
        traceparent=event.traceparent,
        idempotency=idempotency,
    )

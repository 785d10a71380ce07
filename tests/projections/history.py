"""A random life of some organisations' tickets over months, for what is counted of it: any command at any time, as aggregates allow."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.errors import Refused
from domain.policies import queue_id
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import (
    AfterReply,
    Channel,
    CloseCause,
    ExternalSystem,
    HoldReason,
    Priority,
    ReopenCause,
    Resolution,
    TicketKind,
)
from services.runtime.decision import Decision
from tests.projections.desk import TERMS, Desk
from tests.services.recording import act

HOUR = timedelta(hours=1)
SLOW = replace(
    TERMS, policy=replace(TERMS.policy, targets=tuple(replace(each, within=100 * each.within) for each in TERMS.policy.targets))
)
"""Promises that are sometimes kept at the pace of these stories."""


class History:
    """Tells stories on a desk. `homes` are organisations with a requester each."""

    def __init__(self, desk: Desk, homes: dict[UUID, UUID], seed: int) -> None:
        self.desk, self.homes, self.chance = desk, homes, random.Random(seed)
        self.tickets: list[UUID] = []

    async def tell(self, tickets: int, steps: int) -> None:
        """Open so many tickets, and let so many commands be tried on any of them, in the order of time."""
        for _ in range(tickets):
            await self.opens()
        for _ in range(steps):
            self.passes(36)
            if self.chance.random() < 0.1:
                await self.opens()
            else:
                await self.attempt(self.chance.choice(self.tickets))

    def passes(self, hours: int) -> None:
        self.desk.now += self.chance.randrange(1, hours * 60) * HOUR / 60

    async def opens(self) -> UUID:
        self.passes(24)
        home = self.chance.choice(list(self.homes))
        made = await self.desk.open(
            self.homes[home],
            home,
            kind=self.chance.choice(list(TicketKind)),
            priority=self.chance.choice(list(Priority)),
            queue=queue_id(self.chance.choice(["network", "storage"])),
            terms=self.chance.choice([SLOW, SLOW, None]),
        )
        self.tickets.append(made)
        return made

    async def attempt(self, ticket: UUID) -> None:
        """One command, at a time that may lie a little back; a refusal leaves things as they are."""
        at = self.desk.now - self.chance.choice([0, 0, 0, 1]) * HOUR / 2
        command = self.chance.choice(self.commands(ticket, at))

        async def decide(decision: Decision) -> None:
            command(await decision.load(Ticket, ticket))
            if self.chance.random() < 0.5:  # the scheduler comes by, or comes late
                found = await decision.load(Ticket, ticket)
                for deadline in found.deadlines():
                    if deadline.at <= at:
                        found.note_sla_breached(deadline.target, at=at)

        try:
            if self.chance.random() < 0.06 and len(self.tickets) > 1:
                await self.merges(ticket, at)
            else:
                await self.desk.ground.recording.writer.decide(act(at=at), decide)
        except Refused:
            return

    async def merges(self, ticket: UUID, at: datetime) -> None:
        other = self.chance.choice(self.tickets)

        async def decide(decision: Decision) -> None:
            found = await decision.load(Ticket, ticket)
            if found.merged_into is not None:
                found.unmerge(await decision.load(Ticket, found.merged_into), at=at)
            else:
                found.merge(await decision.load(Ticket, other), at=at)

        await self.desk.ground.recording.writer.decide(act(at=at), decide)

    def commands(self, ticket: UUID, at: datetime) -> list[Callable[[Any], object]]:
        chance, until = self.chance, at + timedelta(days=60)
        requester = self.desk.tickets[ticket]
        after = chance.choice(list(AfterReply))
        reply = {"entry": uuid7(), "body": "Hello", "by_human": chance.random() < 0.8, "then": after, "at": at}
        if after is AfterReply.RESOLVE:
            reply |= {"resolution": Resolution.SOLVED, "reopenable_until": until}
        message = {"entry": uuid7(), "author": requester, "channel": Channel.EMAIL, "body": "Hi", "terms": SLOW, "at": at}
        score, priority = chance.randint(1, 5), chance.choice(list(Priority))
        home = chance.choice(list(self.homes))
        imported = {"system": ExternalSystem.RT, "external": "4711", "entries": 1, "from_": at, "to": at, "at": at}
        return [
            lambda t: t.send_reply(**reply),
            lambda t: t.send_reply(**reply),
            lambda t: t.receive_message(**message),
            lambda t: t.resolve(Resolution.SOLVED, at=at, reopenable_until=until),
            lambda t: t.resolve(Resolution.ANSWERED, at=at, reopenable_until=until),
            lambda t: t.close(at=at, because=CloseCause.STAFF, reopenable_until=until),
            lambda t: t.reopen(at=at, because=ReopenCause.STAFF, terms=SLOW),
            lambda t: t.rate(score, at=at, by=requester),
            lambda t: t.rate(score, at=at, by=requester),
            lambda t: t.await_customer(at=at),
            lambda t: t.put_on_hold(HoldReason.SUPPLIER, at=at),
            lambda t: t.start_work(at=at),
            lambda t: t.mark_as_spam(at=at) if score == 1 else t.unmark_as_spam(at=at),
            lambda t: t.change_priority(priority, at=at, terms=SLOW),
            lambda t: t.transfer_to_queue(queue_id("storage"), at=at),
            lambda t: t.transfer_to_organisation(home, at=at, terms=SLOW) if score == 5 else t.wake(at=at),
            lambda t: t.assign(UUID(int=score), at=at),
            lambda t: t.import_history(**imported) if score == 2 else t.wake(at=at),
        ]

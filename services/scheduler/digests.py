"""What time does to digests: when one is due, what it has collected is told in one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from domain.policies import Policies
from domain.subscriptions.digest import Digest
from projections import digest_timers
from services.commands.notifying import close_digest
from services.commands.posts import Posts
from services.runtime.act import SYSTEM, Act
from services.runtime.cloudevents import Naming
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from services.runtime.writer import Writer
from services.scheduler.moments import Moment


@dataclass(frozen=True, slots=True)
class Digests:
    """The digests of status subscriptions, for the scheduler."""

    writer: Writer
    posts: Posts
    naming: Naming
    name: str = "digests"

    async def due(self, connection: Any, now: datetime, policies: Policies, limit: int) -> Sequence[Moment]:  # noqa: ARG002 - the form
        found = await digest_timers.claim_due(connection, now, limit)
        return [Moment(each.digest, "STATUS_DIGEST", each.digest, each.due_at) for each in found]

    async def record(self, moment: Moment, policies: Policies, now: datetime) -> Receipt:  # noqa: ARG002 - the form
        async def decide(decision: Decision) -> None:
            digest = await decision.load(Digest, moment.stream)
            await close_digest(decision, digest, [await self.posts.read(each) for each in digest.posts], self.naming)

        return await self.writer.decide(Act(actor=SYSTEM, at=now, correlation=uuid4()), decide)

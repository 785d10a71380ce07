"""Why the same seed gives the same events: ids, numbers and tokens of what is told follow from its key and time, not from chance.

Everything else is as for anybody: the same decisions by the same aggregates, the same append. A token that can be foretold protects
nothing, which is why demo data is refused in production.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID, uuid5

from domain.policies import NAMESPACE, Policies
from domain.tickets.status import Status
from domain.tickets.ticket import Ticket
from projections.viewer import Role, Viewer
from services.commands.desk import By
from services.runtime.act import SYSTEM, Act, Actor, ActorKind, Idempotency
from services.runtime.decision import Decision

PRINCIPAL = "demo"
MAILBOX = Viewer(Role.SERVICE, uuid5(NAMESPACE, "program/mail"), scopes=frozenset({"TICKETS_WRITE"}))


@dataclass
class Chronicle:
    """What is known while it is told. `alarms`: when time has next to do something with a ticket; None never."""

    seed: int
    policies: Policies = field(init=False)
    """Those in force; set when the telling begins."""
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    alarms: dict[UUID, datetime | None] = field(default_factory=dict)

    def begin(self, act: Act, *parts: Any) -> Decision:
        """For `Writer(begin=…)`."""
        return Told(self, act, *parts)

    def by(self, viewer: Viewer, at: datetime, key: str, affair: str | None = None) -> By:
        """Whoever acts, under a key; `affair` is what the acts of one matter have in common."""
        kind = ActorKind.CONTACT if viewer.is_customer else ActorKind.STAFF
        return By(viewer, self._act(Actor(kind, viewer.id), at, key, affair))

    def mailbox(self, at: datetime, key: str, affair: str | None = None) -> By:
        """The support address itself, which takes in whatever mail comes."""
        return By(MAILBOX, self._act(Actor(ActorKind.PROGRAM, MAILBOX.id), at, key, affair))

    def time(self, at: datetime, key: str) -> Act:
        """What comes by itself."""
        return Act(actor=SYSTEM, at=at, correlation=uuid5(NAMESPACE, f"{self.seed}/{key}"))

    def bytes(self, key: str, number: int, length: int) -> bytes:
        return blake2b(f"{self.seed}/{key}/{number}".encode(), digest_size=length).digest()

    def note(self, ticket: Ticket) -> None:
        """Look when time has next to do something with it."""
        moments = [deadline.at for deadline in ticket.deadlines()]
        if ticket.snoozed_until is not None:
            moments.append(ticket.snoozed_until)
        if ticket.status is Status.RESOLVED and ticket.resolved_at is not None:
            moments.append(ticket.resolved_at + self.policies.close_after)
        self.alarms[ticket.id] = min(moments, default=None)

    def _act(self, actor: Actor, at: datetime, key: str, affair: str | None) -> Act:
        once = Idempotency(PRINCIPAL, key, key.encode())
        return Act(actor=actor, at=at, correlation=uuid5(NAMESPACE, f"{self.seed}/{affair or key}"), idempotency=once)


class Told(Decision):
    """A decision whose ids can be foretold."""

    def __init__(self, chronicle: Chronicle, act: Act, *parts: Any) -> None:
        super().__init__(act, *parts)
        self._chronicle = chronicle
        self._key = act.idempotency.key if act.idempotency else str(act.correlation)
        self._made = 0

    def new_id(self) -> UUID:
        self._made += 1
        random = self._chronicle.bytes(f"{self._key}/id", self._made, 10)
        milliseconds = int(self.act.at.timestamp() * 1000)
        number = (milliseconds << 80) | int.from_bytes(random, "big")
        return UUID(int=number & ~(0xF << 76) & ~(0x3 << 62) | (7 << 76) | (2 << 62))

    def secret(self, length: int) -> bytes:
        return self._chronicle.bytes(f"{self._key}/secret", 1, length)

    async def next_ref(self, kind: str = "ticket") -> int:
        planned = self._chronicle.numbers.get((kind, self._key))
        return await super().next_ref(kind) if planned is None else planned

    def recorded(self) -> None:
        super().recorded()
        for aggregate in self._loaded.values():
            if isinstance(aggregate, Ticket):
                self._chronicle.note(aggregate)

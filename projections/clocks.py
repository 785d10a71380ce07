"""What a ticket's clocks are while they are folded, for the two read models that need them: promises and timers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec

from domain.event import DomainEvent
from domain.tickets.events import (
    TicketClosed,
    TicketCustomerAwaited,
    TicketMarkedAsSpam,
    TicketMerged,
    TicketOpened,
    TicketPhoneCallLogged,
    TicketPutOnHold,
    TicketReopened,
    TicketReplySent,
    TicketResolved,
    TicketSlaApplied,
    TicketSlaBreached,
    TicketSlaImminent,
    TicketSlaMet,
    TicketSnoozed,
    TicketTransferredToOrganisation,
    TicketUnmarkedAsSpam,
    TicketUnmerged,
    TicketWoken,
    TicketWorkStarted,
)
from domain.tickets.sla import SlaClocks
from domain.tickets.sla_json import from_json, to_json
from domain.tickets.status import Status
from projections.projection import Envelope, Fold

SEEN: tuple[type[DomainEvent], ...] = (
    TicketOpened,
    TicketWorkStarted,
    TicketCustomerAwaited,
    TicketPutOnHold,
    TicketSnoozed,
    TicketWoken,
    TicketResolved,
    TicketClosed,
    TicketReopened,
    TicketMarkedAsSpam,
    TicketUnmarkedAsSpam,
    TicketMerged,
    TicketUnmerged,
    TicketReplySent,
    TicketPhoneCallLogged,
    TicketTransferredToOrganisation,
    TicketSlaApplied,
    TicketSlaBreached,
    TicketSlaMet,
)
"""All that move a promise and that customers may know of; that one is near its end is the staff's alone."""
EVERYTHING: tuple[type[DomainEvent], ...] = (*SEEN, TicketSlaImminent)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The promises of a ticket, for whom it is, and until when it sleeps.

    `changed` are the promises touched since the state was read: of a long life only these, and what is still owed, are written again.
    """

    sla: SlaClocks
    audience: UUID | None = None
    sleeps_until: datetime | None = None
    changed: frozenset[UUID] = frozenset()

    @property
    def status(self) -> Status:
        return self.sla.marks[-1].status


def step(state: Clocks, event: DomainEvent, _: Envelope) -> Clocks:
    """The clocks after an event. What `SlaClocks` changes in place is a copy."""
    sla = SlaClocks(list(state.sla.marks), dict(state.sla.clocks), state.sla.first_responded_at, state.sla.before_merge)
    sla.evolve(event)
    changed = {target for target, clock in sla.clocks.items() if clock is not state.sla.clocks.get(target)}
    state = replace(state, sla=sla, changed=state.changed | changed) if changed else replace(state, sla=sla)
    match event:
        case TicketOpened():
            return replace(state, audience=event.organisation or event.requester)
        case TicketTransferredToOrganisation():
            return replace(state, audience=event.organisation)
        case TicketSnoozed():
            return replace(state, sleeps_until=event.until)
    return state


def written(state: Clocks) -> str:
    """As JSON text; `read` makes an equal value of it."""
    value = {"sla": to_json(state.sla), "audience": state.audience, "sleeps_until": state.sleeps_until}
    return msgspec.json.encode(value).decode()


class _Written(msgspec.Struct):
    sla: dict[str, object]
    audience: UUID | None
    sleeps_until: datetime | None


def read(text: str) -> Clocks:
    value = msgspec.json.decode(text, type=_Written)
    return Clocks(from_json(value.sla), value.audience, value.sleeps_until)


def folding(load: str, rows: Callable[[UUID, Clocks], object], events: tuple[type[DomainEvent], ...]) -> Fold[Clocks]:
    """A fold of clocks over these events."""
    fold: Fold[Clocks] = Fold(load=load, read=read, start=lambda _: Clocks(SlaClocks()), rows=rows)  # type: ignore[arg-type]
    fold.on(*events)(step)
    return fold

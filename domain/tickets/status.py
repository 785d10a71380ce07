"""Where a ticket stands, and the one table of the ways between its states."""

from __future__ import annotations

from enum import StrEnum

from domain.event import DomainEvent
from domain.tickets.events import (
    TicketClosed,
    TicketCustomerAwaited,
    TicketMarkedAsSpam,
    TicketMerged,
    TicketOpened,
    TicketPutOnHold,
    TicketReopened,
    TicketResolved,
    TicketSnoozed,
    TicketUnmarkedAsSpam,
    TicketUnmerged,
    TicketWoken,
    TicketWorkStarted,
)


class Status(StrEnum):
    NEW = "NEW"
    OPEN = "OPEN"
    PENDING_CUSTOMER = "PENDING_CUSTOMER"
    ON_HOLD = "ON_HOLD"
    SNOOZED = "SNOOZED"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"
    MERGED = "MERGED"
    SPAM = "SPAM"


WAITING = frozenset({Status.PENDING_CUSTOMER, Status.ON_HOLD, Status.SNOOZED})
"""Somebody or something else is awaited."""
ENDED = frozenset({Status.RESOLVED, Status.CLOSED, Status.MERGED, Status.SPAM})
"""Nothing is owed to the customer on it now."""

_FROM_LIVE = (
    Status.OPEN,
    Status.PENDING_CUSTOMER,
    Status.ON_HOLD,
    Status.SNOOZED,
    Status.RESOLVED,
    Status.CLOSED,
    Status.MERGED,
    Status.SPAM,
)
_WAYS: dict[Status, tuple[Status, ...]] = {
    Status.NEW: _FROM_LIVE,
    Status.OPEN: _FROM_LIVE,
    Status.PENDING_CUSTOMER: _FROM_LIVE,
    Status.ON_HOLD: _FROM_LIVE,
    Status.SNOOZED: _FROM_LIVE,
    Status.RESOLVED: (Status.OPEN, Status.CLOSED, Status.MERGED),
    Status.CLOSED: (Status.OPEN, Status.MERGED),
    Status.SPAM: (Status.NEW,),
}


def ways(current: Status, before_merge: Status | None = None) -> tuple[Status, ...]:
    """The states that may follow. A merged ticket may only go back to the state it had before."""
    if current is Status.MERGED:
        return (before_merge,) if before_merge else ()
    return _WAYS[current]


_AFTER: dict[type[DomainEvent], Status] = {
    TicketOpened: Status.NEW,
    TicketWorkStarted: Status.OPEN,
    TicketCustomerAwaited: Status.PENDING_CUSTOMER,
    TicketPutOnHold: Status.ON_HOLD,
    TicketSnoozed: Status.SNOOZED,
    TicketWoken: Status.OPEN,
    TicketResolved: Status.RESOLVED,
    TicketClosed: Status.CLOSED,
    TicketReopened: Status.OPEN,
    TicketMerged: Status.MERGED,
    TicketMarkedAsSpam: Status.SPAM,
    TicketUnmarkedAsSpam: Status.NEW,
}


MOVES = frozenset({*_AFTER, TicketUnmerged})
"""The events that lead to a state."""


def after(event: DomainEvent, before_merge: Status | None = None) -> Status | None:
    """The state an event leads to, None where it changes no state. `ticket.unmerged` leads back to the state before the merge."""
    if type(event) is TicketUnmerged:
        return before_merge
    return _AFTER.get(type(event))

"""In which state is each ticket, and since when? The part of the tickets' rows that a transition changes."""

from __future__ import annotations

from domain.event import DomainEvent
from domain.tickets.events import (
    TicketClosed,
    TicketCustomerAwaited,
    TicketMarkedAsSpam,
    TicketMerged,
    TicketPutOnHold,
    TicketReopened,
    TicketResolved,
    TicketSnoozed,
    TicketUnmarkedAsSpam,
    TicketUnmerged,
    TicketWoken,
    TicketWorkStarted,
)
from projections.database import Statement
from projections.projection import Envelope
from projections.ticket_tables import AWAKE, seen, tickets


@tickets.on(TicketWorkStarted, TicketWoken)
def work_started(_: DomainEvent, envelope: Envelope) -> list[Statement]:
    return seen(envelope, f"status = 'OPEN', {AWAKE}")


@tickets.on(TicketCustomerAwaited)
def customer_awaited(_: TicketCustomerAwaited, envelope: Envelope) -> list[Statement]:
    return seen(envelope, f"status = 'PENDING_CUSTOMER', {AWAKE}")


@tickets.on(TicketPutOnHold)
def put_on_hold(event: TicketPutOnHold, envelope: Envelope) -> list[Statement]:
    return seen(envelope, "status = 'ON_HOLD', snoozed_until = NULL, hold_reason = $3", event.reason)


@tickets.on(TicketSnoozed)
def snoozed(event: TicketSnoozed, envelope: Envelope) -> list[Statement]:
    return seen(envelope, "status = 'SNOOZED', hold_reason = NULL, snoozed_until = $3", event.until)


@tickets.on(TicketResolved)
def resolved(event: TicketResolved, envelope: Envelope) -> list[Statement]:
    changes = f"status = 'RESOLVED', {AWAKE}, resolved_at = $2, resolution = $3, episode = $4, reopenable_until = $5"
    return seen(envelope, changes, event.resolution, event.episode, event.reopenable_until)


@tickets.on(TicketClosed)
def closed(event: TicketClosed, envelope: Envelope) -> list[Statement]:
    return seen(envelope, f"status = 'CLOSED', {AWAKE}, reopenable_until = $3", event.reopenable_until)


@tickets.on(TicketReopened)
def reopened(event: TicketReopened, envelope: Envelope) -> list[Statement]:
    return seen(
        envelope, "status = 'OPEN', resolved_at = NULL, resolution = NULL, reopenable_until = NULL, episode = $3", event.episode
    )


@tickets.on(TicketMarkedAsSpam)
def marked_as_spam(_: TicketMarkedAsSpam, envelope: Envelope) -> list[Statement]:
    return seen(envelope, f"status = 'SPAM', {AWAKE}")


@tickets.on(TicketUnmarkedAsSpam)
def unmarked_as_spam(_: TicketUnmarkedAsSpam, envelope: Envelope) -> list[Statement]:
    return seen(envelope, "status = 'NEW'")


@tickets.on(TicketMerged)
def merged(event: TicketMerged, envelope: Envelope) -> list[Statement]:
    """What else the row says stays, for the ticket stands alone again once it is unmerged."""
    return seen(envelope, "status_before_merge = status, status = 'MERGED', merged_into = $3", event.into)


@tickets.on(TicketUnmerged)
def unmerged(_: TicketUnmerged, envelope: Envelope) -> list[Statement]:
    return seen(envelope, "status = coalesce(status_before_merge, status), status_before_merge = NULL, merged_into = NULL")

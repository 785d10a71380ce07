"""What a viewer may be offered to do with a ticket now. An offer, not a right: the command judges for itself."""

from __future__ import annotations

from datetime import datetime

from domain.tickets.status import Status, ways
from projections.ticket_rows import Ticket
from projections.viewer import Role, Viewer
from services.gateway.tickets.vocabulary import TicketCommand as Command

_STATES = {
    Status.OPEN: Command.START_WORK,
    Status.PENDING_CUSTOMER: Command.AWAIT_CUSTOMER,
    Status.ON_HOLD: Command.HOLD,
    Status.SNOOZED: Command.SNOOZE,
    Status.RESOLVED: Command.RESOLVE,
    Status.CLOSED: Command.CLOSE,
    Status.MERGED: Command.MERGE,
    Status.SPAM: Command.MARK_SPAM,
}
_LIVE_STAFF = (Command.ASSIGN, Command.TRANSFER, Command.CLASSIFY, Command.ESCALATE)
_STAFF = (Command.REPLY, Command.ADD_NOTE, Command.SPLIT, Command.LINK, Command.REDACT, Command.WATCH)


def offers(row: Ticket, viewer: Viewer, now: datetime) -> list[Command]:
    """The commands, in the order of the enum."""
    if viewer.role is Role.AUDITOR or (viewer.role is Role.SERVICE and "TICKETS_WRITE" not in viewer.scopes):
        return []
    status = Status(row.status)
    found = _customers(row, viewer, status, now) if viewer.is_customer else _staffs(row, status, now)
    return [command for command in Command if command in found]


def _reopenable(row: Ticket, now: datetime) -> bool:
    return row.reopenable_until is not None and now < row.reopenable_until


def _staffs(row: Ticket, status: Status, now: datetime) -> set[Command]:
    if status is Status.MERGED:
        return {Command.UNMERGE, Command.REDACT, Command.WATCH}
    if status is Status.SPAM:
        return {Command.MARK_SPAM, Command.ADD_NOTE, Command.REDACT}
    found = {*_STAFF, *(_STATES[to] for to in ways(status) if to in _STATES)}
    if status in (Status.RESOLVED, Status.CLOSED):
        found.discard(Command.START_WORK)
        if _reopenable(row, now):
            found.add(Command.REOPEN)
    else:
        found.update(_LIVE_STAFF)
    return found


def _customers(row: Ticket, viewer: Viewer, status: Status, now: datetime) -> set[Command]:
    if status in (Status.MERGED, Status.SPAM):
        return {Command.WATCH} if status is Status.MERGED else set()
    found = {Command.REPLY, Command.WATCH}
    if status not in (Status.RESOLVED, Status.CLOSED):
        found.add(Command.CLASSIFY)
    if Status.CLOSED in ways(status):
        found.add(Command.CLOSE)
    if status in (Status.RESOLVED, Status.CLOSED):
        if _reopenable(row, now):
            found.add(Command.REOPEN)
        rated = any(rating.episode == row.episode for rating in row.ratings)
        if row.requester_id == viewer.id and not rated:
            found.add(Command.RATE)
    return found

"""How a ticket moves between its states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from domain.errors import InvalidTransition, ValidationFailed
from domain.tickets.refusals import (
    ReopenWindowPassed,
    TicketIsClosed,
    TicketIsMerged,
    TicketIsNotEnded,
    TicketIsNotSpam,
    TicketIsResolved,
    TicketIsSpam,
)
from domain.tickets.status import Status, ways
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import CloseCause, HoldReason, ReopenCause, Resolution
from tests.domain.tickets.builders import (
    DAY,
    HOUR,
    MONDAY,
    WINDOW,
    close,
    names,
    open_ticket,
    receive,
    recorded,
    resolve,
    ticket_in,
)

IN_PROGRESS = ["NEW", "OPEN", "PENDING_CUSTOMER", "ON_HOLD", "SNOOZED"]
LATER = MONDAY + 3 * HOUR


def go(ticket: Ticket, to: Status) -> None:
    """Ask for a state by the command that leads there."""
    match to:
        case Status.NEW:
            ticket.unmark_as_spam(at=LATER)
        case Status.OPEN if ticket.status in ("RESOLVED", "CLOSED"):
            ticket.reopen(at=LATER, because=ReopenCause.STAFF)
        case Status.OPEN:
            ticket.start_work(at=LATER)
        case Status.PENDING_CUSTOMER:
            ticket.await_customer(at=LATER)
        case Status.ON_HOLD:
            ticket.put_on_hold(HoldReason.INCIDENT, at=LATER)
        case Status.SNOOZED:
            ticket.snooze(LATER + DAY, at=LATER)
        case Status.RESOLVED:
            resolve(ticket, at=LATER)
        case Status.CLOSED:
            close(ticket, at=LATER)
        case Status.MERGED:
            ticket.merge(open_ticket(), at=LATER)
        case Status.SPAM:
            ticket.mark_as_spam(at=LATER)


@pytest.mark.parametrize(("status", "to"), [(status, to) for status in Status if status != "MERGED" for to in ways(status)])
def test_every_way_of_the_table_is_open(status: Status, to: Status) -> None:
    ticket = ticket_in(status)
    go(ticket, to)
    assert ticket.status is to


@pytest.mark.parametrize(
    ("status", "to"),
    [(status, to) for status in Status if status != "MERGED" for to in Status if to not in ways(status)],
)
def test_every_other_way_is_refused_and_records_nothing(status: Status, to: Status) -> None:
    ticket = ticket_in(status)
    with pytest.raises(InvalidTransition) as refused:
        go(ticket, to)
    assert (refused.value.current, refused.value.allowed) == (status, ways(status))
    assert names(ticket) == []


def test_a_new_ticket_is_new_and_in_its_first_episode() -> None:
    ticket = open_ticket()
    assert (ticket.status, ticket.episode, ticket.resolution, ticket.assignee) == (Status.NEW, 1, None, None)
    assert names(ticket) == ["opened", "message_received"]


def test_a_closed_ticket_refuses_a_second_closing() -> None:
    ticket = ticket_in("CLOSED")
    with pytest.raises(TicketIsClosed) as refused:
        close(ticket)
    assert refused.value.allowed == ("OPEN", "MERGED")
    assert recorded(ticket) == []


def test_a_resolved_ticket_refuses_work_until_it_is_reopened() -> None:
    with pytest.raises(TicketIsResolved, match="reopen"):
        ticket_in("RESOLVED").start_work(at=LATER)


def test_spam_refuses_everything_that_would_give_it_a_state() -> None:
    with pytest.raises(TicketIsSpam):
        resolve(ticket_in("SPAM"))


def test_a_ticket_unmarked_as_spam_is_new_again() -> None:
    ticket = ticket_in("SPAM")
    ticket.unmark_as_spam(at=LATER)
    assert ticket.status is Status.NEW
    with pytest.raises(TicketIsNotSpam):
        ticket.unmark_as_spam(at=LATER)


@pytest.mark.parametrize(
    ("status", "again"),
    [
        ("OPEN", partial(Ticket.start_work, at=LATER)),
        ("PENDING_CUSTOMER", partial(Ticket.await_customer, at=LATER)),
        ("ON_HOLD", partial(Ticket.put_on_hold, reason=HoldReason.SUPPLIER, at=LATER)),
        ("SNOOZED", partial(Ticket.snooze, until=MONDAY + DAY, at=LATER)),
    ],
)
def test_going_on_with_what_goes_on_records_nothing(status: str, again: Callable[[Ticket], None]) -> None:
    ticket = ticket_in(status)
    again(ticket)
    assert names(ticket) == []


def test_on_hold_for_another_reason_is_told() -> None:
    ticket = ticket_in("ON_HOLD")
    ticket.put_on_hold(HoldReason.PLANNED_CHANGE, at=LATER)
    assert (names(ticket), ticket.hold_reason) == (["put_on_hold"], HoldReason.PLANNED_CHANGE)


def test_a_snoozed_ticket_wakes_at_its_time_and_not_before() -> None:
    ticket = ticket_in("SNOOZED")
    ticket.wake(at=MONDAY + DAY - timedelta(seconds=1))
    assert names(ticket) == []
    ticket.wake(at=MONDAY + DAY)
    ticket.wake(at=MONDAY + DAY)
    assert (names(ticket), ticket.status) == (["woken"], Status.OPEN)


def test_a_ticket_put_to_sleep_again_is_not_woken_by_the_earlier_time() -> None:
    ticket = ticket_in("SNOOZED")
    ticket.snooze(MONDAY + 3 * DAY, at=LATER)
    ticket.wake(at=MONDAY + DAY)
    assert ticket.status is Status.SNOOZED


@pytest.mark.parametrize("until", [MONDAY, MONDAY - HOUR, MONDAY + 367 * DAY])
def test_a_ticket_sleeps_until_a_time_to_come_within_bounds(until: object) -> None:
    with pytest.raises(ValidationFailed) as refused:
        open_ticket().snooze(until, at=MONDAY)  # type: ignore[arg-type]
    assert (refused.value.problem, refused.value.path) == ("OUT_OF_RANGE", ("input", "until"))
    assert refused.value.limit is not None


def test_work_wakes_a_snoozed_ticket() -> None:
    ticket = ticket_in("SNOOZED")
    ticket.start_work(at=LATER)
    assert names(ticket) == ["woken"]


def test_reopening_begins_the_next_episode_and_forgets_the_resolution() -> None:
    ticket = ticket_in("RESOLVED")
    ticket.reopen(at=LATER, because=ReopenCause.CUSTOMER)
    assert (ticket.episode, ticket.resolution, ticket.resolved_at, ticket.reopenable_until) == (2, None, None, None)
    resolve(ticket, at=LATER, resolution=Resolution.WORKAROUND)
    assert recorded(ticket)[-1].episode == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", ["RESOLVED", "CLOSED"])
def test_a_ticket_is_reopened_within_its_window_only(status: str) -> None:
    ticket_in(status).reopen(at=MONDAY + WINDOW, because=ReopenCause.STAFF)
    late = ticket_in(status)
    with pytest.raises(ReopenWindowPassed):
        late.reopen(at=MONDAY + WINDOW + timedelta(microseconds=1), because=ReopenCause.STAFF)
    assert names(late) == []


@pytest.mark.parametrize("status", IN_PROGRESS)
def test_what_goes_on_is_not_reopened(status: str) -> None:
    with pytest.raises(TicketIsNotEnded):
        ticket_in(status).reopen(at=LATER, because=ReopenCause.STAFF)


def test_a_window_for_reopening_does_not_end_before_it_begins() -> None:
    ticket = open_ticket()
    recorded(ticket)
    with pytest.raises(ValidationFailed):
        ticket.close(at=MONDAY, because=CloseCause.STAFF, reopenable_until=MONDAY - HOUR)
    with pytest.raises(ValidationFailed):
        ticket.resolve(Resolution.SOLVED, at=MONDAY, reopenable_until=MONDAY - HOUR)
    assert recorded(ticket) == []


def test_time_closes_what_was_resolved_long_enough_ago() -> None:
    ticket = ticket_in("RESOLVED")
    ticket.close_by_time(at=MONDAY + 5 * DAY, close_after=7 * DAY, reopenable_until=MONDAY + WINDOW)
    assert ticket.status is Status.RESOLVED
    ticket.close_by_time(at=MONDAY + 7 * DAY, close_after=7 * DAY, reopenable_until=MONDAY + WINDOW)
    (closed,) = recorded(ticket)
    assert closed.because is CloseCause.TIME  # type: ignore[attr-defined]


def test_time_does_not_close_what_was_reopened_meanwhile() -> None:
    ticket = ticket_in("RESOLVED")
    receive(ticket, at=LATER)
    recorded(ticket)
    ticket.close_by_time(at=MONDAY + 8 * DAY, close_after=7 * DAY, reopenable_until=MONDAY + WINDOW)
    assert recorded(ticket) == []


def test_a_merged_ticket_takes_nothing_and_says_where_it_lives_on() -> None:
    target = open_ticket()
    ticket = open_ticket()
    ticket.merge(target, at=MONDAY)
    recorded(ticket)
    commands: list[Callable[[], None]] = [
        lambda: ticket.start_work(at=LATER),
        lambda: ticket.await_customer(at=LATER),
        lambda: ticket.put_on_hold(HoldReason.SUPPLIER, at=LATER),
        lambda: ticket.snooze(LATER + DAY, at=LATER),
        lambda: resolve(ticket),
        lambda: close(ticket),
        lambda: ticket.reopen(at=LATER, because=ReopenCause.STAFF),
        lambda: ticket.mark_as_spam(at=LATER),
        lambda: ticket.unmark_as_spam(at=LATER),
    ]
    for command in commands:
        with pytest.raises(TicketIsMerged) as refused:
            command()
        assert (refused.value.into, refused.value.rule) == (target.id, "TICKET_IS_MERGED")
    assert recorded(ticket) == []

"""What is promised on a ticket, what becomes of it, and why."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendars import counted
from domain.event import Classification
from domain.policies import SlaTerms
from domain.tickets.events import TicketSlaApplied, TicketSlaBreached, TicketSlaMet
from domain.tickets.refusals import TargetNotFound
from domain.tickets.sla import DeadlineKind, SlaCause, SlaClocks, SlaIntervalKind, SlaState
from domain.tickets.sla_json import from_json, to_json
from domain.tickets.status import ENDED, WAITING, Status
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import (
    AfterReply,
    CloseCause,
    Direction,
    HoldReason,
    Priority,
    ReopenCause,
    Resolution,
    Severity,
    SlaMetric,
)
from tests.domain.tickets.builders import (
    DAY,
    GLOBEX,
    HOUR,
    MONDAY,
    OFFICE,
    REQUESTER,
    an_id,
    close,
    names,
    note,
    open_ticket,
    receive,
    recorded,
    reply,
    resolve,
    terms,
)

MINUTE = timedelta(minutes=1)
ZERO = timedelta()
FIRST, NEXT, RESOLUTION = SlaMetric.FIRST_RESPONSE, SlaMetric.NEXT_RESPONSE, SlaMetric.RESOLUTION
COUNTED, PAUSED, OUTSIDE = SlaIntervalKind.COUNTED, SlaIntervalKind.PAUSED, SlaIntervalKind.OUTSIDE_CALENDAR


def in_office_hours() -> SlaTerms:
    return replace(terms(), calendar=OFFICE)


def promised_ticket() -> Ticket:
    return open_ticket(promised=terms())


def target(ticket: Ticket, metric: SlaMetric) -> UUID:
    """The newest promise of that kind."""
    return [clock.target for clock in ticket.clocks.clocks.values() if clock.metric is metric][-1]


def state(ticket: Ticket, metric: SlaMetric) -> SlaState:
    return ticket.clocks.state(target(ticket, metric))


def due(ticket: Ticket, metric: SlaMetric) -> datetime | None:
    return ticket.clocks.due_at(target(ticket, metric))


def ledger(ticket: Ticket, metric: SlaMetric, until: datetime) -> list[tuple[SlaIntervalKind, SlaCause, timedelta]]:
    return [(each.kind, each.cause, each.counted) for each in ticket.clocks.ledger(target(ticket, metric), until)]


def test_a_new_ticket_is_promised_a_first_response_and_a_resolution_with_policy_and_calendar_copied() -> None:
    first, resolution = (event for event in recorded(promised_ticket()) if isinstance(event, TicketSlaApplied))
    assert (first.metric, first.within, resolution.metric, resolution.within) == (FIRST, 4 * HOUR, RESOLUTION, 48 * HOUR)
    assert (first.policy, first.calendar, first.imminent_after) == ("Base", terms().calendar, 3 * HOUR)


def test_nothing_is_promised_without_terms_and_no_ticket_is_refused_for_it() -> None:
    ticket = open_ticket()
    reply(ticket)
    receive(ticket)
    resolve(ticket)
    assert ticket.clocks.clocks == {}


def test_a_reply_in_time_keeps_the_first_promise_in_the_same_append() -> None:
    ticket = promised_ticket()
    recorded(ticket)
    reply(ticket, at=MONDAY + HOUR)
    (met,) = [event for event in recorded(ticket) if isinstance(event, TicketSlaMet)]
    assert (met.target, met.consumed, state(ticket, FIRST)) == (target(ticket, FIRST), HOUR, SlaState.MET)


def test_a_reply_at_the_very_instant_keeps_the_promise_and_one_after_it_breaks_it() -> None:
    in_time, late = promised_ticket(), promised_ticket()
    reply(in_time, at=MONDAY + 4 * HOUR)
    reply(late, at=MONDAY + 5 * HOUR)
    assert (state(in_time, FIRST), state(late, FIRST)) == (SlaState.MET, SlaState.BREACHED)
    (breached,) = [event for event in recorded(late) if isinstance(event, TicketSlaBreached)]
    assert breached.breached_at == MONDAY + 4 * HOUR


def test_neither_a_note_nor_an_automatic_reply_nor_a_call_that_reached_nobody_answers() -> None:
    ticket = promised_ticket()
    note(ticket)
    reply(ticket, by_human=False)
    ticket.log_phone_call(
        at=MONDAY + HOUR,
        entry=an_id(),
        direction=Direction.OUTBOUND,
        contact=REQUESTER,
        started_at=MONDAY,
        duration=ZERO,
        summary="No answer.",
    )
    assert state(ticket, FIRST) is SlaState.RUNNING


def test_the_first_response_is_due_whatever_we_wait_for() -> None:
    ticket = promised_ticket()
    ticket.put_on_hold(HoldReason.SUPPLIER, at=MONDAY + HOUR)
    ticket.snooze(MONDAY + DAY, at=MONDAY + 2 * HOUR)
    assert (due(ticket, FIRST), state(ticket, RESOLUTION)) == (MONDAY + 4 * HOUR, SlaState.PAUSED)


def test_the_resolution_stands_still_while_we_wait_for_the_customer() -> None:
    ticket = promised_ticket()
    reply(ticket, at=MONDAY + HOUR, then=AfterReply.AWAIT_CUSTOMER)
    assert (state(ticket, RESOLUTION), due(ticket, RESOLUTION)) == (SlaState.PAUSED, None)
    receive(ticket, at=MONDAY + 11 * HOUR, promised=terms())
    assert due(ticket, RESOLUTION) == MONDAY + 58 * HOUR
    assert ledger(ticket, RESOLUTION, MONDAY + 12 * HOUR) == [
        (COUNTED, SlaCause.TICKET_OPENED, HOUR),
        (PAUSED, SlaCause.STATUS_CHANGED, ZERO),
        (COUNTED, SlaCause.STATUS_CHANGED, HOUR),
    ]


def test_every_message_is_promised_an_answer_unless_one_is_owed() -> None:
    ticket = promised_ticket()
    receive(ticket, at=MONDAY + HOUR, promised=terms())
    reply(ticket, at=MONDAY + 2 * HOUR)
    recorded(ticket)
    receive(ticket, at=MONDAY + 3 * HOUR, promised=terms())
    receive(ticket, at=MONDAY + 4 * HOUR, promised=terms())
    assert names(ticket) == ["message_received", "sla_applied", "message_received"]
    assert due(ticket, NEXT) == MONDAY + 11 * HOUR
    reply(ticket, at=MONDAY + 5 * HOUR)
    assert (state(ticket, NEXT), ticket.clocks.consumed(target(ticket, NEXT), MONDAY + DAY)) == (SlaState.MET, 2 * HOUR)
    receive(ticket, at=MONDAY + 6 * HOUR, promised=terms())
    assert due(ticket, NEXT) == MONDAY + 14 * HOUR


def test_a_broken_next_response_is_followed_by_another_promise_at_the_next_message() -> None:
    ticket = promised_ticket()
    reply(ticket, at=MONDAY + HOUR)
    receive(ticket, at=MONDAY + 2 * HOUR, promised=terms())
    receive(ticket, at=MONDAY + 20 * HOUR, promised=terms())
    states = [ticket.clocks.state(clock.target) for clock in ticket.clocks.clocks.values() if clock.metric is NEXT]
    assert states == [SlaState.BREACHED, SlaState.RUNNING]


def test_a_resolution_in_time_is_kept_and_goes_on_when_the_ticket_is_reopened() -> None:
    ticket = promised_ticket()
    resolve(ticket, at=MONDAY + 40 * HOUR)
    assert state(ticket, RESOLUTION) is SlaState.MET
    ticket.reopen(at=MONDAY + 90 * HOUR, because=ReopenCause.CUSTOMER, terms=terms())
    assert (state(ticket, RESOLUTION), due(ticket, RESOLUTION)) == (SlaState.RUNNING, MONDAY + 98 * HOUR)
    recorded(ticket)
    resolve(ticket, at=MONDAY + 95 * HOUR)
    (met,) = [event for event in recorded(ticket) if isinstance(event, TicketSlaMet)]
    assert met.consumed == 45 * HOUR
    assert ledger(ticket, RESOLUTION, MONDAY + 200 * HOUR) == [
        (COUNTED, SlaCause.TICKET_OPENED, 40 * HOUR),
        (PAUSED, SlaCause.STATUS_CHANGED, ZERO),
        (COUNTED, SlaCause.REOPENED, 5 * HOUR),
    ]


def test_a_broken_resolution_stays_broken_when_the_ticket_is_reopened() -> None:
    ticket = promised_ticket()
    resolve(ticket, at=MONDAY + 50 * HOUR)
    ticket.reopen(at=MONDAY + 51 * HOUR, because=ReopenCause.CUSTOMER, terms=terms())
    assert state(ticket, RESOLUTION) is SlaState.BREACHED
    assert ticket.clocks.consumed(target(ticket, RESOLUTION), MONDAY + 99 * HOUR) == 48 * HOUR


@pytest.mark.parametrize("how", ["spam", "merged", "closed"])
def test_what_takes_a_ticket_out_stops_all_its_clocks_until_it_is_back(how: str) -> None:
    ticket, other = promised_ticket(), open_ticket()
    stopped, back = MONDAY + HOUR, MONDAY + 10 * HOUR
    match how:
        case "spam":
            ticket.mark_as_spam(at=stopped)
        case "merged":
            ticket.merge(other, at=stopped)
        case "closed":
            ticket.close(at=stopped, because=CloseCause.CUSTOMER, reopenable_until=MONDAY + 9 * DAY)
    assert {state(ticket, FIRST), state(ticket, RESOLUTION)} == {SlaState.PAUSED}
    assert ticket.deadlines() == []
    match how:
        case "spam":
            ticket.unmark_as_spam(at=back)
        case "merged":
            ticket.unmerge(other, at=back)
        case "closed":
            ticket.reopen(at=back, because=ReopenCause.CUSTOMER, terms=terms())
    assert due(ticket, FIRST) == MONDAY + 13 * HOUR


def test_another_priority_supersedes_and_counts_from_the_original_start() -> None:
    ticket = promised_ticket()
    old = target(ticket, RESOLUTION)
    recorded(ticket)
    ticket.change_priority(Priority.URGENT, at=MONDAY + 30 * MINUTE, terms=terms())
    assert names(ticket) == ["priority_changed", "sla_applied", "sla_applied"]
    assert ticket.clocks.state(old) is SlaState.SUPERSEDED
    assert (due(ticket, FIRST), due(ticket, RESOLUTION)) == (MONDAY + HOUR, MONDAY + 8 * HOUR)
    assert ledger(ticket, RESOLUTION, MONDAY + HOUR) == [
        (COUNTED, SlaCause.TICKET_OPENED, 30 * MINUTE),
        (COUNTED, SlaCause.TARGET_APPLIED, 30 * MINUTE),
    ]


def test_another_severity_may_promise_more() -> None:
    ticket = open_ticket(promised=terms(), priority=Priority.URGENT)
    ticket.change_severity(Severity.CRITICAL, at=MONDAY + HOUR / 2, terms=terms())
    assert due(ticket, RESOLUTION) == MONDAY + 4 * HOUR


def test_a_shorter_promise_is_not_broken_before_it_was_made() -> None:
    ticket = promised_ticket()
    ticket.change_priority(Priority.URGENT, at=MONDAY + 3 * HOUR, terms=terms())
    assert due(ticket, FIRST) == MONDAY + 3 * HOUR
    ticket.note_sla_breached(target(ticket, FIRST), at=MONDAY + 3 * HOUR)
    assert state(ticket, FIRST) is SlaState.BREACHED
    assert ticket.clocks.consumed(target(ticket, FIRST), MONDAY + DAY) == 3 * HOUR


def test_a_priority_for_which_nothing_is_promised_leaves_the_promise_standing() -> None:
    ticket = promised_ticket()
    recorded(ticket)
    ticket.change_priority(Priority.LOW, at=MONDAY + HOUR, terms=terms())
    assert names(ticket) == ["priority_changed"]
    assert state(ticket, FIRST) is SlaState.RUNNING


def test_a_promise_that_differs_in_nothing_is_not_made_again() -> None:
    ticket = promised_ticket()
    recorded(ticket)
    ticket.transfer_to_organisation(GLOBEX, at=MONDAY + HOUR, terms=terms())
    assert "sla_applied" not in names(ticket)
    ticket.change_severity(Severity.MINOR, at=MONDAY + HOUR, terms=terms())
    assert names(ticket) == ["severity_changed"]


def test_another_organisation_may_have_another_calendar() -> None:
    ticket = promised_ticket()
    ticket.transfer_to_organisation(GLOBEX, at=MONDAY + HOUR, terms=in_office_hours())
    assert due(ticket, FIRST) == MONDAY + 4 * HOUR  # 11:00 to 15:00 in Copenhagen
    assert due(ticket, RESOLUTION) == MONDAY + 8 * DAY  # 5 hours today, four days of 8, 8 on Monday, 3 on Tuesday


def test_what_was_broken_is_not_superseded() -> None:
    ticket = promised_ticket()
    ticket.change_priority(Priority.URGENT, at=MONDAY + 5 * HOUR, terms=terms())
    assert [ticket.clocks.state(clock.target) for clock in ticket.clocks.clocks.values() if clock.metric is FIRST] == [
        SlaState.BREACHED
    ]


def test_a_warning_is_recorded_once_and_neither_early_nor_late() -> None:
    ticket = promised_ticket()
    recorded(ticket)
    first = target(ticket, FIRST)
    ticket.note_sla_imminent(first, at=MONDAY + 3 * HOUR - MINUTE)
    assert recorded(ticket) == []
    for _ in range(2):
        ticket.note_sla_imminent(first, at=MONDAY + 3 * HOUR)
    (warning,) = recorded(ticket)
    assert (warning.CLASS, warning.due_at) == (Classification.RESTRICTED, MONDAY + 4 * HOUR)  # type: ignore[attr-defined]
    late = promised_ticket()
    recorded(late)
    reply(late, at=MONDAY + HOUR)
    recorded(late)
    late.note_sla_imminent(target(late, FIRST), at=MONDAY + 3 * HOUR)
    assert recorded(late) == []


def test_a_breach_is_recorded_once_at_the_instant_it_fell_due() -> None:
    ticket = promised_ticket()
    recorded(ticket)
    first = target(ticket, FIRST)
    ticket.note_sla_breached(first, at=MONDAY + 4 * HOUR - MINUTE)
    assert recorded(ticket) == []
    for _ in range(2):
        ticket.note_sla_breached(first, at=MONDAY + 6 * HOUR)
    (breached,) = recorded(ticket)
    assert breached.breached_at == MONDAY + 4 * HOUR  # type: ignore[attr-defined]
    ticket.note_sla_imminent(first, at=MONDAY + 7 * HOUR)
    assert recorded(ticket) == []


def test_a_timer_for_a_promise_that_is_not_there_is_refused() -> None:
    ticket = promised_ticket()
    for note_it in (ticket.note_sla_breached, ticket.note_sla_imminent):
        with pytest.raises(TargetNotFound):
            note_it(an_id(), at=MONDAY)


def test_deadlines_say_what_time_will_have_to_do_soonest_first() -> None:
    ticket = promised_ticket()
    found = [(deadline.at - MONDAY, deadline.metric, deadline.kind) for deadline in ticket.deadlines()]
    assert found == [
        (3 * HOUR, FIRST, DeadlineKind.IMMINENT),
        (4 * HOUR, FIRST, DeadlineKind.BREACH),
        (36 * HOUR, RESOLUTION, DeadlineKind.IMMINENT),
        (48 * HOUR, RESOLUTION, DeadlineKind.BREACH),
    ]
    ticket.note_sla_imminent(target(ticket, FIRST), at=MONDAY + 3 * HOUR)
    assert [deadline.kind for deadline in ticket.deadlines() if deadline.metric is FIRST] == [DeadlineKind.BREACH]


def test_a_promise_that_fell_due_before_its_clock_was_stopped_is_still_broken() -> None:
    ticket = promised_ticket()
    ticket.mark_as_spam(at=MONDAY + 5 * HOUR)
    (deadline,) = ticket.deadlines()
    assert (deadline.at, deadline.kind, deadline.metric) == (MONDAY + 4 * HOUR, DeadlineKind.BREACH, FIRST)


def test_time_outside_the_calendar_is_in_the_ledger_and_does_not_count() -> None:
    opened = MONDAY + 3 * HOUR  # 14:00 in Copenhagen
    ticket = open_ticket(at=opened, promised=in_office_hours())
    assert due(ticket, FIRST) == MONDAY + DAY - HOUR  # two hours today, two tomorrow
    assert ledger(ticket, FIRST, MONDAY + DAY - 2 * HOUR) == [
        (COUNTED, SlaCause.TICKET_OPENED, 2 * HOUR),
        (OUTSIDE, SlaCause.CALENDAR, ZERO),
        (COUNTED, SlaCause.CALENDAR, HOUR),
    ]


def test_the_ledger_names_the_event_that_began_each_stretch() -> None:
    ticket = promised_ticket()
    reply(ticket, at=MONDAY + HOUR, then=AfterReply.AWAIT_CUSTOMER)
    awaited = ticket.version
    opened, paused = ticket.clocks.ledger(target(ticket, RESOLUTION), MONDAY + 2 * HOUR)
    assert (opened.entry, paused.entry, paused.to) == (1, awaited, None)


def test_closing_an_answered_ticket_leaves_no_deadline() -> None:
    ticket = promised_ticket()
    reply(ticket)
    close(ticket, at=MONDAY + 2 * HOUR)
    assert ticket.deadlines() == []


def test_a_clock_that_went_back_on_another_machine_turns_no_stretch_around() -> None:
    ticket = promised_ticket()
    ticket.await_customer(at=MONDAY + 2 * HOUR)
    ticket.start_work(at=MONDAY + HOUR)
    assert ticket.clocks.consumed(target(ticket, RESOLUTION), MONDAY + 3 * HOUR) == 3 * HOUR


steps = st.lists(
    st.tuples(
        st.integers(0, 30 * 60),
        st.sampled_from(
            ["work", "await", "hold", "snooze", "reply", "receive", "resolve", "reopen", "spam", "unspam", "urgent", "normal"]
        ),
    ),
    max_size=12,
)


def act(ticket: Ticket, what: str, at: datetime, promised: SlaTerms) -> None:
    """One step, where the state allows it."""
    in_progress = ticket.status not in ENDED
    match what:
        case "work" if in_progress:
            ticket.start_work(at=at)
        case "await" if in_progress:
            ticket.await_customer(at=at)
        case "hold" if in_progress:
            ticket.put_on_hold(HoldReason.SUPPLIER, at=at)
        case "snooze" if in_progress:
            ticket.snooze(at + DAY, at=at)
        case "reply" if in_progress:
            reply(ticket, at=at)
        case "receive" if in_progress or ticket.status is Status.RESOLVED:
            receive(ticket, at=at, promised=promised)
        case "resolve" if in_progress:
            ticket.resolve(Resolution.SOLVED, at=at, reopenable_until=at + 999 * DAY)
        case "reopen" if ticket.status is Status.RESOLVED:
            ticket.reopen(at=at, because=ReopenCause.STAFF, terms=promised)
        case "spam" if in_progress:
            ticket.mark_as_spam(at=at)
        case "unspam" if ticket.status is Status.SPAM:
            ticket.unmark_as_spam(at=at)
        case "urgent" | "normal":
            ticket.change_priority(Priority(what.upper()), at=at, terms=promised)


@settings(deadline=None, max_examples=120)
@given(steps, st.booleans(), st.integers(0, 40 * 60))
def test_whatever_happens_every_ledger_is_gapless_and_explains_what_was_consumed(
    happened: list[tuple[int, str]], office: bool, idle: int
) -> None:
    promised = in_office_hours() if office else terms()
    ticket, at = open_ticket(promised=promised), MONDAY
    history = [(MONDAY, ticket.status)]
    for minutes, what in happened:
        at += minutes * MINUTE
        act(ticket, what, at, promised)
        history.append((at, ticket.status))
    until = at + idle * MINUTE
    for clock in ticket.clocks.clocks.values():
        found = ticket.clocks.ledger(clock.target, until)
        if clock.started_at == (clock.ended_at or until):  # over, or looked at, the moment it began: no stretch yet
            assert all(each.counted == ZERO for each in found)
            continue
        assert found[0].from_ == clock.started_at
        assert found[-1].to == clock.ended_at
        assert all(one.to == other.from_ for one, other in pairwise(found))
        assert sum((each.counted for each in found), ZERO) == ticket.clocks.consumed(clock.target, until)
        assert all((each.counted > ZERO) <= (each.kind is COUNTED) for each in found)
        # The same, worked out plainly from what states were seen.
        end = min(clock.ended_at or until, until)
        plain = ZERO
        for (since, status), (till, _) in pairwise([*history, (until, ticket.status)]):
            counts = status not in ENDED and (clock.metric is not RESOLUTION or status not in WAITING)
            if counts:
                plain += counted(clock.calendar, max(since, clock.started_at), min(till, end))
        assert plain == ticket.clocks.consumed(clock.target, until)
        due_at = ticket.clocks.due_at(clock.target)
        if due_at is not None and due_at > clock.applied_at:
            assert ticket.clocks.consumed(clock.target, due_at) == clock.within
    assert from_json(json.loads(json.dumps(to_json(ticket.clocks)))) == ticket.clocks


def test_clocks_that_were_never_started_are_written_and_read_too() -> None:
    assert from_json(json.loads(json.dumps(to_json(SlaClocks())))) == SlaClocks()

"""Who has to do with a ticket."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.errors import InvalidTransition, ValidationFailed
from domain.event import Classification
from domain.policies import queue_id
from domain.tickets.events import TicketLeftOrganisation, TicketTransferredToOrganisation
from domain.tickets.refusals import (
    AlreadyRated,
    HasMergedTickets,
    NothingToRate,
    OnlyRequesterRates,
    TicketIsMerged,
    TicketIsSpam,
)
from domain.tickets.status import Status
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import EscalationTarget, LinkKind, ReopenCause
from tests.domain.tickets.builders import (
    ACME,
    AGENT,
    COLLEAGUE,
    DAY,
    GLOBEX,
    HOUR,
    MONDAY,
    OTHER_AGENT,
    REQUESTER,
    names,
    note,
    open_ticket,
    recorded,
    resolve,
    ticket_in,
)

LATER = MONDAY + HOUR


@pytest.mark.parametrize("status", ["NEW", "PENDING_CUSTOMER", "ON_HOLD", "SNOOZED"])
def test_assignment_makes_a_new_or_waiting_ticket_open(status: str) -> None:
    ticket = ticket_in(status)
    ticket.assign(AGENT, at=LATER)
    assert (ticket.status, ticket.assignee) == (Status.OPEN, AGENT)


@pytest.mark.parametrize("status", ["OPEN", "RESOLVED", "CLOSED"])
def test_assignment_leaves_other_states_alone(status: str) -> None:
    ticket = ticket_in(status)
    ticket.assign(AGENT, at=LATER)
    assert (names(ticket), ticket.status) == (["assigned"], status)


def test_assigning_to_the_same_agent_records_nothing() -> None:
    ticket = open_ticket()
    ticket.assign(AGENT, at=LATER)
    recorded(ticket)
    ticket.assign(AGENT, at=LATER)
    assert recorded(ticket) == []
    ticket.assign(OTHER_AGENT, at=LATER)
    assert recorded(ticket)[0].previous == AGENT  # type: ignore[attr-defined]


def test_what_is_nobodys_is_given_back_without_a_record() -> None:
    ticket = open_ticket()
    ticket.assign(AGENT, at=LATER)
    recorded(ticket)
    ticket.unassign(at=LATER)
    ticket.unassign(at=LATER)
    assert (names(ticket), ticket.assignee) == (["unassigned"], None)


def test_spam_is_nobodys_work() -> None:
    with pytest.raises(TicketIsSpam):
        ticket_in("SPAM").assign(AGENT, at=LATER)


def test_a_ticket_goes_to_another_team_once() -> None:
    ticket = ticket_in("OPEN")
    for _ in range(2):
        ticket.transfer_to_queue(queue_id("network"), at=LATER)
    assert (names(ticket), ticket.queue) == (["transferred_to_queue"], queue_id("network"))


def test_a_transfer_is_told_to_the_old_organisation_as_leaving_and_to_the_new_one_as_arrival() -> None:
    ticket = open_ticket()
    ticket.transfer_to_organisation(GLOBEX, at=LATER)
    events = recorded(ticket)
    left, arrived = events[-2:]
    assert isinstance(left, TicketLeftOrganisation)
    assert isinstance(arrived, TicketTransferredToOrganisation)
    assert [ticket.audience(event) for event in events] == [ACME, ACME, ACME, GLOBEX]
    assert (ticket.organisation, arrived.previous) == (GLOBEX, ACME)


def test_the_ticket_of_a_stranger_is_placed_without_leaving_anybody() -> None:
    ticket = open_ticket(organisation=None)
    ticket.transfer_to_organisation(ACME, at=LATER)
    events = recorded(ticket)
    assert [ticket.audience(event) for event in events] == [None, None, ACME]


def test_a_transfer_to_where_it_is_records_nothing() -> None:
    ticket = ticket_in("OPEN")
    ticket.transfer_to_organisation(ACME, at=LATER)
    assert names(ticket) == []


def test_a_transfer_ends_the_ties_to_the_old_organisation() -> None:
    ticket, other = open_ticket(), open_ticket()
    ticket.link(other, LinkKind.RELATED, at=MONDAY)
    ticket.watch(COLLEAGUE, at=MONDAY)
    recorded(ticket)
    ticket.transfer_to_organisation(GLOBEX, at=LATER)
    assert names(ticket) == ["unlinked", "unwatched", "left_organisation", "transferred_to_organisation"]


def test_a_ticket_that_took_in_others_stays_in_its_organisation() -> None:
    ticket, other = open_ticket(), open_ticket()
    other.merge(ticket, at=MONDAY)
    with pytest.raises(HasMergedTickets):
        ticket.transfer_to_organisation(GLOBEX, at=LATER)
    other.unmerge(ticket, at=LATER)
    ticket.transfer_to_organisation(GLOBEX, at=LATER)
    assert ticket.organisation == GLOBEX


def test_watching_twice_or_ending_what_was_not_records_nothing() -> None:
    ticket = ticket_in("OPEN")
    ticket.unwatch(COLLEAGUE, at=LATER)
    ticket.unwatch_as_staff(AGENT, at=LATER)
    for _ in range(2):
        ticket.watch(COLLEAGUE, at=LATER)
        ticket.watch_as_staff(AGENT, at=LATER)
    for _ in range(2):
        ticket.unwatch(COLLEAGUE, at=LATER)
        ticket.unwatch_as_staff(AGENT, at=LATER)
    assert names(ticket) == ["watched", "staff_watched", "unwatched", "staff_unwatched"]


def test_what_staff_do_among_themselves_moves_nothing_a_customer_sees() -> None:
    ticket = open_ticket()
    seen = ticket.visible_version
    recorded(ticket)
    note(ticket)
    ticket.tag("hardware", at=LATER)
    ticket.untag("hardware", at=LATER)
    ticket.watch_as_staff(AGENT, at=LATER)
    ticket.unwatch_as_staff(AGENT, at=LATER)
    ticket.escalate(EscalationTarget.ON_CALL, at=LATER)
    assert ticket.visible_version == seen
    assert {event.CLASS for event in recorded(ticket)} == {Classification.RESTRICTED}


def test_help_is_called_as_often_as_needed_while_work_goes_on() -> None:
    ticket = ticket_in("OPEN")
    for level in (1, 2):
        ticket.escalate(EscalationTarget.ON_CALL, at=LATER, level=level)
    assert names(ticket) == ["escalated", "escalated"]
    for status in ("RESOLVED", "CLOSED", "SPAM"):
        with pytest.raises(InvalidTransition):
            ticket_in(status).escalate(EscalationTarget.ON_CALL, at=LATER)
    with pytest.raises(ValidationFailed):
        ticket.escalate(EscalationTarget.ON_CALL, at=LATER, level=0)


def test_the_requester_rates_a_resolution_once() -> None:
    ticket = ticket_in("RESOLVED")
    ticket.rate(5, at=LATER, by=REQUESTER, comment="Quick!")
    with pytest.raises(AlreadyRated):
        ticket.rate(1, at=LATER, by=REQUESTER)
    (rated,) = recorded(ticket)
    assert (rated.episode, rated.comment.value, rated.comment.of) == (1, "Quick!", REQUESTER)  # type: ignore[attr-defined]


def test_every_episode_has_a_rating_of_its_own() -> None:
    ticket = ticket_in("RESOLVED")
    ticket.rate(1, at=LATER, by=REQUESTER, comment="  ")
    ticket.reopen(at=LATER, because=ReopenCause.CUSTOMER)
    with pytest.raises(NothingToRate):
        ticket.rate(1, at=LATER, by=REQUESTER)
    resolve(ticket, at=LATER)
    ticket.rate(4, at=LATER + DAY, by=REQUESTER)
    assert ticket.rated == {1, 2}


def test_only_the_requester_rates_and_only_a_resolution() -> None:
    with pytest.raises(OnlyRequesterRates):
        ticket_in("RESOLVED").rate(5, at=LATER, by=COLLEAGUE)
    for status in ("OPEN", "CLOSED"):
        with pytest.raises(NothingToRate):
            ticket_in(status).rate(5, at=LATER, by=REQUESTER)


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_score_lies_between_one_and_five(score: int) -> None:
    with pytest.raises(ValidationFailed) as refused:
        ticket_in("RESOLVED").rate(score, at=LATER, by=REQUESTER)
    assert (refused.value.problem, refused.value.path) == ("OUT_OF_RANGE", ("input", "score"))


def test_a_merged_ticket_takes_nobody() -> None:
    ticket = ticket_in("MERGED")
    commands: list[Callable[[Ticket], None]] = [
        lambda it: it.assign(AGENT, at=LATER),
        lambda it: it.unassign(at=LATER),
        lambda it: it.transfer_to_queue(queue_id("network"), at=LATER),
        lambda it: it.transfer_to_organisation(GLOBEX, at=LATER),
        lambda it: it.watch(COLLEAGUE, at=LATER),
        lambda it: it.unwatch(COLLEAGUE, at=LATER),
        lambda it: it.watch_as_staff(AGENT, at=LATER),
        lambda it: it.unwatch_as_staff(AGENT, at=LATER),
        lambda it: it.escalate(EscalationTarget.ON_CALL, at=LATER),
        lambda it: it.rate(5, at=LATER, by=REQUESTER),
    ]
    for command in commands:
        with pytest.raises(TicketIsMerged):
            command(ticket)
    assert names(ticket) == []

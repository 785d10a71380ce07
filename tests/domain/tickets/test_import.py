"""History that came from another system."""

from __future__ import annotations

from datetime import datetime

import pytest

from domain.errors import ValidationFailed
from domain.tickets.refusals import TicketIsMerged
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import ExternalRef, ExternalSystem
from tests.domain.tickets.builders import DAY, HOUR, MONDAY, names, open_ticket, receive, recorded, reply, ticket_in

THEN = MONDAY - 900 * DAY


def bring(
    ticket: Ticket, *, entries: int = 2, external: str = "4711", from_: datetime = THEN, to: datetime = THEN + DAY
) -> None:
    ticket.import_history(at=MONDAY, system=ExternalSystem.RT, external=external, entries=entries, from_=from_, to=to)


def test_imported_entries_keep_their_original_times_and_promise_nothing() -> None:
    ticket = open_ticket(at=THEN, body=None, external=[ExternalRef(ExternalSystem.RT, "4711")])
    receive(ticket, at=THEN)
    reply(ticket, at=THEN + DAY)
    bring(ticket)
    events = recorded(ticket)
    assert [event.timestamp for event in events] == [THEN, THEN, THEN + DAY, THEN + DAY, MONDAY]
    assert ticket.clocks.clocks == {}


def test_the_same_import_again_records_nothing_and_a_later_one_does() -> None:
    ticket = ticket_in("OPEN")
    bring(ticket)
    bring(ticket)
    bring(ticket, entries=3, to=THEN + DAY + HOUR)
    assert names(ticket) == ["history_imported", "history_imported"]


def test_an_import_has_bounds_that_can_be() -> None:
    ticket = ticket_in("OPEN")
    with pytest.raises(ValidationFailed):
        bring(ticket, entries=-1)
    with pytest.raises(ValidationFailed):
        bring(ticket, from_=THEN + 2 * DAY)
    with pytest.raises(ValidationFailed):
        bring(ticket, external="")
    with pytest.raises(ValidationFailed):
        open_ticket(external=[ExternalRef(ExternalSystem.RT, "\x00")])
    assert names(ticket) == []


def test_nothing_is_imported_into_a_merged_ticket() -> None:
    with pytest.raises(TicketIsMerged):
        bring(ticket_in("MERGED"))

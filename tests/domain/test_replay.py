"""Replaying takes the next event of a stream and no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from eventsourcing.domain import OriginatorIDError, OriginatorVersionError

from domain.event import DomainEvent
from domain.tickets.events import TicketAssigned, TicketOpened
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import Channel, Priority, TicketKind

AT = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
STREAM, AGENT = uuid4(), uuid4()


def opened() -> Ticket:
    ticket = Ticket.open(
        id=STREAM,
        at=AT,
        ref="10001",
        kind=TicketKind.REQUEST,
        subject="Which cable?",
        requester=uuid4(),
        queue=uuid4(),
        channel=Channel.PORTAL,
        priority=Priority.NORMAL,
    )
    (first,) = (event for event in ticket.collect_events() if isinstance(event, TicketOpened))
    replayed = first.mutate(None)
    assert isinstance(replayed, Ticket)
    assert vars(replayed) | {"clocks": None} == vars(ticket) | {"clocks": None}
    return replayed


def assigned(stream: UUID, version: int) -> DomainEvent:
    return TicketAssigned(originator_id=stream, originator_version=version, timestamp=AT + timedelta(hours=1), agent=AGENT)


@pytest.mark.parametrize("stream", [STREAM, UUID(int=STREAM.int)], ids=["the same object", "an equal one"])
def test_the_next_event_is_taken_with_its_version_and_time(stream: UUID) -> None:
    ticket = opened()
    assert assigned(stream, 2).mutate(ticket) is ticket
    assert (ticket.assignee, ticket.version, ticket.modified_on) == (AGENT, 2, AT + timedelta(hours=1))


@pytest.mark.parametrize("version", [0, 1, 3])
def test_an_event_out_of_turn_is_refused_and_changes_nothing(version: int) -> None:
    ticket = opened()
    with pytest.raises(OriginatorVersionError):
        assigned(STREAM, version).mutate(ticket)
    assert (ticket.assignee, ticket.version) == (None, 1)


def test_an_event_of_another_stream_is_refused() -> None:
    ticket = opened()
    with pytest.raises(OriginatorIDError):
        assigned(uuid4(), 2).mutate(ticket)
    assert ticket.assignee is None


def test_a_stream_does_not_begin_with_any_event() -> None:
    with pytest.raises(AssertionError):
        assigned(STREAM, 1).mutate(None)

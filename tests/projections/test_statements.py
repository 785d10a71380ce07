"""What handlers say: statements alone, looked at without a database."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.event import Classification, DomainEvent, Personal
from domain.tickets import events
from domain.tickets.events import (
    TicketEscalated,
    TicketInternalNoteAdded,
    TicketMessageReceived,
    TicketMessageRedacted,
    TicketOpened,
    TicketPriorityChanged,
    TicketTagged,
)
from domain.tickets.vocabulary import Channel, EscalationTarget, Priority, RedactionReason, TicketKind
from projections.all import ALL
from projections.database import Statement
from projections.projection import Envelope, Projection
from projections.ticket_timeline import ticket_timeline
from projections.tickets import tickets
from projections.timeline_changes import as_text
from projections.timeline_entries import entry_id

TICKET, PERSON, ENTRY, AGENT = (UUID(int=n) for n in (1, 2, 3, 4))
AT = datetime(2026, 7, 1, 12, tzinfo=UTC)


def envelope(kind: type[DomainEvent], version: int = 7) -> Envelope:
    return Envelope(
        1, 100 + version, TICKET, version, kind.CLASS, None, AT, AT + timedelta(seconds=1), "user", AGENT, UUID(int=9), None
    )


def said(what: type[DomainEvent], /, **fields: Any) -> Any:
    if issubclass(what, TicketOpened):
        fields["originator_topic"] = "ticket"
    return what(originator_id=TICKET, originator_version=7, timestamp=AT, **fields)


def statements(projection: Projection, event: DomainEvent) -> list[Statement]:
    return list(projection.statements(event, envelope(type(event))))


ALL_EVENTS = [getattr(events, name) for name in events.__all__]
RESTRICTED = [kind for kind in ALL_EVENTS if kind.CLASS is Classification.RESTRICTED]


def test_a_tag_touches_the_staff_row_alone() -> None:
    ((sql, arguments),) = statements(tickets, said(TicketTagged, tag="vip"))
    assert sql.startswith("UPDATE ticket_staff SET version = $3, updated_at = greatest(updated_at, $2), tags = ")
    assert arguments == (TICKET, AT, 7, "vip")


def test_what_customers_see_counts_for_them_and_for_staff() -> None:
    (seen, staff) = statements(tickets, said(TicketPriorityChanged, priority=Priority.HIGH, previous=Priority.LOW))
    assert seen[0] == (
        "UPDATE tickets SET version = version + 1, updated_at = greatest(updated_at, $2), priority = $3, priority_rank = $4 WHERE id = $1"
    )
    assert seen[1] == (TICKET, AT, "HIGH", 2)
    assert staff == (
        "UPDATE ticket_staff SET version = $3, updated_at = greatest(updated_at, $2) WHERE ticket = $1",
        (TICKET, AT, 7),
    )


@pytest.mark.parametrize("kind", ALL_EVENTS, ids=lambda kind: str(kind.TOPIC))
def test_every_event_of_a_ticket_moves_the_ticket(kind: type[DomainEvent]) -> None:
    assert kind in tickets.events


@pytest.mark.parametrize("kind", RESTRICTED, ids=lambda kind: str(kind.TOPIC))
def test_what_is_restricted_is_written_into_staff_tables_only(kind: type[DomainEvent]) -> None:
    examples: dict[str, Any] = {
        "tag": "t",
        "key": "k",
        "value": Personal("v", of=PERSON),
        "entry": ENTRY,
        "body": Personal("b", of=PERSON, key=ENTRY),
        "agent": AGENT,
        "target": EscalationTarget.ON_CALL if kind is TicketEscalated else ENTRY,
        "due_at": AT,
        "attachment": ENTRY,
        "result": "CLEAN",
        "reason": RedactionReason.SECRET,
    }
    fields = {name: examples[name] for name in kind.__dataclass_fields__ if name in examples}
    written = set()
    for projection in ALL:
        for sql, _ in statements(projection, said(kind, **fields)):
            written |= set(re.findall(r"(?:INSERT INTO|(?<!DO )UPDATE|DELETE FROM) (\w+)", sql))
            assert set(re.findall(r"(?:FROM|JOIN) (\w+)", sql)) <= projection.staff_tables
        assert written <= frozenset().union(*(each.staff_tables for each in ALL))
    assert written


def test_an_entry_has_its_words_folded_and_its_person_beside_it() -> None:
    message = said(
        TicketMessageReceived,
        entry=ENTRY,
        author=PERSON,
        channel=Channel.EMAIL,
        body=Personal("Écran noir", of=PERSON, key=ENTRY),
    )
    ((sql, arguments),) = statements(ticket_timeline, message)
    columns = sql[sql.index("(") + 1 : sql.index(")")].split(", ")
    row = dict(zip(columns, arguments, strict=True))
    assert (row["id"], row["ticket"], row["position"]) == (ENTRY, TICKET, 107)
    assert (row["body"], row["words"], row["subject"]) == ("Écran noir", "ecran noir", PERSON)
    assert (row["actor_kind"], row["actor"]) == ("app_user", PERSON)


def test_what_can_no_longer_be_read_is_null_and_keeps_its_person() -> None:
    gone = said(TicketInternalNoteAdded, entry=ENTRY, body=Personal(None, of=PERSON, key=ENTRY))
    ((sql, arguments),) = statements(ticket_timeline, gone)
    columns = sql[sql.index("(") + 1 : sql.index(")")].split(", ")
    row = dict(zip(columns, arguments, strict=True))
    assert (row["body"], row["words"], row["subject"]) == (None, None, PERSON)
    assert sql.startswith("INSERT INTO ticket_staff_entries(")


def test_a_redaction_takes_the_text_its_words_and_the_names_of_its_files() -> None:
    (text, files) = statements(ticket_timeline, said(TicketMessageRedacted, entry=ENTRY, reason=RedactionReason.SECRET))
    assert text[0] == "UPDATE ticket_entries SET body = NULL, words = NULL, redacted_at = $3 WHERE id = $2 AND ticket = $1"
    assert files[0] == "UPDATE ticket_attachments SET file_name = NULL WHERE entry = $2 AND ticket = $1"


def test_an_entry_without_an_id_of_its_own_gets_one_from_its_event() -> None:
    opened = said(
        TicketOpened,
        ref="10001",
        kind=TicketKind.REQUEST,
        subject=Personal("Hi", of=PERSON),
        requester=PERSON,
        queue=AGENT,
        priority=Priority.LOW,
        channel=Channel.API,
    )
    first = statements(ticket_timeline, opened)[0]
    assert first == statements(ticket_timeline, opened)[0]
    assert first[1][0] == entry_id(TICKET, 7)
    assert entry_id(TICKET, 7) != entry_id(TICKET, 8)
    ((_, row), (_, staff)) = statements(tickets, opened)
    assert row[2] == staff[1] == PERSON  # unplaced: its requester is its audience
    placed = replace(opened, organisation=AGENT)
    assert statements(tickets, placed)[0][1][2] == AGENT


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (2.0, "2"), (2.5, "2.5"), (1e300, "1e+300"), (("x", "y"), "x, y"), (None, None), (123456789.0, "123456789")],
)
def test_a_field_is_shown_on_a_line(value: Any, text: str | None) -> None:
    assert as_text(value) == text


def test_every_projection_writes_under_a_name_of_its_own() -> None:
    names = [name for each in ALL for name in re.findall(r"CREATE TABLE (\w+)", each.tables)]
    assert len(names) == len(set(names))
    assert all("now()" not in each.tables and "random" not in each.tables for each in ALL)

"""How a ticket is sorted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from domain.errors import ValidationFailed
from domain.event import Classification, Personal
from domain.policies import FieldDefinition, FieldType
from domain.tickets.refusals import TicketIsMerged
from domain.tickets.vocabulary import FieldValue, Priority, Severity, TicketKind
from tests.domain.tickets.builders import HOUR, MONDAY, REGION, REQUESTER, ROOT_CAUSE, names, open_ticket, recorded, ticket_in

LATER = MONDAY + HOUR
COST = FieldDefinition("cost", "Cost", FieldType.NUMBER)
DEADLINE = FieldDefinition("deadline", "Deadline", FieldType.DATE)
NODE = FieldDefinition("node", "Node", FieldType.TEXT)


def test_a_priority_it_has_records_nothing() -> None:
    ticket = ticket_in("OPEN")
    ticket.change_priority(Priority.NORMAL, at=LATER)
    ticket.change_priority(Priority.URGENT, at=LATER)
    (changed,) = recorded(ticket)
    assert (changed.priority, changed.previous) == (Priority.URGENT, Priority.NORMAL)  # type: ignore[attr-defined]


def test_an_incident_has_a_severity_and_a_request_has_none() -> None:
    incident = ticket_in("OPEN")
    for _ in range(2):
        incident.change_severity(Severity.MAJOR, at=LATER)
    assert names(incident) == ["severity_changed"]
    request = open_ticket(kind=TicketKind.REQUEST)
    with pytest.raises(ValidationFailed) as refused:
        request.change_severity(Severity.MAJOR, at=LATER)
    assert (refused.value.problem, refused.value.path) == ("NOT_ALLOWED", ("input", "severity"))
    with pytest.raises(ValidationFailed) as refused:
        open_ticket(kind=TicketKind.REQUEST, severity=Severity.MINOR)
    assert refused.value.path == ("input", "ticket", "severity")


def test_a_tag_is_put_on_once_whatever_its_letters() -> None:
    ticket = ticket_in("OPEN")
    for tag in ("Hardware", " hardware ", "HARDWARE"):
        ticket.tag(tag, at=LATER)
    assert (names(ticket), ticket.tags) == (["tagged"], {"hardware"})
    for _ in range(2):
        ticket.untag("hardware", at=LATER)
    assert names(ticket) == ["untagged"]


@pytest.mark.parametrize(
    ("tag", "problem"),
    [("", "REQUIRED"), ("two words", "BAD_FORMAT"), ("-x", "BAD_FORMAT"), ("x" * 51, "TOO_LONG"), ("a\x00", "UNSAFE")],
)
def test_a_tag_has_a_form(tag: str, problem: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        open_ticket().tag(tag, at=LATER)
    assert (refused.value.problem, refused.value.path) == (problem, ("input", "tag"))


@pytest.mark.parametrize("tag", ["hardware", "fejl-på-node", "region:north", "v1.2_beta", "team/net"])
def test_a_tag_may_look_like_this(tag: str) -> None:
    ticket = open_ticket()
    ticket.tag(tag, at=LATER)
    assert ticket.tags == {tag}


def test_a_ticket_has_a_bounded_number_of_tags() -> None:
    ticket = open_ticket()
    for number in range(100):
        ticket.tag(f"t{number}", at=LATER)
    with pytest.raises(ValidationFailed):
        ticket.tag("one-more", at=LATER)
    ticket.tag("t7", at=LATER)


@pytest.mark.parametrize(
    ("definition", "value", "kept"),
    [
        (NODE, "node 7", "node 7"),
        (COST, 3, 3.0),
        (COST, -2.5, -2.5),
        (DEADLINE, "2028-02-29", "2028-02-29"),
        (DEADLINE, date(2026, 7, 1), "2026-07-01"),
        (REGION, ("south", "north", "south"), ("south", "north")),
    ],
)
def test_a_field_takes_values_of_its_type(definition: FieldDefinition, value: FieldValue | date, kept: FieldValue) -> None:
    ticket = ticket_in("OPEN")
    for _ in range(2):
        ticket.set_field(definition, value, at=LATER)
    (event,) = recorded(ticket)
    assert event.value == Personal(kept, of=REQUESTER)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("definition", "value", "problem"),
    [
        (NODE, 7, "BAD_FORMAT"),
        (NODE, "", "REQUIRED"),
        (NODE, "x" * 1001, "TOO_LONG"),
        (NODE, "\x1b[2J", "UNSAFE"),
        (COST, "3", "BAD_FORMAT"),
        (COST, True, "BAD_FORMAT"),
        (COST, float("nan"), "OUT_OF_RANGE"),
        (COST, float("inf"), "OUT_OF_RANGE"),
        (DEADLINE, "2027-02-29", "BAD_FORMAT"),
        (DEADLINE, "soon", "BAD_FORMAT"),
        (DEADLINE, MONDAY, "BAD_FORMAT"),
        (REGION, (), "REQUIRED"),
        (REGION, ("east",), "NOT_ALLOWED"),
        (REGION, "north", "BAD_FORMAT"),
    ],
)
def test_a_field_refuses_what_is_not_of_its_type(definition: FieldDefinition, value: FieldValue, problem: str) -> None:
    ticket = ticket_in("OPEN")
    with pytest.raises(ValidationFailed) as refused:
        ticket.set_field(definition, value, at=LATER)
    assert (refused.value.problem, refused.value.path) == (problem, ("input", "field", "value"))
    assert names(ticket) == []


def test_a_field_is_emptied_once() -> None:
    ticket = ticket_in("OPEN")
    ticket.set_field(NODE, None, at=LATER)
    ticket.set_field(NODE, "node 7", at=LATER)
    ticket.set_field(NODE, None, at=LATER)
    ticket.set_field(NODE, None, at=LATER)
    assert [event.value for event in recorded(ticket)] == [Personal("node 7", of=REQUESTER), None]  # type: ignore[attr-defined]


def test_a_staff_field_is_told_to_staff_alone() -> None:
    ticket = open_ticket()
    seen = ticket.visible_version
    ticket.set_field(ROOT_CAUSE, "A full disk", at=LATER)
    assert (recorded(ticket)[-1].CLASS, ticket.visible_version) == (Classification.RESTRICTED, seen)


def test_a_merged_ticket_is_not_sorted_any_more() -> None:
    ticket = ticket_in("MERGED")
    commands: list[Callable[[], None]] = [
        lambda: ticket.change_priority(Priority.LOW, at=LATER),
        lambda: ticket.change_severity(Severity.MINOR, at=LATER),
        lambda: ticket.tag("x", at=LATER),
        lambda: ticket.untag("x", at=LATER),
        lambda: ticket.set_field(NODE, "7", at=LATER),
    ]
    for command in commands:
        with pytest.raises(TicketIsMerged):
            command()


@pytest.mark.parametrize(
    ("subject", "problem"),
    [
        ("", "REQUIRED"),
        ("   ", "REQUIRED"),
        ("x" * 251, "TOO_LONG"),
        ("two\nlines", "BAD_FORMAT"),
        ("\x00", "UNSAFE"),
        ("\udfff", "UNSAFE"),
    ],
)
def test_a_subject_is_one_line_of_at_most_250_characters(subject: str, problem: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        open_ticket(subject=subject)
    assert (refused.value.problem, refused.value.path) == (problem, ("input", "ticket", "subject"))


def test_a_subject_is_trimmed_before_it_is_measured() -> None:
    assert open_ticket(subject="  " + "x" * 250 + "\n").subject == "x" * 250

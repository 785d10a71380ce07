"""What is said on a ticket, and what it does to the state."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import InvalidTransition, ValidationFailed
from domain.event import Classification, Personal
from domain.tickets.events import TicketInternalNoteAdded, TicketMessageReceived, TicketPhoneCallLogged, TicketReplySent
from domain.tickets.refusals import (
    AttachmentExists,
    AttachmentNotFound,
    EntryExists,
    EntryNotFound,
    ReopenWindowPassed,
    TicketIsMerged,
    TicketIsResolved,
    TicketIsSpam,
)
from domain.tickets.status import Status
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import AfterReply, Direction, RedactionReason, ScanResult
from tests.domain.tickets.builders import (
    COLLEAGUE,
    DAY,
    HOUR,
    MONDAY,
    REQUESTER,
    WINDOW,
    a_file,
    an_id,
    names,
    note,
    open_ticket,
    receive,
    recorded,
    reply,
    ticket_in,
)


def call(ticket: Ticket, *, minutes: float = 5, by_human: bool = True, direction: Direction = Direction.OUTBOUND) -> None:
    ticket.log_phone_call(
        at=MONDAY + HOUR,
        entry=an_id(),
        direction=direction,
        contact=REQUESTER,
        started_at=MONDAY,
        duration=timedelta(minutes=minutes),
        summary="They restarted the node.",
        by_human=by_human,
    )


@pytest.mark.parametrize(
    ("status", "then"),
    [
        ("NEW", "NEW"),
        ("OPEN", "OPEN"),
        ("PENDING_CUSTOMER", "OPEN"),
        ("ON_HOLD", "OPEN"),
        ("SNOOZED", "OPEN"),
        ("SPAM", "SPAM"),
    ],
)
def test_a_customers_message_makes_a_waiting_ticket_open(status: str, then: str) -> None:
    ticket = ticket_in(status)
    receive(ticket)
    assert ticket.status == then


def test_a_customers_message_wakes_what_sleeps() -> None:
    ticket = ticket_in("SNOOZED")
    receive(ticket)
    assert names(ticket) == ["message_received", "woken"]


@pytest.mark.parametrize("status", ["RESOLVED", "CLOSED"])
def test_a_customers_message_reopens_within_the_window(status: str) -> None:
    ticket = ticket_in(status)
    receive(ticket, at=MONDAY + WINDOW)
    assert (ticket.status, names(ticket)) == (Status.OPEN, ["reopened", "message_received"])


@pytest.mark.parametrize("status", ["RESOLVED", "CLOSED"])
def test_a_customers_message_after_the_window_is_refused_for_a_follow_up(status: str) -> None:
    ticket = ticket_in(status)
    with pytest.raises(ReopenWindowPassed):
        receive(ticket, at=MONDAY + WINDOW + HOUR)
    assert names(ticket) == []


def test_the_same_mail_again_records_nothing() -> None:
    ticket = open_ticket()
    entry = an_id()
    for _ in range(2):
        ticket.ingest_email(at=MONDAY, entry=entry, author=REQUESTER, body="Hello")
    assert names(ticket) == ["opened", "message_received", "message_received"]


@pytest.mark.parametrize("status", ["NEW", "OPEN", "PENDING_CUSTOMER", "ON_HOLD", "SNOOZED"])
def test_a_staff_reply_makes_a_ticket_open(status: str) -> None:
    ticket = ticket_in(status)
    reply(ticket)
    assert ticket.status is Status.OPEN


def test_a_staff_reply_leaves_an_ended_ticket_ended() -> None:
    for status in ("RESOLVED", "CLOSED"):
        ticket = ticket_in(status)
        reply(ticket)
        assert ticket.status == status


def test_a_reply_may_say_what_then() -> None:
    waiting, resolved = ticket_in("NEW"), ticket_in("OPEN")
    reply(waiting, then=AfterReply.AWAIT_CUSTOMER)
    reply(resolved, then=AfterReply.RESOLVE)
    assert (waiting.status, resolved.status) == (Status.PENDING_CUSTOMER, Status.RESOLVED)
    assert names(waiting) == ["reply_sent", "customer_awaited"]


def test_a_reply_whose_state_is_refused_is_not_sent() -> None:
    ticket = ticket_in("RESOLVED")
    with pytest.raises(TicketIsResolved):
        reply(ticket, then=AfterReply.AWAIT_CUSTOMER)
    with pytest.raises(InvalidTransition):
        reply(ticket, then=AfterReply.RESOLVE)
    assert names(ticket) == []


def test_a_reply_that_resolves_needs_a_window_that_can_be() -> None:
    ticket = open_ticket()
    recorded(ticket)
    for until in (None, MONDAY - DAY):
        with pytest.raises(ValidationFailed):
            ticket.send_reply(
                at=MONDAY, entry=an_id(), body="Done", by_human=True, then=AfterReply.RESOLVE, reopenable_until=until
            )
    assert recorded(ticket) == []


def test_nobody_answers_spam() -> None:
    ticket = ticket_in("SPAM")
    with pytest.raises(TicketIsSpam):
        reply(ticket)
    with pytest.raises(TicketIsSpam):
        call(ticket)


def test_the_first_human_reply_is_the_first_response_and_no_other() -> None:
    ticket = open_ticket()
    reply(ticket, "We received your message.", by_human=False)
    note(ticket)
    call(ticket, minutes=0)
    call(ticket, by_human=False)
    reply(ticket)
    reply(ticket)
    call(ticket)
    said = [event for event in recorded(ticket) if isinstance(event, TicketReplySent | TicketPhoneCallLogged)]
    assert [event.first_response for event in said] == [False, False, False, True, False, False]


def test_a_call_with_somebody_is_a_first_response() -> None:
    ticket = open_ticket()
    call(ticket)
    assert ticket.first_responded_at == MONDAY + HOUR
    assert ticket.status is Status.OPEN


def test_an_automatic_reply_changes_no_state() -> None:
    ticket = ticket_in("PENDING_CUSTOMER")
    reply(ticket, by_human=False)
    assert (ticket.status, ticket.first_responded_at) == (Status.PENDING_CUSTOMER, None)


@pytest.mark.parametrize(
    ("started_at", "duration", "path"),
    [
        (MONDAY + 2 * HOUR, HOUR, "startedAt"),
        (MONDAY - 400 * DAY, HOUR, "startedAt"),
        ((MONDAY - HOUR).replace(tzinfo=None), HOUR, "startedAt"),
        (MONDAY, -HOUR, "duration"),
        (MONDAY, 25 * HOUR, "duration"),
    ],
)
def test_a_call_takes_place_before_it_is_written_down(started_at: object, duration: timedelta, path: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        open_ticket().log_phone_call(
            at=MONDAY + HOUR,
            entry=an_id(),
            direction=Direction.INBOUND,
            contact=REQUESTER,
            started_at=started_at,  # type: ignore[arg-type]
            duration=duration,
            summary="They called.",
        )
    assert refused.value.path == ("input", path)


def test_a_note_is_for_staff_and_moves_nothing_a_customer_sees() -> None:
    ticket = open_ticket()
    seen = ticket.visible_version
    note(ticket)
    (event,) = [event for event in recorded(ticket) if isinstance(event, TicketInternalNoteAdded)]
    assert event.CLASS is Classification.RESTRICTED
    assert (ticket.version, ticket.visible_version) == (seen + 1, seen)
    assert ticket.status is Status.NEW


def test_text_is_sealed_for_the_requester_whoever_wrote_it() -> None:
    ticket = open_ticket()
    entry = receive(ticket, author=COLLEAGUE, files=(a_file(),))
    answer, said = reply(ticket), note(ticket)
    message, sent, noted = (
        event
        for event in recorded(ticket)[2:]
        if isinstance(event, TicketMessageReceived | TicketReplySent | TicketInternalNoteAdded)
    )
    assert [event.body.of for event in (message, sent, noted)] == [REQUESTER] * 3
    assert [event.body.key for event in (message, sent, noted)] == [entry, answer, said]
    assert message.attachments[0].file_name == Personal("trace.pcap", of=REQUESTER, key=entry)


def test_an_entry_is_said_once() -> None:
    ticket = open_ticket()
    entry = receive(ticket)
    with pytest.raises(EntryExists):
        receive(ticket, entry=entry)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "REQUIRED"),
        (" \n\t ", "REQUIRED"),
        ("\u200b\ufeff", "REQUIRED"),
        ("a" * 100_001, "TOO_LONG"),
        ("a" * 10_000_000, "TOO_LONG"),
        ("nul\x00", "UNSAFE"),
        ("bell\x07", "UNSAFE"),
        ("c1\x85", "UNSAFE"),
        ("del\x7f", "UNSAFE"),
        ("lone \ud800 surrogate", "UNSAFE"),
    ],
)
def test_unusable_text_is_refused_wherever_it_is_said(body: str, problem: str) -> None:
    ticket = open_ticket()
    recorded(ticket)
    for say in (receive, reply, note):
        with pytest.raises(ValidationFailed) as refused:
            say(ticket, body)
        assert (refused.value.problem, refused.value.path) == (problem, ("input", "body"))
    assert recorded(ticket) == []


def test_text_of_the_greatest_length_is_taken_and_its_line_endings_are_made_one() -> None:
    ticket = open_ticket()
    recorded(ticket)
    receive(ticket, "å" * 100_000)
    receive(ticket, "one\r\ntwo\rthree\tfour")
    receive(ticket, "\U0001fae9")  # an emoji younger than Python 3.11
    assert [event.body.value[:14] for event in recorded(ticket)] == ["å" * 14, "one\ntwo\nthree\t", "\U0001fae9"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (a_file("../etc/passwd"), "UNSAFE"),
        (a_file("a\nb"), "BAD_FORMAT"),
        (a_file(""), "REQUIRED"),
        (a_file("x" * 256), "TOO_LONG"),
        (a_file(content_type="html"), "BAD_FORMAT"),
        (a_file(byte_size=-1), "OUT_OF_RANGE"),
        (a_file(byte_size=101 * 1024 * 1024), "OUT_OF_RANGE"),
        (a_file(sha256="0"), "BAD_FORMAT"),
    ],
)
def test_an_unusable_file_is_refused(file: object, problem: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        receive(open_ticket(), files=(a_file(), file))  # type: ignore[arg-type]
    assert (refused.value.problem, refused.value.path) == (problem, ("input", "attachmentIds", "1"))


def test_a_file_is_attached_once() -> None:
    ticket, file = open_ticket(), a_file()
    ticket.add_attachment(file, at=MONDAY, entry=an_id())
    with pytest.raises(AttachmentExists):
        ticket.add_attachment(file, at=MONDAY, entry=an_id())
    with pytest.raises(AttachmentExists):
        receive(ticket, files=(file,))
    with pytest.raises(ValidationFailed):
        receive(ticket, files=(same := a_file(), same))


def test_a_scan_is_recorded_until_it_says_something_else() -> None:
    ticket, file = open_ticket(), a_file()
    receive(ticket, files=(file,))
    recorded(ticket)
    for result in (ScanResult.CLEAN, ScanResult.CLEAN, ScanResult.INFECTED):
        ticket.record_scan(file.id, result, at=MONDAY)
    assert names(ticket) == ["attachment_scanned", "attachment_scanned"]
    with pytest.raises(AttachmentNotFound):
        ticket.record_scan(an_id(), ScanResult.CLEAN, at=MONDAY)


def test_the_scan_of_a_notes_file_is_told_to_staff_alone() -> None:
    ticket, file = open_ticket(), a_file()
    note(ticket, files=(file,))
    seen = ticket.visible_version
    ticket.record_scan(file.id, ScanResult.CLEAN, at=MONDAY)
    assert (recorded(ticket)[-1].CLASS, ticket.visible_version) == (Classification.RESTRICTED, seen)


def test_a_redacted_entry_stays_redacted_and_a_notes_redaction_is_told_to_staff_alone() -> None:
    ticket = open_ticket()
    message, written = receive(ticket), note(ticket)
    recorded(ticket)
    for _ in range(2):
        ticket.redact(message, RedactionReason.SECRET, at=MONDAY)
        ticket.redact(written, RedactionReason.PERSONAL_DATA, at=MONDAY)
    assert [(event.TOPIC, event.CLASS) for event in recorded(ticket)] == [
        ("ticket.message_redacted.v1", "confidential"),
        ("ticket.note_redacted.v1", "restricted"),
    ]
    with pytest.raises(EntryNotFound):
        ticket.redact(an_id(), RedactionReason.SECRET, at=MONDAY)


def test_a_merged_ticket_takes_nothing_that_is_said_but_lets_text_be_struck_out() -> None:
    target, ticket = open_ticket(), open_ticket()
    entry = receive(ticket)
    ticket.merge(target, at=MONDAY)
    recorded(ticket)
    for say in (receive, reply, note, call):
        with pytest.raises(TicketIsMerged):
            say(ticket)
    with pytest.raises(TicketIsMerged):
        ticket.add_attachment(a_file(), at=MONDAY, entry=an_id())
    assert recorded(ticket) == []
    ticket.redact(entry, RedactionReason.SECRET, at=MONDAY)
    assert names(ticket) == ["message_redacted"]


def test_what_came_to_a_merged_ticket_is_said_where_it_lives_on() -> None:
    target, merged = open_ticket(), ticket_in("MERGED")
    target.receive_message(
        at=MONDAY, entry=an_id(), author=REQUESTER, channel=target.channel, body="Still here", forwarded_from=merged.id
    )
    assert recorded(target)[-1].forwarded_from == merged.id  # type: ignore[attr-defined]

"""Tickets in every state, for tests that need one and do not care how it came to be so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.calendars import ALWAYS, Calendar, ServiceHours, Weekday, WeeklyHours
from domain.event import Aggregate, DomainEvent
from domain.policies import (
    FieldDefinition,
    FieldSetter,
    FieldType,
    Policies,
    Queue,
    SlaPolicy,
    SlaPolicyTarget,
    SlaTerms,
    queue_id,
)
from domain.tickets.files import NewFile
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import (
    AfterReply,
    Channel,
    CloseCause,
    HoldReason,
    Priority,
    Resolution,
    Severity,
    SlaMetric,
    TicketKind,
    Visibility,
)

MONDAY = datetime(2026, 6, 29, 9, 0, tzinfo=UTC)
"""A Monday, nine in the morning: when tickets are opened unless a test says otherwise."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WINDOW = timedelta(days=14)

REQUESTER = UUID("0199a1de-0001-7000-8000-000000000001")
COLLEAGUE = UUID("0199a1de-0001-7000-8000-000000000002")
AGENT = UUID("0198f00d-1111-7222-8333-444455556666")
OTHER_AGENT = UUID("0198f00d-1111-7222-8333-444455557777")
ACME = UUID("0198aaaa-0001-7000-8000-000000000001")
GLOBEX = UUID("0198aaaa-0001-7000-8000-000000000002")

OFFICE = Calendar(
    "office",
    "Europe/Copenhagen",
    ServiceHours.WEEKLY,
    tuple(WeeklyHours(day, "08:00", "16:00") for day in tuple(Weekday)[:5]),
)

REGION = FieldDefinition("region", "Region", FieldType.OPTIONS, options=("north", "south"), set_by=FieldSetter.CONTACT)
ROOT_CAUSE = FieldDefinition("root_cause", "Root cause", FieldType.TEXT, visibility=Visibility.STAFF)

POLICIES = Policies(
    queues=(Queue("support", "Support"), Queue("network", "Network")),
    default_queue="support",
    calendars=(ALWAYS, OFFICE),
    sla_policies=(
        SlaPolicy(
            "Base",
            "SUPPORT-iaas.base",
            ALWAYS.name,
            (
                SlaPolicyTarget(SlaMetric.FIRST_RESPONSE, Priority.NORMAL, 4 * HOUR),
                SlaPolicyTarget(SlaMetric.NEXT_RESPONSE, Priority.NORMAL, 8 * HOUR),
                SlaPolicyTarget(SlaMetric.RESOLUTION, Priority.NORMAL, 48 * HOUR),
                SlaPolicyTarget(SlaMetric.FIRST_RESPONSE, Priority.URGENT, HOUR),
                SlaPolicyTarget(SlaMetric.NEXT_RESPONSE, Priority.URGENT, 2 * HOUR),
                SlaPolicyTarget(SlaMetric.RESOLUTION, Priority.URGENT, 8 * HOUR),
                SlaPolicyTarget(SlaMetric.RESOLUTION, Priority.URGENT, 4 * HOUR, severity=Severity.CRITICAL),
            ),
        ),
    ),
    fields=(REGION, ROOT_CAUSE),
)


def terms() -> SlaTerms:
    """The promises of `POLICIES` to everybody."""
    found = POLICIES.terms()
    assert found is not None
    return found


def an_id() -> UUID:
    return uuid7()


def open_ticket(
    *,
    id: UUID | None = None,
    at: datetime = MONDAY,
    ref: str = "10482",
    kind: TicketKind = TicketKind.INCIDENT,
    subject: str = "No answer from the load balancer",
    requester: UUID = REQUESTER,
    organisation: UUID | None = ACME,
    queue: UUID | None = None,
    channel: Channel = Channel.PORTAL,
    promised: SlaTerms | None = None,
    body: str | None = "It answers with 502 since this morning.",
    **more: Any,
) -> Ticket:
    """A new ticket with its first message, nothing promised unless `promised` says so; `more` goes to `Ticket.open`."""
    ticket = Ticket.open(
        id=id or an_id(),
        at=at,
        ref=ref,
        kind=kind,
        subject=subject,
        requester=requester,
        organisation=organisation,
        queue=queue or queue_id("support"),
        channel=channel,
        terms=promised,
        **more,
    )
    if body is not None:
        receive(ticket, body, at=at, channel=channel, promised=promised)
    return ticket


def receive(
    ticket: Ticket,
    body: str = "Any news?",
    *,
    at: datetime = MONDAY + HOUR,
    author: UUID = REQUESTER,
    entry: UUID | None = None,
    channel: Channel = Channel.PORTAL,
    files: Sequence[NewFile] = (),
    promised: SlaTerms | None = None,
) -> UUID:
    """The customer writes. Returns the entry."""
    entry = entry or an_id()
    ticket.receive_message(at=at, entry=entry, author=author, channel=channel, body=body, files=files, terms=promised)
    return entry


def reply(
    ticket: Ticket,
    body: str = "We are looking into it.",
    *,
    at: datetime = MONDAY + HOUR,
    then: AfterReply = AfterReply.KEEP,
    by_human: bool = True,
    files: Sequence[NewFile] = (),
) -> UUID:
    """Staff write. Returns the entry."""
    entry = an_id()
    ticket.send_reply(at=at, entry=entry, body=body, by_human=by_human, then=then, files=files, reopenable_until=at + WINDOW)
    return entry


def note(
    ticket: Ticket, body: str = "Looks like node 7 again.", *, at: datetime = MONDAY + HOUR, files: Sequence[NewFile] = ()
) -> UUID:
    entry = an_id()
    ticket.add_internal_note(at=at, entry=entry, body=body, files=files)
    return entry


def resolve(ticket: Ticket, *, at: datetime = MONDAY + DAY, resolution: Resolution = Resolution.SOLVED) -> None:
    ticket.resolve(resolution, at=at, reopenable_until=at + WINDOW)


def close(ticket: Ticket, *, at: datetime = MONDAY + 2 * DAY, because: CloseCause = CloseCause.STAFF) -> None:
    ticket.close(at=at, because=because, reopenable_until=at + WINDOW)


def a_file(file_name: str = "trace.pcap", **more: Any) -> NewFile:
    values: dict[str, Any] = {"content_type": "application/vnd.tcpdump.pcap", "byte_size": 512, "sha256": "0" * 64} | more
    return NewFile(id=an_id(), file_name=file_name, **values)


def ticket_in(status: str, *, organisation: UUID | None = ACME) -> Ticket:
    """A ticket in the state of that name."""
    ticket = open_ticket(organisation=organisation)
    match status:
        case "NEW":
            pass
        case "OPEN":
            ticket.start_work(at=MONDAY)
        case "PENDING_CUSTOMER":
            ticket.await_customer(at=MONDAY)
        case "ON_HOLD":
            ticket.put_on_hold(HoldReason.SUPPLIER, at=MONDAY)
        case "SNOOZED":
            ticket.snooze(MONDAY + DAY, at=MONDAY)
        case "RESOLVED":
            resolve(ticket, at=MONDAY)
        case "CLOSED":
            close(ticket, at=MONDAY)
        case "MERGED":
            ticket.merge(open_ticket(organisation=organisation), at=MONDAY)
        case "SPAM":
            ticket.mark_as_spam(at=MONDAY)
        case _:
            raise ValueError(status)
    ticket.collect_events()
    return ticket


def recorded(aggregate: Aggregate) -> list[DomainEvent]:
    """What was recorded since it was last asked."""
    return [event for event in aggregate.collect_events() if isinstance(event, DomainEvent)]


def names(aggregate: Aggregate) -> list[str]:
    """The topics of what was recorded since, without aggregate and version: "opened", "message_received"."""
    return [event.TOPIC.split(".")[1] for event in recorded(aggregate)]


def replayed(events: Sequence[DomainEvent]) -> Any:
    """The aggregate that a history makes."""
    aggregate = None
    for event in events:
        aggregate = event.mutate(aggregate)
    return aggregate

"""What was done with a ticket, as entries: states, people, classification, relations, promises, ratings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.tickets.events import (
    TicketAbsorbed,
    TicketAssigned,
    TicketClosed,
    TicketCustomerAwaited,
    TicketEscalated,
    TicketFieldSet,
    TicketIncidentLinked,
    TicketLinked,
    TicketMaintenanceLinked,
    TicketMarkedAsSpam,
    TicketMerged,
    TicketPriorityChanged,
    TicketPutOnHold,
    TicketReleased,
    TicketReopened,
    TicketResolved,
    TicketSatisfactionRated,
    TicketSeverityChanged,
    TicketSlaApplied,
    TicketSlaBreached,
    TicketSlaImminent,
    TicketSlaMet,
    TicketSnoozed,
    TicketSplit,
    TicketStaffFieldSet,
    TicketTagged,
    TicketTransferredToOrganisation,
    TicketTransferredToQueue,
    TicketUnassigned,
    TicketUnlinked,
    TicketUnmarkedAsSpam,
    TicketUnmerged,
    TicketUntagged,
    TicketWoken,
    TicketWorkStarted,
)
from domain.tickets.vocabulary import FieldValue
from projections.database import Statement
from projections.projection import Envelope
from projections.timeline_entries import (
    LAST,
    ORGANISATION_BEFORE,
    PUBLIC,
    QUEUE_BEFORE,
    STAFF,
    STATUS_BEFORE,
    STATUS_BEFORE_MERGE,
    Earlier,
    entry,
    ticket_timeline,
)


def as_text(value: FieldValue | None) -> str | None:
    """A field's value on a line."""
    match value:
        case None | str():
            return value
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case int():
            return str(value)
    return ", ".join(value)


def _status(envelope: Envelope, status: str, **detail: object) -> Statement:
    return entry(envelope, "STATE", "StatusEntry", before=STATUS_BEFORE, status=status, after=status, detail=detail)


@ticket_timeline.on(TicketWorkStarted)
def work_started(_: TicketWorkStarted, envelope: Envelope) -> Statement:
    return _status(envelope, "OPEN")


@ticket_timeline.on(TicketWoken)
def woken(event: TicketWoken, envelope: Envelope) -> Statement:
    return _status(envelope, "OPEN", because=event.because)


@ticket_timeline.on(TicketCustomerAwaited)
def customer_awaited(_: TicketCustomerAwaited, envelope: Envelope) -> Statement:
    return _status(envelope, "PENDING_CUSTOMER")


@ticket_timeline.on(TicketPutOnHold)
def put_on_hold(event: TicketPutOnHold, envelope: Envelope) -> Statement:
    return _status(envelope, "ON_HOLD", because=event.reason)


@ticket_timeline.on(TicketSnoozed)
def snoozed(event: TicketSnoozed, envelope: Envelope) -> Statement:
    return _status(envelope, "SNOOZED", until=event.until)


@ticket_timeline.on(TicketResolved)
def resolved(event: TicketResolved, envelope: Envelope) -> Statement:
    return _status(envelope, "RESOLVED", because=event.resolution)


@ticket_timeline.on(TicketClosed)
def closed(event: TicketClosed, envelope: Envelope) -> Statement:
    return _status(envelope, "CLOSED", because=event.because)


@ticket_timeline.on(TicketReopened)
def reopened(event: TicketReopened, envelope: Envelope) -> Statement:
    return _status(envelope, "OPEN", because=event.because)


@ticket_timeline.on(TicketMarkedAsSpam)
def marked_as_spam(_: TicketMarkedAsSpam, envelope: Envelope) -> Statement:
    return _status(envelope, "SPAM")


@ticket_timeline.on(TicketUnmarkedAsSpam)
def unmarked_as_spam(_: TicketUnmarkedAsSpam, envelope: Envelope) -> Statement:
    return _status(envelope, "NEW")


@ticket_timeline.on(TicketAssigned)
def assigned(event: TicketAssigned, envelope: Envelope) -> Statement:
    return entry(envelope, "PEOPLE", "AssignmentEntry", agent_before=event.previous, agent_after=event.agent)


@ticket_timeline.on(TicketUnassigned)
def unassigned(event: TicketUnassigned, envelope: Envelope) -> Statement:
    return entry(envelope, "PEOPLE", "AssignmentEntry", agent_before=event.previous)


@ticket_timeline.on(TicketTransferredToQueue)
def transferred_to_queue(event: TicketTransferredToQueue, envelope: Envelope) -> Statement:
    return entry(envelope, "PEOPLE", "TransferEntry", queue=event.queue, organisation=ORGANISATION_BEFORE)


@ticket_timeline.on(TicketTransferredToOrganisation)
def transferred_to_organisation(event: TicketTransferredToOrganisation, envelope: Envelope) -> Statement:
    return entry(envelope, "PEOPLE", "TransferEntry", queue=QUEUE_BEFORE, organisation=event.organisation)


@ticket_timeline.on(TicketEscalated)
def escalated(event: TicketEscalated, envelope: Envelope) -> Statement:
    return entry(envelope, "PEOPLE", "EscalationEntry", table=STAFF, detail={"target": event.target, "level": event.level})


def _classified(envelope: Envelope, what: str, before: object, after: object, table: str = PUBLIC, **columns: Any) -> Statement:
    detail = {"what": what} | ({"key": columns["field"]} if "field" in columns else {})
    return entry(
        envelope, "CLASSIFICATION", "ClassificationEntry", table=table, before=before, after=after, detail=detail, **columns
    )


@ticket_timeline.on(TicketPriorityChanged)
def priority_changed(event: TicketPriorityChanged, envelope: Envelope) -> Statement:
    return _classified(envelope, "PRIORITY", event.previous, event.priority)


@ticket_timeline.on(TicketSeverityChanged)
def severity_changed(event: TicketSeverityChanged, envelope: Envelope) -> Statement:
    return _classified(envelope, "SEVERITY", event.previous, event.severity)


@ticket_timeline.on(TicketTagged)
def tagged(event: TicketTagged, envelope: Envelope) -> Statement:
    return _classified(envelope, "TAG", None, event.tag, STAFF)


@ticket_timeline.on(TicketUntagged)
def untagged(event: TicketUntagged, envelope: Envelope) -> Statement:
    return _classified(envelope, "TAG", event.tag, None, STAFF)


def _field(event: TicketFieldSet | TicketStaffFieldSet, envelope: Envelope, table: str) -> Statement:
    """What it was before is about the same person; an emptied field is still about whoever the text before was about."""
    which = "e.field = $3"
    before = Earlier(LAST.format(what="after", table=table, which=which))
    person = Earlier(LAST.format(what="subject", table=table, which=which)) if event.value is None else event.value.of
    after = None if event.value is None else as_text(event.value.value)
    return _classified(envelope, "FIELD", before, after, table, field=event.key, subject=person)


@ticket_timeline.on(TicketFieldSet)
def field_set(event: TicketFieldSet, envelope: Envelope) -> Statement:
    return _field(event, envelope, PUBLIC)


@ticket_timeline.on(TicketStaffFieldSet)
def staff_field_set(event: TicketStaffFieldSet, envelope: Envelope) -> Statement:
    return _field(event, envelope, STAFF)


def _related(envelope: Envelope, change: str, other: UUID, **columns: Any) -> Statement:
    detail = {"change": change} | ({"kind": columns.pop("kind")} if "kind" in columns else {})
    return entry(envelope, "RELATION", "RelationEntry", other=other, detail=detail, **columns)


@ticket_timeline.on(TicketMerged)
def merged(event: TicketMerged, envelope: Envelope) -> Statement:
    return _related(envelope, "MERGED_INTO", event.into, status="MERGED")


@ticket_timeline.on(TicketUnmerged)
def unmerged(event: TicketUnmerged, envelope: Envelope) -> Statement:
    return _related(envelope, "UNMERGED", event.from_, status=STATUS_BEFORE_MERGE)


@ticket_timeline.on(TicketAbsorbed)
def absorbed(event: TicketAbsorbed, envelope: Envelope) -> Statement:
    return _related(envelope, "MERGED_FROM", event.ticket)


@ticket_timeline.on(TicketReleased)
def released(event: TicketReleased, envelope: Envelope) -> Statement:
    return _related(envelope, "UNMERGED", event.ticket)


@ticket_timeline.on(TicketSplit)
def split(event: TicketSplit, envelope: Envelope) -> Statement:
    return _related(envelope, "SPLIT_TO", event.into)


@ticket_timeline.on(TicketLinked)
def linked(event: TicketLinked, envelope: Envelope) -> Statement:
    return _related(envelope, "SPLIT_FROM" if event.kind == "SPLIT_FROM" else "LINKED", event.other, kind=event.kind)


@ticket_timeline.on(TicketUnlinked)
def unlinked(event: TicketUnlinked, envelope: Envelope) -> Statement:
    return _related(envelope, "UNLINKED", event.other, kind=event.kind)


@ticket_timeline.on(TicketIncidentLinked)
def incident_linked(event: TicketIncidentLinked, envelope: Envelope) -> Statement:
    return entry(envelope, "RELATION", "RelationEntry", detail={"change": "INCIDENT_LINKED", "incident": event.incident})


@ticket_timeline.on(TicketMaintenanceLinked)
def maintenance_linked(event: TicketMaintenanceLinked, envelope: Envelope) -> Statement:
    detail = {"change": "MAINTENANCE_LINKED", "maintenance": event.maintenance}
    return entry(envelope, "RELATION", "RelationEntry", detail=detail)


def _promise(envelope: Envelope, change: str, target: UUID, table: str = PUBLIC) -> Statement:
    return entry(envelope, "SLA", "SlaEntry", table=table, target=target, detail={"change": change})


@ticket_timeline.on(TicketSlaApplied)
def sla_applied(event: TicketSlaApplied, envelope: Envelope) -> Statement:
    return _promise(envelope, "APPLIED", event.target)


@ticket_timeline.on(TicketSlaImminent)
def sla_imminent(event: TicketSlaImminent, envelope: Envelope) -> Statement:
    return _promise(envelope, "IMMINENT", event.target, STAFF)


@ticket_timeline.on(TicketSlaMet)
def sla_met(event: TicketSlaMet, envelope: Envelope) -> Statement:
    return _promise(envelope, "MET", event.target)


@ticket_timeline.on(TicketSlaBreached)
def sla_breached(event: TicketSlaBreached, envelope: Envelope) -> Statement:
    return _promise(envelope, "BREACHED", event.target)


@ticket_timeline.on(TicketSatisfactionRated)
def satisfaction_rated(event: TicketSatisfactionRated, envelope: Envelope) -> Statement:
    said: dict[str, Any] = {} if event.comment is None else {"subject": event.comment.of, "body": event.comment.value}
    return entry(envelope, "RATING", "RatingEntry", detail={"episode": event.episode, "score": event.score}, **said)

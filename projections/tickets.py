"""Where does each ticket stand? Tables: ticket_tables.py; its states: ticket_states.py; reading: ticket_reading.py, ticket_documents.py."""

from __future__ import annotations

import msgspec

from domain.tickets.events import (
    TicketAbsorbed,
    TicketAssigned,
    TicketAttachmentAdded,
    TicketAttachmentScanned,
    TicketEscalated,
    TicketFieldSet,
    TicketHistoryImported,
    TicketIncidentLinked,
    TicketInternalNoteAdded,
    TicketLeftOrganisation,
    TicketLinked,
    TicketMaintenanceLinked,
    TicketMessageReceived,
    TicketMessageRedacted,
    TicketNoteAttachmentScanned,
    TicketNoteRedacted,
    TicketOpened,
    TicketPhoneCallLogged,
    TicketPriorityChanged,
    TicketReleased,
    TicketReplySent,
    TicketSatisfactionRated,
    TicketSeverityChanged,
    TicketSlaApplied,
    TicketSlaBreached,
    TicketSlaImminent,
    TicketSlaMet,
    TicketSplit,
    TicketStaffFieldSet,
    TicketStaffUnwatched,
    TicketStaffWatched,
    TicketTagged,
    TicketTransferredToOrganisation,
    TicketTransferredToQueue,
    TicketUnassigned,
    TicketUnlinked,
    TicketUntagged,
    TicketUnwatched,
    TicketWatched,
)
from domain.tickets.vocabulary import Priority
from projections import ticket_states as ticket_states
from projections.database import Statement
from projections.projection import Envelope
from projections.ticket_tables import seen, staff
from projections.ticket_tables import tickets as tickets
from projections.words import folded

OPEN = """INSERT INTO tickets(id, ref, audience, version, updated_at, kind, person, subject, words, status, priority, priority_rank,
  severity, channel, organisation, requester, queue, created_at)
  VALUES ($1, $2, $3, 1, $4, $5, $6, $7, to_tsvector('simple', $8::text), 'NEW', $9, $10, $11, $12, $13, $14, $15, $4)"""
OPEN_STAFF = "INSERT INTO ticket_staff(ticket, audience, version, updated_at) VALUES ($1, $2, $3, $4)"
LINK = "INSERT INTO ticket_links(ticket, other, kind) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
UNLINK = "DELETE FROM ticket_links WHERE ticket = $1 AND other = $2 AND kind = $3"
NAME = "INSERT INTO ticket_externals(ticket, system, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
RATE = "INSERT INTO ticket_ratings(ticket, episode, score, at, subject, comment) VALUES ($1, $2, $3, $4, $5, $6)"
RANKS = {priority: rank for rank, priority in enumerate(Priority)}


@tickets.on(TicketOpened)
def opened(event: TicketOpened, envelope: Envelope) -> list[Statement]:
    ticket, at, audience = envelope.stream, envelope.occurred_at, event.organisation or event.requester
    text = event.subject.value
    row = (ticket, event.ref, audience, at, event.kind, event.subject.of, text, folded(text))
    sorting = (event.priority, RANKS[event.priority], event.severity, event.channel)
    parties = (event.organisation, event.requester, event.queue)
    statements: list[Statement] = [(OPEN, (*row, *sorting, *parties)), (OPEN_STAFF, (ticket, audience, envelope.version, at))]
    statements += [(NAME, (ticket, reference.system, reference.value)) for reference in event.external]
    if event.origin is not None:
        statements.append((LINK, (ticket, event.origin.ticket, event.origin.kind)))
    return statements


@tickets.on(
    TicketAttachmentAdded,
    TicketAttachmentScanned,
    TicketMessageRedacted,
    TicketLeftOrganisation,
    TicketAbsorbed,
    TicketReleased,
    TicketSplit,
    TicketIncidentLinked,
    TicketMaintenanceLinked,
    TicketSlaApplied,
    TicketSlaBreached,
    TicketSlaMet,
)
def moved(_: object, envelope: Envelope) -> list[Statement]:
    """The row itself says nothing of these but that something happened."""
    return seen(envelope)


@tickets.on(TicketNoteAttachmentScanned, TicketNoteRedacted, TicketSlaImminent)
def moved_unseen(_: object, envelope: Envelope) -> Statement:
    return staff(envelope)


@tickets.on(TicketMessageReceived)
def message_received(event: TicketMessageReceived, envelope: Envelope) -> list[Statement]:
    return [*seen(envelope)[:1], staff(envelope, "language = $4", event.language)]


FIRST_RESPONSE = "first_responded_at = coalesce(first_responded_at, $2)"


@tickets.on(TicketReplySent)
def reply_sent(event: TicketReplySent, envelope: Envelope) -> list[Statement]:
    return seen(envelope, FIRST_RESPONSE if event.first_response else "")


@tickets.on(TicketPhoneCallLogged)
def phone_call_logged(event: TicketPhoneCallLogged, envelope: Envelope) -> list[Statement]:
    return seen(envelope, FIRST_RESPONSE if event.first_response else "")


@tickets.on(TicketInternalNoteAdded)
def note_added(_: TicketInternalNoteAdded, envelope: Envelope) -> Statement:
    return staff(envelope, "note_count = note_count + 1")


@tickets.on(TicketAssigned)
def assigned(event: TicketAssigned, envelope: Envelope) -> list[Statement]:
    return seen(envelope, "assignee = $3", event.agent)


@tickets.on(TicketUnassigned)
def unassigned(_: TicketUnassigned, envelope: Envelope) -> list[Statement]:
    return seen(envelope, "assignee = NULL")


@tickets.on(TicketTransferredToQueue)
def transferred_to_queue(event: TicketTransferredToQueue, envelope: Envelope) -> list[Statement]:
    return seen(envelope, "queue = $3", event.queue)


@tickets.on(TicketTransferredToOrganisation)
def transferred_to_organisation(event: TicketTransferredToOrganisation, envelope: Envelope) -> list[Statement]:
    change, _ = seen(envelope, "organisation = $3, audience = $3", event.organisation)
    return [change, staff(envelope, "audience = $4", event.organisation)]


@tickets.on(TicketPriorityChanged)
def priority_changed(event: TicketPriorityChanged, envelope: Envelope) -> list[Statement]:
    return seen(envelope, "priority = $3, priority_rank = $4", event.priority, RANKS[event.priority])


@tickets.on(TicketSeverityChanged)
def severity_changed(event: TicketSeverityChanged, envelope: Envelope) -> list[Statement]:
    return seen(envelope, "severity = $3", event.severity)


@tickets.on(TicketTagged)
def tagged(event: TicketTagged, envelope: Envelope) -> Statement:
    return staff(envelope, "tags = CASE WHEN $4 = ANY(tags) THEN tags ELSE array_append(tags, $4) END", event.tag)


@tickets.on(TicketUntagged)
def untagged(event: TicketUntagged, envelope: Envelope) -> Statement:
    return staff(envelope, "tags = array_remove(tags, $4)", event.tag)


def _field(table: str, event: TicketFieldSet | TicketStaffFieldSet, envelope: Envelope) -> Statement:
    if event.value is None:
        return f"DELETE FROM {table} WHERE ticket = $1 AND key = $2", (envelope.stream, event.key)
    value = None if event.value.value is None else msgspec.json.encode(event.value.value).decode()
    sql = f"""INSERT INTO {table}(ticket, key, subject, value) VALUES ($1, $2, $3, $4::text::jsonb)
      ON CONFLICT (ticket, key) DO UPDATE SET subject = excluded.subject, value = excluded.value"""
    return sql, (envelope.stream, event.key, event.value.of, value)


@tickets.on(TicketFieldSet)
def field_set(event: TicketFieldSet, envelope: Envelope) -> list[Statement]:
    return [*seen(envelope), _field("ticket_fields", event, envelope)]


@tickets.on(TicketStaffFieldSet)
def staff_field_set(event: TicketStaffFieldSet, envelope: Envelope) -> list[Statement]:
    return [staff(envelope), _field("ticket_staff_fields", event, envelope)]


@tickets.on(TicketLinked)
def linked(event: TicketLinked, envelope: Envelope) -> list[Statement]:
    return [*seen(envelope), (LINK, (envelope.stream, event.other, event.kind))]


@tickets.on(TicketUnlinked)
def unlinked(event: TicketUnlinked, envelope: Envelope) -> list[Statement]:
    return [*seen(envelope), (UNLINK, (envelope.stream, event.other, event.kind))]


@tickets.on(TicketHistoryImported)
def history_imported(event: TicketHistoryImported, envelope: Envelope) -> list[Statement]:
    return [*seen(envelope), (NAME, (envelope.stream, event.system, event.external))]


@tickets.on(TicketSatisfactionRated)
def satisfaction_rated(event: TicketSatisfactionRated, envelope: Envelope) -> list[Statement]:
    person, text = (None, None) if event.comment is None else (event.comment.of, event.comment.value)
    return [*seen(envelope), (RATE, (envelope.stream, event.episode, event.score, envelope.occurred_at, person, text))]


@tickets.on(TicketWatched)
def watched(event: TicketWatched, envelope: Envelope) -> list[Statement]:
    return seen(envelope, "watchers = array_append(array_remove(watchers, $3), $3)", event.contact)


@tickets.on(TicketUnwatched)
def unwatched(event: TicketUnwatched, envelope: Envelope) -> list[Statement]:
    return seen(envelope, "watchers = array_remove(watchers, $3)", event.contact)


@tickets.on(TicketStaffWatched)
def staff_watched(event: TicketStaffWatched, envelope: Envelope) -> Statement:
    return staff(envelope, "watchers = array_append(array_remove(watchers, $4), $4)", event.agent)


@tickets.on(TicketStaffUnwatched)
def staff_unwatched(event: TicketStaffUnwatched, envelope: Envelope) -> Statement:
    return staff(envelope, "watchers = array_remove(watchers, $4)", event.agent)


@tickets.on(TicketEscalated)
def escalated(event: TicketEscalated, envelope: Envelope) -> Statement:
    changes = "escalation = $4, escalated_at = $2, escalated_by_kind = $5, escalated_by = $6"
    return staff(envelope, changes, event.target, envelope.actor_kind, envelope.actor)

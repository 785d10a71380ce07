"""What was said on a ticket, as entries: messages, calls, notes, files, and what was struck out of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.event import Personal
from domain.tickets.events import (
    TicketAttachmentAdded,
    TicketAttachmentScanned,
    TicketInternalNoteAdded,
    TicketMessageReceived,
    TicketMessageRedacted,
    TicketNoteAttachmentScanned,
    TicketNoteRedacted,
    TicketOpened,
    TicketPhoneCallLogged,
    TicketReplySent,
)
from domain.tickets.vocabulary import Attachment
from projections.database import Statement
from projections.projection import Envelope
from projections.timeline_entries import FILES, PUBLIC, STAFF, entry, ticket_timeline
from projections.words import folded


def _text(said: Personal[str]) -> dict[str, Any]:
    """The columns of a text: what it says, about whom, and its words."""
    return {"subject": said.of, "body": said.value, "words": folded(said.value)}


def _files(envelope: Envelope, entry: UUID, attachments: Sequence[Attachment], table: str = PUBLIC) -> list[Statement]:
    sql = f"""INSERT INTO {FILES[table]}(ticket, entry, place, id, subject, file_name, content_type, byte_size, sha256)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
    return [
        (
            sql,
            (
                envelope.stream,
                entry,
                place,
                it.id,
                it.file_name.of,
                it.file_name.value,
                it.content_type,
                it.byte_size,
                it.sha256,
            ),
        )
        for place, it in enumerate(attachments)
    ]


def _redact(envelope: Envelope, entry: UUID, at: datetime, table: str) -> list[Statement]:
    """Its names of files were about the text that is gone, and were sealed with the same key."""
    return [
        (
            f"UPDATE {table} SET body = NULL, words = NULL, redacted_at = $3 WHERE id = $2 AND ticket = $1",
            (envelope.stream, entry, at),
        ),
        (f"UPDATE {FILES[table]} SET file_name = NULL WHERE entry = $2 AND ticket = $1", (envelope.stream, entry)),
    ]


def _scanned(envelope: Envelope, attachment: UUID, result: str, table: str) -> Statement:
    sql = f"UPDATE {FILES[table]} SET scan = $3 WHERE ticket = $1 AND id = $2"
    return sql, (envelope.stream, attachment, result)


@ticket_timeline.on(TicketOpened)
def opened(event: TicketOpened, envelope: Envelope) -> list[Statement]:
    carried = event.origin.entries if event.origin else ()
    return [
        entry(envelope, "STATE", "StatusEntry", status="NEW", after="NEW", queue=event.queue, organisation=event.organisation),
        *(
            ("INSERT INTO ticket_carried(ticket, entry) VALUES ($1, $2)", (envelope.stream, each))
            for each in dict.fromkeys(carried)
        ),
    ]


@ticket_timeline.on(TicketMessageReceived)
def message_received(event: TicketMessageReceived, envelope: Envelope) -> list[Statement]:
    """The author did it, whoever took the message in."""
    said: dict[str, Any] = {"format": event.format, "language": event.language, "actor_kind": "app_user", "actor": event.author}
    detail = {"direction": "INBOUND", "channel": event.channel}
    message = entry(envelope, "MESSAGE", "MessageEntry", id=event.entry, detail=detail, **_text(event.body), **said)
    return [message, *_files(envelope, event.entry, event.attachments)]


@ticket_timeline.on(TicketReplySent)
def reply_sent(event: TicketReplySent, envelope: Envelope) -> list[Statement]:
    detail = {"direction": "OUTBOUND", "channel": event.channel}
    reply = entry(envelope, "MESSAGE", "MessageEntry", id=event.entry, detail=detail, format=event.format, **_text(event.body))
    return [reply, *_files(envelope, event.entry, event.attachments)]


@ticket_timeline.on(TicketPhoneCallLogged)
def phone_call_logged(event: TicketPhoneCallLogged, envelope: Envelope) -> Statement:
    detail = {"direction": event.direction, "seconds": event.duration.total_seconds(), "startedAt": event.started_at}
    said = _text(event.summary)
    return entry(
        envelope, "CALL", "PhoneCallEntry", id=event.entry, contact=event.contact, detail=detail, format="MARKDOWN", **said
    )


@ticket_timeline.on(TicketInternalNoteAdded)
def note_added(event: TicketInternalNoteAdded, envelope: Envelope) -> list[Statement]:
    note = entry(envelope, "NOTE", "InternalNoteEntry", table=STAFF, id=event.entry, format=event.format, **_text(event.body))
    return [note, *_files(envelope, event.entry, event.attachments, STAFF)]


@ticket_timeline.on(TicketAttachmentAdded)
def attachment_added(event: TicketAttachmentAdded, envelope: Envelope) -> list[Statement]:
    return [entry(envelope, "FILE", "AttachmentEntry", id=event.entry), *_files(envelope, event.entry, [event.attachment])]


@ticket_timeline.on(TicketAttachmentScanned)
def attachment_scanned(event: TicketAttachmentScanned, envelope: Envelope) -> Statement:
    return _scanned(envelope, event.attachment, event.result, PUBLIC)


@ticket_timeline.on(TicketNoteAttachmentScanned)
def note_attachment_scanned(event: TicketNoteAttachmentScanned, envelope: Envelope) -> Statement:
    return _scanned(envelope, event.attachment, event.result, STAFF)


@ticket_timeline.on(TicketMessageRedacted)
def message_redacted(event: TicketMessageRedacted, envelope: Envelope) -> list[Statement]:
    return _redact(envelope, event.entry, envelope.occurred_at, PUBLIC)


@ticket_timeline.on(TicketNoteRedacted)
def note_redacted(event: TicketNoteRedacted, envelope: Envelope) -> list[Statement]:
    return _redact(envelope, event.entry, envelope.occurred_at, STAFF)

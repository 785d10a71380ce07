"""What is said on a ticket: messages, replies, calls, notes, files, and what is struck out of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.event import Classification, DomainEvent, Personal
from domain.tickets.vocabulary import Attachment, BodyFormat, Channel, Direction, RedactionReason, ScanResult


@dataclass(frozen=True)
class TicketMessageReceived(DomainEvent):
    """The customer wrote. `forwarded_from` is the merged ticket it was sent to."""

    TOPIC = "ticket.message_received.v1"
    entry: UUID
    author: UUID
    channel: Channel
    body: Personal[str]
    format: BodyFormat = BodyFormat.MARKDOWN
    language: str | None = None
    attachments: tuple[Attachment, ...] = ()
    forwarded_from: UUID | None = None


@dataclass(frozen=True)
class TicketReplySent(DomainEvent):
    """We wrote to the customer."""

    TOPIC = "ticket.reply_sent.v1"
    entry: UUID
    channel: Channel
    body: Personal[str]
    first_response: bool
    format: BodyFormat = BodyFormat.MARKDOWN
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class TicketPhoneCallLogged(DomainEvent):
    TOPIC = "ticket.phone_call_logged.v1"
    entry: UUID
    direction: Direction
    contact: UUID
    started_at: datetime
    duration: timedelta
    summary: Personal[str]
    first_response: bool


@dataclass(frozen=True)
class TicketInternalNoteAdded(DomainEvent):
    TOPIC = "ticket.internal_note_added.v1"
    CLASS = Classification.RESTRICTED
    entry: UUID
    body: Personal[str]
    format: BodyFormat = BodyFormat.MARKDOWN
    attachments: tuple[Attachment, ...] = ()
    mentions: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class TicketAttachmentAdded(DomainEvent):
    TOPIC = "ticket.attachment_added.v1"
    entry: UUID
    attachment: Attachment


@dataclass(frozen=True)
class TicketAttachmentScanned(DomainEvent):
    TOPIC = "ticket.attachment_scanned.v1"
    attachment: UUID
    result: ScanResult


@dataclass(frozen=True)
class TicketNoteAttachmentScanned(DomainEvent):
    """A file of an internal note was scanned. An event of its own, because one event has one class and a note is staff's alone."""

    TOPIC = "ticket.note_attachment_scanned.v1"
    CLASS = Classification.RESTRICTED
    attachment: UUID
    result: ScanResult


@dataclass(frozen=True)
class TicketMessageRedacted(DomainEvent):
    """The text of an entry is gone: its key was destroyed in the same append."""

    TOPIC = "ticket.message_redacted.v1"
    entry: UUID
    reason: RedactionReason


@dataclass(frozen=True)
class TicketNoteRedacted(DomainEvent):
    TOPIC = "ticket.note_redacted.v1"
    CLASS = Classification.RESTRICTED
    entry: UUID
    reason: RedactionReason

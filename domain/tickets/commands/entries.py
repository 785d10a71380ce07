"""What happens to entries once they are there: files on their own, scans, and text struck out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.tickets.events import (
    TicketAttachmentAdded,
    TicketAttachmentScanned,
    TicketMessageRedacted,
    TicketNoteAttachmentScanned,
    TicketNoteRedacted,
)
from domain.tickets.files import NewFile, attached
from domain.tickets.refusals import AttachmentExists, AttachmentNotFound, EntryExists, EntryNotFound
from domain.tickets.state import EntryKind, TicketState
from domain.tickets.vocabulary import RedactionReason, ScanResult


class Entries(TicketState):
    def add_attachment(self, file: NewFile, *, at: datetime, entry: UUID) -> None:
        """A file without a message."""
        self._must_take_something()
        if entry in self.entries:
            raise EntryExists(entry)
        if file.id in self.attachments:
            raise AttachmentExists(file.id, "input", "attachmentId")
        (attachment,) = attached((file,), requester=self.requester, entry=entry)
        self.trigger_event(TicketAttachmentAdded, timestamp=at, entry=entry, attachment=attachment)

    def record_scan(self, attachment: UUID, result: ScanResult, *, at: datetime) -> None:
        """The scanner looked at a file. A fact about what is there, so a merged ticket takes it too; the same again records nothing."""
        if attachment not in self.attachments:
            raise AttachmentNotFound
        if self.scans.get(attachment) is result:
            return
        of_a_note = self.attachments[attachment] is EntryKind.NOTE
        kind = TicketNoteAttachmentScanned if of_a_note else TicketAttachmentScanned
        self.trigger_event(kind, timestamp=at, attachment=attachment, result=result)

    def redact(self, entry: UUID, reason: RedactionReason, *, at: datetime) -> None:
        """Strike out the text of an entry for good; whoever records this destroys the entry's key in the same append.

        What must go must go: a merged or closed ticket allows it too. Redacting again records nothing.
        """
        if entry not in self.entries:
            raise EntryNotFound("input", "entryId")
        if entry in self.redacted:
            return
        kind = TicketNoteRedacted if self.entries[entry] is EntryKind.NOTE else TicketMessageRedacted
        self.trigger_event(kind, timestamp=at, entry=entry, reason=reason)

"""What is said on a ticket, and what it does to the state.

Said by staff, by phone or by the customer on a waiting ticket, it makes the ticket OPEN unless the command says otherwise. Said by
the customer on one that was resolved or closed, it reopens it. What a program says by itself changes no state and answers nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain import text
from domain.errors import ValidationFailed
from domain.event import Personal
from domain.policies import SlaTerms
from domain.tickets.commands.lifecycle import Lifecycle, must_not_end_before
from domain.tickets.events import TicketInternalNoteAdded, TicketMessageReceived, TicketPhoneCallLogged, TicketReplySent
from domain.tickets.files import NewFile, attached
from domain.tickets.refusals import AttachmentExists, EntryExists, TicketIsSpam
from domain.tickets.sla_clock import ZERO
from domain.tickets.status import Status
from domain.tickets.vocabulary import (
    AfterReply,
    Attachment,
    BodyFormat,
    Channel,
    Direction,
    ReopenCause,
    Resolution,
    SlaMetric,
    WakeCause,
)

LONGEST_CALL = timedelta(hours=24)
OLDEST_CALL = timedelta(days=366)
"""How late a call may be written down."""
MOST_MENTIONS = 100


class Conversation(Lifecycle):
    def receive_message(
        self,
        *,
        at: datetime,
        entry: UUID,
        author: UUID,
        channel: Channel,
        body: str,
        format: BodyFormat = BodyFormat.MARKDOWN,
        language: str | None = None,
        files: Sequence[NewFile] = (),
        forwarded_from: UUID | None = None,
        terms: SlaTerms | None = None,
    ) -> None:
        """The customer wrote, in the portal, by mail, in a chat.

        Raises ReopenWindowPassed when the ticket ended too long ago (then open a follow-up), TicketIsMerged when it lives on elsewhere
        (then say it there, with `forwarded_from`). On spam it is kept and changes nothing else.
        """
        self._must_take_something()
        sealed, attachments = self._said(entry, body, files)
        if self.status in (Status.RESOLVED, Status.CLOSED):
            self.reopen(at=at, because=ReopenCause.REPLY, terms=terms)
        self.trigger_event(
            TicketMessageReceived,
            timestamp=at,
            entry=entry,
            author=author,
            channel=channel,
            body=sealed,
            format=format,
            language=language,
            attachments=attachments,
            forwarded_from=forwarded_from,
        )
        if self.status is Status.SPAM:
            return
        if self.status is not Status.NEW:
            self._make_open(WakeCause.REPLY, at=at)
        self._promise_next_response(terms, at=at)

    def ingest_email(
        self,
        *,
        at: datetime,
        entry: UUID,
        author: UUID,
        body: str,
        language: str | None = None,
        files: Sequence[NewFile] = (),
        forwarded_from: UUID | None = None,
        terms: SlaTerms | None = None,
    ) -> None:
        """A mail came. `entry` stands for its Message-ID (a look-up beside the store): the same mail again records nothing."""
        if entry in self.entries:
            return
        self.receive_message(
            at=at,
            entry=entry,
            author=author,
            channel=Channel.EMAIL,
            body=body,
            format=BodyFormat.PLAIN,
            language=language,
            files=files,
            forwarded_from=forwarded_from,
            terms=terms,
        )

    def send_reply(
        self,
        *,
        at: datetime,
        entry: UUID,
        body: str,
        by_human: bool,
        channel: Channel = Channel.PORTAL,
        format: BodyFormat = BodyFormat.MARKDOWN,
        files: Sequence[NewFile] = (),
        then: AfterReply = AfterReply.KEEP,
        resolution: Resolution = Resolution.SOLVED,
        reopenable_until: datetime | None = None,
    ) -> None:
        """We write to the customer. `by_human`: an agent does, not a program.

        KEEP: a ticket that is new or waits becomes OPEN, an ended one stays ended. `reopenable_until` is needed for RESOLVE.
        """
        self._must_take_something()
        if self.status is Status.SPAM:
            raise TicketIsSpam(self.status)
        if then is AfterReply.AWAIT_CUSTOMER:
            self._must_allow(Status.PENDING_CUSTOMER)
        if then is AfterReply.RESOLVE:
            self._must_allow(Status.RESOLVED)
            if reopenable_until is None:
                raise ValidationFailed("A resolved ticket needs the end of its window for reopening.", problem="REQUIRED")
            must_not_end_before(at, reopenable_until)
        sealed, attachments = self._said(entry, body, files)
        first_response = by_human and self.first_responded_at is None
        self.trigger_event(
            TicketReplySent,
            timestamp=at,
            entry=entry,
            channel=channel,
            body=sealed,
            first_response=first_response,
            format=format,
            attachments=attachments,
        )
        if by_human:
            self._keep(SlaMetric.FIRST_RESPONSE, SlaMetric.NEXT_RESPONSE, at=at)
        if then is AfterReply.AWAIT_CUSTOMER:
            self.await_customer(at=at)
        elif then is AfterReply.RESOLVE and reopenable_until is not None:
            self.resolve(resolution, at=at, reopenable_until=reopenable_until)
        elif by_human:
            self._make_open(WakeCause.STAFF, at=at)

    def log_phone_call(
        self,
        *,
        at: datetime,
        entry: UUID,
        direction: Direction,
        contact: UUID,
        started_at: datetime,
        duration: timedelta,
        summary: str,
        by_human: bool = True,
    ) -> None:
        """A call is written down. One without length reached nobody: it answers nothing and changes no state."""
        self._must_take_something()
        if self.status is Status.SPAM:
            raise TicketIsSpam(self.status)
        _must_have_taken_place(started_at, duration, at=at)
        sealed, _ = self._said(entry, summary, (), field="summary")
        spoke = by_human and duration > ZERO
        self.trigger_event(
            TicketPhoneCallLogged,
            timestamp=at,
            entry=entry,
            direction=direction,
            contact=contact,
            started_at=started_at.astimezone(UTC),
            duration=duration,
            summary=sealed,
            first_response=spoke and self.first_responded_at is None,
        )
        if spoke:
            self._keep(SlaMetric.FIRST_RESPONSE, SlaMetric.NEXT_RESPONSE, at=at)
            self._make_open(WakeCause.STAFF, at=at)

    def add_internal_note(
        self,
        *,
        at: datetime,
        entry: UUID,
        body: str,
        format: BodyFormat = BodyFormat.MARKDOWN,
        files: Sequence[NewFile] = (),
        mentions: Sequence[UUID] = (),
    ) -> None:
        """Staff among themselves. Changes no state and answers nobody."""
        self._must_take_something()
        if len(mentions) > MOST_MENTIONS:
            raise ValidationFailed(
                f"A note mentions at most {MOST_MENTIONS} people.",
                problem="OUT_OF_RANGE",
                path=("input", "mentions"),
                limit=str(MOST_MENTIONS),
            )
        sealed, attachments = self._said(entry, body, files)
        self.trigger_event(
            TicketInternalNoteAdded,
            timestamp=at,
            entry=entry,
            body=sealed,
            format=format,
            attachments=attachments,
            mentions=tuple(dict.fromkeys(mentions)),
        )

    def _said(
        self, entry: UUID, body: str, files: Sequence[NewFile], *, field: str = "body"
    ) -> tuple[Personal[str], tuple[Attachment, ...]]:
        """Text and files, judged, each sealed for the requester with the key of the entry, so that it can be redacted."""
        if entry in self.entries:
            raise EntryExists(entry)
        checked = text.body(body, path=("input", field), what="The text")
        attachments = attached(files, requester=self.requester, entry=entry)
        for index, attachment in enumerate(attachments):
            if attachment.id in self.attachments:
                raise AttachmentExists(attachment.id, "input", "attachmentIds", str(index))
        return Personal(checked, of=self.requester, key=entry), attachments


def _must_have_taken_place(started_at: datetime, duration: timedelta, *, at: datetime) -> None:
    if not ZERO <= duration <= LONGEST_CALL:
        raise ValidationFailed(
            "A call lasts between nothing and 24 hours.", problem="OUT_OF_RANGE", path=("input", "duration"), limit="P1D"
        )
    path = ("input", "startedAt")
    if started_at.tzinfo is None:
        raise ValidationFailed("The time has no offset from UTC.", problem="BAD_FORMAT", path=path)
    if started_at > at:
        raise ValidationFailed(
            "A call that is written down has begun.", problem="OUT_OF_RANGE", path=path, limit=at.isoformat()
        )
    if started_at < at - OLDEST_CALL:
        earliest = (at - OLDEST_CALL).isoformat()
        raise ValidationFailed(
            "This call is too long ago to be written down.", problem="OUT_OF_RANGE", path=path, limit=earliest
        )

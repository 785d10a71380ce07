"""What a timeline is made of: the interface and one type for each kind of happening.

An interface and not a union, so that a client shows a kind it does not know yet by time, actor and summary.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

import strawberry

from projections import ticket_rows as rows
from services.gateway.context import Info
from services.gateway.ids import global_id
from services.gateway.people.parties import Agent, Contact, Organisation, Queue, party
from services.gateway.scalars import Cursor, LanguageTag
from services.gateway.shapes import Actor, Node, PageInfo, member
from services.gateway.status import loading
from services.gateway.status.notices import Maintenance, StatusIncident
from services.gateway.tickets.blocked import without_blocked
from services.gateway.tickets.body import MessageBody, message_body
from services.gateway.tickets.happenings import ClassificationKind, Direction, RelationChange, SlaChange, Visibility
from services.gateway.tickets.promises import SlaTarget
from services.gateway.tickets.summaries import summary
from services.gateway.tickets.vocabulary import Channel, EscalationTarget, ScanResult, TicketStatus
from services.runtime.position import Position

if TYPE_CHECKING:
    from services.gateway.tickets.ticket import Ticket


@strawberry.type(description="A customer's judgement.")
class SatisfactionRating:
    score: int = strawberry.field(description="1 (bad) to 5 (good).")
    comment: str | None = strawberry.field(description="In words; null without.")
    episode: int = strawberry.field(description="Which resolution, from 1.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(description="A file. It can be fetched once found clean.")
class Attachment(Node):
    file_name: str = strawberry.field(description="Name.")
    content_type: str = strawberry.field(description="Media type, as found in the content.")
    byte_size: int = strawberry.field(description="Size.")
    sha256: str = strawberry.field(description="Hash of the content, hexadecimal.")
    scan: ScanResult = strawberry.field(description="Result of the scan.")

    @classmethod
    def of(cls, row: rows.Attachment) -> Self:
        return cls(
            id=global_id("attachment", row.id),
            file_name=row.file_name or "Removed file",
            content_type=row.content_type,
            byte_size=row.byte_size,
            sha256=row.sha256,
            scan=member(ScanResult, row.scan),
        )


@strawberry.interface(
    description="One thing that happened. An interface and not a union, so that a client shows a kind it does not know yet"
    " by time, actor and summary."
)
class TimelineEntry(Node):
    at: datetime = strawberry.field(description="When it happened.")
    actor: Actor = strawberry.field(description="Who did it.")
    visibility: Visibility = strawberry.field(description="Who sees it.")
    position: Position = strawberry.field(description="For atLeast.")
    summary: str = strawberry.field(description="One plain sentence.")


@strawberry.type(description="A public message.")
class MessageEntry(TimelineEntry):
    direction: Direction = strawberry.field(description="Which way.")
    channel: Channel = strawberry.field(description="How.")
    body: MessageBody | None = strawberry.field(description="Text; null when redacted or erased.")
    language: LanguageTag | None = strawberry.field(description="Language found; null when unsure.")
    attachments: list[Attachment] = strawberry.field(description="Files.")
    redacted_at: datetime | None = strawberry.field(description="Redacted at; null when not.")


@strawberry.type(description="A note among staff; visibility is always STAFF.")
class InternalNoteEntry(TimelineEntry):
    body: MessageBody | None = strawberry.field(description="Text; null when redacted or erased.")
    attachments: list[Attachment] = strawberry.field(description="Files.")


@strawberry.type(description="A logged call.")
class PhoneCallEntry(TimelineEntry):
    direction: Direction = strawberry.field(description="Which way.")
    contact: Contact = strawberry.field(description="With whom.")
    duration: timedelta = strawberry.field(description="How long.")
    body: MessageBody | None = strawberry.field(
        description="What was said, fit for the customer; null when redacted or erased."
    )


@strawberry.type(description="A file was added.")
class AttachmentEntry(TimelineEntry):
    attachment: Attachment = strawberry.field(description="It.")


@strawberry.type(description="The state changed.")
class StatusEntry(TimelineEntry):
    from_: TicketStatus | None = strawberry.field(description="Before; null when opened.", name="from")
    to: TicketStatus = strawberry.field(description="After.")


@strawberry.type(description="It was given to somebody or to nobody.")
class AssignmentEntry(TimelineEntry):
    from_: Agent | None = strawberry.field(description="Before; null for nobody.", name="from")
    to: Agent | None = strawberry.field(description="After; null for nobody.")


@strawberry.type(description="It went to another team or organisation.")
class TransferEntry(TimelineEntry):
    queue: Queue = strawberry.field(description="The team now.")
    organisation: Organisation | None = strawberry.field(description="The organisation now; null while unplaced.")


@strawberry.type(description="Priority, severity, a tag (STAFF) or a field changed.")
class ClassificationEntry(TimelineEntry):
    what: ClassificationKind = strawberry.field(description="What.")
    from_: str | None = strawberry.field(description="Before, as text; null for nothing.", name="from")
    to: str | None = strawberry.field(description="After, as text; null for nothing.")


@strawberry.type(description="Merged, split, linked, or the reverse; or linked to an incident or to planned work.")
class RelationEntry(TimelineEntry):
    change: RelationChange = strawberry.field(description="What.")
    found: strawberry.Private[rows.Ticket | None] = None
    struck_by: strawberry.Private[UUID | None] = None
    planned: strawberry.Private[UUID | None] = None

    @strawberry.field(description="The other; null when you may not see it.")
    def other(self, info: Info) -> Annotated[Ticket, strawberry.lazy("services.gateway.tickets.ticket")] | None:
        from services.gateway.tickets.ticket import Ticket  # a ticket shows its entries, an entry its other ticket

        return next((Ticket.of(row) for row in without_blocked(info, [self.found])), None)

    @strawberry.field(description="The incident it was linked to; null otherwise.")
    async def incident(self, info: Info) -> StatusIncident | None:
        row = await loading.incidents(info.context).load(self.struck_by) if self.struck_by else None
        return StatusIncident.of(row) if row else None

    @strawberry.field(description="The planned work it was linked to; null otherwise.")
    async def maintenance(self, info: Info) -> Maintenance | None:
        row = await loading.maintenance(info.context).load(self.planned) if self.planned else None
        return Maintenance.of(row) if row else None


@strawberry.type(description="Help was called; visibility is always STAFF.")
class EscalationEntry(TimelineEntry):
    target: EscalationTarget = strawberry.field(description="Whom.")


@strawberry.type(description="A promise was made, is near, kept or broken.")
class SlaEntry(TimelineEntry):
    target: SlaTarget = strawberry.field(description="Which.")
    change: SlaChange = strawberry.field(description="What.")


@strawberry.type(description="The requester rated.")
class RatingEntry(TimelineEntry):
    rating: SatisfactionRating = strawberry.field(description="It.")


@strawberry.type(description="A page of entries.")
class TimelineEntryConnection:
    edges: list[TimelineEntryEdge] = strawberry.field(description="Rows with cursors.")
    nodes: list[TimelineEntry] = strawberry.field(description="Rows.")
    page_info: PageInfo = strawberry.field(description="Where it lies.")


@strawberry.type(description="One row.")
class TimelineEntryEdge:
    cursor: Cursor = strawberry.field(description="Its place.")
    node: TimelineEntry = strawberry.field(description="The row.")


def shown(row: rows.Entry) -> TimelineEntry:
    """An entry as its type. One whose type this release does not know is not sent at all."""
    return _TYPES[row.type](row)


def _common(row: rows.Entry) -> dict[str, Any]:
    return {
        "id": global_id("entry", row.id),
        "at": row.at,
        "actor": party(row.actor),
        "visibility": Visibility["STAFF" if row.staff else "EVERYONE"],
        "position": Position(row.epoch, row.position),
        "summary": summary(row),
    }


def _message(row: rows.Entry) -> MessageEntry:
    return MessageEntry(
        **_common(row),
        direction=member(Direction, row.detail["direction"]),
        channel=member(Channel, row.detail["channel"]),
        body=message_body(row.text, row.format),
        language=LanguageTag(row.language) if row.language else None,
        attachments=[Attachment.of(each) for each in row.attachments],
        redacted_at=row.redacted_at,
    )


def _note(row: rows.Entry) -> InternalNoteEntry:
    files = [Attachment.of(each) for each in row.attachments]
    return InternalNoteEntry(**_common(row), body=message_body(row.text, row.format), attachments=files)


def _call(row: rows.Entry) -> PhoneCallEntry:
    assert row.contact is not None
    return PhoneCallEntry(
        **_common(row),
        direction=member(Direction, row.detail["direction"]),
        contact=Contact.of(row.contact),
        duration=timedelta(seconds=row.detail["seconds"]),
        body=message_body(row.text, row.format),
    )


def _file(row: rows.Entry) -> AttachmentEntry:
    return AttachmentEntry(**_common(row), attachment=Attachment.of(row.attachments[0]))


def _state(row: rows.Entry) -> StatusEntry:
    before = member(TicketStatus, row.before) if row.before else None
    return StatusEntry(**_common(row), from_=before, to=member(TicketStatus, row.after or "OPEN"))


def _assignment(row: rows.Entry) -> AssignmentEntry:
    before = Agent.of(row.agent_before) if row.agent_before else None
    return AssignmentEntry(**_common(row), from_=before, to=Agent.of(row.agent_after) if row.agent_after else None)


def _transfer(row: rows.Entry) -> TransferEntry:
    assert row.queue is not None
    organisation = Organisation.of(row.organisation) if row.organisation else None
    return TransferEntry(**_common(row), queue=Queue.of(row.queue), organisation=organisation)


def _classification(row: rows.Entry) -> ClassificationEntry:
    what = member(ClassificationKind, row.detail["what"])
    return ClassificationEntry(**_common(row), what=what, from_=row.before, to=row.after)


def _relation(row: rows.Entry) -> RelationEntry:
    struck_by = UUID(row.detail["incident"]) if "incident" in row.detail else None
    planned = UUID(row.detail["maintenance"]) if "maintenance" in row.detail else None
    change = member(RelationChange, row.detail["change"])
    return RelationEntry(**_common(row), change=change, found=row.other, struck_by=struck_by, planned=planned)


def _escalation(row: rows.Entry) -> EscalationEntry:
    return EscalationEntry(**_common(row), target=member(EscalationTarget, row.detail["target"]))


def _promise(row: rows.Entry) -> SlaEntry:
    assert row.sla is not None
    return SlaEntry(**_common(row), target=SlaTarget.of(row.sla), change=member(SlaChange, row.detail["change"]))


def _rating(row: rows.Entry) -> RatingEntry:
    score, episode = row.detail["score"], row.detail["episode"]
    return RatingEntry(**_common(row), rating=SatisfactionRating(score=score, comment=row.text, episode=episode, at=row.at))


_TYPES: dict[str, Callable[[rows.Entry], TimelineEntry]] = {
    "MessageEntry": _message,
    "InternalNoteEntry": _note,
    "PhoneCallEntry": _call,
    "AttachmentEntry": _file,
    "StatusEntry": _state,
    "AssignmentEntry": _assignment,
    "TransferEntry": _transfer,
    "ClassificationEntry": _classification,
    "RelationEntry": _relation,
    "EscalationEntry": _escalation,
    "SlaEntry": _promise,
    "RatingEntry": _rating,
}
TYPES = (
    MessageEntry, InternalNoteEntry, PhoneCallEntry, AttachmentEntry, StatusEntry, AssignmentEntry, TransferEntry, ClassificationEntry,
    RelationEntry, EscalationEntry, SlaEntry, RatingEntry,
)  # fmt: skip

"""What a ticket remembers. `evolve` is the one place that changes it, and it never judges: commands do (commands/, ticket.py)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.event import Aggregate, Classification, DomainEvent
from domain.tickets import events as e
from domain.tickets import refusals, status
from domain.tickets.sla import HEARD, SlaClocks
from domain.tickets.status import Status
from domain.tickets.vocabulary import (
    Attachment,
    ExternalSystem,
    FieldValue,
    HoldReason,
    LinkKind,
    Priority,
    Resolution,
    ScanResult,
    Severity,
)

PROMISES = frozenset({e.TicketSlaApplied, e.TicketSlaImminent, e.TicketSlaBreached, e.TicketSlaMet})
"""Remembered by the clocks alone."""


class EntryKind(StrEnum):
    MESSAGE = "MESSAGE"
    REPLY = "REPLY"
    CALL = "CALL"
    NOTE = "NOTE"
    FILE = "FILE"


class TicketState(Aggregate):
    """Shared by the rooms of commands, so that each of them is typed against the same memory."""

    Event = DomainEvent

    def _begin(self, event: e.TicketOpened) -> None:
        self.visible_version = 0
        self.ref = event.ref
        self.kind = event.kind
        self.subject = event.subject.value
        self.requester = event.requester
        self.channel = event.channel
        self.origin = event.origin
        self.services = event.services
        self.incidents: set[UUID] = set()
        self.maintenance: set[UUID] = set()
        self.opened_at = event.timestamp
        self.status = Status.NEW
        self.before_merge: Status | None = None
        self.queue = event.queue
        self.priority: Priority = event.priority
        self.severity: Severity | None = event.severity
        self.assignee: UUID | None = None
        self.episode = 1
        self.resolution: Resolution | None = None
        self.resolved_at: datetime | None = None
        self.reopenable_until: datetime | None = None
        self.hold_reason: HoldReason | None = None
        self.snoozed_until: datetime | None = None
        self.merged_into: UUID | None = None
        self.absorbed: set[UUID] = set()
        self.links: set[tuple[UUID, LinkKind]] = set()
        self.entries: dict[UUID, EntryKind] = {}
        self.redacted: set[UUID] = set()
        self.moved: dict[UUID, UUID] = {}
        self.attachments: dict[UUID, EntryKind] = {}
        self.scans: dict[UUID, ScanResult] = {}
        self.tags: set[str] = set()
        self.fields: dict[str, FieldValue | None] = {}
        self.watchers: set[UUID] = set()
        self.staff_watchers: set[UUID] = set()
        self.rated: set[int] = set()
        self.imported: set[tuple[ExternalSystem, str, int, datetime]] = set()
        self.clocks = SlaClocks()
        self._homes: list[tuple[int, UUID | None]] = [(event.originator_version, event.organisation)]

    @property
    def organisation(self) -> UUID | None:
        """Whose it is; None until staff place the ticket of an unknown sender."""
        return self._homes[-1][1]

    def audience(self, event: DomainEvent) -> UUID | None:
        """The organisation the ticket belonged to when the event was recorded, whatever became of it since."""
        return next(home for since, home in reversed(self._homes) if since <= event.originator_version)

    @property
    def first_responded_at(self) -> datetime | None:
        return self.clocks.first_responded_at

    def belongs_with(self, other: TicketState) -> bool:
        """Whether whoever may see the one may see the other. While nobody knows whose they are: the same person's."""
        return self.organisation == other.organisation and (self.organisation is not None or self.requester == other.requester)

    def _must_take_something(self) -> None:
        """A merged ticket takes nothing; whatever arrives is for the one it lives on in."""
        if self.status is Status.MERGED:
            assert self.merged_into is not None
            raise refusals.TicketIsMerged(self.merged_into)

    def _must_allow(self, wanted: Status) -> None:
        self._must_take_something()
        if wanted not in status.ways(self.status):
            raise refusals.forbidden_by(self.status)

    def _must_be_in_progress(self) -> None:
        """Neither ended nor spam."""
        self._must_take_something()
        if self.status in status.ENDED:
            raise refusals.forbidden_by(self.status)

    def evolve(self, event: DomainEvent) -> None:
        kind = type(event)
        if isinstance(event, e.TicketOpened):
            self._begin(event)
        if kind.CLASS is not Classification.RESTRICTED:
            self.visible_version += 1
        if kind in status.MOVES:
            self._stand(event)
        elif kind not in PROMISES:
            self._remember(event)
        if kind in HEARD:
            self.clocks.evolve(event)

    def _stand(self, event: DomainEvent) -> None:
        """The state, and what belongs to a state alone."""
        before, after = self.status, status.after(event, self.before_merge)
        assert after is not None
        self.status = after
        match event:
            case e.TicketMerged():
                self.before_merge, self.merged_into = before, event.into
                return
            case e.TicketUnmerged():
                self.before_merge = self.merged_into = None
                return
        # A merge is undone as if it had not been, so what it interrupted is kept; any other change ends it.
        self.hold_reason = event.reason if isinstance(event, e.TicketPutOnHold) else None
        self.snoozed_until = event.until if isinstance(event, e.TicketSnoozed) else None
        match event:
            case e.TicketResolved():
                self.resolution, self.resolved_at, self.reopenable_until = (
                    event.resolution,
                    event.timestamp,
                    event.reopenable_until,
                )
            case e.TicketClosed():
                self.reopenable_until = event.reopenable_until
            case e.TicketReopened():
                self.episode = event.episode
                self.resolution = self.resolved_at = self.reopenable_until = None

    def _remember(self, event: DomainEvent) -> None:
        match event:  # the frequent ones first: a ticket is loaded far more often than it is split
            case e.TicketMessageReceived():
                self._entry(event.entry, EntryKind.MESSAGE, event.attachments)
            case e.TicketReplySent():
                self._entry(event.entry, EntryKind.REPLY, event.attachments)
            case e.TicketPhoneCallLogged():
                self._entry(event.entry, EntryKind.CALL)
            case e.TicketInternalNoteAdded():
                self._entry(event.entry, EntryKind.NOTE, event.attachments)
            case e.TicketAttachmentAdded():
                self._entry(event.entry, EntryKind.FILE, (event.attachment,))
            case e.TicketAttachmentScanned() | e.TicketNoteAttachmentScanned():
                self.scans[event.attachment] = event.result
            case e.TicketMessageRedacted() | e.TicketNoteRedacted():
                self.redacted.add(event.entry)
            case e.TicketAssigned():
                self.assignee = event.agent
            case e.TicketUnassigned():
                self.assignee = None
            case e.TicketTransferredToQueue():
                self.queue = event.queue
            case e.TicketTransferredToOrganisation():
                self._homes.append((event.originator_version, event.organisation))
            case e.TicketPriorityChanged():
                self.priority = event.priority
            case e.TicketSeverityChanged():
                self.severity = event.severity
            case e.TicketTagged():
                self.tags.add(event.tag)
            case e.TicketUntagged():
                self.tags.discard(event.tag)
            case e.TicketFieldSet() | e.TicketStaffFieldSet():
                self._field(event.key, event.value.value if event.value else None, emptied=event.value is None)
            case e.TicketAbsorbed():
                self.absorbed.add(event.ticket)
            case e.TicketReleased():
                self.absorbed.discard(event.ticket)
            case e.TicketSplit():
                self.moved.update(dict.fromkeys(event.entries, event.into))
            case e.TicketLinked():
                self.links.add((event.other, event.kind))
            case e.TicketUnlinked():
                self.links.discard((event.other, event.kind))
            case e.TicketIncidentLinked():
                self.incidents.add(event.incident)
            case e.TicketMaintenanceLinked():
                self.maintenance.add(event.maintenance)
            case e.TicketSatisfactionRated():
                self.rated.add(event.episode)
            case e.TicketWatched():
                self.watchers.add(event.contact)
            case e.TicketUnwatched():
                self.watchers.discard(event.contact)
            case e.TicketStaffWatched():
                self.staff_watchers.add(event.agent)
            case e.TicketStaffUnwatched():
                self.staff_watchers.discard(event.agent)
            case e.TicketHistoryImported():
                self.imported.add((event.system, event.external, event.entries, event.to))

    def _entry(self, entry: UUID, kind: EntryKind, attachments: tuple[Attachment, ...] = ()) -> None:
        self.entries[entry] = kind
        for attachment in attachments:
            self.attachments[attachment.id] = kind

    def _field(self, key: str, value: FieldValue | None, *, emptied: bool) -> None:
        """An erased value (None, not emptied) is still a field that was set."""
        if emptied:
            self.fields.pop(key, None)
        else:
            self.fields[key] = value

"""What a ticket and its timeline look like when they are read, and how much of them somebody wants.

Rows are decoded from the one JSON document that the query's statement returns for each. A want says which branches the statement
shall carry; a branch not asked for is at its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from projections.actors import Actor
from projections.agents import Agent
from projections.contacts import Contact
from projections.organisations import Organisation
from projections.paging import Connection, Cursors, Page, Place
from projections.queues import Queue
from projections.status_components import Component
from projections.status_incidents import Incident
from projections.status_maintenance import Maintenance
from projections.ticket_sla import SlaTarget


class TimelineWant(Struct, frozen=True, kw_only=True):
    """A page of a timeline. `kinds` are TimelineKind names, None for all; `other` says what of a related ticket is wanted."""

    page: Page = Page()
    kinds: frozenset[str] | None = None
    other: TicketWant | None = None

    @property
    def cursors(self) -> Cursors:
        return Cursors.bound_to("timeline", sorted(self.kinds) if self.kinds is not None else None)


class TicketWant(Struct, frozen=True, kw_only=True):
    """The branches of a ticket. `timelines` are named, so that a client may read two of them (GraphQL aliases) at once."""

    organisation: bool = False
    requester: bool = False
    assignee: bool = False
    queue: bool = False
    sla: bool = False
    sla_entries: bool = False
    fields: bool = False
    ratings: bool = False
    external: bool = False
    services: bool = False
    incidents: bool = False
    maintenance: bool = False
    staff: bool = False
    links: TicketWant | None = None
    merged_into: TicketWant | None = None
    timelines: Mapping[str, TimelineWant] = {}


class Field(Struct, frozen=True, kw_only=True):
    """A custom field; its label and type are in the policies."""

    key: str
    value: str | float | list[str]


class Rating(Struct, frozen=True, kw_only=True):
    episode: int
    score: int
    at: datetime
    comment: str | None = None


class ExternalRef(Struct, frozen=True, kw_only=True):
    system: str
    value: str


class Escalation(Struct, frozen=True, kw_only=True):
    target: str
    at: datetime
    by: Actor


class StaffView(Struct, frozen=True, kw_only=True):
    """The part of a ticket that never leaves staff. `watchers` are customers' people and staff."""

    tags: list[str]
    note_count: int
    watchers: list[Actor]
    fields: list[Field]
    language: str | None = None
    escalation: Escalation | None = None


class Attachment(Struct, frozen=True, kw_only=True):
    """A file; its name is None once redacted or erased. `scan` is PENDING, CLEAN or INFECTED."""

    id: UUID
    content_type: str
    byte_size: int
    sha256: str
    scan: str
    file_name: str | None = None


class Entry(Struct, frozen=True, kw_only=True):
    """One thing that happened. `type` names the schema's entry type, `kind` its TimelineKind; what a type lacks is at its default.

    `text` is a message, note, summary of a call or comment of a rating, None when redacted or erased. `detail` are the rest of the
    type's own fields by their names in the schema, ids as text; `before` and `after` those of a classification.
    """

    id: UUID
    ticket_id: UUID
    at: datetime
    epoch: int
    position: int
    version: int
    kind: str
    type: str
    staff: bool
    actor: Actor
    text: str | None = None
    format: str | None = None
    language: str | None = None
    redacted_at: datetime | None = None
    before: str | None = None
    after: str | None = None
    detail: dict[str, Any] = {}
    attachments: list[Attachment] = []
    contact: Contact | None = None
    agent_before: Agent | None = None
    agent_after: Agent | None = None
    organisation: Organisation | None = None
    queue: Queue | None = None
    sla: SlaTarget | None = None
    other: Ticket | None = None

    @property
    def place(self) -> Place:
        return Place(str(self.position), str(self.id))


class Link(Struct, frozen=True, kw_only=True):
    kind: str
    ticket: Ticket


class Ticket(Struct, frozen=True, kw_only=True):
    """A ticket as its viewer may see it: `version` and `updated_at` count, for customers, only what they see.

    With `sla` come the `clocks`, from which projections.ticket_sla works out ledgers for a time; with `sla_entries` the entries that
    their stretches name by version.
    """

    id: UUID
    ref: str
    version: int
    kind: str
    status: str
    priority: str
    channel: str
    requester_id: UUID
    queue_id: UUID
    created_at: datetime
    updated_at: datetime
    viewer_is_watching: bool
    subject: str | None = None
    severity: str | None = None
    organisation_id: UUID | None = None
    assignee_id: UUID | None = None
    first_responded_at: datetime | None = None
    resolved_at: datetime | None = None
    reopenable_until: datetime | None = None
    snoozed_until: datetime | None = None
    hold_reason: str | None = None
    resolution: str | None = None
    episode: int = 0
    merged_into_id: UUID | None = None
    organisation: Organisation | None = None
    requester: Contact | None = None
    assignee: Agent | None = None
    queue: Queue | None = None
    sla: list[SlaTarget] = []
    clocks: dict[str, Any] | None = None
    sla_entries: list[Entry] = []
    fields: list[Field] = []
    links: list[Link] = []
    ratings: list[Rating] = []
    external: list[ExternalRef] = []
    services: list[Component] = []
    incidents: list[Incident] = []
    maintenance: list[Maintenance] = []
    merged_into: Ticket | None = None
    staff: StaffView | None = None
    timelines: dict[str, list[Entry]] = {}
    blocked: bool = False
    """An event of it is set aside: what the row says may be wrong. Known of one that was reached by another ticket or a notice."""

    def timeline(self, name: str, want: TimelineWant) -> Connection[Entry]:
        """The page read under this name of the want."""
        return Connection.of([(entry.place, entry) for entry in self.timelines[name]], want.page, want.cursors)

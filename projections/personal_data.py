"""What do we hold about a person, as far as it may be handed to them?

The form of a data export, and where its parts are read. Every statement runs on a customer's connection, which has no grant on notes,
tags and other matters of staff, so none of these can get in whatever is written here. Other people and staff are named by id alone.
Of a ticket that the person asked for and may not see any more (it went to another organisation, or they left) they get what they wrote
and said themselves. Rows come by a cursor, so a copy of any size is made in little memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct, field, json

from projections.arguments import document
from projections.viewer import Viewer

AT_ONCE = 100
"""Rows in memory."""


class Part(Struct, frozen=True, kw_only=True, rename="camel"):
    """Written in camelCase; times are RFC 3339."""


class File(Part, frozen=True, kw_only=True):
    id: UUID
    file_name: str | None
    content_type: str
    byte_size: int
    sha256: str


class Entry(Part, frozen=True, kw_only=True):
    """`type` as in the GraphQL schema. `author` is a contact (app_user), staff (user), a program or the service itself."""

    id: UUID
    ticket: UUID
    at: datetime
    type: str
    author_kind: str
    author: UUID
    by_you: bool
    text: str | None = None
    format: str | None = None
    language: str | None = None
    before: str | None = None
    after: str | None = None
    redacted_at: datetime | None = None
    files: list[File] = field(default_factory=list)


class Value(Part, frozen=True, kw_only=True):
    key: str
    value: Any


class Rating(Part, frozen=True, kw_only=True):
    episode: int
    score: int
    at: datetime
    comment: str | None = None


class Ticket(Part, frozen=True, kw_only=True):
    """A ticket the person asked for. `timeline` follows it in the file, in order, however long."""

    id: UUID
    ref: str
    kind: str
    subject: str | None
    status: str
    priority: str
    severity: str | None
    channel: str
    organisation: UUID | None
    created_at: datetime
    resolved_at: datetime | None
    visible: bool
    fields: list[Value]
    ratings: list[Rating]


class Subscription(Part, frozen=True, kw_only=True):
    """`destination` is the whole address, where it was not erased."""

    id: UUID
    organisation: UUID
    requested_at: datetime
    channel: str
    destination: str | None
    status: str
    components: list[UUID]
    severity_floor: str
    digest: str
    quiet_from: str | None
    quiet_to: str | None
    quiet_zone: str | None


class Delivery(Part, frozen=True, kw_only=True):
    """A message to the person. `text` is left out where it holds a token that may still be good."""

    id: UUID
    queued_at: datetime
    channel: str
    state: str
    to: str | None = None
    subject: str | None = None
    text: str | None = None


class ChatAccess(Part, frozen=True, kw_only=True):
    id: UUID
    room: UUID
    kind: str
    organisation: UUID | None
    status: str
    requested_at: datetime
    expires_at: datetime | None
    end_reason: str | None


class Engagement(Part, frozen=True, kw_only=True):
    id: UUID
    ref: str
    organisation: UUID
    kind: str
    status: str
    requested_at: datetime
    starts_at: datetime | None
    join_url: str | None
    wish: str | None
    scope: str | None
    answer: str | None
    outcome: str | None


class ActionItem(Part, frozen=True, kw_only=True):
    """A task from an operations meeting that the person took on."""

    id: UUID
    meeting: UUID
    title: str | None
    due_on: date | None
    done_at: datetime | None


class Wish(Part, frozen=True, kw_only=True):
    id: UUID
    title: str | None
    kind: str | None
    status: str


class Vote(Part, frozen=True, kw_only=True):
    topic: UUID


P = TypeVar("P", bound=Part)
TICKETS = f"""SELECT {document({
    "id": "t.id", "ref": "t.ref", "kind": "t.kind", "subject": "t.subject", "status": "t.status", "priority": "t.priority",
    "severity": "t.severity", "channel": "t.channel", "organisation": "t.organisation", "createdAt": "t.created_at",
    "resolvedAt": "t.resolved_at", "visible": "t.audience = ANY($2::uuid[])",
    "fields": "(SELECT coalesce(json_agg(json_build_object('key', f.key, 'value', f.value) ORDER BY f.key), '[]') FROM ticket_fields f"
    " WHERE f.ticket = t.id AND f.subject = $1)",
    "ratings": "(SELECT coalesce(json_agg(json_build_object('episode', r.episode, 'score', r.score, 'at', r.at, 'comment', r.comment)"
    " ORDER BY r.episode), '[]') FROM ticket_ratings r WHERE r.ticket = t.id)",
})}::text AS doc FROM tickets t WHERE t.requester = $1 ORDER BY t.created_at, t.id"""  # fmt: skip
_FILES = """(SELECT coalesce(json_agg(json_build_object('id', f.id, 'fileName', f.file_name, 'contentType', f.content_type,
  'byteSize', f.byte_size, 'sha256', f.sha256) ORDER BY f.place), '[]') FROM ticket_attachments f WHERE f.entry = e.id)"""
_ENTRY = document({
    "id": "e.id", "ticket": "e.ticket", "at": "e.at", "type": "e.type", "authorKind": "e.actor_kind", "author": "e.actor",
    "byYou": "e.actor_kind = 'app_user' AND e.actor = $1", "text": "e.body", "format": "e.format", "language": "e.language",
    "before": "e.before", "after": "e.after", "redactedAt": "e.redacted_at", "files": _FILES,
})  # fmt: skip
TIMELINE = f"""SELECT {_ENTRY}::text AS doc FROM ticket_entries e
  WHERE e.ticket = $2 AND ($3 OR e.contact = $1 OR (e.actor_kind = 'app_user' AND e.actor = $1)) ORDER BY e.position"""
ELSEWHERE = f"""SELECT {_ENTRY}::text AS doc FROM ticket_entries e JOIN tickets t ON t.id = e.ticket
  WHERE (e.actor_kind = 'app_user' AND e.actor = $1 AND e.type = 'MessageEntry' OR e.contact = $1 AND e.type = 'PhoneCallEntry')
  AND t.requester <> $1 ORDER BY e.at, e.id"""


def _rows(table: str, columns: str, which: str, order: str) -> str:
    names = {"".join(word.title() if i else word for i, word in enumerate(each.split("_"))): each for each in columns.split()}
    return f"SELECT {document(names)}::text AS doc FROM {table} WHERE {which} = $1 ORDER BY {order}"


SECTIONS: tuple[tuple[str, type[Part], str], ...] = (
    ("messagesElsewhere", Entry, ELSEWHERE),
    (
        "chatAccesses",
        ChatAccess,
        _rows(
            "chat_accesses",
            "id room kind organisation status requested_at expires_at end_reason",
            "contact",
            "requested_at, id",
        ),
    ),
    (
        "engagements",
        Engagement,
        _rows(
            "(SELECT *, audience AS organisation FROM engagements) e",
            "id ref organisation kind status requested_at starts_at join_url wish scope answer outcome",
            "requester",
            "requested_at, id",
        ),
    ),
    (
        "actionItems",
        ActionItem,
        _rows(
            "(SELECT a.* FROM meeting_actions a JOIN contacts c ON c.id = a.owner"
            " WHERE a.owner_kind = 'CONTACT' AND a.audience = c.organisation) a",
            "id meeting title due_on done_at",
            "owner",
            "meeting, place",
        ),
    ),
    ("knowledgeWishes", Wish, _rows("topics", "id title kind status", "subject", "id")),
    ("knowledgeVotes", Vote, _rows("topic_voters", "topic", "voter", "topic")),
)
"""What is read by one statement each."""
SUBSCRIPTIONS = """SELECT id, organisation, requested_at, channel, status, components, severity_floor, digest, quiet_from, quiet_to,
  quiet_zone FROM status_subscriptions WHERE owner = $1 ORDER BY requested_at, id"""
DELIVERIES = "SELECT id, queued_at, channel, state FROM deliveries WHERE recipient = $1 ORDER BY position"


async def tickets(connection: Any, viewer: Viewer) -> AsyncIterator[Ticket]:
    """Those the person asked for, oldest first. `connection` is a customer's, in a transaction."""
    async for row in connection.cursor(TICKETS, viewer.id, list(viewer.audiences or ()), prefetch=AT_ONCE):
        yield json.decode(row["doc"], type=Ticket)


async def timeline(connection: Any, viewer: Viewer, ticket: Ticket) -> AsyncIterator[Entry]:
    """What stands on a ticket, oldest first."""
    async for row in connection.cursor(TIMELINE, viewer.id, ticket.id, ticket.visible, prefetch=AT_ONCE):
        yield json.decode(row["doc"], type=Entry)


async def section(connection: Any, viewer: Viewer, form: type[P], sql: str) -> AsyncIterator[P]:
    """One of SECTIONS."""
    async for row in connection.cursor(sql, viewer.id, prefetch=AT_ONCE):
        yield json.decode(row["doc"], type=form)

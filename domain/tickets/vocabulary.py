"""The words a ticket is described in: its enums, and the small values its events carry.

The names of the members are those of the GraphQL schema and of the JSON; they are never renamed. Readers treat a member they do
not know as "other".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from domain.event import Personal

FieldValue = str | float | tuple[str, ...]
"""A custom field's value: text, a number, a day as ISO 8601 text, or the chosen options."""


class TicketKind(StrEnum):
    REQUEST = "REQUEST"
    INCIDENT = "INCIDENT"


class Priority(StrEnum):
    """How soon."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"


class Severity(StrEnum):
    """How bad an incident is."""

    MINOR = "MINOR"
    MAJOR = "MAJOR"
    CRITICAL = "CRITICAL"


class Channel(StrEnum):
    """How a message came or went."""

    PORTAL = "PORTAL"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    CHAT = "CHAT"
    API = "API"
    RT = "RT"


class BodyFormat(StrEnum):
    MARKDOWN = "MARKDOWN"
    PLAIN = "PLAIN"


class Direction(StrEnum):
    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class ScanResult(StrEnum):
    CLEAN = "CLEAN"
    INFECTED = "INFECTED"


class HoldReason(StrEnum):
    """What a ticket on hold waits for."""

    SUPPLIER = "SUPPLIER"
    PLANNED_CHANGE = "PLANNED_CHANGE"
    INCIDENT = "INCIDENT"
    OTHER_TICKET = "OTHER_TICKET"


class WakeCause(StrEnum):
    TIME = "TIME"
    REPLY = "REPLY"
    STAFF = "STAFF"


class Resolution(StrEnum):
    """How it ended."""

    SOLVED = "SOLVED"
    WORKAROUND = "WORKAROUND"
    ANSWERED = "ANSWERED"
    NOT_REPRODUCIBLE = "NOT_REPRODUCIBLE"
    DECLINED = "DECLINED"
    NO_RESPONSE = "NO_RESPONSE"


class CloseCause(StrEnum):
    STAFF = "STAFF"
    CUSTOMER = "CUSTOMER"
    TIME = "TIME"


class ReopenCause(StrEnum):
    STAFF = "STAFF"
    CUSTOMER = "CUSTOMER"
    REPLY = "REPLY"


class AfterReply(StrEnum):
    """The state along with a reply. KEEP says nothing, so the usual happens: see `Conversation.send_reply`."""

    KEEP = "KEEP"
    AWAIT_CUSTOMER = "AWAIT_CUSTOMER"
    RESOLVE = "RESOLVE"


class LinkKind(StrEnum):
    """How two tickets belong together, read from the one that has the link."""

    RELATED = "RELATED"
    BLOCKS = "BLOCKS"
    BLOCKED_BY = "BLOCKED_BY"
    DUPLICATES = "DUPLICATES"
    FOLLOW_UP_OF = "FOLLOW_UP_OF"
    SPLIT_FROM = "SPLIT_FROM"


class OriginKind(StrEnum):
    FOLLOW_UP_OF = "FOLLOW_UP_OF"
    SPLIT_FROM = "SPLIT_FROM"


class EscalationTarget(StrEnum):
    """To whom it goes up."""

    ON_CALL = "ON_CALL"
    TEAM_LEAD = "TEAM_LEAD"
    SERVICE_MANAGER = "SERVICE_MANAGER"


class RedactionReason(StrEnum):
    SECRET = "SECRET"  # noqa: S105 - the word for why, not a secret
    PERSONAL_DATA = "PERSONAL_DATA"
    WRONG_RECIPIENT = "WRONG_RECIPIENT"


class Visibility(StrEnum):
    EVERYONE = "EVERYONE"
    STAFF = "STAFF"


class ExternalSystem(StrEnum):
    """Systems we bridge."""

    RT = "RT"


class SlaMetric(StrEnum):
    """What is promised."""

    FIRST_RESPONSE = "FIRST_RESPONSE"
    """The first public reply, or talk by phone, by a human agent."""
    NEXT_RESPONSE = "NEXT_RESPONSE"
    """The next one after a message of the customer."""
    RESOLUTION = "RESOLUTION"


@dataclass(frozen=True)
class Attachment:
    """A file. Its bytes lie outside the store, under the key of its entry."""

    id: UUID
    file_name: Personal[str]
    content_type: str
    byte_size: int
    sha256: str


@dataclass(frozen=True)
class Origin:
    """The ticket this one came out of; `entries` are those it took with it (SPLIT_FROM)."""

    kind: OriginKind
    ticket: UUID
    entries: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class ExternalRef:
    """The ticket's number in another system."""

    system: ExternalSystem
    value: str

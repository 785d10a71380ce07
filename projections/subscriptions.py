"""Who is to be told about status, on which channel, of what, and when not?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct, json

from domain.event import DomainEvent
from domain.subscriptions import events
from domain.subscriptions.destinations import hint
from projections.arguments import Arguments, document
from projections.database import Database, Statement
from projections.deliveries import Delivery, recent
from projections.order import Order
from projections.paging import Connection, Cursors, Page, Place
from projections.projection import Envelope, Projection
from projections.viewer import Role, Viewer

subscriptions = Projection(
    "subscriptions",
    version=1,
    tables="""
    CREATE TABLE status_subscriptions(
      id uuid PRIMARY KEY, organisation uuid NOT NULL, owner uuid NOT NULL, version int NOT NULL, visible_version int NOT NULL,
      requested_at timestamptz NOT NULL, channel text NOT NULL, hint text, status text NOT NULL, components uuid[] NOT NULL,
      severity_floor text NOT NULL, urgent_from text NOT NULL, digest text NOT NULL, quiet_from text, quiet_to text, quiet_zone text);
    CREATE INDEX status_subscriptions_by_request ON status_subscriptions(requested_at, id);
    CREATE INDEX status_subscriptions_of_organisation ON status_subscriptions(organisation, requested_at, id);
    CREATE INDEX status_subscriptions_of_owner ON status_subscriptions(owner, requested_at, id);
    """,
    personal=(("status_subscriptions", "owner", ("hint",)),),
)

REQUEST = """INSERT INTO status_subscriptions(id, organisation, owner, version, visible_version, requested_at, channel, hint, status,
    components, severity_floor, urgent_from, digest)
  VALUES ($1, $2, $3, $4, 1, $5, $6, $7, 'AWAITING_CONFIRMATION', $8, $9, 'CRITICAL', 'IMMEDIATE')"""
SEEN = "version = $2, visible_version = visible_version + 1"
STATUS = f"UPDATE status_subscriptions SET {SEEN}, status = $3 WHERE id = $1"
SCOPE = f"UPDATE status_subscriptions SET {SEEN}, components = $3, severity_floor = $4 WHERE id = $1"
QUIET = f"""UPDATE status_subscriptions SET {SEEN}, urgent_from = $3, quiet_from = $4, quiet_to = $5, quiet_zone = $6
  WHERE id = $1"""
DIGEST = f"UPDATE status_subscriptions SET {SEEN}, digest = $3 WHERE id = $1"
COUNT = f"UPDATE status_subscriptions SET {SEEN} WHERE id = $1"
COUNT_HIDDEN = "UPDATE status_subscriptions SET version = $2 WHERE id = $1"
ERASE = f"UPDATE status_subscriptions SET {SEEN}, hint = NULL WHERE id = $1"
_STATUS: dict[type[DomainEvent], str] = {
    events.SubscriptionConfirmed: "ACTIVE",
    events.SubscriptionResumed: "ACTIVE",
    events.SubscriptionPaused: "PAUSED",
    events.SubscriptionDisabled: "DISABLED",
    events.SubscriptionCancelled: "CANCELLED",
    events.SubscriptionConfirmationExpired: "EXPIRED",
}


@subscriptions.on(events.SubscriptionRequested)
def requested(event: events.SubscriptionRequested, envelope: Envelope) -> Statement:
    where = event.destination.value
    return REQUEST, (
        envelope.stream, event.organisation, event.owner, envelope.version, event.timestamp, event.channel,
        None if where is None else hint(event.channel, where), list(event.components), event.severity_floor,
    )  # fmt: skip


@subscriptions.on(*_STATUS)
def stands(event: DomainEvent, envelope: Envelope) -> Statement:
    return STATUS, (envelope.stream, envelope.version, _STATUS[type(event)])


@subscriptions.on(events.SubscriptionScopeChanged)
def scope_changed(event: events.SubscriptionScopeChanged, envelope: Envelope) -> Statement:
    return SCOPE, (envelope.stream, envelope.version, list(event.components), event.severity_floor)


@subscriptions.on(events.SubscriptionQuietHoursSet)
def quiet_hours_set(event: events.SubscriptionQuietHoursSet, envelope: Envelope) -> Statement:
    quiet = event.quiet
    hours = (quiet.from_, quiet.to, quiet.time_zone) if quiet else (None, None, None)
    return QUIET, (envelope.stream, envelope.version, event.urgent_from, *hours)


@subscriptions.on(events.SubscriptionDigestSet)
def digest_set(event: events.SubscriptionDigestSet, envelope: Envelope) -> Statement:
    return DIGEST, (envelope.stream, envelope.version, event.mode)


@subscriptions.on(events.SubscriptionTestRequested)
def tested(_: events.SubscriptionTestRequested, envelope: Envelope) -> Statement:
    return COUNT, (envelope.stream, envelope.version)


@subscriptions.on(events.SubscriptionSecretRotated)
def rotated(_: events.SubscriptionSecretRotated, envelope: Envelope) -> Statement:
    return COUNT_HIDDEN, (envelope.stream, envelope.version)


@subscriptions.on(events.SubscriptionDestinationErased)
def erased(_: events.SubscriptionDestinationErased, envelope: Envelope) -> Statement:
    return ERASE, (envelope.stream, envelope.version)


class Subscription(Struct, frozen=True, kw_only=True):
    """`hint` is None once the destination is erased; no `components` means all."""

    id: UUID
    version: int
    organisation: UUID
    channel: str
    status: str
    components: list[UUID]
    severity_floor: str
    urgent_from: str
    digest: str
    hint: str | None = None
    quiet_from: str | None = None
    quiet_to: str | None = None
    quiet_zone: str | None = None
    deliveries: list[Delivery] = []
    """The last ones, newest first."""


_COLUMNS = (
    "id", "organisation", "channel", "status", "components", "severity_floor", "urgent_from", "digest", "hint", "quiet_from",
    "quiet_to", "quiet_zone",
)  # fmt: skip


def _document(arguments: Arguments, viewer: Viewer, now: datetime) -> str:
    version = "s.version" if viewer.sees_staff else "s.visible_version"
    return document(
        {**{column: f"s.{column}" for column in _COLUMNS}, "version": version, "deliveries": recent(arguments, "s.id", now)}
    )


def _sees(arguments: Arguments, viewer: Viewer) -> str:
    """Customers see their own, their administrators the organisation's; programs by scope; other staff those of whom they see."""
    if viewer.role is Role.CUSTOMER:
        organisation = arguments(viewer.organisation, "uuid")
        return f"s.owner = {arguments(viewer.id, 'uuid')} AND s.organisation = {organisation}"
    if viewer.role is Role.SERVICE:
        return "TRUE" if "STATUS_SUBSCRIPTIONS" in viewer.scopes else "FALSE"
    mine = viewer.audiences
    return "TRUE" if mine is None else f"s.organisation = ANY({arguments(list(mine), 'uuid[]')})"


async def subscriptions_by_id(db: Database, viewer: Viewer, ids: Sequence[UUID], now: datetime) -> list[Subscription]:
    """These subscriptions, as far as the viewer may see them, with what is held back at `now`."""
    arguments = Arguments()
    sql = f"""SELECT {_document(arguments, viewer, now)}::text AS doc FROM status_subscriptions s
      WHERE s.id = ANY({arguments(list(ids), "uuid[]")}) AND {_sees(arguments, viewer)}"""
    return [json.decode(row["doc"], type=Subscription) for row in await db.fetch(sql, *arguments.values)]


async def subscriptions_page(db: Database, viewer: Viewer, page: Page, now: datetime) -> Connection[Subscription]:
    """Those the viewer may see, last asked for first."""
    arguments = Arguments()
    cursors = Cursors.bound_to("status subscriptions")
    order = Order("s.requested_at", "timestamptz", "s.id", "uuid", descending=True)
    sql = f"""SELECT {_document(arguments, viewer, now)}::text AS doc, {order.columns} FROM status_subscriptions s
      WHERE {_sees(arguments, viewer)} AND {order.within(arguments, page, cursors)}
      ORDER BY {order.by(page)} LIMIT {order.limit(arguments, page)}"""
    rows = await db.fetch(sql, *arguments.values)
    found = [(Place(row["key"], row["tie"]), json.decode(row["doc"], type=Subscription)) for row in rows]
    return Connection.of(found, page, cursors)

"""Who is in which chat room, who asks to be let in, and how did each access end?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct, json

from domain.chat.events import (
    ChatAccessApproved,
    ChatAccessDenied,
    ChatAccessExpired,
    ChatAccessRequested,
    ChatAccessRevoked,
)
from projections.actors import Actor, actor
from projections.arguments import Arguments, document
from projections.database import Database, Statement
from projections.order import Order
from projections.paging import Connection, Cursors, Page, Place
from projections.projection import Envelope, Projection
from projections.viewer import Role, Viewer

chat_accesses = Projection(
    "chat_accesses",
    version=1,
    tables="""
    CREATE TABLE chat_accesses(
      id uuid PRIMARY KEY, room uuid NOT NULL, contact uuid NOT NULL, kind text NOT NULL, organisation uuid, status text NOT NULL,
      version int NOT NULL, requested_at timestamptz NOT NULL, decided_kind text, decided_by uuid, expires_at timestamptz,
      end_reason text);
    CREATE INDEX chat_accesses_by_request ON chat_accesses(requested_at, id);
    CREATE INDEX chat_accesses_of_contact ON chat_accesses(contact, requested_at, id);
    CREATE INDEX chat_accesses_of_room ON chat_accesses(room, requested_at, id);
    CREATE INDEX chat_accesses_of_organisation ON chat_accesses(organisation, requested_at, id);
    CREATE INDEX chat_accesses_by_status ON chat_accesses(status, requested_at, id);
    """,
)

REQUEST = """INSERT INTO chat_accesses(id, room, contact, kind, organisation, status, version, requested_at)
  VALUES ($1, $2, $3, $4, $5, 'REQUESTED', $6, $7) ON CONFLICT (id) DO UPDATE SET
    organisation = $5, status = 'REQUESTED', version = $6, requested_at = $7, decided_kind = NULL, decided_by = NULL, expires_at = NULL,
    end_reason = NULL"""
APPROVE = """UPDATE chat_accesses SET version = $2, status = 'APPROVED', decided_kind = $3, decided_by = $4, expires_at = $5
  WHERE id = $1"""
END = "UPDATE chat_accesses SET version = $2, status = $3, decided_kind = $4, decided_by = $5, end_reason = $6 WHERE id = $1"


@chat_accesses.on(ChatAccessRequested)
def requested(event: ChatAccessRequested, envelope: Envelope) -> Statement:
    who = (event.room, event.contact, event.kind, event.organisation)
    return REQUEST, (envelope.stream, *who, envelope.version, event.timestamp)


@chat_accesses.on(ChatAccessApproved)
def approved(event: ChatAccessApproved, envelope: Envelope) -> Statement:
    return APPROVE, (envelope.stream, envelope.version, envelope.actor_kind, envelope.actor, event.expires_at)


@chat_accesses.on(ChatAccessDenied)
def denied(_: ChatAccessDenied, envelope: Envelope) -> Statement:
    return _ended(envelope, "DENIED", "BY_STAFF")


@chat_accesses.on(ChatAccessRevoked)
def revoked(event: ChatAccessRevoked, envelope: Envelope) -> Statement:
    return _ended(envelope, "REVOKED", event.reason)


@chat_accesses.on(ChatAccessExpired)
def expired(_: ChatAccessExpired, envelope: Envelope) -> Statement:
    return _ended(envelope, "EXPIRED", "TIME")


def _ended(envelope: Envelope, status: str, reason: str) -> Statement:
    return END, (envelope.stream, envelope.version, status, envelope.actor_kind, envelope.actor, reason)


class Access(Struct, frozen=True, kw_only=True):
    """`decided_by` is who decided last, None before; `end_reason` None while it lasts."""

    id: UUID
    version: int
    room: UUID
    kind: str
    contact: Actor
    status: str
    requested_at: datetime
    decided_by: Actor | None = None
    expires_at: datetime | None = None
    end_reason: str | None = None


class Wanted(Struct, frozen=True, kw_only=True):
    """Which accesses; None is any."""

    statuses: Sequence[str] | None = None
    rooms: Sequence[UUID] | None = None
    not_rooms: Sequence[UUID] = ()
    contacts: Sequence[UUID] | None = None
    not_contacts: Sequence[UUID] = ()


def access(viewer: Viewer, alias: str) -> str:
    """The document of a row of chat_accesses under this alias."""
    columns = ("id", "version", "room", "kind", "status", "requested_at", "expires_at", "end_reason")
    decider = actor(viewer, f"{alias}.decided_kind", f"{alias}.decided_by")
    return document(
        {
            **{column: f"{alias}.{column}" for column in columns},
            "contact": actor(viewer, "'app_user'", f"{alias}.contact"),
            "decided_by": f"CASE WHEN {alias}.decided_kind IS NOT NULL THEN {decider} END",
        }
    )


def sees(arguments: Arguments, viewer: Viewer, alias: str) -> str:
    """Customers see their own; service managers those of people of their organisations; programs by scope; other staff all."""
    if viewer.is_customer:
        return f"{alias}.contact = {arguments(viewer.id, 'uuid')}"
    if viewer.role is Role.SERVICE:
        return "TRUE" if "CHAT" in viewer.scopes else "FALSE"
    mine = viewer.audiences
    return "TRUE" if mine is None else f"{alias}.organisation = ANY({arguments(list(mine), 'uuid[]')})"


async def accesses_by_id(db: Database, viewer: Viewer, ids: Sequence[UUID]) -> list[Access]:
    """These accesses, as far as the viewer may see them."""
    arguments = Arguments()
    sql = f"""SELECT {access(viewer, "a")}::text AS doc FROM chat_accesses a
      WHERE a.id = ANY({arguments(list(ids), "uuid[]")}) AND {sees(arguments, viewer, "a")}"""
    return [json.decode(row["doc"], type=Access) for row in await db.fetch(sql, *arguments.values)]


async def accesses_to(db: Database, viewer: Viewer, rooms: Sequence[UUID]) -> list[Access]:
    """The viewer's own accesses to these rooms."""
    arguments = Arguments()
    sql = f"""SELECT {access(viewer, "a")}::text AS doc FROM chat_accesses a
      WHERE a.contact = {arguments(viewer.id, "uuid")} AND a.room = ANY({arguments(list(rooms), "uuid[]")})"""
    return [json.decode(row["doc"], type=Access) for row in await db.fetch(sql, *arguments.values)]


async def accesses_page(db: Database, viewer: Viewer, wanted: Wanted, page: Page) -> Connection[Access]:
    """Accesses, last asked for first."""
    arguments = Arguments()
    cursors = Cursors.bound_to("chat accesses", wanted)
    order = Order("a.requested_at", "timestamptz", "a.id", "uuid", descending=True)
    sql = f"""SELECT {access(viewer, "a")}::text AS doc, {order.columns} FROM chat_accesses a
      WHERE {sees(arguments, viewer, "a")} AND {_those(arguments, wanted)} AND {order.within(arguments, page, cursors)}
      ORDER BY {order.by(page)} LIMIT {order.limit(arguments, page)}"""
    rows = await db.fetch(sql, *arguments.values)
    return Connection.of([(Place(row["key"], row["tie"]), json.decode(row["doc"], type=Access)) for row in rows], page, cursors)


def _those(arguments: Arguments, wanted: Wanted) -> str:
    terms = ["TRUE"]
    if wanted.statuses is not None:
        terms.append(f"a.status = ANY({arguments(list(wanted.statuses), 'text[]')})")
    for column, these in (("room", wanted.rooms), ("contact", wanted.contacts)):
        if these is not None:
            terms.append(f"a.{column} = ANY({arguments(list(these), 'uuid[]')})")
    for column, none_of in (("room", wanted.not_rooms), ("contact", wanted.not_contacts)):
        if none_of:
            terms.append(f"a.{column} <> ALL({arguments(list(none_of), 'uuid[]')})")
    return " AND ".join(terms)


class AccessChange(Struct, frozen=True, kw_only=True):
    """An event of an access, which is as it is now."""

    epoch: int
    position: int
    access: Access


async def access_changes(db: Database, viewer: Viewer, after: int, up_to: int, *, limit: int) -> list[AccessChange]:
    """What changed after one position of the log and up to another, in order, as far as the viewer may know of it now."""
    arguments = Arguments()
    since, until, rows = arguments(after, "bigint"), arguments(up_to, "bigint"), arguments(limit, "int")
    sql = f"""SELECT l.epoch, l.position, {access(viewer, "a")}::text AS doc
      FROM store.tail l CROSS JOIN LATERAL (
        SELECT * FROM chat_accesses a WHERE a.id = l.stream AND {sees(arguments, viewer, "a")} OFFSET 0) a
      WHERE l.position > {since} AND l.position <= {until} AND l.topic LIKE 'chat\\_access.%'
      ORDER BY l.position LIMIT {rows}"""
    return [
        AccessChange(epoch=row["epoch"], position=row["position"], access=json.decode(row["doc"], type=Access))
        for row in await db.fetch(sql, *arguments.values)
    ]

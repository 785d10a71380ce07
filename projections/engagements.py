"""Which engagements were asked for, what was agreed, when are they, and what came of them?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct, json

from domain.engagements.events import (
    EngagementCancelled,
    EngagementCompleted,
    EngagementDeclined,
    EngagementReminderDropped,
    EngagementReminderDue,
    EngagementRequested,
    EngagementScheduled,
    EngagementScoped,
)
from domain.event import DomainEvent
from projections.actors import Actor, actor
from projections.arguments import Arguments, document
from projections.database import Database, Statement
from projections.order import Order
from projections.paging import Connection, Cursors, Page, Place
from projections.projection import Envelope, Projection
from projections.ticket_filter import Compare
from projections.viewer import Role, Viewer

engagements = Projection(
    "engagements",
    version=1,
    tables="""
    CREATE TABLE engagements(
      id uuid PRIMARY KEY, ref text NOT NULL, audience uuid NOT NULL, subject uuid NOT NULL, version int NOT NULL, kind text NOT NULL,
      status text NOT NULL, requester uuid NOT NULL, requested_at timestamptz NOT NULL, lead uuid, starts_at timestamptz, join_url text,
      wish text, scope text, answer text, outcome text);
    CREATE INDEX engagements_by_request ON engagements(requested_at, id);
    CREATE INDEX engagements_of_audience ON engagements(audience, requested_at, id);
    CREATE INDEX engagements_by_status ON engagements(status, requested_at, id);
    CREATE INDEX engagements_of_requester ON engagements(requester, id);
    """,
    personal=(("engagements", "subject", ("wish", "scope", "answer", "outcome")),),
)

REQUEST = """INSERT INTO engagements(id, ref, audience, subject, version, kind, status, requester, requested_at, wish)
  VALUES ($1, $2, $3, $4, $5, $6, 'REQUESTED', $7, $8, $9)"""
SCOPE = """UPDATE engagements SET version = $2, lead = $3, scope = $4,
  status = CASE status WHEN 'REQUESTED' THEN 'SCOPED' ELSE status END WHERE id = $1"""
SCHEDULE = "UPDATE engagements SET version = $2, status = 'SCHEDULED', starts_at = $3, join_url = $4 WHERE id = $1"
COUNT = "UPDATE engagements SET version = $2 WHERE id = $1"
COMPLETE = "UPDATE engagements SET version = $2, status = 'COMPLETED', outcome = $3 WHERE id = $1"
DECLINE = "UPDATE engagements SET version = $2, status = 'DECLINED', answer = $3 WHERE id = $1"
CANCEL = "UPDATE engagements SET version = $2, status = 'CANCELLED' WHERE id = $1"


@engagements.on(EngagementRequested)
def requested(event: EngagementRequested, envelope: Envelope) -> Statement:
    whose = (event.organisation, event.wish.of, envelope.version, event.kind, event.requester)
    return REQUEST, (envelope.stream, event.ref, *whose, event.timestamp, event.wish.value)


@engagements.on(EngagementScoped)
def scoped(event: EngagementScoped, envelope: Envelope) -> Statement:
    return SCOPE, (envelope.stream, envelope.version, event.lead, event.scope.value)


@engagements.on(EngagementScheduled)
def scheduled(event: EngagementScheduled, envelope: Envelope) -> Statement:
    return SCHEDULE, (envelope.stream, envelope.version, event.starts_at, event.join_url)


@engagements.on(EngagementReminderDue, EngagementReminderDropped)
def reminded(_: DomainEvent, envelope: Envelope) -> Statement:
    return COUNT, (envelope.stream, envelope.version)


@engagements.on(EngagementCompleted)
def completed(event: EngagementCompleted, envelope: Envelope) -> Statement:
    return COMPLETE, (envelope.stream, envelope.version, event.outcome.value)


@engagements.on(EngagementDeclined)
def declined(event: EngagementDeclined, envelope: Envelope) -> Statement:
    return DECLINE, (envelope.stream, envelope.version, event.answer.value)


@engagements.on(EngagementCancelled)
def cancelled(_: EngagementCancelled, envelope: Envelope) -> Statement:
    return CANCEL, (envelope.stream, envelope.version)


class Engagement(Struct, frozen=True, kw_only=True):
    """The texts are None before they were written, and when the requester is erased. Of a requester who left one sees the name only."""

    id: UUID
    version: int
    ref: str
    organisation: UUID
    kind: str
    status: str
    requester: Actor
    requested_at: datetime
    lead: UUID | None = None
    starts_at: datetime | None = None
    join_url: str | None = None
    wish: str | None = None
    scope: str | None = None
    answer: str | None = None
    outcome: str | None = None


COLUMNS = (
    "id", "version", "ref", "kind", "status", "requested_at", "lead", "starts_at", "join_url", "wish", "scope", "answer", "outcome",
)  # fmt: skip


def engagement(viewer: Viewer) -> str:
    """The document of a row of engagements as `e`."""
    columns = {column: f"e.{column}" for column in COLUMNS}
    return document({"organisation": "e.audience", "requester": actor(viewer, "'app_user'", "e.requester"), **columns})


class Wanted(Struct, frozen=True, kw_only=True):
    """Which engagements; all parts at once."""

    organisation: Compare | None = None
    status: Compare | None = None

    def sql(self, arguments: Arguments) -> str:
        parts = [] if self.organisation is None else self.organisation.sql(arguments, "e.audience", "uuid")
        parts += [] if self.status is None else self.status.sql(arguments, "e.status", "text")
        return " AND ".join(parts) or "TRUE"


def sees(arguments: Arguments, viewer: Viewer) -> str:
    """Customers see their organisation's; service managers those they serve; programs by scope; other staff all."""
    if viewer.role is Role.SERVICE:
        return "TRUE" if "MEETINGS" in viewer.scopes else "FALSE"
    mine = viewer.audiences
    return "TRUE" if mine is None else f"e.audience = ANY({arguments(list(mine), 'uuid[]')})"


async def engagements_by_id(db: Database, viewer: Viewer, ids: Sequence[UUID]) -> list[Engagement]:
    """These engagements, as far as the viewer may see them."""
    arguments = Arguments()
    sql = f"""SELECT {engagement(viewer)}::text AS doc FROM engagements e
      WHERE e.id = ANY({arguments(list(ids), "uuid[]")}) AND {sees(arguments, viewer)}"""
    return [json.decode(row["doc"], type=Engagement) for row in await db.fetch(sql, *arguments.values)]


async def engagements_page(db: Database, viewer: Viewer, wanted: Wanted, page: Page) -> Connection[Engagement]:
    """Engagements, last asked for first. Raises BadCursor."""
    arguments = Arguments()
    cursors = Cursors.bound_to("engagements", wanted)
    order = Order("e.requested_at", "timestamptz", "e.id", "uuid", descending=True)
    sql = f"""SELECT {engagement(viewer)}::text AS doc, {order.columns} FROM engagements e
      WHERE {sees(arguments, viewer)} AND {wanted.sql(arguments)} AND {order.within(arguments, page, cursors)}
      ORDER BY {order.by(page)} LIMIT {order.limit(arguments, page)}"""
    rows = await db.fetch(sql, *arguments.values)
    return Connection.of(
        [(Place(row["key"], row["tie"]), json.decode(row["doc"], type=Engagement)) for row in rows], page, cursors
    )

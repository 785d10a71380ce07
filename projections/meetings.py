"""Which operations meetings are there, what is on their agenda, and what came of them? What nobody planned: meetings_unplanned.py.

The packs themselves stand in a table of their own, so that a list of meetings does not carry them: meeting_packs.py reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from msgspec import Struct, json

from domain.event import DomainEvent
from domain.meetings.events import (
    MeetingActionItemCompleted,
    MeetingActionItemRaised,
    MeetingAgendaItemAdded,
    MeetingCancelled,
    MeetingHeld,
    MeetingMinutesRecorded,
    MeetingPackFrozen,
    MeetingRescheduled,
    MeetingRevived,
    MeetingScheduled,
)
from projections.actors import Actor, actor
from projections.arguments import Arguments, document
from projections.database import Database, Statement
from projections.order import Order
from projections.paging import Connection, Cursors, Page, Place
from projections.projection import Envelope, Projection
from projections.ticket_filter import Compare
from projections.viewer import Role, Viewer

meetings = Projection(
    "meetings",
    version=3,
    tables="""
    CREATE TABLE meetings(
      id uuid PRIMARY KEY, ref text NOT NULL, audience uuid NOT NULL, contract uuid NOT NULL, version int NOT NULL, year int NOT NULL,
      quarter int NOT NULL, status text NOT NULL, starts_at timestamptz NOT NULL, duration_microseconds bigint NOT NULL,
      join_url text NOT NULL, minutes_until timestamptz, minutes text, cancelled_because text);
    CREATE INDEX meetings_by_start ON meetings(starts_at, id);
    CREATE INDEX meetings_of_audience ON meetings(audience, starts_at, id);
    CREATE INDEX meetings_of_contract ON meetings(contract, starts_at, id);
    CREATE INDEX meetings_by_status ON meetings(status, starts_at, id);
    CREATE TABLE meeting_agenda(
      meeting uuid NOT NULL, audience uuid NOT NULL, place int NOT NULL, id uuid NOT NULL, title text, PRIMARY KEY (meeting, place));
    CREATE INDEX meeting_agenda_of_audience ON meeting_agenda(audience);
    CREATE TABLE meeting_actions(
      id uuid PRIMARY KEY, meeting uuid NOT NULL, audience uuid, place int NOT NULL, title text, owner uuid NOT NULL,
      owner_kind text NOT NULL, due_on date, done_at timestamptz);
    CREATE INDEX meeting_actions_of_audience ON meeting_actions(audience);
    CREATE INDEX meeting_actions_in_order ON meeting_actions(meeting, place);
    CREATE TABLE meeting_packs(
      meeting uuid PRIMARY KEY, audience uuid, epoch int NOT NULL, position bigint NOT NULL, sha256 text NOT NULL, pack text NOT NULL,
      frozen_at timestamptz NOT NULL);
    CREATE TABLE meeting_changes(meeting uuid PRIMARY KEY, position bigint NOT NULL);
    CREATE INDEX meeting_changes_by_position ON meeting_changes(position);
    """,
    staff_tables=frozenset({"meeting_changes"}),
    personal=(
        ("meetings", "audience", ("minutes",)),
        ("meeting_agenda", "audience", ("title",)),
        ("meeting_actions", "audience", ("title",)),
    ),
)

SCHEDULE = """INSERT INTO meetings(id, ref, audience, contract, version, year, quarter, status, starts_at, duration_microseconds, join_url)
  VALUES ($1, $2, $3, $4, $5, $6, $7, 'SCHEDULED', $8, $9, $10)"""
MOVE = "UPDATE meetings SET version = $2, starts_at = $3, duration_microseconds = $4, join_url = $5 WHERE id = $1"
STAND = "UPDATE meetings SET version = $2, status = $3, cancelled_because = NULL WHERE id = $1"
CANCEL = "UPDATE meetings SET version = $2, status = 'CANCELLED', cancelled_because = $3 WHERE id = $1"
HOLD = "UPDATE meetings SET version = $2, status = 'HELD', minutes_until = $3 WHERE id = $1"
COUNT = "UPDATE meetings SET version = $2 WHERE id = $1"
MINUTES = "UPDATE meetings SET version = $2, minutes = $3 WHERE id = $1"
ADD = "INSERT INTO meeting_agenda(meeting, audience, place, id, title) VALUES ($1, $2, $3, $4, $5)"
RAISE = """INSERT INTO meeting_actions(id, meeting, audience, place, title, owner, owner_kind, due_on)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
DONE = "UPDATE meeting_actions SET done_at = $2 WHERE id = $1"
FREEZE = (
    "INSERT INTO meeting_packs(meeting, audience, epoch, position, sha256, pack, frozen_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
)
THAW = "DELETE FROM meeting_packs WHERE meeting = $1"
MICROSECOND = timedelta(microseconds=1)


@meetings.on(MeetingScheduled)
def scheduled(event: MeetingScheduled, envelope: Envelope) -> Statement:
    which = (event.ref, event.organisation, event.contract, envelope.version, event.year, event.quarter)
    return SCHEDULE, (envelope.stream, *which, event.starts_at, event.duration // MICROSECOND, event.join_url)


@meetings.on(MeetingRescheduled)
def rescheduled(event: MeetingRescheduled, envelope: Envelope) -> Statement:
    return MOVE, (envelope.stream, envelope.version, event.starts_at, event.duration // MICROSECOND, event.join_url)


@meetings.on(MeetingRevived)
def revived(event: MeetingRevived, envelope: Envelope) -> list[Statement]:
    where = (event.starts_at, event.duration // MICROSECOND, event.join_url)
    return [
        (MOVE, (envelope.stream, envelope.version, *where)),
        (STAND, (envelope.stream, envelope.version, "SCHEDULED")),
        (THAW, (envelope.stream,)),
    ]


@meetings.on(MeetingAgendaItemAdded)
def agenda_item_added(event: MeetingAgendaItemAdded, envelope: Envelope) -> list[Statement]:
    return [
        (COUNT, (envelope.stream, envelope.version)),
        (ADD, (envelope.stream, event.title.of, envelope.version, event.item, event.title.value)),
    ]


@meetings.on(MeetingPackFrozen)
def pack_frozen(event: MeetingPackFrozen, envelope: Envelope) -> list[Statement]:
    frozen = (event.epoch, event.position, event.sha256, event.pack, event.timestamp)
    return [
        (STAND, (envelope.stream, envelope.version, "PACK_FROZEN")),
        (FREEZE, (envelope.stream, envelope.organisation, *frozen)),
    ]


@meetings.on(MeetingHeld)
def held(event: MeetingHeld, envelope: Envelope) -> Statement:
    return HOLD, (envelope.stream, envelope.version, event.minutes_until)


@meetings.on(MeetingMinutesRecorded)
def minutes_recorded(event: MeetingMinutesRecorded, envelope: Envelope) -> Statement:
    return MINUTES, (envelope.stream, envelope.version, event.minutes.value)


@meetings.on(MeetingActionItemRaised)
def action_item_raised(event: MeetingActionItemRaised, envelope: Envelope) -> list[Statement]:
    whose = (event.title.value, event.owner, event.owner_kind, event.due_on)
    return [
        (COUNT, (envelope.stream, envelope.version)),
        (RAISE, (event.item, envelope.stream, event.title.of, envelope.version, *whose)),
    ]


@meetings.on(MeetingActionItemCompleted)
def action_item_completed(event: MeetingActionItemCompleted, envelope: Envelope) -> list[Statement]:
    return [(COUNT, (envelope.stream, envelope.version)), (DONE, (event.item, event.timestamp))]


@meetings.on(MeetingCancelled)
def cancelled(event: MeetingCancelled, envelope: Envelope) -> Statement:
    return CANCEL, (envelope.stream, envelope.version, event.reason)


NOTE = """INSERT INTO meeting_changes(meeting, position) VALUES ($1, $2)
  ON CONFLICT (meeting) DO UPDATE SET position = greatest(meeting_changes.position, excluded.position)"""


@meetings.on(MeetingScheduled, MeetingRescheduled, MeetingRevived, MeetingHeld, MeetingCancelled)
def changed(_: DomainEvent, envelope: Envelope) -> Statement:
    """So that the scheduler sees by one look-up whether anything is different from when it last looked."""
    return NOTE, (envelope.stream, envelope.position)


class Extra(Struct, frozen=True):
    """`title` is None when the organisation is erased; so is a task's."""

    id: UUID
    title: str | None = None


class Action(Struct, frozen=True, kw_only=True):
    id: UUID
    owner: Actor
    title: str | None = None
    due_on: date | None = None
    done_at: datetime | None = None


class Meeting(Struct, frozen=True, kw_only=True):
    """`minutes` are None before they were written, and when the organisation is erased. `packed`: there is a pack."""

    id: UUID
    ref: str
    version: int
    organisation: UUID
    contract: UUID
    year: int
    quarter: int
    status: str
    starts_at: datetime
    duration_microseconds: int
    join_url: str
    packed: bool
    extras: tuple[Extra, ...]
    actions: tuple[Action, ...]
    minutes: str | None = None
    minutes_until: datetime | None = None
    cancelled_because: str | None = None

    @property
    def duration(self) -> timedelta:
        return self.duration_microseconds * MICROSECOND


COLUMNS = (
    "id", "ref", "version", "contract", "year", "quarter", "status", "starts_at", "duration_microseconds", "join_url", "minutes",
    "minutes_until", "cancelled_because",
)  # fmt: skip


def action(viewer: Viewer, alias: str) -> str:
    """The document of a row of meeting_actions under this alias."""
    kind = f"CASE {alias}.owner_kind WHEN 'CONTACT' THEN 'app_user' ELSE 'user' END"
    columns = {column: f"{alias}.{column}" for column in ("id", "title", "due_on", "done_at")}
    return document({"owner": actor(viewer, kind, f"{alias}.owner"), **columns})


def meeting(viewer: Viewer) -> str:
    """The document of a row of meetings as `m`."""
    columns = {column: f"m.{column}" for column in COLUMNS}
    extras = document({"id": "g.id", "title": "g.title"})
    return document(
        {
            "organisation": "m.audience",
            "packed": "EXISTS (SELECT FROM meeting_packs f WHERE f.meeting = m.id)",
            "extras": f"(SELECT coalesce(json_agg({extras} ORDER BY g.place), '[]') FROM meeting_agenda g WHERE g.meeting = m.id)",
            "actions": f"""(SELECT coalesce(json_agg({action(viewer, "a")} ORDER BY a.place), '[]')
              FROM meeting_actions a WHERE a.meeting = m.id)""",
            **columns,
        }
    )


class Wanted(Struct, frozen=True, kw_only=True):
    """Which meetings; all parts at once."""

    organisation: Compare | None = None
    contract: Compare | None = None
    status: Compare | None = None
    year: int | None = None
    quarter: int | None = None

    def sql(self, arguments: Arguments) -> str:
        compared = (
            (self.organisation, "audience", "uuid"),
            (self.contract, "contract", "uuid"),
            (self.status, "status", "text"),
        )
        named = [(asked, f"m.{column}", cast) for asked, column, cast in compared if asked is not None]
        parts = [part for asked, column, cast in named for part in asked.sql(arguments, column, cast)]
        exact = (("year", self.year), ("quarter", self.quarter))
        parts += [f"m.{column} = {arguments(value, 'int')}" for column, value in exact if value is not None]
        return " AND ".join(parts) or "TRUE"


def sees(arguments: Arguments, viewer: Viewer, column: str = "m.audience") -> str:
    """Customers see their organisation's; service managers those they serve; programs by scope; other staff all."""
    if viewer.role is Role.SERVICE:
        return "TRUE" if "MEETINGS" in viewer.scopes else "FALSE"
    mine = viewer.audiences
    return "TRUE" if mine is None else f"{column} = ANY({arguments(list(mine), 'uuid[]')})"


async def meetings_by_id(db: Database, viewer: Viewer, ids: Sequence[UUID]) -> list[Meeting]:
    """These meetings, as far as the viewer may see them."""
    arguments = Arguments()
    sql = f"""SELECT {meeting(viewer)}::text AS doc FROM meetings m
      WHERE m.id = ANY({arguments(list(ids), "uuid[]")}) AND {sees(arguments, viewer)}"""
    return [json.decode(row["doc"], type=Meeting) for row in await db.fetch(sql, *arguments.values)]


async def actions_by_id(db: Database, viewer: Viewer, ids: Sequence[UUID]) -> list[Action]:
    """These action items, as far as the viewer may see their meetings."""
    arguments = Arguments()
    sql = f"""SELECT {action(viewer, "a")}::text AS doc FROM meeting_actions a
      WHERE a.id = ANY({arguments(list(ids), "uuid[]")}) AND {sees(arguments, viewer, "a.audience")}"""
    return [json.decode(row["doc"], type=Action) for row in await db.fetch(sql, *arguments.values)]


async def meetings_page(db: Database, viewer: Viewer, wanted: Wanted, page: Page) -> Connection[Meeting]:
    """Meetings, the latest first, so that what is still to come stands before what was. Raises BadCursor."""
    arguments = Arguments()
    cursors = Cursors.bound_to("meetings", wanted)
    order = Order("m.starts_at", "timestamptz", "m.id", "uuid", descending=True)
    sql = f"""SELECT {meeting(viewer)}::text AS doc, {order.columns} FROM meetings m
      WHERE {sees(arguments, viewer)} AND {wanted.sql(arguments)} AND {order.within(arguments, page, cursors)}
      ORDER BY {order.by(page)} LIMIT {order.limit(arguments, page)}"""
    rows = await db.fetch(sql, *arguments.values)
    return Connection.of(
        [(Place(row["key"], row["tie"]), json.decode(row["doc"], type=Meeting)) for row in rows], page, cursors
    )

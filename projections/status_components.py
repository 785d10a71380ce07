"""Which services are there, how does each do now, and how did it do these ninety days?

Public: whoever looks sees all of it. Availability is worked out by domain/status/availability.py from what was imposed on a service, of
which every stretch is a row here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct, json

from domain.status.availability import Availability, Stretch, availability, by_day
from domain.status.events import (
    ComponentImpaired,
    ComponentRegistered,
    ComponentRelieved,
    ComponentRetired,
    ComponentStateChanged,
)
from domain.status.vocabulary import ComponentState, NoticeKind
from projections.arguments import document
from projections.database import Database, Statement
from projections.projection import Envelope, Projection
from projections.snapshot import parked

components = Projection(
    "components",
    version=1,
    tables="""
    CREATE TABLE components(
      id uuid PRIMARY KEY, ref text NOT NULL, version int NOT NULL, name text NOT NULL, heading text NOT NULL, state text NOT NULL,
      since timestamptz NOT NULL, registered_at timestamptz NOT NULL, retired_at timestamptz);
    CREATE TABLE component_impacts(
      component uuid NOT NULL, place int NOT NULL, notice uuid NOT NULL, kind text NOT NULL, state text NOT NULL,
      since timestamptz NOT NULL, until timestamptz, PRIMARY KEY (component, place));
    CREATE INDEX component_impacts_by_end ON component_impacts(component, until);
    """,
)

REGISTER = """INSERT INTO components(id, ref, version, name, heading, state, since, registered_at)
  VALUES ($1, $2, $3, $4, $5, 'OPERATIONAL', $6, $6)"""
COUNT = "UPDATE components SET version = $2 WHERE id = $1"
CHANGE = "UPDATE components SET version = $2, state = $3, since = $4 WHERE id = $1"
RETIRE = "UPDATE components SET version = $2, retired_at = $3 WHERE id = $1"
END = "UPDATE component_impacts SET until = $3 WHERE component = $1 AND notice = $2 AND until IS NULL"
BEGIN = "INSERT INTO component_impacts(component, place, notice, kind, state, since) VALUES ($1, $2, $3, $4, $5, $6)"


@components.on(ComponentRegistered)
def registered(event: ComponentRegistered, envelope: Envelope) -> Statement:
    return REGISTER, (envelope.stream, event.ref, envelope.version, event.name, event.group, envelope.occurred_at)


@components.on(ComponentImpaired)
def impaired(event: ComponentImpaired, envelope: Envelope) -> list[Statement]:
    imposed = (event.notice, event.kind, event.state, event.since)
    return [
        (COUNT, (envelope.stream, envelope.version)),
        (END, (envelope.stream, event.notice, event.since)),
        (BEGIN, (envelope.stream, envelope.version, *imposed)),
    ]


@components.on(ComponentRelieved)
def relieved(event: ComponentRelieved, envelope: Envelope) -> list[Statement]:
    return [
        (COUNT, (envelope.stream, envelope.version)),
        (END, (envelope.stream, event.notice, envelope.occurred_at)),
    ]


@components.on(ComponentStateChanged)
def state_changed(event: ComponentStateChanged, envelope: Envelope) -> Statement:
    return CHANGE, (envelope.stream, envelope.version, event.state, envelope.occurred_at)


@components.on(ComponentRetired)
def retired(_: ComponentRetired, envelope: Envelope) -> Statement:
    return RETIRE, (envelope.stream, envelope.version, envelope.occurred_at)


class Component(Struct, frozen=True, kw_only=True):
    """A service as everybody sees it."""

    id: UUID
    ref: str
    version: int
    name: str
    heading: str
    state: str
    since: datetime
    registered_at: datetime
    retired_at: datetime | None = None
    blocked: bool = False
    """An event of it is set aside: what the row says may be wrong."""


def component(alias: str) -> str:
    """The document of a row of components under this alias."""
    fields = {name: f"{alias}.{name}" for name in Component.__struct_fields__}
    return document(fields | {"blocked": parked(None, [components], f"{alias}.id")})


def live_components() -> str:
    """Every service on the page, by heading and name, as JSON. Bounded: a provider has some tens of them."""
    listed = f"json_agg({component('c')} ORDER BY c.heading, c.name, c.id)"
    return f"(SELECT coalesce({listed}, '[]') FROM components c WHERE c.retired_at IS NULL)"


async def components_by_id(db: Database, ids: Sequence[UUID]) -> list[Component]:
    """These services, retired ones too, in no order."""
    sql = f"SELECT {component('c')}::text AS doc FROM components c WHERE c.id = ANY($1::uuid[])"
    return [json.decode(row["doc"], type=Component) for row in await db.fetch(sql, list(ids))]


class History(Struct, frozen=True):
    """What was imposed on a service within a time that begins no earlier than the service did."""

    since: datetime
    until: datetime
    stretches: tuple[Stretch, ...]

    @property
    def whole(self) -> Availability:
        return availability(self.stretches, self.since, self.until)

    @property
    def days(self) -> list[Availability]:
        return by_day(self.stretches, self.since, self.until)


IMPOSED = """SELECT c.id, greatest(c.registered_at, $2) AS since, least(coalesce(c.retired_at, $3), $3) AS until,
    i.notice, i.kind, i.state, i.since AS from_, i.until AS to_
  FROM components c LEFT JOIN component_impacts i ON i.component = c.id AND i.since < $3 AND (i.until IS NULL OR i.until > $2)
  WHERE c.id = ANY($1::uuid[]) ORDER BY c.id, i.place"""


async def histories(db: Database, ids: Sequence[UUID], since: datetime, until: datetime) -> dict[UUID, History]:
    """What was imposed on these services within `[since, until)`."""
    found: dict[UUID, tuple[datetime, datetime, list[Stretch]]] = {}
    for row in await db.fetch(IMPOSED, list(ids), since, until):
        _, _, stretches = found.setdefault(row["id"], (row["since"], row["until"], []))
        if row["notice"] is not None:
            kind, state = NoticeKind(row["kind"]), ComponentState(row["state"])
            stretches.append(Stretch(row["notice"], kind, state, row["from_"], row["to_"]))
    return {id: History(begin, max(begin, end), tuple(stretches)) for id, (begin, end, stretches) in found.items()}

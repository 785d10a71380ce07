"""What an incident or planned work looks like when it is read, and the SQL of what both have: impacts and posts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from projections.arguments import document
from projections.database import Database
from projections.status_components import Component, component


class Impact(Struct, frozen=True, kw_only=True):
    component: Component
    state: str


class Update(Struct, frozen=True, kw_only=True):
    """A public post; `status` is where the incident stood after it, None for planned work."""

    id: UUID
    at: datetime
    body: str
    status: str | None = None


class Notice(Struct, frozen=True, kw_only=True):
    """What incidents and planned work have in common; `updates` newest first."""

    id: UUID
    ref: str
    version: int
    title: str
    severity: str
    status: str
    impacts: list[Impact]
    updates: list[Update]
    blocked: bool = False
    """An event of it is set aside: what the row says may be wrong."""


def impacts(alias: str) -> str:
    """What the row of notices under this alias does to services, as JSON."""
    impact = document({"component": component("c"), "state": "x.impact ->> 'state'"})
    listed = f"jsonb_array_elements({alias}.impacts) WITH ORDINALITY AS x(impact, place)"
    joined = f"{listed} JOIN components c ON c.id = (x.impact ->> 'component')::uuid"
    return f"(SELECT coalesce(json_agg({impact} ORDER BY x.place), '[]') FROM {joined})"


UPDATES = """SELECT id, at, body, status FROM incident_updates WHERE id = ANY($1::uuid[])
  UNION ALL SELECT id, at, body, status FROM maintenance_updates WHERE id = ANY($1::uuid[])"""


async def updates_by_id(db: Database, ids: Sequence[UUID]) -> list[Update]:
    """These posts, in no order."""
    return [Update(**row) for row in await db.fetch(UPDATES, list(ids))]


def updates(table: str, owner: str, alias: str) -> str:
    """Its posts, newest first, as JSON."""
    update = document({name: f"u.{name}" for name in Update.__struct_fields__})
    return f"(SELECT coalesce(json_agg({update} ORDER BY u.place DESC), '[]') FROM {table} u WHERE u.{owner} = {alias}.id)"

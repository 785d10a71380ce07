"""Who works here? Staff are rows of a mutable, erasable table beside the log, not a projection: events hold their ids only."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct, json

from projections.arguments import Arguments, document
from projections.database import Database
from projections.viewer import Viewer


class Agent(Struct, frozen=True, kw_only=True):
    """A member of staff. `queues` are refs of teams; customers are not told them."""

    id: UUID
    name: str | None = None
    role: str | None = None
    queues: list[str] = []


def agent(viewer: Viewer, alias: str) -> str:
    """The document of a row of store.staff under this alias."""
    queues = f"{alias}.queues" if viewer.sees_staff else "ARRAY[]::text[]"
    return document(
        {"id": f"{alias}.id", "name": f"{alias}.name", "role": f"{alias}.role", "queues": f"coalesce({queues}, '{{}}')"}
    )


async def agents(db: Database, viewer: Viewer, ids: Sequence[UUID]) -> list[Agent]:
    """These members of staff, for `node`."""
    arguments = Arguments()
    sql = f"SELECT {agent(viewer, 's')}::text AS doc FROM store.staff s WHERE s.id = ANY({arguments(list(ids), 'uuid[]')})"
    return [json.decode(row["doc"], type=Agent) for row in await db.fetch(sql, *arguments.values)]


async def of_queues(db: Database, viewer: Viewer, refs: Sequence[str]) -> list[Agent]:
    """Staff of these teams, by name; nobody for customers."""
    if not viewer.sees_staff:
        return []
    arguments = Arguments()
    sql = f"""SELECT {agent(viewer, "s")}::text AS doc FROM store.staff s
      WHERE s.queues && {arguments(list(refs), "text[]")} ORDER BY s.name, s.id"""
    return [json.decode(row["doc"], type=Agent) for row in await db.fetch(sql, *arguments.values)]


async def name_of_staff(db: Database, id: UUID) -> str | None:
    """What a member of staff is called; None for one who was never here. For who sends messages that name them."""
    rows = await db.fetch("SELECT name FROM store.staff WHERE id = $1", id)
    return rows[0]["name"] if rows else None

"""Which teams are there, and who is in them?"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct, json

from domain.policy.events import PolicyApplied
from projections.agents import Agent, agent
from projections.arguments import Arguments, document
from projections.database import Database, Statement
from projections.projection import Envelope, Projection
from projections.viewer import Viewer

queues = Projection(
    "queues",
    version=1,
    tables="""
    CREATE TABLE queues(id uuid PRIMARY KEY, ref text NOT NULL, name text NOT NULL, place int NOT NULL, live boolean NOT NULL);
    """,
)

RETIRE = "UPDATE queues SET live = false WHERE live"
SET = """INSERT INTO queues(id, ref, name, place, live) VALUES ($1, $2, $3, $4, true)
  ON CONFLICT (id) DO UPDATE SET ref = $2, name = $3, place = $4, live = true"""


@queues.on(PolicyApplied)
def applied(event: PolicyApplied, _: Envelope) -> list[Statement]:
    """A queue no longer named is kept for the tickets still in it. There is one policy stream, so all queues are its rows."""
    return [
        (RETIRE, ()),
        *((SET, (queue.id, queue.ref, queue.name, place)) for place, queue in enumerate(event.policies.queues)),
    ]


class Queue(Struct, frozen=True, kw_only=True):
    """A team. `agents` is empty unless asked for, and for customers."""

    id: UUID
    ref: str
    name: str
    agents: list[Agent] = []


def queue(viewer: Viewer, alias: str, *, agents: bool = False) -> str:
    """The document of a row of queues under this alias."""
    fields = {name: f"{alias}.{name}" for name in ("id", "ref", "name")}
    if agents and viewer.sees_staff:
        staff = f"json_agg({agent(viewer, 's')} ORDER BY s.name, s.id)"
        fields["agents"] = f"(SELECT coalesce({staff}, '[]') FROM store.staff s WHERE {alias}.ref = ANY(s.queues))"
    return document(fields)


async def all_queues(db: Database, viewer: Viewer, ids: Sequence[UUID] | None = None) -> list[Queue]:
    """The teams of the policy in force, in its order; or these, whether still in force or not."""
    arguments = Arguments()
    which = "q.live" if ids is None else f"q.id = ANY({arguments(list(ids), 'uuid[]')})"
    sql = f"SELECT {queue(viewer, 'q', agents=True)}::text AS doc FROM queues q WHERE {which} ORDER BY q.place, q.id"
    return [json.decode(row["doc"], type=Queue) for row in await db.fetch(sql, *arguments.values)]

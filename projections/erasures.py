"""What went when somebody was erased, by whom, and is anything of them left?

Asked of the log and of what was counted beside it in the very transaction that destroyed the keys, so it can be asked again at any time
and gives the same; only what is left is looked up anew, in every read model there is. A report: it reads whole tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from projections.database import Database
from projections.projection import Projection

ERASED = """SELECT e.*, s.name FROM store.erased e LEFT JOIN store.staff s ON s.id = e.actor
  WHERE e.subject = $1 ORDER BY e.version"""
# The last of an organisation's people are erased in its own append, before or after it.
PEOPLE = """SELECT subject FROM store.erased
  WHERE topic = 'contact.erased.v1' AND organisation = $1 AND position BETWEEN $2 AND $3 + 1000 ORDER BY position"""
COUNTED = """SELECT count(*) AS keys, coalesce(sum(entries), 0)::int AS entries, coalesce(sum(lookups), 0)::int AS lookups,
    coalesce(sum(exports), 0)::int AS exports
  FROM store.erasures WHERE subject = ANY($1::uuid[])"""
SUBSCRIPTIONS = """SELECT count(*) FILTER (WHERE status IN ('CANCELLED', 'ERASED')) AS ended, count(*) AS known
  FROM status_subscriptions WHERE owner = ANY($1::uuid[])"""


class Emptied(Struct, frozen=True, kw_only=True):
    """A table of a read model. `rows` are about the erased and say nothing any more; `readable` still do, and should be none."""

    read_model: str
    table: str
    rows: int
    readable: int


class Certificate(Struct, frozen=True, kw_only=True):
    """`people` are the contacts that were erased with an organisation; what was destroyed is counted of all of them."""

    subject: UUID
    kind: str
    epoch: int
    position: int
    erased_at: datetime
    actor_kind: str
    actor: UUID
    actor_name: str | None
    people: tuple[UUID, ...]
    keys: int
    entries: int
    lookups: int
    exports: int
    subscriptions: int
    subscriptions_ended: int
    emptied: tuple[Emptied, ...]


async def certificate(db: Database, subject: UUID, projections: Sequence[Projection]) -> Certificate | None:
    """Of a contact or an organisation; None where nobody of that id was erased."""
    told = {row["topic"]: row for row in await db.fetch(ERASED, subject)}
    done = told.get("contact.erased.v1") or told.get("organisation.erased.v1")
    if done is None:
        return None
    begun = told.get("organisation.erasure_begun.v1")
    people: tuple[UUID, ...] = ()
    if begun is not None:
        people = tuple(row["subject"] for row in await db.fetch(PEOPLE, subject, begun["position"], done["position"]))
    everybody = [subject, *people]
    (counted,) = await db.fetch(COUNTED, everybody)
    (ended,) = await db.fetch(SUBSCRIPTIONS, everybody)
    asked = begun if begun is not None else done  # the scheduler may have finished what somebody began
    return Certificate(
        subject=subject,
        kind="CONTACT" if begun is None else "ORGANISATION",
        epoch=done["epoch"],
        position=done["position"],
        erased_at=done["occurred_at"],
        actor_kind=asked["actor_kind"],
        actor=asked["actor"],
        actor_name=asked["name"],
        people=people,
        keys=counted["keys"],
        entries=counted["entries"],
        lookups=counted["lookups"],
        exports=counted["exports"],
        subscriptions=ended["known"],
        subscriptions_ended=ended["ended"],
        emptied=await _emptied(db, everybody, projections),
    )


async def _emptied(db: Database, everybody: Sequence[UUID], projections: Sequence[Projection]) -> tuple[Emptied, ...]:
    parts = []
    for projection in projections:
        for table, subject, columns in projection.personal:
            something = " OR ".join(f'"{column}" IS NOT NULL' for column in columns)
            parts.append(
                f"SELECT '{projection.name}' AS read_model, '{table}' AS name,"
                f" count(*) FILTER (WHERE NOT ({something})) AS rows, count(*) FILTER (WHERE {something}) AS readable"
                f' FROM "{projection.schema}"."{table}" WHERE "{subject}" = ANY($1::uuid[])'
            )
    found = await db.fetch(f"SELECT * FROM ({' UNION ALL '.join(parts)}) t WHERE rows + readable > 0", list(everybody))
    return tuple(
        Emptied(read_model=row["read_model"], table=row["name"], rows=row["rows"], readable=row["readable"]) for row in found
    )

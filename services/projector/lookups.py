"""Look-ups and erasures beside the log, against what events say: part of `support verify`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from domain.event import DomainEvent
from projections.projection import Projection
from services.projector.comparison import AT_MOST, Difference


class LookupFact(NamedTuple):
    """An event reserved (`held`) or released a look-up. The digest is not to be had from events; owner and subject are."""

    kind: str
    owner: UUID
    subject: UUID | None
    held: bool = True


class Expectation(Protocol):
    """Which look-ups events imply: `kinds` are those it speaks for, `events` those it has to see."""

    kinds: frozenset[str]
    events: frozenset[type[DomainEvent]]

    def facts(self, event: DomainEvent) -> Iterable[LookupFact]: ...


async def check_lookups(
    connection: Any, expected: Counter[tuple[str, UUID, UUID | None]], kinds: Sequence[str]
) -> tuple[int, list[Difference]]:
    """How many look-ups there are, and which lead nowhere, are of somebody erased, or are not what events imply."""
    differences = [
        Difference("store.lookups", row["what"], {"kind": row["kind"], "owner": str(row["owner"])}, [])
        for row in await connection.fetch(
            "SELECT * FROM (SELECT kind, owner, CASE"  # noqa: S608
            " WHEN NOT EXISTS (SELECT FROM store.stored_events WHERE originator_id = l.owner)"
            "  AND NOT EXISTS (SELECT FROM store.entry_keys WHERE entry = l.owner) THEN 'leads to nobody'"
            " WHEN EXISTS (SELECT FROM store.person_keys WHERE person = l.subject AND wrapped IS NULL) THEN 'is of an erased person'"
            " WHEN subject IS NOT NULL AND NOT EXISTS (SELECT FROM store.stored_events WHERE originator_id = l.subject)"
            "  AND NOT EXISTS (SELECT FROM store.person_keys WHERE person = l.subject) THEN 'is of nobody'"
            f" END AS what FROM store.lookups l) AS judged WHERE what IS NOT NULL LIMIT {AT_MOST}"
        )
    ]
    found: Counter[tuple[str, UUID, UUID | None]] = Counter()
    for row in await connection.fetch(
        "SELECT kind, owner, subject, count(*) AS n FROM store.lookups WHERE kind = ANY($1) GROUP BY 1, 2, 3", list(kinds)
    ):
        found[row["kind"], row["owner"], row["subject"]] = row["n"]
    for (kind, owner, _), _ in (expected - found).items():
        differences.append(Difference("store.lookups", "missing", {"kind": kind, "owner": str(owner)}, []))
    for (kind, owner, _), _ in (found - expected).items():
        differences.append(Difference("store.lookups", "extra", {"kind": kind, "owner": str(owner)}, []))
    return await connection.fetchval("SELECT count(*) FROM store.lookups"), differences


async def check_erased(
    connection: Any, projections: Sequence[tuple[Projection, Sequence[UUID]]], subjects: Sequence[UUID]
) -> list[Difference]:
    """What is left of erased `subjects`: keys anywhere, and personal columns in each projection of those it has come to."""
    differences = [
        Difference(row["place"], "an erased person's key is still there", {"person": str(row["person"])}, [])
        for row in await connection.fetch(
            "SELECT 'store.person_keys' AS place, person FROM store.person_keys WHERE person = ANY($1) AND wrapped IS NOT NULL"
            " UNION ALL SELECT DISTINCT 'store.entry_keys', person FROM store.entry_keys WHERE person = ANY($1) AND wrapped IS NOT NULL",
            list(subjects),
        )
    ]
    for projection, known in projections:
        for table, subject, columns in projection.personal:
            for column in columns:
                for row in await connection.fetch(
                    f'SELECT DISTINCT "{subject}" AS person FROM "{projection.schema}"."{table}"'  # noqa: S608 - declared names
                    f' WHERE "{subject}" = ANY($1) AND "{column}" IS NOT NULL LIMIT {AT_MOST}',
                    list(known),
                ):
                    place = f"{projection.schema}.{table}"
                    differences.append(
                        Difference(place, "still says something of an erased person", {subject: str(row["person"])}, [column])
                    )
    return differences

"""Erasure: what a read model says about a person goes when their key goes, in every projection, parked or not.

It does not wait for a handler: the topic and the stream's id say whose data it is, so that even an erasure event nobody can decode
clears the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from projections.projection import Projection
from services.runtime.command import RecordedEvent

ERASURES = frozenset({"contact.erased.v1", "organisation.erased.v1"})
"""Topics whose stream is the person (or organisation) that was erased."""


def erased_subject(row: RecordedEvent) -> UUID | None:
    """Who was erased by this event; None for all others."""
    return row.stream if row.topic in ERASURES else None


async def null_personal(connection: Any, projection: Projection, subjects: Sequence[UUID]) -> None:
    """Null what `projection` holds about these persons. Run after the batch, so that nothing written in it stays."""
    for table, subject, columns in projection.personal:
        nothing = ", ".join(f'"{column}" = NULL' for column in columns)
        something = " OR ".join(f'"{column}" IS NOT NULL' for column in columns)
        await connection.execute(
            f'UPDATE "{table}" SET {nothing} WHERE "{subject}" = ANY($1) AND ({something})',  # noqa: S608 - names a projection declares
            subjects,
        )

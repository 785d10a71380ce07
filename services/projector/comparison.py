"""Two schemas of one projection, row by row and column by column. What differs is named, its content never shown."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.projector import schemas
from services.projector.parking import BEHIND, Parked

AT_MOST = 1_000
"""Differences named for one table; there may be more."""


class Difference(NamedTuple):
    """`what`: `missing` in the live table, `extra` there, `differs` in `columns`, or a sentence. `key` says which row."""

    table: str
    what: str
    key: dict[str, str]
    columns: list[str]

    def __str__(self) -> str:
        key = ", ".join(f"{name} {value}" for name, value in self.key.items())
        columns = f" in {', '.join(self.columns)}" if self.columns else ""
        return f"{self.table}: {key}{': ' if key else ''}{self.what}{columns}"


async def compare(connection: Any, live: str, scratch: str) -> tuple[int, int, list[Difference]]:
    """How many tables and live rows there are, and what differs from the scratch schema."""
    differences: list[Difference] = []
    rows = 0
    names = await schemas.tables(connection, scratch)
    for table in names:
        if await connection.fetchval("SELECT to_regclass($1)", f'"{live}"."{table}"') is None:
            differences.append(Difference(f"{live}.{table}", "is not there", {}, []))
            continue
        rows += await connection.fetchval(f'SELECT count(*) FROM "{live}"."{table}"')  # noqa: S608 - a table's name
        differences += await _compare_table(connection, live, scratch, table)
    return len(names), rows, differences


async def compare_parked(
    connection: Any, projection: str, version: int, expected: Sequence[Parked]
) -> tuple[int, list[Difference]]:
    """How many events are parked, and which are parked here but would not be, or the other way round."""
    here = {
        row["position"]: row["error"]
        for row in await connection.fetch(
            "SELECT position, error FROM projector.parked WHERE projection = $1 AND version = $2", projection, version
        )
    }
    there = {row.position: error for row, error in expected}
    differences = []
    for position in sorted(here.keys() ^ there.keys()):
        error = here.get(position) or there[position]
        what = "is parked and would go through now" if position in here else "would be parked and is not"
        if error != BEHIND:
            what += f" ({error})"
        differences.append(Difference(f"{projection}_v{version} parked", what, {"position": str(position)}, []))
    return len(here), differences


async def _compare_table(connection: Any, live: str, scratch: str, table: str) -> list[Difference]:
    keys = await schemas.key_columns(connection, scratch, table)
    columns = await connection.fetch(
        "SELECT attname::text AS name, format_type(atttypid, NULL) AS type FROM pg_attribute"
        " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        f'"{scratch}"."{table}"',
    )
    others = [(row["name"], _comparable(row["type"])) for row in columns if row["name"] not in keys]
    same = " AND ".join(f'l."{key}" = s."{key}"' for key in keys)
    apart = [f'l."{name}"{cast} IS DISTINCT FROM s."{name}"{cast}' for name, cast in others]
    named = ", ".join(f"CASE WHEN {test} THEN {_literal(name)} END" for (name, _), test in zip(others, apart, strict=True))
    shown = ", ".join(f'coalesce(l."{key}", s."{key}")' for key in keys)
    found = await connection.fetch(
        f"SELECT {shown},"  # noqa: S608 - names from the catalogue
        f' l."{keys[0]}" IS NULL, s."{keys[0]}" IS NULL, array_remove(ARRAY[{named}]::text[], NULL)'
        f' FROM "{live}"."{table}" l FULL JOIN "{scratch}"."{table}" s ON {same}'
        f' WHERE l."{keys[0]}" IS NULL OR s."{keys[0]}" IS NULL{"".join(f" OR {test}" for test in apart)} LIMIT {AT_MOST}'
    )
    differences = []
    for row in found:
        missing, extra, columns_apart = row[len(keys)], row[len(keys) + 1], row[len(keys) + 2]
        what = "missing" if missing else "extra" if extra else "differs"
        key = {name: _shown(value) for name, value in zip(keys, row[: len(keys)], strict=True)}
        differences.append(Difference(f"{live}.{table}", what, key, [] if missing or extra else columns_apart))
    return differences


def _comparable(kind: str) -> str:
    """A cast for types that have no equality."""
    return "::text" if kind in ("json", "xml", "point", "polygon") else ""


def _shown(value: object) -> str:
    """A key as it may be printed: ids, numbers and times as they are; of a text a digest, for it may be about somebody."""
    if isinstance(value, (UUID, int, date, datetime)):
        return str(value)
    return "text:" + hashlib.sha256(str(value).encode()).hexdigest()[:12]


def _literal(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"

"""Is a text anywhere in the database? Every column of every table, as text and as bytes, in the ways it could be written there."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode

import asyncpg

from tests.ground import TestDatabase

_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
UNION ALL SELECT 'pg_catalog.pg_stats'  -- samples of columns are data too
"""


async def where_it_is(database: TestDatabase, marker: str) -> list[str]:
    """The tables that hold the marker. The marker must be ASCII, so that JSON escapes nothing of it."""
    connection = await asyncpg.connect(database.superuser_dsn)
    try:
        tables = [row[0] for row in await connection.fetch(_TABLES)]
        assert "store.stored_events" in tables
        found = []
        for table in tables:
            query = f"SELECT count(*) FROM {table} AS t WHERE lower(t::text) LIKE ANY ($1::text[])"
            if await connection.fetchval(query, [f"%{form.lower()}%" for form in _forms(marker)]):
                found.append(table)
        return found
    finally:
        await connection.close()


def _forms(marker: str) -> set[str]:
    raw = marker.encode("ascii")
    forms = {marker, raw.hex(), raw.hex().encode().hex()}
    for shift in range(3):  # base64 of something that holds the marker, wherever it begins
        for encode in (b64encode, urlsafe_b64encode):
            inside = encode(b"\0" * shift + raw)[4 if shift else 0 : -4].decode()
            forms |= {inside, inside.encode().hex()}
    return forms

"""The schemas of read models: one for each projection and version, made, granted, and dropped a release after they went out of use.

All of it runs as the projector's login, which owns what it makes; `support migrate` calls `ensure` and `retire`, and the projector
calls `ensure` when it starts, so that neither has to wait for the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from projections.projection import Projection
from services.runtime.locks import Lock

"""Two that make schemas at the same time take turns; the number only has to be ours."""


class TablesChanged(Exception):
    """A projection's tables are others than those that were made for this version."""


class WronglyDeclared(ValueError):
    """What a projection says of itself does not fit its tables."""


@dataclass(frozen=True, slots=True)
class Readers:
    """The logins that get SELECT: `staff` on everything, `customer` on all but staff tables."""

    staff: str = "support_read"
    customer: str = "support_customer"


async def ensure(connection: Any, projections: Sequence[Projection], readers: Readers = Readers()) -> list[Projection]:
    """Make what is missing: schema, tables, grants, checkpoint at the beginning of the log. Returns those that were made."""
    made = []
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", Lock.SCHEMAS)
        for projection in projections:
            if not await _exists(connection, projection.schema):
                await build(connection, projection, projection.schema)
                made.append(projection)
            await grant(connection, projection, projection.schema, readers)
            await _checkpoint(connection, projection)
        await _tables_are_apart(connection, projections)
    return made


async def build(connection: Any, projection: Projection, schema: str) -> None:
    """Make an empty schema with the projection's tables, inside the caller's transaction, and check what the projection declares."""
    before = await connection.fetchval("SELECT current_setting('search_path')")
    await connection.execute(f'CREATE SCHEMA "{schema}"')
    await search(connection, [schema])
    await connection.execute(projection.tables)
    await _declared_rightly(connection, projection, schema)
    await connection.execute("SELECT set_config('search_path', $1, true)", before)


async def drop_search_indexes(connection: Any, schema: str) -> list[str]:
    """Drop the GIN indexes of a schema that is being filled; returns the statements that make them again.

    Only queries use them, handlers do not, and made at the end they cost a fraction of what they cost row by row.
    """
    found = await connection.fetch(
        "SELECT quote_ident(c.relname) AS name, pg_get_indexdef(c.oid) AS made FROM pg_class c JOIN pg_am a ON a.oid = c.relam"
        " WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'i' AND a.amname = 'gin'",
        f'"{schema}"',
    )
    for index in found:
        await connection.execute(f'DROP INDEX "{schema}".{index["name"]}')
    return [index["made"] for index in found]


async def grant(connection: Any, projection: Projection, schema: str, readers: Readers = Readers()) -> None:
    """Let readers read. Granting again changes nothing."""
    await connection.execute(
        f'GRANT USAGE ON SCHEMA "{schema}" TO "{readers.staff}", "{readers.customer}";'
        f' GRANT SELECT ON ALL TABLES IN SCHEMA "{schema}" TO "{readers.staff}"'
    )
    for table in await tables(connection, schema):
        if table not in projection.staff_tables:
            await connection.execute(f'GRANT SELECT ON "{schema}"."{table}" TO "{readers.customer}"')


async def grant_like(connection: Any, model: str, schema: str) -> None:
    """Let the same logins read the tables of `schema` that read those of the schema `model`."""
    for row in await connection.fetch(
        "SELECT quote_ident(grantee.rolname) AS reader, quote_ident(c.relname) AS table FROM pg_class c,"
        " aclexplode(c.relacl) AS a JOIN pg_roles AS grantee ON grantee.oid = a.grantee"
        " WHERE c.relnamespace = $1::regnamespace AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner",
        f'"{model}"',
    ):
        await connection.execute(f'GRANT USAGE ON SCHEMA "{schema}" TO {row["reader"]}')
        await connection.execute(f'GRANT SELECT ON "{schema}".{row["table"]} TO {row["reader"]}')


async def search(connection: Any, schemas: Sequence[str]) -> None:
    """Which schemas unqualified names mean, until the end of the transaction."""
    await connection.execute("SELECT set_config('search_path', $1, true)", path(schemas))


def path(schemas: Sequence[str]) -> str:
    """A search_path, for `server_settings` or set_config."""
    return ", ".join(f'"{schema}"' for schema in schemas)


async def tables(connection: Any, schema: str) -> list[str]:
    """The tables of a schema, by name."""
    return [
        row[0]
        for row in await connection.fetch(
            "SELECT relname::text FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') ORDER BY 1",
            f'"{schema}"',
        )
    ]


async def drop(connection: Any, schema: str) -> None:
    await connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')


async def retire(connection: Any, projections: Sequence[Projection], release: str) -> list[str]:
    """Drop the versions that the release before this one had stopped using. Returns the schemas that were dropped.

    A version that is no longer declared is first only marked with this release, because processes of the last one may still read
    it while the new one is rolled out; the next release's `migrate` drops it.
    """
    declared = {(projection.name, projection.version) for projection in projections}
    dropped = []
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", Lock.SCHEMAS)
        for row in await connection.fetch("SELECT projection, version, superseded_in FROM projector.checkpoints FOR UPDATE"):
            key = row["projection"], row["version"]
            if key in declared:
                superseded = None
            elif row["superseded_in"] in (None, release):
                superseded = release
            else:
                schema = f"{key[0]}_v{key[1]}"
                await drop(connection, schema)
                await connection.execute("DELETE FROM projector.parked WHERE projection = $1 AND version = $2", *key)
                await connection.execute("DELETE FROM projector.checkpoints WHERE projection = $1 AND version = $2", *key)
                dropped.append(schema)
                continue
            await connection.execute(
                "UPDATE projector.checkpoints SET superseded_in = $3 WHERE projection = $1 AND version = $2", *key, superseded
            )
    return dropped


async def _exists(connection: Any, schema: str) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", schema))


async def _checkpoint(connection: Any, projection: Projection) -> None:
    shape = hashlib.sha256(" ".join(projection.tables.split()).encode()).hexdigest()
    known = await connection.fetchval(
        "INSERT INTO projector.checkpoints AS c (projection, version, epoch, position, shape)"
        " VALUES ($1, $2, (SELECT max(epoch) FROM store.logs), 0, $3)"
        " ON CONFLICT (projection, version) DO UPDATE SET shape = coalesce(c.shape, excluded.shape) RETURNING shape",
        projection.name,
        projection.version,
        shape,
    )
    if known != shape:
        raise TablesChanged(
            f"the tables of the projection {projection.name} are not those made for version {projection.version}:"
            " give it the next version, and the new tables are built beside the old ones"
        )


async def _tables_are_apart(connection: Any, projections: Sequence[Projection]) -> None:
    """Unqualified names must mean one table: readers and the projector have all schemas in their search_path."""
    twice = await connection.fetch(
        "SELECT relname::text AS name, array_agg(relnamespace::regnamespace::text) AS schemas FROM pg_class"
        " WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace::regnamespace::text = ANY($1) GROUP BY 1 HAVING count(*) > 1",
        [projection.schema for projection in projections],
    )
    if twice:
        names = "; ".join(f"{row['name']} in {', '.join(row['schemas'])}" for row in twice)
        raise WronglyDeclared(f"two projections have a table of the same name: {names}")


async def _declared_rightly(connection: Any, projection: Projection, schema: str) -> None:
    here = await tables(connection, schema)
    other = await connection.fetchval(
        "SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'S')"
        " + (SELECT count(*) FROM pg_type WHERE typnamespace = $1::regnamespace AND typtype IN ('e', 'd', 'r'))",
        f'"{schema}"',
    )
    if other:
        raise WronglyDeclared(
            f"{projection.name}: sequences and types of its own would not come out the same in a rebuild; use text"
        )
    for table in here:
        if not await key_columns(connection, schema, table):
            raise WronglyDeclared(f"{projection.name}: the table {table} has no primary key, so it cannot be verified")
    for table in projection.staff_tables:
        if table not in here:
            raise WronglyDeclared(f"{projection.name}: the staff table {table} is not among its tables")
    for table, subject, columns in projection.personal:
        nullable = {
            row["attname"]: not row["attnotnull"]
            for row in await connection.fetch(
                "SELECT attname::text, attnotnull FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0",
                f'"{schema}"."{table}"',
            )
        }
        if subject not in nullable:
            raise WronglyDeclared(f"{projection.name}: {table}.{subject} is named as subject and is not there")
        for column in columns:
            if not nullable.get(column):
                raise WronglyDeclared(f"{projection.name}: {table}.{column} is personal and must be there and nullable")


async def key_columns(connection: Any, schema: str, table: str) -> list[str]:
    """The columns of a table's primary key."""
    return [
        row[0]
        for row in await connection.fetch(
            "SELECT a.attname::text FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place), pg_attribute a"
            " WHERE i.indrelid = to_regclass($1) AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY place",
            f'"{schema}"."{table}"',
        )
    ]

"""A desk with very many tickets: the demo quarter told by commands and projected, then every row of every read model many times over.

Copies keep what a real log gives them: how many messages a ticket has, how promises, contracts, chat accesses, engagements and deliveries
lie among organisations. Ids of copies follow from the id copied, so that what belonged together still does; staff, queues and
services stay one. So a new table, or a new column, is large here without anybody thinking of it. Copies are of read models and of the
log's envelopes alone: they bear reading, not replaying.
"""

from __future__ import annotations

import asyncpg

from projections.all import ALL
from services.demo.customers import STAFF
from services.demo.plan import Scale
from services.policies import file
from services.policies.in_force import apply
from tests.ground import TestDatabase
from tests.services.demo.telling import UNTIL, telling
from tests.services.projector.ground import ground
from tests.services.recording import act

COLUMNS = """SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type, EXISTS (
    SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY(i.indkey)) AS unique
  FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum"""
TABLES = """SELECT c.oid::regclass::text AS name FROM pg_class c
  WHERE c.relkind = 'r' AND c.relnamespace = ANY($1::text[]::regnamespace[]) ORDER BY 1"""
INDEXES = """SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS made FROM pg_index i
  WHERE i.indrelid = $1::regclass AND NOT i.indisunique"""
COPIES = """CREATE FUNCTION pg_temp.copy(id uuid, k int) RETURNS uuid LANGUAGE sql IMMUTABLE
  RETURN CASE WHEN id = ANY({one}) THEN id ELSE md5(id::text || k)::uuid END;
CREATE FUNCTION pg_temp.within(state text, k int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
  DECLARE id text; BEGIN
    IF state LIKE '{{%' THEN
      FOR id IN SELECT DISTINCT m[1] FROM regexp_matches(state, '"([0-9a-f]{{8}}-[0-9a-f-]{{27}})"', 'g') m LOOP
        state := replace(state, id, pg_temp.copy(id::uuid, k)::text);
      END LOOP;
    END IF;
    RETURN state;
  END $$"""
LOG = """INSERT INTO store.stored_events (originator_id, originator_version, topic, state, notification_id, epoch, class, organisation,
    occurred_at, recorded_at, correlation, causation, actor_kind, actor)
  SELECT {stream}, originator_version, topic, '', notification_id + k * {head}, epoch, class, {organisation}, occurred_at, recorded_at,
    correlation, causation, actor_kind, actor FROM store.stored_events, generate_series(1, {times}) k WHERE notification_id <= {head}
  ON CONFLICT DO NOTHING"""


async def told(database: TestDatabase, scale: Scale) -> None:
    """Tell the demo at this scale, and project it."""
    async with telling(database) as on:
        await apply(on.on.recording.writer, act(at=UNTIL), file.read(file.DEFAULT), UNTIL)
        await on.told(scale)
    async with ground(database) as read, read.running(*ALL):
        await read.caught_up(*ALL, patience=300)
    owner = await asyncpg.connect(database.superuser_dsn)
    try:
        await owner.executemany(
            "INSERT INTO store.staff VALUES ($1, $2, $3, $4, now()) ON CONFLICT DO NOTHING",
            [(member.id, member.name, member.role.value, list(member.queues)) for member in STAFF],
        )
        await owner.execute("VACUUM ANALYZE")
    finally:
        await owner.close()


async def multiplied(database: TestDatabase, times: int) -> None:
    """Have each row of what was told `times` times. Indexes are made again afterwards, which is several times as fast."""
    owner = await asyncpg.connect(database.superuser_dsn)
    try:
        await owner.execute(
            "SET synchronous_commit = off; SET jit = off; SET work_mem = '64MB'; SET maintenance_work_mem = '256MB'"
        )
        head = await owner.fetchval("SELECT max(notification_id) FROM store.stored_events")
        path = ", ".join(each.schema for each in ALL)
        await owner.execute(f"SET search_path = {path}, public")
        fixed = await owner.fetch("SELECT id FROM components UNION SELECT id FROM store.staff UNION SELECT id FROM queues")
        one = "ARRAY[" + ", ".join(f"'{row['id']}'" for row in fixed) + "]::uuid[]"
        await owner.execute(COPIES.format(one=one))
        for table in await owner.fetch(TABLES, [each.schema for each in ALL]):
            await _copy(owner, table["name"], head, times - 1)
        log = LOG.format(
            stream="pg_temp.copy(originator_id, k)", organisation="pg_temp.copy(organisation, k)", head=head, times=times - 1
        )
        await owner.execute(log)
        await owner.execute("VACUUM ANALYZE")
    finally:
        await owner.close()


async def _copy(owner: asyncpg.Connection, table: str, head: int, times: int) -> None:
    columns = await owner.fetch(COLUMNS, table)
    names = ", ".join(f'"{column["name"]}"' for column in columns)
    named = any(column["type"] == "uuid" and column["unique"] for column in columns)
    values = ", ".join(
        _value(f't."{column["name"]}"', column["type"], column["unique"] and not named, head) for column in columns
    )
    made_again = await owner.fetch(INDEXES, table)
    await owner.execute(f"CREATE TEMP TABLE before AS SELECT * FROM {table}")
    for index in made_again:
        await owner.execute(f"DROP INDEX {index['name']}")
    await owner.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM before t, generate_series(1, {times}) k ON CONFLICT DO NOTHING"
    )
    for index in made_again:
        await owner.execute(index["made"])
    await owner.execute("DROP TABLE before")


def _value(column: str, kind: str, unique: bool, head: int) -> str:
    match kind:
        case "uuid":
            return f"pg_temp.copy({column}, k)"
        case "uuid[]":
            return (
                f"CASE WHEN {column} = '{{}}' THEN {column} ELSE ARRAY(SELECT pg_temp.copy(u, k) FROM unnest({column}) u) END"
            )
        case "timestamp with time zone":
            return f"{column} + k * interval '1 second'"
        case "bigint" if column.endswith(('position"', 'since"')):
            return f"{column} + k * {head}"
        case "text" if column.endswith('"state"'):
            return f"pg_temp.within({column}, k)"
        case "text" if unique:
            return f"{column} || '-' || k"
        case "text" if column.endswith('"ref"'):
            return f"{column} || '-' || k"
    return column

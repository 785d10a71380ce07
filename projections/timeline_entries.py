"""The tables of the timeline, and how an entry is written into them.

An entry for each event that somebody would tell of; notes and what else is restricted in tables of their own. Text that is about a
person stands beside its `subject`. `before` and `after` name what a change went from and to: an event tells only what came, so what
was there before is read from the ticket's earlier entries.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

import msgspec

from projections.database import Statement
from projections.projection import Envelope, Projection

PUBLIC, STAFF = "ticket_entries", "ticket_staff_entries"
FILES = {PUBLIC: "ticket_attachments", STAFF: "ticket_staff_attachments"}
_ENTRIES = """
    CREATE TABLE {entries}(
      id uuid PRIMARY KEY, ticket uuid NOT NULL, epoch int NOT NULL, position bigint NOT NULL, version int NOT NULL,
      at timestamptz NOT NULL, kind text NOT NULL, type text NOT NULL, actor_kind text NOT NULL, actor uuid NOT NULL,
      status text, field text, queue uuid, organisation uuid, contact uuid, agent_before uuid, agent_after uuid, other uuid, target uuid,
      subject uuid, body text, before text, after text, words tsvector,
      format text, language text, redacted_at timestamptz, detail jsonb NOT NULL DEFAULT '{{}}');
    CREATE UNIQUE INDEX {entries}_in_order ON {entries}(ticket, position);
    CREATE INDEX {entries}_by_status ON {entries}(ticket, position) WHERE status IS NOT NULL;
    CREATE INDEX {entries}_by_queue ON {entries}(ticket, position) WHERE queue IS NOT NULL;
    CREATE INDEX {entries}_by_field ON {entries}(ticket, field, position) WHERE field IS NOT NULL;
    CREATE INDEX {entries}_by_subject ON {entries}(subject) WHERE subject IS NOT NULL;
    CREATE INDEX {entries}_by_customer ON {entries}(actor) WHERE actor_kind = 'app_user';
    CREATE INDEX {entries}_by_contact ON {entries}(contact) WHERE contact IS NOT NULL;
    CREATE INDEX {entries}_by_words ON {entries} USING gin(words);
    CREATE TABLE {files}(
      ticket uuid NOT NULL, entry uuid NOT NULL, place int NOT NULL, id uuid NOT NULL, subject uuid NOT NULL, file_name text,
      content_type text NOT NULL, byte_size bigint NOT NULL, sha256 text NOT NULL, scan text NOT NULL DEFAULT 'PENDING',
      PRIMARY KEY (entry, place));
    CREATE INDEX {files}_by_id ON {files}(ticket, id);
    CREATE INDEX {files}_by_subject ON {files}(subject);
"""
_TEXTS = ("body", "before", "after", "words")

ticket_timeline = Projection(
    "ticket_timeline",
    version=1,
    tables="".join(_ENTRIES.format(entries=entries, files=files) for entries, files in FILES.items())
    + "CREATE TABLE ticket_carried(ticket uuid NOT NULL, entry uuid NOT NULL, PRIMARY KEY (ticket, entry));",
    staff_tables=frozenset({STAFF, FILES[STAFF]}),
    personal=(
        *((entries, "subject", _TEXTS) for entries in FILES),
        *((files, "subject", ("file_name",)) for files in FILES.values()),
    ),
)


def entry_id(stream: UUID, version: int) -> UUID:
    """The id of an entry whose event names none. It follows from the event, so that a rebuild comes to the same."""
    return uuid5(stream, str(version))


class Earlier(str):
    """SQL for a value from the ticket's earlier entries; $2 is the ticket, $3 the field where there is one."""

    __slots__ = ()


LAST = "(SELECT e.{what} FROM {table} e WHERE e.ticket = $2 AND {which} ORDER BY e.position DESC LIMIT 1)"
STATUS_BEFORE = Earlier(LAST.format(what="status", table=PUBLIC, which="e.status IS NOT NULL"))
STATUS_BEFORE_MERGE = Earlier(LAST.format(what="status", table=PUBLIC, which="e.status IS NOT NULL AND e.status <> 'MERGED'"))
QUEUE_BEFORE = Earlier(LAST.format(what="queue", table=PUBLIC, which="e.queue IS NOT NULL"))
ORGANISATION_BEFORE = Earlier(LAST.format(what="organisation", table=PUBLIC, which="e.queue IS NOT NULL"))
_WRITTEN = {"detail": "{}::text::jsonb", "words": "to_tsvector('simple', {}::text)"}


@lru_cache(maxsize=512)
def _insert(table: str, columns: tuple[tuple[str, Earlier | None], ...]) -> str:
    names, values, place = [], [], 0
    for name, earlier in columns:
        names.append(name)
        if earlier is None:
            place += 1
            values.append(_WRITTEN.get(name, "{}").format(f"${place}"))
        else:
            values.append(earlier)
    return f"INSERT INTO {table}({', '.join(names)}) VALUES ({', '.join(values)})"


def entry(
    envelope: Envelope, kind: str, type: str, *, id: UUID | None = None, table: str = PUBLIC, **columns: Any
) -> Statement:
    """The statement that adds an entry. Columns not named stay null; `detail` is the schema's remaining fields of this type."""
    row: dict[str, object] = {
        "id": id or entry_id(envelope.stream, envelope.version),
        "ticket": envelope.stream,
        **({"field": columns.pop("field")} if "field" in columns else {}),
        "epoch": envelope.epoch,
        "position": envelope.position,
        "version": envelope.version,
        "at": envelope.occurred_at,
        "kind": kind,
        "type": type,
        "actor_kind": envelope.actor_kind,
        "actor": envelope.actor,
    } | columns
    if "detail" in row:
        row["detail"] = msgspec.json.encode(row["detail"], order="sorted").decode()
    shape = tuple((name, value if isinstance(value, Earlier) else None) for name, value in row.items())
    return _insert(table, shape), tuple(value for value in row.values() if not isinstance(value, Earlier))

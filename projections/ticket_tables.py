"""The tables of tickets.py, and how a change is written into both the row everybody sees and the staff's.

What is restricted stands in tables of its own, which customers' connections have no grant on. `tickets.version` and `updated_at`
count what customers may see; `ticket_staff` counts everything.
"""

from __future__ import annotations

from functools import lru_cache

from projections.database import Statement
from projections.projection import Envelope, Projection

tickets = Projection(
    "tickets",
    version=1,
    tables="""
    CREATE TABLE tickets(
      id uuid PRIMARY KEY, ref text NOT NULL, audience uuid NOT NULL, version int NOT NULL, updated_at timestamptz NOT NULL,
      kind text NOT NULL, person uuid NOT NULL, subject text, words tsvector,
      status text NOT NULL, status_before_merge text, priority text NOT NULL, priority_rank smallint NOT NULL, severity text,
      channel text NOT NULL, organisation uuid, requester uuid NOT NULL, assignee uuid, queue uuid NOT NULL,
      created_at timestamptz NOT NULL, first_responded_at timestamptz, resolved_at timestamptz, reopenable_until timestamptz,
      snoozed_until timestamptz, hold_reason text, resolution text, episode int NOT NULL DEFAULT 0, merged_into uuid,
      watchers uuid[] NOT NULL DEFAULT '{}');
    CREATE INDEX tickets_by_ref ON tickets(ref);
    CREATE INDEX tickets_by_created ON tickets(created_at, id);
    CREATE INDEX tickets_by_updated ON tickets(updated_at, id);
    CREATE INDEX tickets_by_priority ON tickets(priority_rank, id);
    CREATE INDEX tickets_of_audience_by_created ON tickets(audience, created_at, id);
    CREATE INDEX tickets_of_audience_by_updated ON tickets(audience, updated_at, id);
    CREATE INDEX tickets_of_audience_by_priority ON tickets(audience, priority_rank, id);
    CREATE INDEX tickets_by_status ON tickets(status, queue);
    CREATE INDEX tickets_by_assignee ON tickets(assignee) WHERE assignee IS NOT NULL;
    CREATE INDEX tickets_by_requester ON tickets(requester);
    CREATE INDEX tickets_by_person ON tickets(person);
    CREATE INDEX tickets_by_words ON tickets USING gin(words);

    CREATE TABLE ticket_fields(ticket uuid NOT NULL, key text NOT NULL, subject uuid NOT NULL, value jsonb, PRIMARY KEY (ticket, key));
    CREATE INDEX ticket_fields_by_subject ON ticket_fields(subject);
    CREATE TABLE ticket_links(ticket uuid NOT NULL, other uuid NOT NULL, kind text NOT NULL, PRIMARY KEY (ticket, other, kind));
    CREATE TABLE ticket_ratings(
      ticket uuid NOT NULL, episode int NOT NULL, score int NOT NULL, at timestamptz NOT NULL, subject uuid, comment text,
      PRIMARY KEY (ticket, episode));
    CREATE INDEX ticket_ratings_by_subject ON ticket_ratings(subject);
    CREATE TABLE ticket_externals(ticket uuid NOT NULL, system text NOT NULL, value text NOT NULL, PRIMARY KEY (ticket, system, value));
    CREATE INDEX ticket_externals_by_value ON ticket_externals(system, value);

    CREATE TABLE ticket_staff(
      ticket uuid PRIMARY KEY, audience uuid NOT NULL, version int NOT NULL, updated_at timestamptz NOT NULL,
      tags text[] NOT NULL DEFAULT '{}', watchers uuid[] NOT NULL DEFAULT '{}', language text, note_count int NOT NULL DEFAULT 0,
      escalation text, escalated_at timestamptz, escalated_by_kind text, escalated_by uuid);
    CREATE INDEX ticket_staff_by_updated ON ticket_staff(updated_at, ticket);
    CREATE INDEX ticket_staff_of_audience_by_updated ON ticket_staff(audience, updated_at, ticket);
    CREATE INDEX ticket_staff_by_tags ON ticket_staff USING gin(tags);
    CREATE TABLE ticket_staff_fields(
      ticket uuid NOT NULL, key text NOT NULL, subject uuid NOT NULL, value jsonb, PRIMARY KEY (ticket, key));
    CREATE INDEX ticket_staff_fields_by_subject ON ticket_staff_fields(subject);
    """,
    staff_tables=frozenset({"ticket_staff", "ticket_staff_fields"}),
    personal=(
        ("tickets", "person", ("subject", "words")),
        ("ticket_fields", "subject", ("value",)),
        ("ticket_staff_fields", "subject", ("value",)),
        ("ticket_ratings", "subject", ("comment",)),
    ),
)

AWAKE = "snoozed_until = NULL, hold_reason = NULL"


@lru_cache(maxsize=256)
def _changed(table: str, key: str, version: str, changes: str) -> str:
    also = f", {changes}" if changes else ""
    return f"UPDATE {table} SET version = {version}, updated_at = greatest(updated_at, $2){also} WHERE {key} = $1"


def staff(envelope: Envelope, changes: str = "", *values: object) -> Statement:
    """A change that staff alone see. `changes` has its values from $4 on."""
    return _changed("ticket_staff", "ticket", "$3", changes), (envelope.stream, envelope.occurred_at, envelope.version, *values)


def seen(envelope: Envelope, changes: str = "", *values: object) -> list[Statement]:
    """A change that customers see too. `changes` has its values from $3 on."""
    sql = _changed("tickets", "id", "version + 1", changes)
    return [(sql, (envelope.stream, envelope.occurred_at, *values)), staff(envelope)]

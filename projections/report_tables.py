"""What happened, when, to which ticket and service: the timestamped facts that reports and review packs are counted from.

One projection, so all figures of a report are of one position. Nothing personal is in it: whoever is erased, no figure changes.
Handlers: report_tickets.py and report_operations.py; what is counted how: report_counting.py.
"""

from __future__ import annotations

from projections.clocks import SEEN, folding
from projections.projection import Projection
from projections.report_clocks import LOAD, rows

report_facts = Projection(
    "report_facts",
    version=1,
    tables="""
    CREATE TABLE report_tickets(
      ticket uuid PRIMARY KEY, audience uuid NOT NULL, organisation uuid, queue uuid NOT NULL, kind text NOT NULL, priority text NOT NULL,
      severity text, channel text NOT NULL, agent uuid, services uuid[] NOT NULL, opened_at timestamptz NOT NULL,
      counted bool NOT NULL, imported bool NOT NULL);
    CREATE INDEX report_tickets_of_audience ON report_tickets(audience, ticket);
    CREATE TABLE report_moves(
      ticket uuid NOT NULL, version int NOT NULL, at timestamptz NOT NULL, what text NOT NULL, PRIMARY KEY (ticket, version));
    CREATE INDEX report_moves_by_time ON report_moves(at, ticket);
    CREATE TABLE report_open(
      ticket uuid NOT NULL, version int NOT NULL, from_at timestamptz NOT NULL, to_at timestamptz, PRIMARY KEY (ticket, version));
    CREATE TABLE report_resolutions(
      ticket uuid NOT NULL, episode int NOT NULL, at timestamptz NOT NULL, score int, PRIMARY KEY (ticket, episode));
    CREATE INDEX report_resolutions_by_time ON report_resolutions(at, ticket);
    CREATE TABLE report_clocks(ticket uuid PRIMARY KEY, state text NOT NULL);
    CREATE TABLE report_targets(
      id uuid PRIMARY KEY, ticket uuid NOT NULL, metric text NOT NULL, state text NOT NULL, started_at timestamptz NOT NULL,
      due_at timestamptz, ended_at timestamptz);
    CREATE INDEX report_targets_of_ticket ON report_targets(ticket);
    CREATE TABLE report_times(
      ticket uuid PRIMARY KEY, responded_at timestamptz, response_microseconds bigint, resolved_at timestamptz,
      resolution_microseconds bigint);
    CREATE TABLE report_services(
      id uuid PRIMARY KEY, ref text NOT NULL, name text NOT NULL, registered_at timestamptz NOT NULL, retired_at timestamptz);
    CREATE TABLE report_impacts(
      service uuid NOT NULL, version int NOT NULL, notice uuid NOT NULL, kind text NOT NULL, state text NOT NULL,
      since timestamptz NOT NULL, until timestamptz, PRIMARY KEY (service, version));
    CREATE TABLE report_notices(
      id uuid PRIMARY KEY, kind text NOT NULL, ref text NOT NULL, title text NOT NULL, severity text NOT NULL, from_at timestamptz NOT NULL,
      to_at timestamptz, services uuid[] NOT NULL);
    CREATE TABLE report_covered(contract uuid NOT NULL, service uuid NOT NULL, PRIMARY KEY (contract, service));
    CREATE TABLE report_engagements(
      id uuid PRIMARY KEY, audience uuid NOT NULL, kind text NOT NULL, requested_at timestamptz NOT NULL, ended_at timestamptz,
      completed bool NOT NULL);
    CREATE INDEX report_engagements_of_audience ON report_engagements(audience);
    CREATE TABLE report_knowledge(id uuid PRIMARY KEY, kind text NOT NULL, published_at timestamptz NOT NULL);
    CREATE TABLE report_actions(
      id uuid PRIMARY KEY, meeting uuid NOT NULL, audience uuid, raised_at timestamptz NOT NULL, due_on date, done_at timestamptz);
    CREATE INDEX report_actions_of_audience ON report_actions(audience);
    """,
    staff_tables=frozenset({"report_clocks"}),
    fold=folding(LOAD, rows, SEEN),
)

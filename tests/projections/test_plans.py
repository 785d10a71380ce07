"""Every query finds its rows by an index: on twenty thousand tickets no plan reads a whole table of tickets, entries or promises.

Filters pick few rows here, or let a page be filled soon; where a count's filter fits a tenth of all, reading all is right.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from projections.all import ALL
from projections.changes import changes
from projections.contacts import contacts_by_id, contacts_of
from projections.organisation_filter import OrganisationFilter
from projections.organisations import organisations_by, organisations_page
from projections.paging import Page
from projections.search import search
from projections.status_changes import status_changes
from projections.status_components import histories
from projections.status_incidents import IncidentFilter, incidents_by_id, incidents_page
from projections.status_linked import tickets_of_notice
from projections.status_maintenance import claim_due, maintenance_by_id
from projections.status_page import status_page
from projections.ticket_filter import Between, Compare, OrderField, TicketFilter, TicketOrder
from projections.ticket_reading import TicketBy, entries, ticket, ticket_count, tickets, tickets_by_id
from projections.ticket_sla import sla_targets
from projections.timers import due, next_due
from projections.viewer import Role, Viewer
from tests.ground import TestDatabase
from tests.projections.desk import AGENT, NETWORK, Desk, customer, open_desk
from tests.projections.test_tickets import ALL_OF_IT
from tests.services.parcel import NOON

LARGE = {
    "tickets",
    "ticket_staff",
    "ticket_entries",
    "ticket_staff_entries",
    "ticket_attachments",
    "ticket_staff_attachments",
    "sla_clocks",
    "sla_targets",
    "ticket_links",
    "ticket_externals",
    "contacts",
    "organisations",
    "timers",
    "ticket_services",
    "ticket_notices",
    "incidents",
    "incident_updates",
    "component_impacts",
    "maintenances",
    "maintenance_updates",
    "maintenance_timers",
    "stored_events",
}
GENERATE = """
CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid LANGUAGE sql AS 'SELECT md5(kind || n)::uuid';
INSERT INTO organisations(id, ref, version, name, name_key, words, email_domains)
  SELECT pg_temp.id('o', n), 'org' || n, 1, 'Org ' || n, 'org ' || n, to_tsvector('simple', 'org ' || n), '{}'
  FROM generate_series(0, 999) n;
INSERT INTO contacts(id, subject, audience, version, name, email, words, organisation)
  SELECT pg_temp.id('c', n), pg_temp.id('c', n), pg_temp.id('o', n % 1000), 1, 'Person ' || n, n || '@example.org',
    to_tsvector('simple', 'person ' || n), pg_temp.id('o', n % 1000) FROM generate_series(0, 4999) n;
INSERT INTO tickets(id, ref, audience, version, updated_at, kind, person, subject, words, status, priority, priority_rank, channel,
    organisation, requester, assignee, queue, created_at)
  SELECT pg_temp.id('t', n), (10000 + n)::text, pg_temp.id('o', n % 1000), 1, '2026-07-01'::timestamptz + n * interval '1 minute',
    'REQUEST', pg_temp.id('c', n % 5000), 'Matter ' || n, to_tsvector('simple', 'matter ' || n),
    (ARRAY['NEW', 'OPEN', 'CLOSED', 'CLOSED', 'CLOSED'])[n % 5 + 1], 'NORMAL', n % 4, 'EMAIL', pg_temp.id('o', n % 1000),
    pg_temp.id('c', n % 5000), CASE WHEN n % 2 = 0 THEN pg_temp.id('s', n % 50) END, pg_temp.id('q', n % 10),
    '2026-07-01'::timestamptz + n * interval '1 minute' FROM generate_series(1, 20000) n;
INSERT INTO ticket_staff(ticket, audience, version, updated_at, tags)
  SELECT id, audience, 1, updated_at, CASE WHEN ref LIKE '%777' THEN ARRAY['vip'] ELSE '{}' END FROM tickets;
INSERT INTO ticket_entries(id, ticket, epoch, position, version, at, kind, type, actor_kind, actor, status, subject, body, words)
  SELECT gen_random_uuid(), t.id, 1, 20000 * k + row_number() OVER (), k, t.created_at, 'MESSAGE', 'MessageEntry', 'app_user', t.requester,
    CASE WHEN k = 1 THEN 'NEW' END, t.requester, 'Said ' || k || t.ref, to_tsvector('simple', 'said ' || k || ' ' || t.ref)
  FROM tickets t, generate_series(1, 3) k;
INSERT INTO ticket_staff_entries(id, ticket, epoch, position, version, at, kind, type, actor_kind, actor, subject, body, words)
  SELECT gen_random_uuid(), t.id, 1, 80000 + row_number() OVER (), 4, t.created_at, 'NOTE', 'InternalNoteEntry', 'user', t.requester,
    t.requester, 'Note ' || t.ref, to_tsvector('simple', 'note ' || t.ref) FROM tickets t;
INSERT INTO ticket_attachments(ticket, entry, place, id, subject, content_type, byte_size, sha256)
  SELECT ticket, id, 0, gen_random_uuid(), subject, 'text/plain', 1, '' FROM ticket_entries;
INSERT INTO ticket_staff_attachments(ticket, entry, place, id, subject, content_type, byte_size, sha256)
  SELECT ticket, id, 0, gen_random_uuid(), subject, 'text/plain', 1, '' FROM ticket_staff_entries;
INSERT INTO ticket_links(ticket, other, kind) SELECT pg_temp.id('t', n), pg_temp.id('t', n + 1), 'RELATED' FROM generate_series(1, 19999) n;
INSERT INTO ticket_externals(ticket, system, value) SELECT pg_temp.id('t', n), 'RT', n::text FROM generate_series(1, 20000) n;
INSERT INTO sla_clocks(ticket, audience, due_at, versions, state)
  SELECT id, audience, CASE WHEN status <> 'CLOSED' THEN created_at + interval '1 day' END, '{1}', '{"sla": {}}' FROM tickets;
INSERT INTO sla_targets(id, ticket, place, metric, state, within_microseconds, policy, calendar, applied_at, due_at)
  SELECT md5('g' || ref || k)::uuid, id, k, 'RESOLUTION', CASE WHEN status = 'CLOSED' THEN 'MET' ELSE 'RUNNING' END, 1, 'p', '{}',
    created_at, CASE WHEN status <> 'CLOSED' THEN created_at + interval '1 day' END FROM tickets, generate_series(0, 1) k;
INSERT INTO timers(ticket, kind, target, due_at) SELECT ticket, 'SLA_BREACH', id, due_at FROM sla_targets WHERE due_at IS NOT NULL;
INSERT INTO components(id, ref, version, name, heading, state, since, registered_at)
  SELECT pg_temp.id('p', n), 'service-' || n, 1, 'Service ' || n, 'All', 'OPERATIONAL', '2026-07-01', '2026-01-01'
  FROM generate_series(0, 39) n;
INSERT INTO component_impacts(component, place, notice, kind, state, since, until)
  SELECT pg_temp.id('p', n % 40), n, pg_temp.id('i', n), 'INCIDENT', 'DEGRADED', '2026-01-01'::timestamptz + n * interval '30 minutes',
    '2026-01-01'::timestamptz + (n + 1) * interval '30 minutes' FROM generate_series(1, 20000) n;
INSERT INTO incidents(id, ref, version, title, severity, status, started_at, impacts, components)
  SELECT pg_temp.id('i', n), 'INC-' || n, 1, 'Slow', 'MINOR', CASE WHEN n > 19990 THEN 'MONITORING' ELSE 'RESOLVED' END,
    '2026-01-01'::timestamptz + n * interval '30 minutes',
    json_build_array(json_build_object('component', pg_temp.id('p', n % 40), 'state', 'DEGRADED')), ARRAY[pg_temp.id('p', n % 40)]
  FROM generate_series(1, 20000) n;
INSERT INTO incident_staff(incident, version) SELECT id, 1 FROM incidents;
INSERT INTO incident_updates(id, incident, place, at, body, status)
  SELECT md5('u' || ref || k)::uuid, id, k, started_at, 'Said', 'RESOLVED' FROM incidents, generate_series(1, 3) k;
INSERT INTO maintenances(id, ref, version, title, severity, status, begins_at, ends_at, impacts)
  SELECT pg_temp.id('m', n), 'MNT-' || n, 1, 'Work', 'MINOR', CASE WHEN n > 19990 THEN 'SCHEDULED' ELSE 'COMPLETED' END,
    '2026-01-01'::timestamptz + n * interval '1 hour', '2026-01-01'::timestamptz + (n + 1) * interval '1 hour',
    json_build_array(json_build_object('component', pg_temp.id('p', n % 40), 'state', 'UNDER_MAINTENANCE'))
  FROM generate_series(1, 20000) n;
INSERT INTO maintenance_staff(maintenance, version) SELECT id, 1 FROM maintenances;
INSERT INTO maintenance_updates(id, maintenance, place, at, body) SELECT md5('v' || ref)::uuid, id, 1, begins_at, 'Said' FROM maintenances;
INSERT INTO maintenance_timers(maintenance, kind, due_at) SELECT id, 'MAINTENANCE_BEGIN', begins_at FROM maintenances;
INSERT INTO ticket_services(ticket, service, place)
  SELECT pg_temp.id('t', n), pg_temp.id('p', n % 1000), 0 FROM generate_series(1, 20000) n;
INSERT INTO ticket_notices(ticket, notice, at)
  SELECT pg_temp.id('t', n), pg_temp.id('i', n % 4000 + 1), '2026-07-01' FROM generate_series(1, 20000) n;
"""
LOG = """
INSERT INTO store.stored_events(originator_id, originator_version, topic, state, notification_id, epoch, class, organisation, occurred_at,
    recorded_at, correlation, actor_kind, actor)
  SELECT md5('t' || n)::uuid, k, 'ticket.opened.v1', '', 4 * n + k, 1, 'confidential', md5('o' || n % 1000)::uuid, now(), now(),
    gen_random_uuid(), 'user', gen_random_uuid() FROM generate_series(1, 20000) n, generate_series(1, 4) k
"""


class Explaining:
    """A connection that explains each statement before it runs it, and notes which large tables would be read whole."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.whole: list[str] = []
        self.explained = 0

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        for mode in ("force_custom_plan", "force_generic_plan"):
            await self.connection.execute(f"SET plan_cache_mode = {mode}")
            plan = json.loads(await self.connection.fetchval(f"EXPLAIN (FORMAT JSON) {query}", *args))
            self._look(plan[0]["Plan"])
            self.explained += 1
        await self.connection.execute("RESET plan_cache_mode")
        rows: Sequence[Any] = await self.connection.fetch(query, *args)
        return rows

    async def fetchrow(self, query: str, *args: object) -> Any:
        rows = await self.fetch(query, *args)
        return rows[0] if rows else None

    def _look(self, node: dict[str, Any]) -> None:
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE:
            self.whole.append(node["Relation Name"])
        for child in node.get("Plans", ()):
            self._look(child)


@pytest.fixture(scope="module")
async def crowd(module_database: TestDatabase) -> AsyncIterator[Desk]:
    async with open_desk(module_database) as desk:
        connection = await desk.ground.connect([each.schema for each in ALL])
        try:
            await connection.execute(GENERATE)
            for projection in ALL:
                for table in await connection.fetch(
                    "SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace", projection.schema
                ):
                    if table["relname"] in LARGE:
                        await connection.execute(f"VACUUM ANALYZE {table['relname']}")
        finally:
            await connection.close()
        await desk.ground.recording.as_owner(LOG)
        await desk.ground.recording.as_owner("VACUUM ANALYZE store.stored_events")
        yield desk


def md5(text: str) -> UUID:
    return UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())


ACME = md5("o7")
PERSON = md5("c7")
TICKET = md5("t7")
VIEWERS = {
    "agent": AGENT,
    "customer": customer(PERSON, ACME),
    "service manager": Viewer(Role.SERVICE_MANAGER, uuid7(), organisations=frozenset({ACME, md5("o8")})),
    "program": Viewer(Role.SERVICE, uuid7(), scopes=frozenset({"TICKETS_READ", "PEOPLE_READ"})),
}
FILTERS = {
    "all": TicketFilter(),
    "status": TicketFilter(status=Compare(in_=["NEW", "OPEN"])),
    "rare status": TicketFilter(status=Compare(eq="SPAM")),
    "queue": TicketFilter(queue=Compare(eq=NETWORK), status=Compare(nin=["CLOSED"])),
    "assignee": TicketFilter(assignee=Compare(eq=md5("s4"))),
    "unassigned": TicketFilter(assignee=Compare(present=False)),
    "service": TicketFilter(service=Compare(eq=md5("p7"))),
    "services": TicketFilter(service=Compare(in_=[md5("p7"), md5("p8")], nin=[md5("p9")])),
    "requester": TicketFilter(requester=Compare(eq=PERSON)),
    "organisation": TicketFilter(organisation=Compare(eq=ACME)),
    "created": TicketFilter(created_at=Between(gte=NOON, lt=NOON + timedelta(hours=1))),
    "updated": TicketFilter(updated_at=Between(gte=NOON, lt=NOON + timedelta(hours=1))),
    "due": TicketFilter(sla_due_at=Between(lt=NOON)),
    "broken": TicketFilter(sla_state=["BREACHED"]),
    "running": TicketFilter(sla_state=["RUNNING"]),
    "tags": TicketFilter(tags=["vip"]),
}


@pytest.mark.parametrize("who", VIEWERS)
@pytest.mark.parametrize("order", OrderField)
async def test_lists_follow_an_index(crowd: Desk, who: str, order: OrderField) -> None:
    viewer = VIEWERS[who]
    db = Explaining(crowd.db(viewer).connection)
    wrong = []
    for name, filter in FILTERS.items():
        for descending in (True, False):
            page = (await tickets(db, viewer, filter, TicketOrder(order, descending), Page(first=5))).page
            if page.edges:
                await tickets(db, viewer, filter, TicketOrder(order, descending), Page(first=5, after=page.edges[-1].cursor))
            if db.whole:
                wrong.append((name, descending, db.whole))
                db.whole = []
    assert wrong == []


@pytest.mark.parametrize("who", VIEWERS)
async def test_counting_follows_an_index(crowd: Desk, who: str) -> None:
    viewer = VIEWERS[who]
    db = Explaining(crowd.db(viewer).connection)
    for name, filter in FILTERS.items():
        await ticket_count(db, viewer, filter)
        assert (name, db.whole) == (name, [])


READS: dict[str, Callable[[Explaining, Viewer], Awaitable[object]]] = {
    "a page with every branch": lambda db, viewer: tickets(db, viewer, want=ALL_OF_IT),
    "by id": lambda db, viewer: ticket(db, viewer, TicketBy(id=TICKET), ALL_OF_IT),
    "by number": lambda db, viewer: ticket(db, viewer, TicketBy(ref="10007"), ALL_OF_IT),
    "by number elsewhere": lambda db, viewer: ticket(db, viewer, TicketBy(external=("RT", "7")), ALL_OF_IT),
    "by ids": lambda db, viewer: tickets_by_id(db, viewer, [TICKET, md5("t8")], ALL_OF_IT),
    "entries": lambda db, viewer: entries(db, viewer, [uuid7(), uuid7()]),
    "promises": lambda db, viewer: sla_targets(db, viewer, [uuid7()]),
    "search in subjects": lambda db, viewer: search(db, viewer, "matter 77"),
    "search in messages": lambda db, viewer: search(db, viewer, "said 10077", want=ALL_OF_IT),
    "search for nothing": lambda db, viewer: search(db, viewer, "nowhere"),
    "changes": lambda db, viewer: changes(db, viewer, 0, 100),
    "changes of one": lambda db, viewer: changes(db, viewer, 0, 100, ticket=TICKET, want=ALL_OF_IT),
    "tickets of an incident": lambda db, viewer: tickets_of_notice(db, viewer, md5("i7"), Page(), ALL_OF_IT),
    "incidents": lambda db, viewer: incidents_page(db, viewer, IncidentFilter(), Page(first=5)),
    "incidents of a service": lambda db, _: incidents_page(db, None, IncidentFilter(component=Compare(eq=md5("p7"))), Page()),
    "incidents since": lambda db, _: incidents_page(db, None, IncidentFilter(started_at=Between(gte=NOON)), Page()),
    "the status page": status_page,
    "incidents by id": lambda db, viewer: incidents_by_id(db, viewer, [md5("i7"), md5("i8")]),
    "work by id": lambda db, _: maintenance_by_id(db, None, [md5("m7")]),
    "histories": lambda db, _: histories(db, [md5("p7")], NOON - timedelta(days=90), NOON),
    "changes of the page": lambda db, viewer: status_changes(db, viewer, 0, 100, limit=100),
    "people by id": lambda db, viewer: contacts_by_id(db, viewer, [PERSON]),
    "people of an organisation": lambda db, viewer: contacts_of(db, viewer, ACME, Page()),
    "organisation by number": lambda db, viewer: organisations_by(db, viewer, ref="org7"),
    "organisations": lambda db, viewer: organisations_page(db, viewer, OrganisationFilter(), Page()),
    "organisations by name": lambda db, viewer: organisations_page(db, viewer, OrganisationFilter(name_prefix="Org 7"), Page()),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("who", VIEWERS)
async def test_look_ups_and_searches_follow_an_index(crowd: Desk, who: str, read: str) -> None:
    viewer = VIEWERS[who]
    db = Explaining(crowd.db(viewer).connection)
    await READS[read](db, viewer)
    assert db.explained
    assert db.whole == []


async def test_work_that_is_due_follows_an_index(crowd: Desk) -> None:
    connection = await crowd.ground.connect([each.schema for each in ALL])
    try:
        db = Explaining(connection)
        assert len(await claim_due(db, NOON, 10)) == 10
        assert db.whole == []
    finally:
        await connection.close()


async def test_what_is_due_follows_an_index(crowd: Desk) -> None:
    db = Explaining(crowd.readers.connection)
    assert len(await due(db, NOON + timedelta(days=1), timedelta(days=14), 10)) == 10
    assert await next_due(db, timedelta(days=14)) is not None
    assert db.whole == []

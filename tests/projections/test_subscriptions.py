"""Reads of status subscriptions, of whom to tell and of what was told follow an index, whoever asks, and show nobody another's."""

from __future__ import annotations

import pytest
from uuid_utils.compat import uuid7

from domain.status.vocabulary import StatusSeverity
from projections.all import ALL
from projections.deliveries import of_recipient, of_subject
from projections.digest_timers import claim_due
from projections.paging import Page
from projections.subscription_targets import targets
from projections.subscription_timers import endings
from projections.subscriptions import subscriptions_by_id, subscriptions_page
from projections.viewer import Role, Viewer
from tests.ground import TestDatabase
from tests.projections.desk import AGENT, open_desk
from tests.projections.test_plans import Explaining, md5
from tests.services.parcel import NOON

pytestmark = pytest.mark.anyio
TABLES = {"status_subscriptions", "subscription_timers", "subscription_targets", "deliveries", "digest_timers"}
GENERATE = """
INSERT INTO status_subscriptions(id, organisation, owner, version, visible_version, requested_at, channel, hint, status, components,
    severity_floor, urgent_from, digest)
  SELECT md5('s' || n)::uuid, md5('o' || n % 1000)::uuid, md5('c' || n % 5000)::uuid, 1, 1,
    '2026-01-01'::timestamptz + n * interval '1 minute', 'EMAIL', 'a…', 'ACTIVE', '{}', 'MINOR', 'CRITICAL', 'IMMEDIATE'
  FROM generate_series(1, 20000) n;
INSERT INTO subscription_timers(subscription, owner, organisation, due_at)
  SELECT id, owner, organisation, CASE WHEN random() < 0.01 THEN requested_at END FROM status_subscriptions;
INSERT INTO subscription_targets(subscription, organisation, channel, since, components, severity_floor, urgent_from, digest)
  SELECT id, organisation, channel, 7, CASE WHEN random() < 0.5 THEN '{}' ELSE ARRAY[md5('p1')::uuid] END, 'MINOR', 'CRITICAL',
    'IMMEDIATE' FROM status_subscriptions;
INSERT INTO deliveries(id, position, subject_id, recipient, channel, state, queued_at, not_before)
  SELECT md5('d' || n)::uuid, n, md5('s' || n % 1000)::uuid, md5('c' || n % 5000)::uuid, 'EMAIL',
    CASE WHEN n % 3 = 0 THEN 'SUPPRESSED' ELSE 'QUEUED' END, '2026-01-01'::timestamptz + n * interval '1 minute',
    CASE WHEN n % 2 = 0 THEN '2026-07-02'::timestamptz END
  FROM generate_series(1, 60000) n;
INSERT INTO digest_timers(digest, subscription, due_at) SELECT id, id, requested_at FROM status_subscriptions;
"""
VIEWERS = {
    "agent": AGENT,
    "customer": Viewer(Role.CUSTOMER, md5("c7"), md5("o7")),
    "administrator": Viewer(Role.CUSTOMER_ADMIN, uuid7(), md5("o7")),
    "manager": Viewer(Role.SERVICE_MANAGER, uuid7(), organisations=frozenset({md5("o7")})),
    "program": Viewer(Role.SERVICE, uuid7(), scopes=frozenset({"STATUS_SUBSCRIPTIONS"})),
}


async def test_pages_look_ups_and_what_is_due_follow_an_index(module_database: TestDatabase) -> None:
    async with open_desk(module_database) as desk:
        connection = await desk.ground.connect([each.schema for each in ALL])
        try:
            await connection.execute(GENERATE)
            for table in TABLES:
                await connection.execute(f"VACUUM ANALYZE {table}")
            db = Reading(connection)
            for who, viewer in VIEWERS.items():
                page = await subscriptions_page(db, viewer, Page(first=5), NOON)
                assert page.edges, who
                await subscriptions_page(db, viewer, Page(first=5, after=page.edges[-1].cursor), NOON)
                (one,) = await subscriptions_by_id(db, viewer, [md5("s7")], NOON)
                assert [each.state for each in one.deliveries][:3] == ["SUPPRESSED", "QUEUED", "QUEUED"], who
                assert len(one.deliveries) == 20
                assert (who, db.whole) == (who, [])
            stranger = Viewer(Role.CUSTOMER, md5("c7"), md5("o8"))
            assert await subscriptions_by_id(db, stranger, [md5("s7")], NOON) == []
            assert len(await endings(db, NOON, 10, claim=True)) == 10
            page_of = await targets(db, StatusSeverity.MAJOR, [md5("p1")], 8, limit=100)
            more = await targets(db, StatusSeverity.MAJOR, [md5("p1")], 8, after=page_of[-1].subscription, limit=100)
            assert (len(page_of), len(more)) == (100, 100)
            assert len(await of_subject(db, md5("s7"), 60_000, after=0, limit=500, all=True)) == 60
            assert len(await of_recipient(db, md5("c7"), 60_000, after=0, limit=500)) == 8
            assert len(await claim_due(db, NOON, 25)) == 25
            assert db.whole == []
        finally:
            await connection.close()


class Reading(Explaining):
    """Notes the tables of this room."""

    def _look(self, node: dict[str, object]) -> None:
        if node["Node Type"] == "Seq Scan" and node.get("Relation Name") in TABLES:
            self.whole.append(str(node["Relation Name"]))
        for child in node.get("Plans", ()):  # type: ignore[attr-defined]
            self._look(child)

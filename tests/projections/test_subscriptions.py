"""Reads of status subscriptions follow an index, whoever asks, and show nobody another's."""

from __future__ import annotations

import pytest
from uuid_utils.compat import uuid7

from projections.all import ALL
from projections.paging import Page
from projections.subscription_timers import endings
from projections.subscriptions import subscriptions_by_id, subscriptions_page
from projections.viewer import Role, Viewer
from tests.ground import TestDatabase
from tests.projections.desk import AGENT, open_desk
from tests.projections.test_plans import Explaining, md5
from tests.services.parcel import NOON

pytestmark = pytest.mark.anyio
TABLES = {"status_subscriptions", "subscription_timers"}
GENERATE = """
INSERT INTO status_subscriptions(id, organisation, owner, version, visible_version, requested_at, channel, hint, status, components,
    severity_floor, urgent_from, digest)
  SELECT md5('s' || n)::uuid, md5('o' || n % 1000)::uuid, md5('c' || n % 5000)::uuid, 1, 1,
    '2026-01-01'::timestamptz + n * interval '1 minute', 'EMAIL', 'a…', 'ACTIVE', '{}', 'MINOR', 'CRITICAL', 'IMMEDIATE'
  FROM generate_series(1, 20000) n;
INSERT INTO subscription_timers(subscription, owner, organisation, due_at)
  SELECT id, owner, organisation, CASE WHEN random() < 0.01 THEN requested_at END FROM status_subscriptions;
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
                page = await subscriptions_page(db, viewer, Page(first=5))
                assert page.edges, who
                await subscriptions_page(db, viewer, Page(first=5, after=page.edges[-1].cursor))
                assert len(await subscriptions_by_id(db, viewer, [md5("s7")])) == 1, who
                assert (who, db.whole) == (who, [])
            stranger = Viewer(Role.CUSTOMER, md5("c7"), md5("o8"))
            assert await subscriptions_by_id(db, stranger, [md5("s7")]) == []
            assert len(await endings(db, NOON, 10, claim=True)) == 10
        finally:
            await connection.close()


class Reading(Explaining):
    """Notes the tables of this room."""

    def _look(self, node: dict[str, object]) -> None:
        if node["Node Type"] == "Seq Scan" and node.get("Relation Name") in TABLES:
            self.whole.append(str(node["Relation Name"]))
        for child in node.get("Plans", ()):  # type: ignore[attr-defined]
            self._look(child)

"""The engagement board: what an erasure leaves, what a rebuild comes to, who may read what, and by which index."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.catalogue import PRODUCTS, Capability
from domain.contracts.entitlements import Entitled, Entitlement
from domain.engagements.engagement import Engagement
from domain.engagements.vocabulary import EngagementKind
from domain.organisations.contact import Contact
from projections.all import ALL
from projections.engagement_timers import claim_due
from projections.engagements import Wanted, engagements_by_id, engagements_page
from projections.paging import Page
from projections.ticket_filter import Compare
from projections.viewer import Role, Viewer
from tests.projections.desk import AGENT, Desk, InsufficientPrivilege, customer
from tests.projections.test_plans import Explaining, md5
from tests.services.parcel import NOON
from tests.services.recording import STAFF, act

pytestmark = pytest.mark.anyio
JOIN = "https://meet.example.org/1"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TEXTS = "SELECT status, version, wish, scope, answer, outcome FROM engagements ORDER BY id"


async def asked(desk: Desk, requester: UUID, organisation: UUID) -> UUID:
    at = desk.later()
    made = Engagement.request(
        id=uuid7(),
        at=at,
        ref="ENG-1",
        kind=EngagementKind.MIGRATION,
        organisation=organisation,
        requester=requester,
        wish="Help.",
        entitled=Entitled(at, "SUPPORT-premium", (Entitlement(Capability.ENGAGEMENTS, "SUPPORT-premium"),), PRODUCTS),
    )
    await desk.ground.recording.writer.add(act(at=at), made)
    return made.id


async def do(desk: Desk, engagement: UUID, command: Any, *args: Any, **more: Any) -> None:
    at = desk.later()
    await desk.ground.recording.writer.change(act(at=at), Engagement, engagement, command, *args, at=at, **more)


async def lives(desk: Desk, requester: UUID, organisation: UUID) -> list[UUID]:
    """One that was declined, one that is done and one whose reminders came and were dropped."""
    declined, done, reminded = [await asked(desk, requester, organisation) for _ in range(3)]
    await do(desk, declined, Engagement.decline, "No.")
    for each, ahead in ((done, HOUR), (reminded, 4 * DAY)):
        await do(desk, each, Engagement.agree, "Two sessions.", STAFF.id)
        start = desk.now + ahead
        await do(desk, each, Engagement.schedule, start, JOIN, reminders=(3 * DAY, DAY, HOUR))
    desk.now += DAY * 3.5
    await do(desk, done, Engagement.complete, "Done.")
    await do(desk, reminded, Engagement.note_time)
    return [declined, done, reminded]


async def test_a_rebuild_comes_to_the_same_before_and_after_an_erasure(desk: Desk) -> None:
    acme = await desk.organisation("acme")
    anna = await desk.contact("Anna", acme)
    await lives(desk, anna, acme)
    await desk.project()
    assert [tuple(row) for row in await desk.readers.fetch(TEXTS)] == [
        ("DECLINED", 2, "Help.", None, "No.", None),
        ("COMPLETED", 4, "Help.", "Two sessions.", None, "Done."),
        ("SCHEDULED", 5, "Help.", "Two sessions.", None, None),
    ]
    before = await desk.everything()
    assert await desk.rebuilt() == before
    await desk.erase(anna)
    await desk.project()
    assert {tuple(row)[2:] for row in await desk.readers.fetch(TEXTS)} == {(None, None, None, None)}
    erased = await desk.everything()
    assert await desk.rebuilt() == erased


async def test_of_a_requester_who_left_their_name_is_seen_and_nothing_else(desk: Desk) -> None:
    acme, zenith = await desk.organisation("acme"), await desk.organisation("zenith")
    anna, bert = await desk.contact("Anna", acme), await desk.contact("Bert", acme)
    made = await asked(desk, anna, acme)
    at = desk.later()
    await desk.ground.recording.writer.change(act(at=at), Contact, anna, Contact.unlink, at=at)
    await desk.project()
    (seen,) = await engagements_by_id(desk.customers, customer(bert, acme), [made])
    assert seen.requester.name == "Anna"
    assert await engagements_by_id(desk.customers, customer(anna, zenith), [made]) == []
    assert await engagements_by_id(desk.customers, customer(anna, None), [made]) == []


async def test_customers_have_no_grant_on_the_schedulers_table(desk: Desk) -> None:
    with pytest.raises(InsufficientPrivilege):
        await desk.customers.fetch("SELECT * FROM engagement_timers")


GENERATE = """
INSERT INTO engagements(id, ref, audience, subject, version, kind, status, requester, requested_at)
  SELECT md5('e' || n)::uuid, 'ENG-' || n, md5('o' || n % 1000)::uuid, md5('c' || n % 5000)::uuid, 1, 'MIGRATION',
    (ARRAY['REQUESTED', 'COMPLETED', 'COMPLETED', 'COMPLETED', 'CANCELLED'])[n % 5 + 1], md5('c' || n % 5000)::uuid,
    '2026-07-01'::timestamptz + n * interval '1 minute' FROM generate_series(1, 20000) n;
INSERT INTO engagement_timers(engagement, due_at) SELECT id, requested_at FROM engagements;
VACUUM ANALYZE engagements; VACUUM ANALYZE engagement_timers"""


class ExplainingEngagements(Explaining):
    def _look(self, node: dict[str, Any]) -> None:
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in ("engagements", "engagement_timers"):
            self.whole.append(node["Relation Name"])
        for child in node.get("Plans", ()):
            self._look(child)


async def test_lists_and_look_ups_follow_an_index(desk: Desk) -> None:
    connection = await desk.ground.connect([each.schema for each in ALL])
    for statement in GENERATE.split(";"):
        await connection.execute(statement)
    acme = md5("o7")
    viewers = [
        AGENT,
        customer(md5("c7"), acme),
        Viewer(Role.SERVICE_MANAGER, uuid7(), organisations=frozenset({acme, md5("o8")})),
        Viewer(Role.SERVICE, uuid7(), scopes=frozenset({"MEETINGS"})),
    ]
    filters = [
        Wanted(),
        Wanted(organisation=Compare(eq=acme)),
        Wanted(status=Compare(eq="REQUESTED")),
        Wanted(status=Compare(in_=["REQUESTED", "SCHEDULED"])),
        Wanted(status=Compare(eq="DECLINED")),
        Wanted(organisation=Compare(in_=[acme, md5("o8")]), status=Compare(nin=["CANCELLED"])),
    ]
    for viewer in viewers:
        db = ExplainingEngagements(desk.db(viewer).connection)
        for wanted in filters:
            found = await engagements_page(db, viewer, wanted, Page(first=5))
            if found.edges:
                await engagements_page(db, viewer, wanted, Page(first=5, after=found.edges[-1].cursor))
            assert (viewer.role, wanted, db.whole) == (viewer.role, wanted, [])
        await engagements_by_id(db, viewer, [md5("e7"), md5("e8")])
        assert db.whole == []
    db = ExplainingEngagements(connection)
    assert len(await claim_due(db, NOON + DAY, 10)) == 10
    assert db.whole == []
    await connection.close()

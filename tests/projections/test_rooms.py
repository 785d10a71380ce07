"""Chat rooms and knowledge as they are read: by an index, by whom they are for, and the same after a rebuild."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.catalogue import BASE_PRODUCT, Capability
from domain.chat.access import ChatRoomAccess
from domain.chat.rooms import COMMUNITY, Room
from domain.chat.standing import Standing
from domain.chat.vocabulary import ChatRoomKind
from domain.contracts.entitlements import Entitled, Entitlement
from domain.knowledge.resource import KnowledgeResource
from domain.knowledge.topic import TopicRequest
from domain.knowledge.vocabulary import KnowledgeKind
from projections import chat_accesses, chat_rooms, chat_timers, knowledge_resources, knowledge_topics, search
from projections.all import ALL
from projections.paging import Page
from projections.viewer import Role, Viewer
from tests.ground import TestDatabase
from tests.projections import test_plans
from tests.projections.desk import AGENT, AUDITOR, Desk, InsufficientPrivilege, customer, open_desk
from tests.projections.test_plans import Explaining, md5
from tests.services.parcel import NOON
from tests.services.recording import act

LARGE = {"chat_accesses", "chat_rooms", "chat_timers", "knowledge", "topics", "topic_voters", "topic_answers", "contacts"}
GENERATE = """
INSERT INTO contacts(id, subject, audience, version, organisation)
  SELECT md5('c' || n)::uuid, md5('c' || n)::uuid, md5('o' || n % 1000)::uuid, 1, md5('o' || n % 1000)::uuid
  FROM generate_series(1, 20000) n;
INSERT INTO organisations(id, ref, version, name, name_key, email_domains)
  SELECT md5('o' || n)::uuid, 'org' || n, 1, 'Org ' || n, 'org ' || n, '{}' FROM generate_series(0, 999) n;
INSERT INTO chat_rooms(id, organisation) SELECT md5('r' || n)::uuid, md5('o' || n)::uuid FROM generate_series(0, 999) n;
INSERT INTO chat_accesses(id, room, contact, kind, organisation, status, version, requested_at)
  SELECT md5('a' || n)::uuid, md5('r' || n % 1000)::uuid, md5('c' || n)::uuid, 'BACKCHANNEL', md5('o' || n % 1000)::uuid,
    CASE WHEN n % 100 = 0 THEN 'REQUESTED' ELSE 'APPROVED' END, 1, '2026-07-01'::timestamptz + n * interval '1 minute'
  FROM generate_series(1, 20000) n;
INSERT INTO chat_timers(access, contact, organisation, kind, since, due_at)
  SELECT id, contact, organisation, kind, requested_at, requested_at + interval '1 year' FROM chat_accesses;
INSERT INTO entitlement_stretches(contract, place, audience, product, capabilities, from_at)
  SELECT md5('k' || n)::uuid, 0, md5('o' || n)::uuid, 'SUPPORT-standard', '{BACKCHANNEL_CHAT}', '2020-01-01' FROM generate_series(0, 999) n;
INSERT INTO knowledge(id, version, kind, title, abstract, url, language, components, answers, published_at, revised_at, words)
  SELECT md5('w' || n)::uuid, 1, 'VIDEO', 'Matter ' || n, '', '', 'en', ARRAY[md5('s' || n % 500)::uuid], '{}', '2026-07-01', '2026-07-01',
    to_tsvector('simple', 'matter ' || n) FROM generate_series(1, 20000) n;
INSERT INTO topics(id, subject, version, title, votes) SELECT md5('t' || n)::uuid, md5('c' || n)::uuid, 1, 'Wish', n % 50
  FROM generate_series(1, 20000) n;
INSERT INTO topic_voters(topic, voter) SELECT id, md5('c' || n)::uuid FROM topics, generate_series(1, 3) n;
INSERT INTO topic_answers(topic, place, resource) SELECT id, 1, md5('w1')::uuid FROM topics;
"""
VIEWERS = {
    "agent": AGENT,
    "customer": customer(md5("c7"), md5("o7")),
    "service manager": Viewer(Role.SERVICE_MANAGER, uuid7(), organisations=frozenset({md5("o7"), md5("o8")})),
    "program": Viewer(Role.SERVICE, uuid7(), scopes=frozenset({"CHAT", "KNOWLEDGE", "TICKETS_READ"})),
}


@pytest.fixture(scope="module")
async def crowd(module_database: TestDatabase) -> AsyncIterator[Desk]:
    async with open_desk(module_database) as desk:
        connection = await desk.ground.connect([each.schema for each in ALL])
        try:
            await connection.execute(GENERATE)
            for table in (*sorted(LARGE), "entitlement_stretches", "organisations"):
                await connection.execute(f"VACUUM ANALYZE {table}")
        finally:
            await connection.close()
        yield desk


@pytest.mark.parametrize("who", VIEWERS)
async def test_rooms_accesses_knowledge_and_wishes_are_read_by_an_index(
    crowd: Desk, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_plans, "LARGE", LARGE)
    viewer, page = VIEWERS[who], Page(first=5)
    db = Explaining(crowd.db(viewer).connection)
    room, contact = md5("r7"), md5("c7")
    wanted: list[Any] = [
        chat_accesses.Wanted(),
        chat_accesses.Wanted(statuses=["REQUESTED"]),
        chat_accesses.Wanted(rooms=[room]),
        chat_accesses.Wanted(contacts=[contact], not_rooms=[room]),
    ]
    for each in wanted:
        await chat_accesses.accesses_page(db, viewer, each, page)
    await chat_accesses.accesses_by_id(db, viewer, [md5("a7")])
    await chat_accesses.accesses_to(db, viewer, [room])
    await chat_accesses.access_changes(db, viewer, 0, 100, limit=10)
    await chat_rooms.backchannels(db, viewer, [room])
    for which in (knowledge_resources.Wanted(), knowledge_resources.Wanted(services=[md5("s7")])):
        await knowledge_resources.resources_page(db, which, page)
    await knowledge_resources.resources_by_id(db, [md5("w7")])
    first = await knowledge_topics.topics_page(db, viewer, "OPEN", page)
    await knowledge_topics.topics_page(db, viewer, "OPEN", Page(first=5, after=first.edges[-1].cursor))
    await knowledge_topics.topics_by_id(db, viewer, [md5("t7")])
    await search.search(db, viewer, "matter 777", ["KNOWLEDGE"])
    assert db.explained
    assert db.whole == []


async def test_what_time_ended_is_found_by_an_index(crowd: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_plans, "LARGE", LARGE)
    connection = await crowd.ground.connect([each.schema for each in ALL])
    try:
        db = Explaining(connection)
        await db.fetch(chat_timers.DUE.format(lock=""), NOON, 10)
        assert db.whole == []
        assert await chat_timers.endings(db, NOON, [ChatRoomKind.BACKCHANNEL], 10) == []
        assert db.whole == []
    finally:
        await connection.close()


async def test_customers_connections_do_not_read_the_schedulers_table(crowd: Desk) -> None:
    with pytest.raises(InsufficientPrivilege):
        await crowd.customers.fetch("SELECT * FROM chat_timers")


async def told(desk: Desk, viewer: Viewer, access: UUID) -> tuple[int, int, int]:
    """In how many ways a viewer learns of an access: by its id, in the list, live."""
    db = desk.db(viewer)
    found = await chat_accesses.accesses_page(db, viewer, chat_accesses.Wanted(), Page(first=100))
    changes = await chat_accesses.access_changes(db, viewer, 0, 10_000, limit=100)
    return (
        len(await chat_accesses.accesses_by_id(db, viewer, [access])),
        len([row for row in found.rows if row.id == access]),
        len([each for each in changes if each.access.id == access]),
    )


async def test_accesses_are_told_to_their_person_and_to_staff_alone_and_survive_a_rebuild(database: TestDatabase) -> None:
    async with open_desk(database) as desk:
        acme, zenith = await desk.organisation("acme"), await desk.organisation("zenith")
        anna, bert, zoe = [await desk.contact(n, o) for n, o in (("anna", acme), ("bert", acme), ("zoe", zenith))]
        given = (Entitlement(Capability.BACKCHANNEL_CHAT, BASE_PRODUCT), Entitlement(Capability.COMMUNITY_CHAT, BASE_PRODUCT))
        standing = Standing(anna, Entitled(NOON, BASE_PRODUCT, given), acme, verified=True)
        access = ChatRoomAccess.request(Room.backchannel(acme), standing, at=desk.later(), community_open=True)
        access.approve(standing, at=desk.later(), by=AGENT.id, community_open=True, expires_at=desk.now.replace(year=2027))
        access.expire(at=desk.now.replace(year=2028))
        access.request_again(Room.backchannel(acme), standing, at=desk.later(), community_open=True)
        await desk.ground.recording.writer.add(act(at=desk.now), access)
        community = ChatRoomAccess.request(Room.community(), standing, at=desk.later(), community_open=True)
        community.deny(at=desk.later())
        await desk.ground.recording.writer.add(act(at=desk.now), community)
        topic = TopicRequest.request(id=uuid7(), at=desk.later(), title="BGP", author=anna, organisation=acme)
        for voter in (bert, zoe):
            topic.vote(voter, at=desk.later())
        resource = KnowledgeResource.publish(
            id=uuid7(),
            at=desk.later(),
            kind=KnowledgeKind.VIDEO,
            title="BGP",
            abstract="It.",
            url="https://a.example/",
            answers=[topic.id],
        )
        topic.answer(resource.id, at=desk.now)
        for each in (topic, resource):
            await desk.ground.recording.writer.add(act(at=desk.now), each)
        await desk.project()

        manager = Viewer(Role.SERVICE_MANAGER, uuid7(), organisations=frozenset({acme}))
        program = Viewer(Role.SERVICE, uuid7(), scopes=frozenset({"CHAT"}))
        for viewer in (customer(anna, acme), AGENT, AUDITOR, manager, program):
            assert await told(desk, viewer, access.id) == (1, 1, 4)
        stranger = Viewer(Role.SERVICE_MANAGER, uuid7(), organisations=frozenset({zenith}))
        silent = Viewer(Role.SERVICE, uuid7(), scopes=frozenset({"TICKETS_READ"}))
        for viewer in (
            customer(bert, acme),
            customer(bert, acme, Role.CUSTOMER_ADMIN),
            customer(zoe, zenith),
            stranger,
            silent,
        ):
            assert await told(desk, viewer, access.id) == (0, 0, 0)
        (own,) = await chat_accesses.accesses_to(desk.customers, customer(anna, acme), [COMMUNITY])
        assert (own.status, own.end_reason) == ("DENIED", "BY_STAFF")
        (wish,) = (await knowledge_topics.topics_page(desk.customers, customer(zoe, zenith), "ANSWERED", Page())).rows
        assert (wish.votes, wish.voted, wish.answered_by) == (3, True, [resource.id])
        assert await knowledge_topics.topics_by_id(desk.readers, silent, [topic.id]) == []
        assert await knowledge_topics.topics_by_id(desk.readers, None, [topic.id]) == []

        await desk.erase(anna)
        await desk.project()
        (wish,) = await knowledge_topics.topics_by_id(desk.customers, customer(zoe, zenith), [topic.id])
        assert (wish.title, wish.votes) == (None, 3)
        assert await desk.everything() == await desk.rebuilt()

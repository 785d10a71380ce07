"""Knowledge through the real store: votes once a person whoever races, answers in the append that publishes."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.errors import Forbidden, NotFound
from domain.knowledge.events import KnowledgePublished, TopicAnswered, TopicRequested, TopicVoted
from domain.knowledge.refusals import KnowledgeIsRetired, TopicIsAnswered
from domain.knowledge.vocabulary import KnowledgeKind
from projections.viewer import Viewer
from services.commands import knowledge, status
from services.commands.knowledge import NewKnowledge
from services.runtime.errors import Overloaded
from tests.ground import TestDatabase
from tests.services.commands.desk import AGENT, PROGRAM, World, world

pytestmark = pytest.mark.anyio


def new(**more: Any) -> NewKnowledge:
    given = {"title": "BGP", "abstract": "By example.", "url": "https://docs.example.org/bgp", **more}
    return NewKnowledge(KnowledgeKind.DOCUMENTATION, **given)


async def published(on: World, **more: Any) -> UUID:
    return UUID((await knowledge.publish(on.desk, on.by(AGENT), new(**more))).ids["resource"])


async def wished(on: World, who: Viewer, title: str = "BGP by example") -> UUID:
    return UUID((await knowledge.request_topic(on.desk, on.by(who), title=title)).ids["topic"])


async def service(on: World, ref: str) -> UUID:
    made = await status.register_component(on.desk, on.by(AGENT), ref=ref, name=ref.title(), group="All")
    return UUID(made.ids["component"])


async def test_of_two_hundred_votes_of_one_person_at_once_one_counts(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        anna, bert = [await on.customer(f"{name}@acme.example", acme) for name in ("anna", "bert")]
        topic = await wished(on, anna)
        receipts = await asyncio.gather(*(knowledge.vote(on.desk, on.by(bert), topic) for _ in range(200)))
        assert len([each for each in receipts if each.position is not None]) == 1
        assert [type(event) for event in await on.recording.events(topic)] == [TopicRequested, TopicVoted]


async def test_many_people_may_vote_at_once_and_each_counts(database: TestDatabase) -> None:
    async with world(database) as on:
        topic = await wished(on, AGENT)
        people = [Viewer(AGENT.role, uuid4()) for _ in range(40)]

        async def insist(who: Viewer) -> None:
            """As a client does that is told to try again."""
            while True:
                try:
                    await knowledge.vote(on.desk, on.by(who), topic)
                except Overloaded:
                    continue
                return

        await asyncio.gather(*(insist(each) for each in people))
        voters = [event.voter for event in await on.recording.events(topic) if isinstance(event, TopicVoted)]
        assert (len(voters), set(voters)) == (40, {each.id for each in people})


async def test_publishing_answers_its_wishes_in_the_same_append(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        wishes = [await wished(on, anna, f"Wish {n}") for n in range(2)]
        before = await on.recording.store.head()
        receipt = await knowledge.publish(on.desk, on.by(AGENT), new(answers=wishes))
        rows = await on.recording.store.read(before.number, 10)
        assert [row.topic for row in rows] == [KnowledgePublished.TOPIC, TopicAnswered.TOPIC, TopicAnswered.TOPIC]
        assert {row.correlation for row in rows} == {rows[0].correlation}
        assert {(row.classification, row.organisation) for row in rows} == {("public", None)}
        assert receipt.position is not None
        assert receipt.position.number == before.number + 3
        with pytest.raises(TopicIsAnswered):
            await knowledge.vote(on.desk, on.by(AGENT), wishes[0])


async def test_an_unknown_wish_or_service_publishes_nothing(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        wish = await wished(on, anna)
        before = await on.recording.store.head()
        with pytest.raises(NotFound) as refused:
            await published(on, answers=[wish, uuid4()])
        assert refused.value.path == ("input", "answersTopicIds", "1")
        with pytest.raises(NotFound):
            await published(on, components=[uuid4()])
        assert await on.recording.store.head() == before


async def test_a_revision_keeps_services_retired_since_and_takes_no_new_such(database: TestDatabase) -> None:
    async with world(database) as on:
        dns, gone = await service(on, "dns"), await service(on, "gone")
        resource = await published(on, components=[dns])
        for each in (dns, gone):
            await status.retire_component(on.desk, on.by(AGENT), each)
        said = {"title": "BGP 2", "abstract": "More.", "url": "https://docs.example.org/bgp2"}
        await knowledge.revise(on.desk, on.by(AGENT), resource, components=[dns], **said)
        with pytest.raises(NotFound) as refused:
            await knowledge.revise(on.desk, on.by(AGENT), resource, components=[dns, gone], **said)
        assert refused.value.path[:3] == ("input", "componentIds", "1")
        await knowledge.retire(on.desk, on.by(AGENT), resource)
        with pytest.raises(KnowledgeIsRetired):
            await knowledge.revise(on.desk, on.by(AGENT), resource, components=[], **said)


async def test_a_program_has_no_wishes(database: TestDatabase) -> None:
    async with world(database) as on:
        topic = await wished(on, AGENT)
        with pytest.raises(Forbidden):
            await wished(on, PROGRAM)
        with pytest.raises(Forbidden):
            await knowledge.vote(on.desk, on.by(PROGRAM), topic)


async def test_a_wish_is_sealed_for_its_author(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        await wished(on, anna, "Unmistakable")
        rows = await on.recording.as_owner("SELECT convert_from(state, 'UTF8') AS state FROM store.stored_events")
        assert not [row for row in rows if "Unmistakable" in row["state"]]

"""Knowledge: published, revised, retired; wished for and voted on. Publishing answers wishes in the same append."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.errors import Forbidden, NotFound
from domain.knowledge.resource import KnowledgeResource
from domain.knowledge.topic import TopicRequest
from domain.knowledge.vocabulary import KnowledgeKind
from projections.viewer import Role
from services.commands.desk import By, Desk
from services.commands.status import known_services
from services.runtime.command import Receipt
from services.runtime.decision import Decision

COMPONENTS = ("input", "componentIds")


@dataclass(frozen=True)
class NewKnowledge:
    """`answers` are wishes."""

    kind: KnowledgeKind
    title: str
    abstract: str
    url: str
    language: str = "en"
    components: Sequence[UUID] = ()
    answers: Sequence[UUID] = ()


async def publish(desk: Desk, by: By, new: NewKnowledge) -> Receipt:
    """Publish something, and answer the wishes for it. The receipt's id: resource."""

    async def decide(decision: Decision) -> None:
        resource = KnowledgeResource.publish(
            id=decision.new_id(),
            at=by.act.at,
            kind=new.kind,
            title=new.title,
            abstract=new.abstract,
            url=new.url,
            language=new.language,
            components=new.components,
            answers=new.answers,
        )
        await known_services(decision, resource.components, COMPONENTS)
        decision.add(resource)
        for index, topic in enumerate(new.answers):
            wish = await _topic(decision, topic, ("input", "answersTopicIds", str(index)))
            wish.answer(resource.id, at=by.act.at)
        decision.remember(resource=resource.id)

    return await desk.writer.decide(by.act, decide)


async def revise(
    desk: Desk, by: By, resource: UUID, *, title: str, abstract: str, url: str, components: Sequence[UUID] = ()
) -> Receipt:
    """Replace what it says of itself. Services it names already may have been retired since. The receipt's id: resource."""

    async def decide(decision: Decision) -> None:
        found = await _resource(decision, resource)
        new = [each for each in components if each not in found.components]
        for each in new:
            await known_services(decision, [each], (*COMPONENTS, str(list(components).index(each))))
        found.revise(at=by.act.at, title=title, abstract=abstract, url=url, components=components)
        decision.remember(resource=found.id)

    return await desk.writer.decide(by.act, decide)


async def retire(desk: Desk, by: By, resource: UUID) -> Receipt:
    """Take it out of use. The receipt's id: resource."""

    async def decide(decision: Decision) -> None:
        (await _resource(decision, resource)).retire(at=by.act.at)
        decision.remember(resource=resource)

    return await desk.writer.decide(by.act, decide)


async def request_topic(desk: Desk, by: By, *, title: str, kind: KnowledgeKind | None = None) -> Receipt:
    """Wish for something; the wish is one's first vote. The receipt's id: topic."""
    _must_be_a_person(by)

    async def decide(decision: Decision) -> None:
        topic = TopicRequest.request(
            id=decision.new_id(),
            at=by.act.at,
            title=title,
            author=by.viewer.id,
            kind=kind,
            organisation=by.viewer.organisation,
        )
        decision.add(topic)
        decision.remember(topic=topic.id)

    return await desk.writer.decide(by.act, decide)


async def vote(desk: Desk, by: By, topic: UUID) -> Receipt:
    """Want it too, once a person; a second vote records nothing. The receipt's id: topic."""
    _must_be_a_person(by)

    async def decide(decision: Decision) -> None:
        found = await _topic(decision, topic, ("input", "topicId"))
        found.vote(by.viewer.id, at=by.act.at, organisation=by.viewer.organisation)
        decision.remember(topic=found.id)

    return await desk.writer.decide(by.act, decide)


def _must_be_a_person(by: By) -> None:
    if by.viewer.role is Role.SERVICE:
        raise Forbidden("People wish and vote, programs do not.", needs="CONTACT")


async def _resource(decision: Decision, resource: UUID) -> KnowledgeResource:
    try:
        return await decision.load(KnowledgeResource, resource)
    except NotFound:
        raise NotFound("There is no such resource.", path=("input", "resourceId")) from None


async def _topic(decision: Decision, topic: UUID, path: Sequence[str]) -> TopicRequest:
    try:
        return await decision.load(TopicRequest, topic, seen=False)
    except NotFound:
        raise NotFound("There is no such wish.", path=path) from None

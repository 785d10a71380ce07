"""Commands on knowledge and wishes, and what they return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self
from uuid import UUID

import strawberry

from domain.knowledge import vocabulary as words
from projections.knowledge_resources import resources_by_id
from projections.knowledge_topics import topics_by_id
from services.commands import knowledge
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.acting import by
from services.gateway.context import Info
from services.gateway.ids import of_kind
from services.gateway.knowledge.types import KnowledgeResource, TopicRequest
from services.gateway.knowledge.vocabulary import KnowledgeKind
from services.gateway.payload import PATIENCE, Payload, position_of
from services.gateway.read_models import KNOWLEDGE
from services.gateway.scalars import URL, IdempotencyKey, LanguageTag
from services.gateway.tickets.changing import What
from services.runtime.command import Receipt

PUBLISHING = [Access(level=AccessLevel.STAFF, scope=Scope.KNOWLEDGE)]
WISHING = [Access(level=AccessLevel.CONTACT)]
"""People only: a program has no wishes."""


@strawberry.input(description="For publishKnowledge.")
class PublishKnowledgeInput:
    kind: KnowledgeKind = strawberry.field(description="Form.")
    title: str = strawberry.field(description="Title.")
    abstract: str = strawberry.field(description="What it is about.")
    url: URL = strawberry.field(description="Where.")
    component_ids: list[strawberry.ID] = strawberry.field(description="Services.", default_factory=list)
    language: LanguageTag = strawberry.field(description="Language.", default=LanguageTag("en"))
    answers_topic_ids: list[strawberry.ID] = strawberry.field(description="Wishes it answers.", default_factory=list)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For reviseKnowledge.")
class ReviseKnowledgeInput:
    resource_id: strawberry.ID = strawberry.field(description="Which.")
    title: str = strawberry.field(description="Title.")
    abstract: str = strawberry.field(description="What it is about.")
    url: URL = strawberry.field(description="Where.")
    component_ids: list[strawberry.ID] = strawberry.field(description="Services.", default_factory=list)
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For retireKnowledge.")
class RetireKnowledgeInput:
    resource_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For requestTopic.")
class RequestTopicInput:
    title: str = strawberry.field(description="About what. Everybody reads it.")
    kind: KnowledgeKind | None = strawberry.field(description="In what form; any if left out.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For voteForTopic.")
class VoteForTopicInput:
    topic_id: strawberry.ID = strawberry.field(description="Which.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.type(description="Result of a command on a knowledge resource.")
class KnowledgeResourcePayload(Payload):
    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        return cls(receipt=receipt, subject=UUID(receipt.ids["resource"]))

    @strawberry.field(description="It, changed; null when refused.")
    async def resource(self, info: Info) -> KnowledgeResource | None:
        position = await position_of(info, self.receipt)
        if position is None or self.subject is None:
            return None
        rows = await resources_by_id(await info.context.after(position, KNOWLEDGE, PATIENCE), [self.subject])
        return KnowledgeResource.of(rows[0]) if rows else None


@strawberry.type(description="Result of a command on a wish.")
class TopicRequestPayload(Payload):
    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        return cls(receipt=receipt, subject=UUID(receipt.ids["topic"]))

    @strawberry.field(description="It, changed; null when refused.")
    async def topic(self, info: Info) -> TopicRequest | None:
        position = await position_of(info, self.receipt)
        if position is None or self.subject is None:
            return None
        database = await info.context.after(position, KNOWLEDGE, PATIENCE)
        rows = await topics_by_id(database, info.context.viewer, [self.subject])
        return TopicRequest.of(rows[0]) if rows else None


@strawberry.type
class KnowledgeMutations:
    @strawberry.mutation(description="Publishes something, and may answer wishes.", directives=PUBLISHING)
    async def publish_knowledge(self, info: Info, input: What[PublishKnowledgeInput]) -> KnowledgeResourcePayload:
        new = knowledge.NewKnowledge(
            kind=words.KnowledgeKind(input.kind.name),
            title=input.title,
            abstract=input.abstract,
            url=input.url,
            language=input.language,
            components=_all("component", input.component_ids, "componentIds"),
            answers=_all("topic", input.answers_topic_ids, "answersTopicIds"),
        )
        return KnowledgeResourcePayload.of(await knowledge.publish(info.context.services.desk, by(info.context, input), new))

    @strawberry.mutation(description="Revises it.", directives=PUBLISHING)
    async def revise_knowledge(self, info: Info, input: What[ReviseKnowledgeInput]) -> KnowledgeResourcePayload:
        receipt = await knowledge.revise(
            info.context.services.desk,
            by(info.context, input),
            of_kind("knowledge", input.resource_id, "input", "resourceId"),
            title=input.title,
            abstract=input.abstract,
            url=input.url,
            components=_all("component", input.component_ids, "componentIds"),
        )
        return KnowledgeResourcePayload.of(receipt)

    @strawberry.mutation(description="Takes it out of use.", directives=PUBLISHING)
    async def retire_knowledge(self, info: Info, input: What[RetireKnowledgeInput]) -> KnowledgeResourcePayload:
        resource = of_kind("knowledge", input.resource_id, "input", "resourceId")
        return KnowledgeResourcePayload.of(
            await knowledge.retire(info.context.services.desk, by(info.context, input), resource)
        )

    @strawberry.mutation(description="Wishes for something; counts as a vote.", directives=WISHING)
    async def request_topic(self, info: Info, input: What[RequestTopicInput]) -> TopicRequestPayload:
        kind = words.KnowledgeKind(input.kind.name) if input.kind else None
        act = by(info.context, input)
        return TopicRequestPayload.of(
            await knowledge.request_topic(info.context.services.desk, act, title=input.title, kind=kind)
        )

    @strawberry.mutation(description="Votes, once a person; again changes nothing.", directives=WISHING)
    async def vote_for_topic(self, info: Info, input: What[VoteForTopicInput]) -> TopicRequestPayload:
        topic = of_kind("topic", input.topic_id, "input", "topicId")
        return TopicRequestPayload.of(await knowledge.vote(info.context.services.desk, by(info.context, input), topic))


def _all(kind: str, ids: Sequence[strawberry.ID], name: str) -> list[UUID]:
    return [of_kind(kind, each, "input", name, str(index)) for index, each in enumerate(ids)]

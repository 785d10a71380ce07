"""What can happen to a knowledge resource and to a wish for one.

Resources are public. A wish and a vote are their organisation's; that a wish was answered is public again. A public contract: see
domain/tickets/events/lifecycle.py for the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from domain.event import Aggregate, Classification, DomainEvent, Personal
from domain.knowledge.vocabulary import KnowledgeKind


@dataclass(frozen=True)
class KnowledgePublished(DomainEvent, Aggregate.Created):
    """`answers` are the wishes it answers; each has its own event in the same append."""

    TOPIC = "knowledge.published.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC
    kind: KnowledgeKind
    title: str
    abstract: str
    url: str
    language: str
    components: tuple[UUID, ...] = ()
    answers: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class KnowledgeRevised(DomainEvent):
    """Replaces what it names; form and language stay."""

    TOPIC = "knowledge.revised.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC
    title: str
    abstract: str
    url: str
    components: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class KnowledgeRetired(DomainEvent):
    TOPIC = "knowledge.retired.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC


@dataclass(frozen=True)
class TopicRequested(DomainEvent, Aggregate.Created):
    """Counts as the author's vote. `organisation` is the author's then; staff have none."""

    TOPIC = "topic.requested.v1"
    title: Personal[str]
    author: UUID
    kind: KnowledgeKind | None = None
    organisation: UUID | None = None


@dataclass(frozen=True)
class TopicVoted(DomainEvent):
    """Travels on the subject of the voter's organisation: another learns nothing of who wants what."""

    TOPIC = "topic.voted.v1"
    voter: UUID
    organisation: UUID | None = None


@dataclass(frozen=True)
class TopicAnswered(DomainEvent):
    TOPIC = "topic.answered.v1"
    CLASS: ClassVar[Classification] = Classification.PUBLIC
    resource: UUID

"""A wish for something to learn from, and who wants it too. Each person counts once, the author first."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain import text
from domain.event import Aggregate, DomainEvent, Personal
from domain.knowledge.events import TopicAnswered, TopicRequested, TopicVoted
from domain.knowledge.refusals import TopicIsAnswered
from domain.knowledge.vocabulary import KnowledgeKind, TopicStatus


class TopicRequest(Aggregate):
    TOPIC = "topic"
    Event = DomainEvent
    Created = TopicRequested  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @classmethod
    def request(
        cls,
        *,
        id: UUID,
        at: datetime,
        title: str,
        author: UUID,
        kind: KnowledgeKind | None = None,
        organisation: UUID | None = None,
    ) -> TopicRequest:
        return cls._create(
            TopicRequested,
            id=id,
            timestamp=at,
            title=Personal(text.line(title, path=("input", "title"), what="The title"), of=author),
            author=author,
            kind=kind,
            organisation=organisation,
        )

    def vote(self, voter: UUID, *, at: datetime, organisation: UUID | None = None) -> None:
        """Want it too. Who voted already counts no more for it: nothing is recorded. Raises TopicIsAnswered."""
        if voter in self.voters:
            return
        if self.status is TopicStatus.ANSWERED:
            raise TopicIsAnswered
        self.trigger_event(TopicVoted, timestamp=at, voter=voter, organisation=organisation)

    def answer(self, resource: UUID, *, at: datetime) -> None:
        """Something was published on it; several may be. The same again records nothing."""
        if resource not in self.answered_by:
            self.trigger_event(TopicAnswered, timestamp=at, resource=resource)

    @property
    def status(self) -> TopicStatus:
        return TopicStatus.ANSWERED if self.answered_by else TopicStatus.OPEN

    def audience(self, event: DomainEvent) -> UUID | None:
        """Whose person did it; an answer is everybody's."""
        return event.organisation if isinstance(event, (TopicRequested, TopicVoted)) else None

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case TopicRequested():
                self.title = event.title.value
                self.kind = event.kind
                self.author = event.author
                self.voters = {event.author}
                self.answered_by: tuple[UUID, ...] = ()
            case TopicVoted():
                self.voters.add(event.voter)
            case TopicAnswered():
                self.answered_by = (*self.answered_by, event.resource)

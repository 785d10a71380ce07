"""What a subscription collects until it is due, and tells in one message.

Decision: one stream for each subscription and instant, whose id follows from both. So it stays short, schedulers that close it at once
meet on one version, and whatever is noticed after a long silence waits for the same next instant: one digest, not many.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from domain.event import Aggregate, DomainEvent
from domain.policies import NAMESPACE
from domain.subscriptions.digest_events import DigestClosed, DigestPostCollected


class Digest(Aggregate):
    TOPIC = "digest"
    Event = DomainEvent
    Created = DigestPostCollected  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @staticmethod
    def id_of(subscription: UUID, due_at: datetime) -> UUID:
        return uuid5(NAMESPACE, f"digest/{subscription}/{due_at.isoformat()}")

    @classmethod
    def begin(cls, *, at: datetime, subscription: UUID, organisation: UUID, due_at: datetime, post: str) -> Digest:
        return cls._create(
            DigestPostCollected,
            id=cls.id_of(subscription, due_at),
            timestamp=at,
            subscription=subscription,
            organisation=organisation,
            due_at=due_at,
            post=post,
        )

    def collect(self, post: str, *, at: datetime) -> None:
        """One more. What it has already records nothing; whoever comes after it was closed asks for the next."""
        if post not in self.posts and not self.closed:
            self.trigger_event(
                DigestPostCollected,
                timestamp=at,
                originator_topic=self.TOPIC,
                subscription=self.subscription,
                organisation=self._organisation,
                due_at=self.due_at,
                post=post,
            )

    def close(self, *, at: datetime, told: bool) -> bool:
        """Its time has come: whether it was open until now. Records nothing before, or twice."""
        if self.closed or at < self.due_at:
            return False
        self.trigger_event(DigestClosed, timestamp=at, told=told)
        return True

    @property
    def organisation(self) -> UUID:
        return self._organisation

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case DigestPostCollected():
                if event.originator_version == 1:
                    self.subscription, self._organisation, self.due_at = event.subscription, event.organisation, event.due_at
                    self.posts: tuple[str, ...] = ()
                    self.closed = False
                self.posts = (*self.posts, event.post)
            case DigestClosed():
                self.closed = True

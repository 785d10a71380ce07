"""The policies in force: one stream, each event a whole set."""

from __future__ import annotations

from datetime import datetime

from domain.event import Aggregate, DomainEvent
from domain.policies import Policies
from domain.policy.check import check
from domain.policy.events import POLICY_STREAM, PolicyApplied


class Policy(Aggregate):
    TOPIC = "policy"
    Event = DomainEvent
    Created = PolicyApplied  # type: ignore[assignment]  # the library wants it named; its own base is a class, not a variable

    @classmethod
    def begin(cls, *, at: datetime, sha256: str, policies: Policies) -> Policy:
        """The first set ever."""
        check(policies)
        return cls._create(PolicyApplied, id=POLICY_STREAM, timestamp=at, sha256=sha256, policies=policies)

    def apply(self, *, at: datetime, sha256: str, policies: Policies) -> None:
        """Replace the set. The same file again changes nothing and records nothing."""
        if sha256 == self.sha256:
            return
        check(policies)
        self.trigger_event(PolicyApplied, timestamp=at, originator_topic=self.TOPIC, sha256=sha256, policies=policies)

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case PolicyApplied():
                self.sha256 = event.sha256
                self.policies = event.policies

"""Which policies were in force when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from domain.event import Aggregate, Classification, DomainEvent
from domain.policies import NAMESPACE, Policies

POLICY_STREAM: UUID = uuid5(NAMESPACE, "policy")
"""There is one such stream."""


@dataclass(frozen=True)
class PolicyApplied(DomainEvent, Aggregate.Created):
    """A whole set of policies came into force. `sha256` is that of the file it was read from.

    It begins its stream and follows in it: the set before is wholly replaced.
    """

    TOPIC = "policy.applied.v1"
    CLASS = Classification.RESTRICTED
    sha256: str
    policies: Policies

    def mutate(self, aggregate: Any) -> Any:
        return Aggregate.Created.mutate(self, None) if aggregate is None else Aggregate.Event.mutate(self, aggregate)

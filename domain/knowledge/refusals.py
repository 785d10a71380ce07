"""What knowledge refuses, as sentences."""

from __future__ import annotations

from domain.errors import InvalidTransition
from domain.knowledge.vocabulary import TopicStatus


class KnowledgeIsRetired(InvalidTransition):
    def __init__(self) -> None:
        super().__init__("This was taken out of use; publish another.", current="RETIRED", allowed=())


class TopicIsAnswered(InvalidTransition):
    def __init__(self) -> None:
        super().__init__("Something was published on this; wish for what it lacks.", current=TopicStatus.ANSWERED, allowed=())

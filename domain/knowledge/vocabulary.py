"""The words of knowledge: forms of a resource, the state of a wish."""

from __future__ import annotations

from enum import StrEnum


class KnowledgeKind(StrEnum):
    DOCUMENTATION = "DOCUMENTATION"
    CONFIG_EXAMPLE = "CONFIG_EXAMPLE"
    VIDEO = "VIDEO"


class TopicStatus(StrEnum):
    OPEN = "OPEN"
    ANSWERED = "ANSWERED"

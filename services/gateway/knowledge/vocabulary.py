"""The enums of knowledge."""

from __future__ import annotations

from enum import Enum

import strawberry

from services.gateway.described import said


@strawberry.enum(description="Forms.")
class KnowledgeKind(Enum):
    DOCUMENTATION = said("DOCUMENTATION", "A page.")
    CONFIG_EXAMPLE = said("CONFIG_EXAMPLE", "A configuration.")
    VIDEO = said("VIDEO", "A video.")


@strawberry.enum(description="Of a wish.")
class TopicStatus(Enum):
    OPEN = said("OPEN", "Collecting votes.")
    ANSWERED = said("ANSWERED", "Something was published.")

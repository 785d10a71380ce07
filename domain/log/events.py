"""What can happen to the log itself. A public contract, as every aggregate's events are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID, uuid5

from domain.event import Classification, DomainEvent

LOG = uuid5(UUID("6f1e0f54-6f0b-5f57-9a56-6d5d3c1a9e10"), "log")
"""The one stream these events stand on."""


@dataclass(frozen=True)
class LogRestored(DomainEvent):
    """The store was restored to an earlier point and a new epoch begins with this event.

    Positions up to `kept_through` are as they were; what once stood after it, up to `lost_through`, is gone.
    """

    TOPIC = "log.restored.v1"
    CLASS: ClassVar[Classification] = Classification.RESTRICTED
    kept_through: int
    lost_through: int

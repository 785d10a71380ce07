"""What was looked up of people lately, in this process."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from services.gateway.auth import Identity

Standing = tuple[UUID | None, str, bool]
"""Organisation, role, whether erased."""


class Remembered:
    """By person, each with the time of the look (monotonic seconds)."""

    def __init__(self) -> None:
        self.customers: OrderedDict[UUID, tuple[float, Standing | None]] = OrderedDict()
        self.managers: dict[UUID, tuple[float, frozenset[UUID] | None]] = {}
        self.staff: dict[UUID, tuple[float, Identity]] = {}

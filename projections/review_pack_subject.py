"""What a review pack is about, and what comes of asking for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Subject:
    """The quarter `[from_, to)` of an organisation, for the meeting of a contract. `to` is the quarter's end, or earlier if it goes on."""

    meeting: UUID
    organisation: UUID
    contract: UUID
    quarter: str
    time_zone: str
    from_: datetime
    to: datetime


class Packed(NamedTuple):
    """The canonical JSON of a pack and the position of the log that its figures include."""

    text: str
    epoch: int
    position: int

"""Pages in keyset order: how far to read, from which row on, and the cursor of each row.

A cursor is the row's place (sort key, id) with a digest of the arguments it was made under: with another filter or order it is
refused. It carries no right: whoever forges one reads what they may see, from another place.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Generic, Self, TypeVar

import msgspec

DEFAULT_ROWS = 25
MOST_ROWS = 100

R = TypeVar("R")


class BadCursor(Exception):
    """The cursor is none of ours, or was made with other arguments."""


class BadPage(Exception):
    """Both directions at once, or a number of rows outside 1–100."""


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is asked for: `first` rows after `after`, or `last` rows before `before`."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None:
            raise BadPage("give first or last, not both")
        if not 1 <= self.rows <= MOST_ROWS:
            raise BadPage(f"first and last are from 1 to {MOST_ROWS}")

    @property
    def rows(self) -> int:
        return next((n for n in (self.first, self.last) if n is not None), DEFAULT_ROWS)

    @property
    def backwards(self) -> bool:
        return self.last is not None


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A row's place in an order: its sort key as PostgreSQL writes it as text, then what decides between equals."""

    key: str
    tie: str


@dataclass(frozen=True, slots=True)
class Cursors:
    """Writes and reads the cursors of one list under one set of arguments."""

    binding: bytes

    @classmethod
    def bound_to(cls, *arguments: Any) -> Self:
        """Bind to everything but the page itself; anything msgspec can encode."""
        return cls(blake2b(msgspec.json.encode(arguments, order="deterministic"), digest_size=8).digest())

    def write(self, place: Place) -> str:
        return base64.urlsafe_b64encode(self.binding + msgspec.json.encode(place)).rstrip(b"=").decode()

    def read(self, cursor: str | None) -> Place | None:
        """Raises BadCursor."""
        if cursor is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            place = msgspec.json.decode(raw[8:], type=Place)
        except (ValueError, binascii.Error, msgspec.MsgspecError) as reason:
            raise BadCursor("the cursor is not one of this service") from reason
        if raw[:8] != self.binding or self.write(place) != cursor or "\x00" in place.key + place.tie:
            raise BadCursor("the cursor belongs to a list with other arguments")
        return place


@dataclass(frozen=True, slots=True)
class Edge(Generic[R]):
    cursor: str
    row: R


@dataclass(frozen=True, slots=True)
class Connection(Generic[R]):
    """A page of rows, in the list's own order whichever way it was read."""

    edges: Sequence[Edge[R]] = ()
    has_next: bool = False
    has_previous: bool = False

    @property
    def rows(self) -> list[R]:
        return [edge.row for edge in self.edges]

    @classmethod
    def of(cls, found: Sequence[tuple[Place, R]], page: Page, cursors: Cursors) -> Self:
        """From what the statement gave: up to one row more than asked for, nearest first in the direction of reading."""
        more = len(found) > page.rows
        edges = [Edge(cursors.write(place), row) for place, row in found[: page.rows]]
        if page.backwards:
            return cls(edges[::-1], has_next=page.before is not None, has_previous=more)
        return cls(edges, has_next=more, has_previous=page.after is not None)

"""The order of a list in SQL: where a page begins, which way it is read, how many rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from projections.arguments import Arguments
from projections.paging import BadCursor, Cursors, Page


@dataclass(frozen=True, slots=True)
class Order:
    """`key` and `tie` are SQL expressions, together unique and never null; an index must have both."""

    key: str
    key_type: str
    tie: str
    tie_type: str
    descending: bool = False

    @property
    def columns(self) -> str:
        """What to select so that every row can be given its cursor."""
        return f"({self.key})::text AS key, ({self.tie})::text AS tie"

    def within(self, arguments: Arguments, page: Page, cursors: Cursors) -> str:
        """The predicate: only rows beyond the page's cursors. Raises BadCursor, also for a forged place that PostgreSQL could not read."""
        bounds = []
        for cursor, beyond in ((page.after, "<" if self.descending else ">"), (page.before, ">" if self.descending else "<")):
            place = cursors.read(cursor)
            if place is not None:
                _must_be_readable(place.key, self.key_type)
                _must_be_readable(place.tie, self.tie_type)
                key, tie = arguments(place.key, f"text::{self.key_type}"), arguments(place.tie, f"text::{self.tie_type}")
                bounds.append(f"({self.key}, {self.tie}) {beyond} ({key}, {tie})")
        return " AND ".join(bounds) or "TRUE"

    def by(self, page: Page, key: str | None = None, tie: str | None = None) -> str:
        """ORDER BY, nearest first in the direction of reading; over other names where an inner query has renamed the columns."""
        way = "DESC" if self.descending != page.backwards else "ASC"
        return f"{key or self.key} {way}, {tie or self.tie} {way}"

    def limit(self, arguments: Arguments, page: Page) -> str:
        """One row more than asked for tells whether more follow."""
        return arguments(page.rows + 1, "int")


_BITS = {"smallint": 15, "int": 31, "bigint": 63}


def _must_be_readable(text: str, kind: str) -> None:
    """Cursors are nobody's secret and may be forged; what is in them must not fail in the statement, where it looks like our fault."""
    try:
        if kind in _BITS:
            fits = text.removeprefix("-").isdecimal() and text.isascii() and abs(int(text)) < 1 << _BITS[kind]
        elif kind == "uuid":
            fits = str(UUID(text)) == text
        elif kind == "timestamptz":
            fits = text in ("infinity", "-infinity") or datetime.fromisoformat(text).utcoffset() is not None
        elif kind == "real":
            fits = "_" not in text and text.strip() == text and abs(float(text)) < 1e30
        else:
            fits = True
    except (ValueError, OverflowError):
        fits = False
    if not fits:
        raise BadCursor("the cursor names no place in this list")

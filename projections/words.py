"""What counts as the same word when people search.

Accents and case do not count, and everything but letters and digits parts words. Done here and not by a PostgreSQL extension (the
embedded server has none), for index and query alike, so both always agree; PostgreSQL's `simple` configuration then adds nothing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
_MOST_BYTES = 400_000
"""A tsvector holds 1 MiB with its positions; the index of a longer text ends here, the text itself does not."""


def fold(text: str) -> str:
    """The words of a text, folded, one blank between them."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    words = " ".join(_WORD.findall(bare.casefold()))
    return words if len(words) < _MOST_BYTES // 4 else words.encode()[:_MOST_BYTES].decode(errors="ignore")


def folded(*texts: str | None) -> str | None:
    """What to index of these; None when there is no text, or no more."""
    present = [text for text in texts if text]
    return fold("\n".join(present)) if present else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The words searched for. All must stand in one text; the last may be the beginning of a word."""

    words: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Wanted:
        return cls(tuple(dict.fromkeys(fold(text).split()))[:20])

    @property
    def tsquery(self) -> str:
        """For `to_tsquery('simple', …)`; words have no character that means something to it."""
        *whole, last = self.words
        return " & ".join([*(f"'{word}'" for word in whole), f"'{last}':*" if len(last) > 1 else f"'{last}'"])

    def snippet(self, text: str, length: int = 160) -> str:
        """Plain text around the first of the words, at most about `length` characters, on one line."""
        line = " ".join(text.split())
        at = min((found for word in self.words if (found := _find(line, word)) >= 0), default=0)
        start = max(0, at - length // 3)
        end = start + length
        return ("… " if start else "") + line[start:end].strip() + (" …" if end < len(line) else "")


def _find(line: str, word: str) -> int:
    """Where a folded word begins in a text that is not folded; -1 if nowhere. Folding can change a text's length, so by words."""
    for found in re.finditer(r"[\w\u0300-\u036f]+", line):
        if word in fold(found[0]).split() or fold(found[0]).startswith(word):
            return found.start()
    return -1

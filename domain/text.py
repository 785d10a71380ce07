"""Which text may be stored.

Everything said is kept for ever and shown in browsers, terminals and mails: control characters (but line feed and tab) and lone
surrogates are refused, line endings become line feeds. Lengths are in characters, not bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from domain.errors import ValidationFailed

LONGEST_LINE = 250
LONGEST_BODY = 100_000

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_BREAK = re.compile("[\n\t\u2028\u2029]")


def line(text: str, *, path: Sequence[str], what: str, longest: int = LONGEST_LINE) -> str:
    """One line, trimmed: a subject, a name. Raises ValidationFailed."""
    trimmed = body(text.strip(), path=path, what=what, longest=longest)
    if _BREAK.search(trimmed):
        raise ValidationFailed(f"{what} stands on one line.", problem="BAD_FORMAT", path=path)
    return trimmed


def body(text: str, *, path: Sequence[str], what: str, longest: int = LONGEST_BODY) -> str:
    """Text of any number of lines, kept as it was written but for its line endings. Raises ValidationFailed."""
    if len(text) > 2 * longest:  # a CRLF is one line ending, so at most half of it may go; the rest need not be looked at
        raise _too_long(what, longest, path)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > longest:
        raise _too_long(what, longest, path)
    if _UNSAFE.search(text):
        raise ValidationFailed(f"{what} contains characters that cannot be shown.", problem="UNSAFE", path=path)
    if not any(_shows(character) for character in text):
        raise ValidationFailed(f"{what} is missing.", problem="REQUIRED", path=path)
    return text


def _shows(character: str) -> bool:
    """Whether there is something to see. What this Unicode version does not know yet (a new emoji) is taken to show."""
    return not character.isspace() and unicodedata.category(character) not in ("Cc", "Cf", "Zs", "Zl", "Zp")


def _too_long(what: str, longest: int, path: Sequence[str]) -> ValidationFailed:
    return ValidationFailed(f"{what} is longer than {longest} characters.", problem="TOO_LONG", path=path, limit=str(longest))

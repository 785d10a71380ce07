"""A text as a phone takes it: letters of the GSM alphabet, in a length that costs two messages at most.

One letter outside the alphabet halves what a message holds, so what has a near relative in it is written as that.
3GPP TS 23.038, the default alphabet; letters of its extension cost two and are written otherwise too.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 306
"""Two joined messages of 153."""
_ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_OTHERWISE = str.maketrans(
    {
        "–": "-",
        "—": "-",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "…": "...",
        "•": "-",
        "→": "->",
        "€": "EUR",
        "\t": " ",
        "\u00a0": " ",
    }
    | {"[": "(", "]": ")", "{": "(", "}": ")", "~": "-", "^": "", "|": "/", "\\": "/", "`": "'"}
)


def sms(text: str, *, longest: int = LONGEST) -> str:
    """The text in the alphabet, its white space joined, cut at a word with three dots where it is too long."""
    written = "".join(map(_near, re.sub(r"\s+", " ", text.translate(_OTHERWISE)).strip()))
    if len(written) <= longest:
        return written
    kept = written[: longest - 3]
    word = kept.rfind(" ")
    return (kept[:word] if word > longest // 2 else kept).rstrip(" .,;:-") + "..."


def _near(letter: str) -> str:
    if letter in _ALPHABET:
        return letter
    plain = "".join(each for each in unicodedata.normalize("NFKD", letter) if each in _ALPHABET)
    return plain or "?"

"""Digests by which the owner of an address, a Message-ID or a reservation is found without keeping what it is.

They stand in store.lookups alone, never in an event or an id, and go at erasure.
"""

from __future__ import annotations

import hmac
import unicodedata

FOLDED = frozenset({"email"})
"""Kinds of look-up in which upper and lower case are the same."""


class Digests:
    """Digests of addresses and the like, by which their owners are found without keeping them: HMAC-SHA-256."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def digest(self, kind: str, value: str) -> bytes:
        """The digest of a value. Kinds do not share digests; case and Unicode's many ways to write one address do not matter."""
        plain = unicodedata.normalize("NFKC", value).strip()
        if kind in FOLDED:
            plain = unicodedata.normalize("NFKC", plain.casefold())
        return hmac.digest(self._secret, f"{kind}\0{plain}".encode(), "sha256")

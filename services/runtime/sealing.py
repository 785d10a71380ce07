"""Sealed values: how a piece of personal data is encrypted, bound to its place and opened again.

AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits, so one key seals at most 2³² values. What is sealed is the JSON of the
value. The associated data is `ce-id` and the field's path ("<stream uuid>/<version>/attachments.0.file_name"): a sealed value that
is copied to another event or field does not open. Keys wrap keys in the same way, bound to whose key it is.

No error raised here names a value, and none keeps the one it came from: texts must not reach logs by way of a traceback.
"""

from __future__ import annotations

import os
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import ValidationFailed

NONCE = 12
KEY_BYTES = 32
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


class SealBroken(Exception):
    """A sealed value or key does not open with the key that should: altered, moved to another place, or another key."""


class NotSealable(ValidationFailed):
    """A personal text has characters that are not Unicode (a lone surrogate)."""

    def __init__(self, place: str) -> None:
        super().__init__("a text has characters that are not Unicode", problem="BAD_FORMAT")
        self.place = place


class NoKey(LookupError):
    """Something is to be sealed for a person or an entry whose key is not at hand."""


class Sealed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A sealed value as it stands in an event's JSON. `path` is set in memory alone, on events that an upcaster rearranges."""

    sealed: str
    of: UUID
    key: UUID | None = None
    path: str | None = None


class Keys(Protocol):
    """The ciphers at hand. None means destroyed or not there: what it sealed cannot be read."""

    def cipher(self, of: UUID, key: UUID | None) -> AESGCM | None: ...


class Opened:
    """Keys of persons and entries, unwrapped, for as long as one batch or one command needs them."""

    __slots__ = ("entries", "persons")

    def __init__(self, persons: dict[UUID, AESGCM | None], entries: dict[UUID, tuple[UUID, AESGCM | None]]) -> None:
        self.persons = persons
        self.entries = entries

    def cipher(self, of: UUID, key: UUID | None) -> AESGCM | None:
        if key is None:
            return self.persons.get(of)
        person, cipher = self.entries.get(key, (None, None))
        return cipher if person == of else None

    def __repr__(self) -> str:
        return f"Opened({len(self.persons)} persons, {len(self.entries)} entries)"


class NoKeys:
    """No key at all: every personal value reads as None. For readers that have no business with them."""

    def cipher(self, of: UUID, key: UUID | None) -> AESGCM | None:  # noqa: ARG002 - never any
        return None


NOTHING = NoKeys()


def new_key() -> bytes:
    """A fresh key for AES-256."""
    return os.urandom(KEY_BYTES)


def wrap(by: AESGCM, key: bytes, whose: str) -> bytes:
    """A key under another key. `whose` ("person/<uuid>") binds it, so that keys cannot be swapped between rows."""
    nonce = os.urandom(NONCE)
    return nonce + by.encrypt(nonce, key, whose.encode())


def unwrap(by: AESGCM, wrapped: bytes, whose: str) -> bytes:
    """The key again. Raises SealBroken."""
    try:
        return by.decrypt(wrapped[:NONCE], wrapped[NONCE:], whose.encode())
    except (InvalidTag, ValueError):
        raise SealBroken(f"the key of {whose} does not open") from None


def seal(cipher: AESGCM, value: object, place: str) -> str:
    """Base64url, without padding, of nonce and AES-GCM. Raises NotSealable."""
    try:
        plain = msgspec.json.encode(value)
    except UnicodeEncodeError:
        plain = None  # raised below, outside: this error holds the text
    if plain is None:
        raise NotSealable(place)
    nonce = os.urandom(NONCE)
    return _to_base64url(nonce + cipher.encrypt(nonce, plain, place.encode()))


def unseal(cipher: AESGCM, sealed: str, place: str, decode: Callable[[bytes], object]) -> object:
    """The value again. Raises SealBroken."""
    try:
        raw = a2b_base64(sealed.encode().translate(_FROM_URL) + b"==")
        return decode(cipher.decrypt(raw[:NONCE], raw[NONCE:], place.encode()))
    except (InvalidTag, ValueError):
        pass  # raised below, outside: msgspec's errors, which are ValueErrors, may quote the value
    raise SealBroken(f"the value at {place} does not open")


def _to_base64url(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).rstrip(b"=").translate(_TO_URL).decode()

"""Which addresses may be stored: e-mail, phone, domain names, and the short names of organisations.

The forms are narrower than the standards on purpose: what nobody could deliver to or dial is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from domain import text
from domain.errors import ValidationFailed

LONGEST_EMAIL = 254  # RFC 5321, 4.5.3.1.3, without the brackets
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}")  # what ends in a number is an address, and mail goes to names
_LOCAL_PART = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
_REF = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def email(address: str, *, path: Sequence[str]) -> str:
    """The address, its domain in small letters. Raises ValidationFailed."""
    trimmed = text.line(address, path=path, what="The e-mail address", longest=LONGEST_EMAIL)
    local, _, host = trimmed.rpartition("@")
    local = unicodedata.normalize("NFC", local)
    invisible = any(unicodedata.category(mark) == "Cf" for mark in local)  # what is not seen makes two of one, or lies about it
    if not _LOCAL_PART.fullmatch(local) or invisible or not _DOMAIN.fullmatch(host.lower()):
        raise ValidationFailed("This is not an e-mail address.", problem="BAD_FORMAT", path=path)
    return f"{local}@{host.lower()}"


def phone(number: str, *, path: Sequence[str]) -> str:
    """An E.164 number, +4570123456. Raises ValidationFailed."""
    if not _PHONE.fullmatch(number):
        raise ValidationFailed("A phone number is written as +4570123456.", problem="BAD_FORMAT", path=path)
    return number


def domain(name: str, *, path: Sequence[str]) -> str:
    """A domain name in small letters. Raises ValidationFailed."""
    lowered = name.strip().lower()
    if len(lowered) > 253 or not _DOMAIN.fullmatch(lowered):
        raise ValidationFailed("This is not a domain name.", problem="BAD_FORMAT", path=path)
    return lowered


def ref(name: str, *, path: Sequence[str]) -> str:
    """An organisation's short name: small letters, digits, dashes in between. Raises ValidationFailed."""
    if not _REF.fullmatch(name):
        raise ValidationFailed(
            "A short name holds small letters, digits and dashes, as acme-2.", problem="BAD_FORMAT", path=path
        )
    return name

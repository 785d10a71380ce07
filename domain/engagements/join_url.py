"""Where an online meeting opens: an address that people follow from a mail, so only https, in one spelling, and no secrets before the host.

The service itself never calls it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from domain.errors import ValidationFailed

LONGEST = 2048
_HOST = re.compile(r"\A(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}\Z")
_REST = re.compile(r"\A[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*\Z")


def checked(address: str, *, path: Sequence[str]) -> str:
    """The address as it was given. Raises ValidationFailed where it is none that may be sent to people."""
    if len(address) > LONGEST:
        raise ValidationFailed("The join URL is too long.", problem="TOO_LONG", path=path, limit=str(LONGEST))
    if not _REST.match(address):
        raise _wrong("The join URL holds characters that no address has.", path)
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - judges it
    except ValueError:
        raise _wrong("The join URL is no address.", path) from None
    if parts.scheme != "https" or parts.hostname is None:
        raise _wrong("The join URL begins with https:// and a host's name.", path)
    if "@" in parts.netloc:
        raise _wrong("The join URL names no user before the host.", path)
    if not _HOST.match(parts.hostname) or parts.hostname.rpartition(".")[2].isdigit():
        raise _wrong("The join URL names a host by its full name, meet.example.org.", path)
    return address


def _wrong(message: str, path: Sequence[str]) -> ValidationFailed:
    return ValidationFailed(message, problem="BAD_FORMAT", path=path)

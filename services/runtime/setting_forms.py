"""The forms in which values of settings are written: each gives the value, or ValueError with what it must look like."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

OFF = "off"
_RATE = re.compile(r"[1-9][0-9]{0,8}/(second|minute|hour|day)")


def postgres_without_user(dsn: str) -> str:
    parts = urlsplit(dsn)
    if parts.scheme not in {"postgresql", "postgres"} or len(parts.path) < 2:
        raise ValueError("must look like postgresql://host:5432/support")
    if parts.username:
        raise ValueError("names host and database only: the users are in SUPPORT_POSTGRES_<ROLE>_USER and _PASSWORD")
    return dsn


def nats_without_user(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"nats", "tls"} or not parts.hostname:
        raise ValueError("must look like nats://host:4222")
    if parts.username:
        raise ValueError("names the server only: the users are in SUPPORT_NATS_<ROLE>_USER and _PASSWORD")
    return url


def base_url(url: str) -> str:
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise ValueError("must be a base URL such as https://support.example.eu")
    return url.rstrip("/")


def rate(text: str) -> str:
    if text != OFF and not _RATE.fullmatch(text):
        raise ValueError("must look like 600/minute (second, minute, hour or day), or be off")
    return text


def keys(text: str) -> Iterator[tuple[str, bytes]]:
    """Key-encryption keys with their ids, the current one first."""
    for item in filter(None, text.split(",")):
        name, _, written = item.strip().partition(":")
        try:
            key = base64.b64decode(written, validate=True)
        except binascii.Error:
            key = b""
        if not name or len(key) != 32:
            raise ValueError("every key is written id:base64 of exactly 32 bytes")
        yield name, key


def with_login(dsn: str, user: str, password: str) -> str:
    """A connection string with user and password, percent-encoded."""
    parts = urlsplit(dsn)
    return parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}").geturl()

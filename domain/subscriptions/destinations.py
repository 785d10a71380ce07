"""Where a status subscription may send to: the forms of addresses, and how one is shown so that it can be recognised only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from domain.deliveries.vocabulary import NotificationChannel
from domain.errors import ValidationFailed
from domain.organisations import addresses

LONGEST_URL = 2048
_VISIBLE = re.compile(r"[!-~]+")


def destination(channel: NotificationChannel, text: str, *, path: Sequence[str]) -> str:
    """The address in the one form in which it is kept and compared. Raises ValidationFailed.

    Whether a webhook's host is public is judged where names can be resolved (services/commands/screening.py).
    """
    match channel:
        case NotificationChannel.EMAIL:
            return addresses.email(text, path=path)
        case NotificationChannel.SMS:
            return addresses.phone(text, path=path)
        case NotificationChannel.WEBHOOK:
            return _webhook(text, path)


def _webhook(text: str, path: Sequence[str]) -> str:
    """https, no user, no fragment; host in small letters, port left out where it is 443, at least `/` as a path."""
    if len(text) > LONGEST_URL:
        raise ValidationFailed("The address is too long.", problem="TOO_LONG", path=path, limit=str(LONGEST_URL))
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _bad(path) from None
    if not _VISIBLE.fullmatch(text) or "\\" in text or not host or port == 0:
        raise _bad(path)
    if parts.scheme != "https":
        raise ValidationFailed("A webhook is an https address.", problem="UNSAFE", path=path)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValidationFailed("A webhook's address has neither a user nor a fragment.", problem="UNSAFE", path=path)
    host = f"[{host}]" if ":" in host else host.rstrip(".")
    where = host if port in (None, 443) else f"{host}:{port}"
    return f"https://{where}{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"


def _bad(path: Sequence[str]) -> ValidationFailed:
    return ValidationFailed("This is no https address.", problem="BAD_FORMAT", path=path)


def one_receiver(channel: NotificationChannel, destination: str) -> str:
    """What is the same for all spellings that lead to one receiver, for counting what is sent there: anna+a@x and Anna+b@x are one."""
    if channel is NotificationChannel.EMAIL:
        local, _, host = destination.casefold().rpartition("@")
        return f"{channel}:{local.partition('+')[0]}@{host}"
    return f"{channel}:{destination}"


def hint(channel: NotificationChannel, destination: str) -> str:
    """Enough to recognise it, too little to write to it: a…@example.org, +45…56, https://hooks.example.org/…"""
    match channel:
        case NotificationChannel.EMAIL:
            local, _, host = destination.rpartition("@")
            return f"{local[:1]}…@{host}"
        case NotificationChannel.SMS:
            return f"{destination[:3]}…{destination[-2:]}"
        case NotificationChannel.WEBHOOK:
            return f"https://{urlsplit(destination).netloc}/…"

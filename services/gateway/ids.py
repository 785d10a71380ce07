"""Global ids: an aggregate's name and uuid, opaque to clients. Storage ids never appear bare."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from strawberry import ID

from domain.errors import NotFound

KINDS = {
    "ticket": "tk", "contact": "ct", "organisation": "og", "agent": "ag", "program": "sv", "system": "sy",
    "queue": "qu", "entry": "en", "sla_target": "st", "attachment": "at",
    "incident": "in", "maintenance": "mt", "update": "up", "subscription": "ss",
    "contract": "cn", "component": "sc", "engagement": "eg", "meeting": "om", "action_item": "ai",
    "chat_room": "cr", "chat_access": "ca", "knowledge": "kn", "topic": "tp",
    "data_export": "dx",
}  # fmt: skip
_NAMES = {short: name for name, short in KINDS.items()}


def global_id(kind: str, value: UUID) -> ID:
    """`tk_` and 22 characters of base64url: short, safe in a URL, the kind in sight of a support engineer."""
    return ID(f"{KINDS[kind]}_{base64.urlsafe_b64encode(value.bytes).decode().rstrip('=')}")


def read(text: str) -> tuple[str, UUID] | None:
    """Kind and uuid; None when it never was an id of ours."""
    short, _, rest = text.partition("_")
    if short not in _NAMES or len(rest) != 22:
        return None
    try:
        value = UUID(bytes=base64.b64decode(rest + "==", altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        return None
    return (_NAMES[short], value) if global_id(_NAMES[short], value) == text else None


def of_kind(kind: str, text: str, *path: str) -> UUID:
    """The uuid behind an input. What is no id, or of another kind, does not exist: NotFound at `path`."""
    found = read(text)
    if found is None or found[0] != kind:
        raise NotFound(f"There is no {kind.replace('_', ' ')} with this id.", path=path)
    return found[1]


def optional(kind: str, text: str | None, *path: str) -> UUID | None:
    return None if text is None else of_kind(kind, text, *path)

"""The words of outgoing messages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NotificationChannel(StrEnum):
    """How we reach people."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    WEBHOOK = "WEBHOOK"


class SuppressionReason(StrEnum):
    """Why a message that waited never goes out."""

    PAUSED = "PAUSED"
    DISABLED = "DISABLED"
    CANCELLED = "CANCELLED"
    ERASED = "ERASED"


@dataclass(frozen=True)
class Thread:
    """Where a mail belongs, for its headers: its own Message-ID, under which an answer is found, and those it follows."""

    message_id: str
    references: tuple[str, ...] = ()

"""The words of outgoing messages."""

from __future__ import annotations

from enum import StrEnum


class NotificationChannel(StrEnum):
    """How we reach people."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    WEBHOOK = "WEBHOOK"

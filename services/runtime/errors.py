"""What can go wrong between a decision and the log, each with what the caller should do about it.

Refusals of the domain (an idempotency key used twice, an address already taken) are raised as domain errors; here is what is about
the store itself.
"""

from __future__ import annotations

from uuid import UUID

from domain.errors import Refused, ValidationFailed

EVENT_LIMIT = 512 * 1024
"""Bytes of one event's state. NATS carries 1 MiB with headers, and the relay may skip nothing."""


class StoreError(Exception):
    """The store did not do it."""


class Overloaded(StoreError):
    """Too much at once. Nothing was written; try again later."""


class Unavailable(Overloaded):
    """The database cannot be reached. Nothing was written; try again later."""


class OutcomeUnknown(StoreError):
    """The connection broke while the command was under way: it may have been written or not.

    Send it again with the same idempotency key: the first outcome is returned if there was one.
    """


class StoreClosed(StoreError):
    """This process is shutting down. Nothing was written; another replica will take it."""


class EpochMismatch(StoreError):
    """The log was restored meanwhile: what the caller knows is of another line. Load again and decide anew."""

    def __init__(self, expected: int, current: int) -> None:
        super().__init__(f"the log is in epoch {current}, the command was judged in epoch {expected}")
        self.expected = expected
        self.current = current


class VersionConflict(StoreError):
    """A stream moved on since it was loaded. Nothing was written; load again and decide anew.

    `current` is its version now. For a person's key that somebody else made meanwhile, `stream` is the person and `current` 0.
    """

    def __init__(self, stream: UUID, current: int) -> None:
        super().__init__(f"stream {stream} is at version {current}")
        self.stream = stream
        self.current = current


class EventTooLarge(ValidationFailed):
    """An event above 512 KiB. Longer texts are files under the entry's key."""

    def __init__(self, topic: str, size: int) -> None:
        super().__init__(
            f"this makes a record of {size} bytes and at most {EVENT_LIMIT} can be kept; attach long texts as files",
            problem="TOO_LONG",
            limit=str(EVENT_LIMIT),
        )
        self.topic = topic
        self.size = size


class PersonErased(Refused):
    """Something was to be sealed for a person whose key is destroyed. `person` is the subject."""

    code = "NOT_FOUND"

    def __init__(self, person: UUID) -> None:
        super().__init__("this person's data was erased; nothing more can be recorded about them")
        self.person = person


class NotRecorded(StoreError):
    """The database refused this command for a reason that no rule foresaw; nothing of it was written. Carries a code, never values."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the store refused the command ({reason})")
        self.reason = reason

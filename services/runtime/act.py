"""Who does something, when, and because of what: everything the envelope of an event needs beside the event itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    """`ce-authtype`, in the words of CloudEvents' Auth Context extension."""

    CONTACT = "app_user"
    STAFF = "user"
    PROGRAM = "service_account"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts. `id` never is a name."""

    kind: ActorKind
    id: UUID


SYSTEM = Actor(ActorKind.SYSTEM, UUID(int=0))
"""Nobody: what time brings, and what operators do at the command line."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's key for one intended act.

    `principal` scopes it ("contact:<uuid>", or the hash of a token for anonymous acts); `request` is the canonical bytes
    of what was asked, of which only an HMAC is kept.
    """

    principal: str
    key: str
    request: bytes = field(repr=False)  # it holds what a person wrote


@dataclass(frozen=True, slots=True)
class Expected:
    """The version a client saw. `visible` counts confidential and public events only, as customers do."""

    version: int
    visible: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """One intended act. `at` is when it happened (import: the original time), UTC.

    `correlation` is the id of the first request of the whole affair; `causation` is `<epoch>/<stream uuid>/<version>` of the
    causing event and None when a command came from outside; `traceparent` is W3C Trace Context.
    """

    actor: Actor
    at: datetime
    correlation: UUID
    causation: str | None = None
    traceparent: str | None = None
    idempotency: Idempotency | None = None
    expected: Expected | None = None

"""Why a command is refused. A refusal is expected, names its reason and records nothing.

The kinds are those a client can act on (schema.graphql: UserError). A rule subclasses one of them and is named as a sentence,
`TicketIsClosed`; the message is an English sentence that may be shown to a person and that says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID


class Refused(Exception):
    """A command was refused; nothing was changed.

    `path` says where in the input: ("input", "attachmentIds", "0"); empty when it is about the whole.
    """

    code: ClassVar[str] = "REFUSED"

    def __init__(self, message: str, *, path: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = tuple(path)


class ValidationFailed(Refused):
    """An input value is unusable. `problem` is one of the schema's ValidationProblem names; `limit` the bound crossed, as text."""

    code = "VALIDATION_FAILED"

    def __init__(self, message: str, *, problem: str, path: Sequence[str] = (), limit: str | None = None) -> None:
        super().__init__(message, path=path)
        self.problem = problem
        self.limit = limit


class NotFound(Refused):
    """It does not exist, or not for you; the two cannot be told apart."""

    code = "NOT_FOUND"


class Forbidden(Refused):
    """Seen, but not allowed. `needs` is the AccessLevel that could."""

    code = "FORBIDDEN"

    def __init__(self, message: str, *, needs: str, path: Sequence[str] = ()) -> None:
        super().__init__(message, path=path)
        self.needs = needs


class Conflict(Refused):
    """It changed since the caller looked; `current_version` counts what the caller may see."""

    code = "CONFLICT"

    def __init__(self, message: str, *, current_version: int, path: Sequence[str] = ("input", "expectedVersion")) -> None:
        super().__init__(message, path=path)
        self.current_version = current_version


class InvalidTransition(Refused):
    """Its state does not allow this. `current` and `allowed` are names of the aggregate's status."""

    code = "INVALID_TRANSITION"

    def __init__(self, message: str, *, current: str, allowed: Sequence[str]) -> None:
        super().__init__(message)
        self.current = current
        self.allowed = tuple(allowed)


class RuleViolated(Refused):
    """A rule that is not about a state. Subclasses set `rule`, a name of the schema's DomainRule."""

    code = "RULE_VIOLATED"
    rule: ClassVar[str]


class EntitlementRequired(Refused):
    """The organisation lacks a capability; `product` is the smallest that has it."""

    code = "ENTITLEMENT_REQUIRED"

    def __init__(self, message: str, *, capability: str, product: str) -> None:
        super().__init__(message)
        self.capability = capability
        self.product = product


class AlreadyExists(Refused):
    """There is one already; `existing` is its id, None where the caller may not see it."""

    code = "ALREADY_EXISTS"

    def __init__(self, message: str, *, existing: UUID | None = None, path: Sequence[str] = ()) -> None:
        super().__init__(message, path=path)
        self.existing = existing


class TokenInvalid(Refused):
    """The token is wrong, used or expired; which of them is not told."""

    code = "TOKEN_INVALID"


class IdempotencyKeyReused(Refused):
    """The key was used with another input. Nothing was done this time."""

    code = "IDEMPOTENCY_KEY_REUSED"


class RateLimited(Refused):
    """Too many. `retry_after` is in seconds."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after

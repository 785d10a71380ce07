"""Top-level errors: what went wrong with a request, as opposed to a command that was refused.

`extensions.code` is one of a closed list. Whatever is not on it leaves as INTERNAL with a correlation id: no message, stack or SQL
of ours ever reaches a client, and the log holds types and places, never values.
"""

from __future__ import annotations

import logging
import traceback
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg
from graphql import GraphQLError

from domain.errors import Refused
from projections.paging import BadCursor, BadPage
from projections.snapshot import ReadBlocked
from services.gateway.ids import global_id
from services.runtime.codec import Undecodable, UnknownTopic
from services.runtime.errors import OutcomeUnknown, Overloaded, StoreClosed
from services.runtime.freshness import BadPosition, ReadBehind
from services.runtime.postgres import LOST

_NO_DATABASE = (*LOST, asyncpg.TooManyConnectionsError)
log = logging.getLogger(__name__)


class Code(StrEnum):
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    BAD_INPUT = "BAD_INPUT"
    BAD_CURSOR = "BAD_CURSOR"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    BAD_POSITION = "BAD_POSITION"
    READ_BEHIND = "READ_BEHIND"
    READ_BLOCKED = "READ_BLOCKED"
    OVERLOADED = "OVERLOADED"
    RATE_LIMITED = "RATE_LIMITED"
    COST_EXCEEDED = "COST_EXCEEDED"
    INTERNAL = "INTERNAL"


STATUS = {
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.BAD_INPUT: 400,
    Code.COST_EXCEEDED: 400,
    Code.RATE_LIMITED: 429,
    Code.OVERLOADED: 503,
    Code.INTERNAL: 500,
}
"""The HTTP status of a request that was not executed at all."""


class RequestFailed(GraphQLError):
    """A request that cannot be answered. The message may be shown; `details` go into the extensions beside the code."""

    def __init__(self, code: Code, message: str, **details: Any) -> None:
        super().__init__(message, extensions={"code": code.value, **details})
        self.code = code


def formatted(error: GraphQLError, correlation: UUID) -> dict[str, Any]:
    """A GraphQL error as it is sent: with its code, and masked unless it was meant for the client."""
    known = _meant(error)
    answer: dict[str, Any] = {"message": known.message if known else "Something failed on our side.", "extensions": {}}
    if error.locations:
        answer["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        answer["path"] = error.path
    if known:
        answer["extensions"] = {"code": Code.BAD_INPUT.value, **(known.extensions or {})}
    else:
        _note(error, correlation)
        answer["extensions"] = {"code": Code.INTERNAL.value, "correlationId": str(correlation)}
    return answer


def _meant(error: GraphQLError) -> GraphQLError | None:
    """The error a client may read. None for what is ours to explain."""
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None and not isinstance(cause, RequestFailed):
        cause = cause.original_error
    if isinstance(cause, RequestFailed):
        return cause
    if isinstance(cause, GraphQLError):  # parsing, validation, coercion: about the client's document and values
        return error
    return understood(cause)


def understood(cause: BaseException | None) -> RequestFailed | None:
    """What a lower layer says that a client can act on."""
    if isinstance(cause, StoreClosed):
        return RequestFailed(Code.OVERLOADED, "This process is shutting down; nothing was changed. Send it again.")
    if isinstance(cause, Overloaded):
        return RequestFailed(
            Code.OVERLOADED, "Too much at once; nothing was changed. Send it again in a moment, with the same key."
        )
    if isinstance(cause, OutcomeUnknown):
        return RequestFailed(
            Code.OVERLOADED, "The connection broke under way; it may have been done. Send it again with the same key to learn."
        )
    if isinstance(cause, Refused):
        return RequestFailed(Code.BAD_INPUT, cause.message)
    if isinstance(cause, BadPage):
        return RequestFailed(Code.BAD_INPUT, f"{str(cause).capitalize()}.")
    if isinstance(cause, BadCursor):
        return RequestFailed(
            Code.BAD_CURSOR, "This cursor does not belong to this list with these arguments; begin without one."
        )
    if isinstance(cause, BadPosition):
        return RequestFailed(Code.BAD_POSITION, "This position is not of this service's log, or lies beyond its end.")
    if isinstance(cause, ReadBehind):
        return RequestFailed(
            Code.READ_BEHIND, "The view has not caught up yet; ask again in a moment.", reached=str(cause.reached)
        )
    if isinstance(cause, ReadBlocked):
        return RequestFailed(
            Code.READ_BLOCKED,
            "Some of this could not be taken into the view; an operator has to look at it.",
            blocked=[str(global_id(cause.kind, stream)) for stream in cause.streams],
        )
    if isinstance(cause, (Undecodable, UnknownTopic)):
        log.error("a stream cannot be read: %s of an event of topic %s", type(cause).__name__, cause.topic)
        return RequestFailed(
            Code.READ_BLOCKED, "The history of this cannot be read; nothing was changed, and an operator has to look at it."
        )
    if isinstance(cause, _NO_DATABASE):
        return RequestFailed(Code.OVERLOADED, "The database cannot be reached or takes too long; try again in a moment.")
    return None


def _note(error: GraphQLError, correlation: UUID) -> None:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    frames = traceback.extract_tb(cause.__traceback__)[-6:]
    places = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
    log.error("internal error %s at %s, correlation %s", type(cause).__name__, places, correlation)

"""From a mutation's input to the act that a command is given: who, when, of which affair, under which key, having seen what."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import orjson

from projections.viewer import Role
from services.commands.desk import By
from services.gateway.context import Context
from services.gateway.scalars import IdempotencyKey, write_duration
from services.runtime.act import Act, Actor, ActorKind, Expected, Idempotency

_KINDS = {Role.CUSTOMER: ActorKind.CONTACT, Role.CUSTOMER_ADMIN: ActorKind.CONTACT, Role.SERVICE: ActorKind.PROGRAM}


class Keyed(Protocol):
    """Every mutation's input."""

    idempotency_key: IdempotencyKey


def by(context: Context, input: Keyed) -> By:
    """The asking party and its act. `expectedVersion`, where the input has one, counts for customers what they may see."""
    viewer = context.viewer
    expected: int | None = getattr(input, "expected_version", None)
    act = Act(
        actor=Actor(_KINDS.get(viewer.role, ActorKind.STAFF), viewer.id),
        at=context.at,
        correlation=context.correlation,
        traceparent=context.traceparent,
        idempotency=Idempotency(_principal(context), input.idempotency_key, context.asked),
        expected=None if expected is None else Expected(expected, visible=not viewer.sees_staff),
    )
    return By(viewer, act)


def by_token(context: Context, input: Keyed, actor: Actor, principal: str) -> Act:
    """The act of whoever comes with a token from a message, signed in or not. `principal` scopes the keys and is derived from it."""
    return Act(
        actor=actor,
        at=context.at,
        correlation=context.correlation,
        traceparent=context.traceparent,
        idempotency=Idempotency(principal, input.idempotency_key, context.asked),
    )


def _principal(context: Context) -> str:
    assert context.identity is not None
    return context.identity.principal


def canonical(field: str, arguments: Mapping[str, Any]) -> bytes:
    """What was asked for, in one form for all ways to write it; the key itself is left out."""
    given = arguments.get("input")
    values = {name: value for name, value in given.items() if name != "idempotencyKey"} if isinstance(given, Mapping) else given
    return orjson.dumps([field, values], default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(value: object) -> object:
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return write_duration(value)
    return str(value)

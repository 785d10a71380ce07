"""What journeys say to a desk and hear of it: a real GraphQL client over HTTP, a real subscriber on NATS."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import nats
from gql import GraphQLRequest, gql

from services.gateway import ids
from tests.journeys.running import RunningDesk, asked

ERRORS = "errors { __typename code message path ... on EntitlementRequired { requiredProduct { code } } }"
PATIENCE = 30.0
"""Seconds after which what was expected counts as never coming."""


async def say(desk: RunningDesk, token: str | None, document: GraphQLRequest, /, **variables: Any) -> dict[str, Any]:
    """A document's data. TransportQueryError when the request itself is refused."""
    answer: dict[str, Any] = await desk.as_role(token).execute_async(asked(document, variables))
    return answer


async def act(desk: RunningDesk, token: str | None, mutation: str, select: str = "", /, **input: Any) -> dict[str, Any]:
    """A mutation's payload with position and errors, refused or not; with a fresh idempotency key unless one is given."""
    kind = mutation[0].upper() + mutation[1:]
    document = gql(f"mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ {select} position {ERRORS} }} }}")
    payload: dict[str, Any] = (await say(desk, token, document, input={"idempotencyKey": str(uuid4()), **input}))[mutation]
    return payload


async def acted(desk: RunningDesk, token: str | None, mutation: str, select: str = "", /, **input: Any) -> dict[str, Any]:
    """A mutation's payload, which no refusal is in."""
    payload = await act(desk, token, mutation, select, **input)
    assert payload["errors"] == []
    return payload


async def refused(desk: RunningDesk, token: str | None, mutation: str, /, **input: Any) -> str:
    """The code of the one error that a mutation is refused with."""
    (error,) = (await act(desk, token, mutation, **input))["errors"]
    return str(error["code"])


async def until(found: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is true; what time brings comes within a moment, but no test depends on which."""
    async with asyncio.timeout(PATIENCE):
        while not await found():
            await asyncio.sleep(0.1)


@dataclass(frozen=True)
class Fact:
    """A message: `event` as in `contract.started`, `id` of its aggregate as the API writes it."""

    event: str
    id: str
    data: dict[str, Any]
    subject: str


@dataclass
class Heard:
    """What NATS told since it was listened to, in order."""

    facts: list[Fact] = field(default_factory=list)
    texts: bytes = b""

    async def hear(self, message: Any) -> None:
        event = message.headers["ce-type"].removeprefix("eu.support-desk.").removesuffix(".v1")
        kind, _, stream = message.headers["ce-subject"].partition("/")
        id = ids.global_id(kind, UUID(stream)) if kind in ids.KINDS else stream
        self.facts.append(Fact(event, id, json.loads(message.data), message.subject))
        self.texts += message.data

    def of(self, id: str) -> list[Fact]:
        """What happened to one aggregate: others share the desk."""
        return [each for each in self.facts if each.id == id]

    async def until(self, id: str, events: Sequence[str]) -> list[Fact]:
        """Wait for these events of an aggregate, all that there are."""

        async def there() -> bool:
            return len(self.of(id)) >= len(events)

        await until(there)
        assert [each.event for each in self.of(id)] == list(events)
        return self.of(id)


@asynccontextmanager
async def hearing(desk: RunningDesk, subject: str) -> AsyncIterator[Heard]:
    """Listen as the example subscriber does, until the block ends."""
    heard = Heard()
    broker = await nats.connect(
        f"nats://127.0.0.1:{desk.nats_port}",
        user="subscriber",
        password=desk.secret("nats_subscriber_password"),
        inbox_prefix=b"_INBOX_subscriber",
    )
    try:
        await broker.subscribe(subject, cb=heard.hear)
        await broker.flush()
        yield heard
    finally:
        await broker.close()

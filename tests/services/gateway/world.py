"""A support desk behind the real gateway: real database, real projector, real HTTP; NATS is not needed to read and write.

Two organisations with people, staff, the shipped policies. Everybody acts by token.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx
from uuid_utils.compat import uuid7

from domain.policies import NAMESPACE
from projections.viewer import Role
from services.cli.declared import PROJECTIONS
from services.gateway.app import create_app, serving
from services.gateway.auth import issue_token
from services.gateway.services import Services, open_services
from services.policies import file
from services.policies.in_force import apply
from services.projector import connector, prepare, reader
from services.projector.runner import Runner
from services.runtime.act import Act, Actor, ActorKind
from services.runtime.clock import Clock
from services.runtime.settings import Settings

SYSTEM = Actor(ActorKind.SYSTEM, uuid5(NAMESPACE, "tests"))
OPEN = """mutation Open($input: OpenTicketInput!) { openTicket(input: $input) {
  ticket { id ref version subject status } entry { id } version position errors { __typename code message path } } }"""


@dataclass
class World:
    """`as_` gives a client for a party; `say` runs an operation and gives its data."""

    services: Services
    settings: Settings
    port: int
    client: httpx.AsyncClient
    parties: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    keys: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def key(self) -> str:
        return f"key-{next(self.keys)}"

    def headers(self, who: str | None) -> dict[str, str]:
        return {"authorization": f"Bearer {self.parties[who]}"} if who else {}

    async def post(self, body: Any, who: str | None = None, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        more = {"content-type": "application/json"} if isinstance(body, bytes) else {}
        return await self.client.post(self.url, headers={**more, **self.headers(who), **(headers or {})}, **sent)

    async def ask(self, who: str | None, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer."""
        answer: dict[str, Any] = (await self.post({"query": query, "variables": variables}, who)).json()
        return answer

    async def say(self, who: str | None, query: str, **variables: Any) -> dict[str, Any]:
        """The data; any top-level error fails the test."""
        answer = await self.ask(who, query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def do(self, who: str, mutation: str, input: Mapping[str, Any], select: str = "") -> dict[str, Any]:
        """One mutation with a fresh key; gives its payload, refused or not."""
        name = mutation[0].upper() + mutation[1:]
        fields = f"version position errors {{ __typename code message path }} {select}"
        query = f"mutation Do($input: {name}Input!) {{ {mutation}(input: $input) {{ {fields} }} }}"
        data = await self.say(who, query, input={"idempotencyKey": self.key, **input})
        payload: dict[str, Any] = data[mutation]
        return payload

    async def did(self, who: str, mutation: str, input: Mapping[str, Any], select: str = "") -> dict[str, Any]:
        """A mutation that must succeed."""
        payload = await self.do(who, mutation, input, select)
        assert payload["errors"] == [], payload
        return payload

    async def open(self, who: str = "anna", subject: str = "The network is down", **ticket: Any) -> dict[str, Any]:
        """A new ticket: id, ref, version."""
        body = ticket.pop("body", "It does not answer since this morning.")
        new = {"kind": "INCIDENT", "severity": "MAJOR", "subject": subject, **ticket}
        payload = await self.did(
            who, "openTicket", {"ticket": new, "body": body}, "ticket { id ref version status } entry { id }"
        )
        made: dict[str, Any] = payload["ticket"]
        return {**made, "entry": payload["entry"]["id"], "position": payload["position"]}

    async def ticket(self, who: str, id: str, fields: str, at_least: str | None = None) -> dict[str, Any] | None:
        query = f"query T($id: ID!, $at: Position) {{ ticket(by: {{id: $id}}, atLeast: $at) {{ {fields} }} }}"
        found: dict[str, Any] | None = (await self.say(who, query, id=id, at=at_least))["ticket"]
        return found

    def token(self, name: str, role: Role, id: UUID, **more: Any) -> None:
        secret = self.settings.token_secret.get_secret_value()
        self.parties[name] = issue_token(secret, subject=id, role=role, name=name.title(), **more)


def staff_id(name: str) -> UUID:
    return uuid5(NAMESPACE, f"test-staff/{name}")


@asynccontextmanager
async def open_world(settings: Settings) -> AsyncIterator[World]:
    """The desk, with its people registered through the API itself."""
    await prepare(settings, PROJECTIONS)
    stop = asyncio.Event()
    projector = asyncio.create_task(Runner(PROJECTIONS, connector(settings), reader(settings), poll=0.2).run(stop))
    try:
        async with open_services(settings, Clock(settings.clock_file)) as services:
            act = Act(actor=SYSTEM, at=datetime.now(UTC), correlation=uuid7())
            await apply(services.desk.writer, act, file.read(file.DEFAULT), act.at)
            async with serving(create_app(services), services, "127.0.0.1", 0) as port, httpx.AsyncClient(timeout=60) as client:
                world = World(services, settings, port, client)
                await _people(world)
                yield world
    finally:
        stop.set()
        await projector


async def _people(world: World) -> None:
    for name, role in (("agnes", Role.AGENT), ("arne", Role.AGENT), ("admin", Role.ADMIN), ("auditor", Role.AUDITOR)):
        world.token(name, role, staff_id(name), queues=["support"])
        world.ids[name] = (await world.say(name, "{ viewer { actor { id } } }"))["viewer"]["actor"]["id"]
    scopes = ["TICKETS_READ", "TICKETS_WRITE"]
    world.token("program", Role.SERVICE, staff_id("program"), scopes=scopes)
    for ref in ("acme", "zenith"):
        made = await world.did("admin", "registerOrganisation", {"ref": ref, "name": ref.title()}, "organisation { id }")
        world.ids[ref] = made["organisation"]["id"]
    for name, ref in (("anna", "acme"), ("boss", "acme"), ("zoe", "zenith")):
        who = {"email": f"{name}@{ref}.example", "name": name.title(), "organisationId": world.ids[ref]}
        made = await world.did("admin", "registerContact", who, "contact { id version }")
        world.ids[name] = made["contact"]["id"]
        if name == "boss":
            more = {"contactId": world.ids[name], "role": "CUSTOMER_ADMIN", "expectedVersion": made["contact"]["version"]}
            await world.did("admin", "changeContactRole", more, "contact { role }")
        role = Role.CUSTOMER_ADMIN if name == "boss" else Role.CUSTOMER
        world.token(name, role, raw(world.ids[name]), organisation=raw(world.ids[ref]))
    world.token("stale", Role.AGENT, staff_id("stale"), lifetime=timedelta(seconds=-1))
    world.token("manager", Role.SERVICE_MANAGER, staff_id("manager"), organisations=[raw(world.ids["acme"])])


def raw(id: str) -> UUID:
    from services.gateway.ids import read

    known = read(id)
    assert known is not None
    return known[1]

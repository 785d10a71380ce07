"""One run: a crowded desk, everything asked of gateway, scheduler and notifier, every statement explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from projections.viewer import Role
from services.cli.declared import PROJECTIONS
from services.cli.wiring import scheduled
from services.demo.customers import BY_NAME, STAFF
from services.gateway.access import Scope
from services.gateway.app import create_app, serving
from services.gateway.auth import issue_token
from services.gateway.schema import executable
from services.gateway.services import Services, open_services
from services.projector.schemas import path as search_path
from services.runtime.clock import Clock
from services.runtime.cloudevents import Naming
from services.runtime.codec import Codec
from services.runtime.postgres import Login
from tests.ground import TestDatabase
from tests.load.asking import Asker
from tests.load.besides import besides
from tests.load.exempt import NOT_ASKED
from tests.load.watching import Found, Watch, Watched, explained, imported
from tests.services.demo.telling import UNTIL

FILTERING = (0, 4)
"""Of the parties: the administrator and a customer; statements differ by what one may see."""
EVERYBODY = tuple(range(7))
NAMING = Naming("https://support.example.eu", "eu.support-desk")


@dataclass
class Looked:
    """What came out."""

    watch: Watch
    found: list[Found] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unasked: set[str] = field(default_factory=set)

    @property
    def wrong(self) -> list[str]:
        """Statements that read a big table whole, or far into it, where nothing says that they may."""
        return sorted({str(each) for each in self.found if each.wrong})

    @property
    def not_asked(self) -> list[str]:
        """Query functions in use of which nothing was seen here; one more means that a new query needs to be asked."""
        return sorted(imported() - self.watch.functions - set(NOT_ASKED))


async def look(database: TestDatabase, *, big: int, share: float, parties: Sequence[int] = EVERYBODY) -> Looked:
    """Ask, then explain, on a desk that is not really big. `big` and `share` as of `explained`."""
    looked = await asked(database, parties)
    looked.found = await explain(database, looked.watch, big=big, share=share, small=True)
    return looked


async def asked(database: TestDatabase, parties: Sequence[int] = EVERYBODY) -> Looked:
    """Ask everything."""
    watch = Watch()
    looked = Looked(watch)
    async with open_services(database.settings, Clock(None)) as services:
        services.readers = Watched(services.readers, "read", watch)
        services.customers = Watched(services.customers, "customer", watch)
        await _ask_the_gateway(services, looked, parties)
        await _ask_the_others(database, services, watch)
    return looked


async def explain(
    database: TestDatabase, watch: Watch, *, big: int, share: float, only: frozenset[str] = frozenset(), small: bool = False
) -> list[Found]:
    """Each statement as the role that sent it."""
    found: list[Found] = []
    for role in ("read", "customer", "project"):
        login = Login(
            database.settings.postgres(role), settings={"search_path": search_path([each.schema for each in PROJECTIONS])}
        )
        connection = await login.connect()
        try:
            found += await explained(connection, role, watch, big=big, share=share, only=only, small=small)
        finally:
            await connection.close()
    return found


async def _ask_the_gateway(services: Services, looked: Looked, parties: Sequence[int]) -> None:
    asker = Asker(executable())
    async with serving(create_app(services), services, "127.0.0.1", 0) as port, httpx.AsyncClient(timeout=60) as client:
        tokens = await _parties(services)
        for place in parties:
            token = tokens[place]

            async def ask(document: str, variables: dict[str, Any], token: str | None = token) -> dict[str, Any]:
                headers = {"authorization": f"Bearer {token}"} if token else {}
                sent = {"query": document, "variables": variables}
                answer: dict[str, Any] = (
                    await client.post(f"http://127.0.0.1:{port}/graphql", json=sent, headers=headers)
                ).json()
                return answer

            await asker.everything(ask, filters=place in FILTERING)
    looked.failed, looked.unasked = asker.failed, asker.unasked


async def _parties(services: Services) -> list[str | None]:
    """Tokens of one of each kind; None is nobody."""
    secret = services.settings.token_secret.get_secret_value()
    pool: Any = services.readers._inner
    row = await pool.fetchrow("SELECT requester, organisation FROM tickets WHERE organisation IS NOT NULL LIMIT 1")
    agent = next(each for each in STAFF if each.role is Role.AGENT)
    manager, admin = BY_NAME["Ruben Haas"], next(each for each in STAFF if each.role is Role.ADMIN)
    staff = [
        issue_token(secret, subject=each.id, role=each.role, name=each.name, queues=list(each.queues))
        for each in (admin, agent, manager)
    ]
    customers = [
        issue_token(secret, subject=row["requester"], role=role, name="C", organisation=row["organisation"])
        for role in (Role.CUSTOMER_ADMIN, Role.CUSTOMER)
    ]
    program = issue_token(secret, subject=UUID(int=7), role=Role.SERVICE, name="program", scopes=[each.name for each in Scope])
    return [*staff, *customers, program, None]


async def _ask_the_others(database: TestDatabase, services: Services, watch: Watch) -> None:
    rooms, path = scheduled(services.store, services.desk.writer, Codec(), NAMING, services.desk.policies)
    policies = await services.policies()
    connection = await Login(database.settings.postgres("project"), settings={"search_path": path}).connect()
    try:
        for room in rooms:
            transaction = connection.transaction()
            await transaction.start()
            await room.due(Watched(connection, "project", watch), UNTIL, policies, 25)
            await transaction.rollback()
    finally:
        await connection.close()
    path = search_path([each.schema for each in PROJECTIONS])
    read, customer = [
        await Login(database.settings.postgres(role), settings={"search_path": path}).connect() for role in ("read", "customer")
    ]
    try:
        await besides(Watched(read, "read", watch), Watched(customer, "customer", watch))
    finally:
        await read.close()
        await customer.close()

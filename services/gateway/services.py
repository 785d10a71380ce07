"""What the gateway stands on, opened at its start and closed at its end: pools, writer, freshness, clock, the live tail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from domain.policies import Policies
from projections.projection import Projection
from services.commands.desk import Desk
from services.commands.exports import Copies
from services.gateway.auth import Verifier
from services.gateway.live import Tail
from services.gateway.people.remembered import Remembered
from services.gateway.rates import Rates
from services.gateway.read_models import READ_MODELS, search_path
from services.policies.in_force import PoliciesInForce
from services.runtime.clock import Clock
from services.runtime.codec import Codec
from services.runtime.digests import Digests
from services.runtime.event_store import EventStore, open_store
from services.runtime.freshness import Freshness
from services.runtime.keys import Keyring, Vault
from services.runtime.position import Position
from services.runtime.postgres import Login, Pool
from services.runtime.settings import PostgresRole, Settings
from services.runtime.writer import Writer

READ_PATIENCE = 5.0
"""Seconds a read waits for the position it was asked for."""
POOL = 8
"""Connections of each reading role; a query holds one for a few milliseconds."""
IS_MANAGER = "SELECT 1 FROM store.staff WHERE id = $1 AND role = 'SERVICE_MANAGER'"
IS_STAFF = "SELECT 1 FROM store.staff WHERE id = $1 AND role <> 'AUDITOR'"


@dataclass(slots=True)
class Services:
    """All of it. `readers` and `customers` are pools of two roles: what is staff's is not granted to the second."""

    settings: Settings
    clock: Clock
    verifier: Verifier
    readers: Pool
    customers: Pool
    store: EventStore
    desk: Desk
    digests: Digests
    freshness: Freshness
    tail: Tail
    rates: Rates
    copies: Copies
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    remembered: Remembered = field(default_factory=Remembered)

    async def policies(self) -> Policies:
        """Those in force."""
        return await self.desk.policies.now()

    async def reached(
        self, position: Position, projections: Sequence[Projection], *, patience: float = READ_PATIENCE
    ) -> Position:
        """Wait until these read models include the position. Raises BadPosition, ReadBehind."""
        return await self.freshness.wait(position, [(each.name, each.version) for each in projections], timeout=patience)

    async def find(self, kind: str, value: str) -> UUID | None:
        """Whose an address or a Message-ID is, by its digest: such values are nowhere in the clear but in their own rows."""
        return await self.store.find(kind, self.digests.digest(kind, value))


@asynccontextmanager
async def open_services(settings: Settings, clock: Clock) -> AsyncIterator[Services]:
    """Open everything; close it in the opposite order. The store drains what waits to be appended."""
    settings.require("token_secret", "lookup_secret", "key_encryption_keys")
    async with AsyncExitStack() as stack:
        secret = settings.lookup_secret.get_secret_value()
        store = await stack.enter_async_context(open_store(settings.postgres("append"), secret=secret.encode()))
        readers, customers = _reading(settings, "read"), _reading(settings, "customer")
        reader_pool = await readers.pool(largest=POOL)
        stack.push_async_callback(reader_pool.close)
        customer_pool = await customers.pool(largest=POOL)
        stack.push_async_callback(customer_pool.close)
        freshness = await stack.enter_async_context(Freshness(settings.postgres("read")))
        tail = await stack.enter_async_context(Tail(readers.connect, READ_MODELS))
        codec = Codec()
        digests = Digests(secret)
        keyring = Keyring(store, Vault(settings.key_encryption))
        writer = Writer(store, codec, keyring, digests)

        async def is_staff(id: UUID) -> bool:
            return await reader_pool.fetchrow(IS_STAFF, id) is not None

        async def is_manager(id: UUID) -> bool:
            return await reader_pool.fetchrow(IS_MANAGER, id) is not None

        rates = Rates(settings)
        yield Services(
            settings=settings,
            clock=clock,
            verifier=Verifier(settings.token_secret.get_secret_value()),
            readers=reader_pool,
            customers=customer_pool,
            store=store,
            desk=Desk(writer, PoliciesInForce(store, codec), is_staff, is_manager, rates.message),
            digests=digests,
            freshness=freshness,
            tail=tail,
            rates=rates,
            copies=Copies(store.pool, keyring),
        )


def _reading(settings: Settings, role: PostgresRole) -> Login:
    """A reading role's login: its tables lie on the search path, and no statement may run for long."""
    return Login(settings.postgres(role), settings={"search_path": search_path(), "statement_timeout": "10s"})

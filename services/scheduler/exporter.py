"""Makes the copies of their data that people ask for, one at a time, and deletes those whose time is up.

Beside the rooms of the scheduler, not one of them: a copy may take minutes, and time must not wait for it. What it reads of the read
models it reads as the customer's login and in one snapshot that includes the request; what stands in no read model (the person's own
history, whole addresses, texts of messages to them) it takes from their own streams, without what is restricted. Any number may run:
whoever has the advisory lock makes it, an interrupted one is made anew, and the contact's stream says once that it is done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from domain.event import DomainEvent
from projections import personal_data
from projections.data_exports import DataExport, pending
from projections.projection import Projection
from projections.viewer import Role, Viewer
from services.commands.exports import Copies, complete
from services.runtime.act import SYSTEM, Act
from services.runtime.clock import Clock
from services.runtime.codec import Codec
from services.runtime.event_store import EventStore
from services.runtime.keys import Keyring
from services.runtime.logs import failure
from services.runtime.writer import Writer

FORM = "support-desk.data-export"
VERSION = 1
TICK = 1.0
"""Seconds between two looks."""
AT_ONCE = 1000
"""Exports of which a look makes what can be made."""
BEHIND = """SELECT count(*) FROM projector.checkpoints
  WHERE (epoch, position) >= ($1, $2) AND (projection, version) IN (SELECT * FROM unnest($3::text[], $4::int[]))"""
ME = "SELECT organisation FROM contacts WHERE id = $1 AND NOT erased"
WITH_TOKENS = frozenset({"contact", "subscription"})
"""Messages about these hold a link with a token."""
_log = logging.getLogger("support.exporter")
_json = msgspec.json.Encoder().encode


@dataclass
class Exporter:
    """`connect` gives a connection of the customer's login that finds the read models' tables; `kept` is how long a copy lies there."""

    connect: Callable[[], Awaitable[Any]]
    store: EventStore
    writer: Writer
    codec: Codec
    keyring: Keyring
    clock: Clock
    projections: Sequence[Projection]
    kept: timedelta
    told: set[UUID] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop. Outlives every outage; a stop lets go of the copy under way, which is made anew later."""
        told: str | None = None
        while not stop.is_set():
            try:
                await self._until(stop, self.look())
                told = None
            except Exception as problem:
                said = failure(problem)
                if said != told:
                    _log.warning("data exports wait (%s)", said)
                told = said
            await self._until(stop, asyncio.sleep(TICK))

    async def look(self) -> int:
        """Make what is to be made and delete what has expired. How many were made."""
        await self.copies.expire(self.clock.now())
        connection = await self.connect()
        try:
            return sum([await self._tried(connection, each) for each in await pending(connection, AT_ONCE)])
        finally:
            await connection.close()

    async def _tried(self, connection: Any, export: DataExport) -> bool:
        """One that cannot be made holds up no other; it is tried again at the next look."""
        try:
            return await self._make(connection, export)
        except Exception as problem:
            if connection.is_closed():
                raise
            if export.id not in self.told:
                _log.warning("a data export waits (%s)", failure(problem), extra={"export": str(export.id)})
            self.told.add(export.id)
            return False

    @property
    def copies(self) -> Copies:
        return Copies(self.store.pool, self.keyring)

    async def _make(self, connection: Any, export: DataExport) -> bool:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if not await connection.fetchval(
                "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))", f"export/{export.id}"
            ):
                return False
            names, versions = [each.name for each in self.projections], [each.version for each in self.projections]
            reached = await connection.fetchval(BEHIND, export.epoch, export.position, names, versions)
            if reached < len(names):
                return False  # a read model has not heard of the request yet; the next look
            if await self.copies.expiry(export.id) is None and not await self._write(connection, export):
                return False
        until = await self.copies.expiry(export.id)
        if until is None:
            return False
        at = self.clock.now()
        act = Act(actor=SYSTEM, at=at, correlation=uuid4())
        receipt = await self.writer.decide(
            act, lambda decision: complete(decision, export.contact, export.id, at=at, expires_at=until)
        )
        return receipt.position is not None

    async def _write(self, connection: Any, export: DataExport) -> bool:
        me = await connection.fetchrow(ME, export.contact)
        if me is None:
            return False
        viewer = Viewer(Role.CUSTOMER, export.contact, me["organisation"])
        pieces = self._pieces(connection, viewer, export)
        until = self.clock.now() + self.kept
        return await self.copies.write(export.id, export.contact, uuid4(), pieces, expires_at=until)

    async def _pieces(self, connection: Any, viewer: Viewer, export: DataExport) -> AsyncIterator[bytes]:
        history = await self._own(viewer.id)
        head = {"format": FORM, "version": VERSION, "madeAt": self.clock.now(), "position": f"{export.epoch}.{export.position}"}
        yield _json(head)[:-1]
        yield b',"contact":' + _json(_contact(viewer, history))
        yield b',"history":' + _json([_told(event) for event in history])
        yield b',"tickets":['
        comma = b""
        async for ticket in personal_data.tickets(connection, viewer):
            yield comma + _json(ticket)[:-1] + b',"timeline":['
            async for piece in _listed(personal_data.timeline(connection, viewer, ticket)):
                yield piece
            yield b"]}"
            comma = b","
        yield b"]"
        for name, form, sql in personal_data.SECTIONS:
            yield b',"' + name.encode() + b'":['
            async for piece in _listed(personal_data.section(connection, viewer, form, sql)):
                yield piece
            yield b"]"
        for name, parts in (
            ("statusSubscriptions", self._subscriptions(connection, viewer)),
            ("deliveries", self._deliveries(connection, viewer)),
        ):
            yield b',"' + name.encode() + b'":['
            async for piece in _listed(parts):
                yield piece
            yield b"]"
        yield b"}"

    async def _own(self, stream: UUID) -> list[DomainEvent]:
        """What a stream of the person's own says, without what is restricted."""
        rows = [row for row in await self.store.stream(stream) if row.classification != "restricted"]
        keys = await self.keyring.open_for(rows)
        return [self.codec.event(row, keys) for row in rows]

    async def _subscriptions(self, connection: Any, viewer: Viewer) -> AsyncIterator[personal_data.Subscription]:
        async for row in connection.cursor(personal_data.SUBSCRIPTIONS, viewer.id, prefetch=personal_data.AT_ONCE):
            asked: Any = (await self._own(row["id"]))[0]
            yield personal_data.Subscription(**dict(row.items()), destination=asked.destination.value)

    async def _deliveries(self, connection: Any, viewer: Viewer) -> AsyncIterator[personal_data.Delivery]:
        async for row in connection.cursor(personal_data.DELIVERIES, viewer.id, prefetch=personal_data.AT_ONCE):
            queued: Any = (await self._own(row["id"]))[0]
            subject = queued.subject.value if queued.subject else None
            text = None if queued.aggregate in WITH_TOKENS else queued.text.value
            yield personal_data.Delivery(**dict(row.items()), to=queued.to.value, subject=subject, text=text)

    @staticmethod
    async def _until(stop: asyncio.Event, what: Any) -> None:
        """Await it, or let go of it when told to stop."""
        doing, told = asyncio.ensure_future(what), asyncio.ensure_future(stop.wait())
        await asyncio.wait({doing, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not doing.done():
            doing.cancel()
        await asyncio.gather(doing, told, return_exceptions=True)
        if not doing.cancelled() and (problem := doing.exception()) is not None:
            raise problem


async def _listed(parts: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    comma = b""
    async for part in parts:
        yield comma + _json(part)
        comma = b","


def _contact(viewer: Viewer, history: Sequence[Any]) -> dict[str, object]:
    """Who they are, as registered."""
    registered = history[0]
    phone = registered.phone.value if registered.phone else None
    return {
        "id": viewer.id,
        "name": registered.name.value,
        "email": registered.email.value,
        "phone": phone,
        "organisation": viewer.organisation,
        "registeredAt": registered.timestamp,
    }


def _told(event: Any) -> dict[str, object]:
    """An event of the person's own stream: what happened, and the plain facts of it (a hash of a token is none)."""
    facts = {name: getattr(event, name) for name in ("organisation", "role", "export", "expires_at") if hasattr(event, name)}
    camel = {"expires_at": "expiresAt"}
    return {
        "at": event.timestamp,
        "what": event.TOPIC.split(".")[1].upper(),
        **{camel.get(name, name): value for name, value in facts.items()},
    }

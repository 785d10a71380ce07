"""A support desk to read from: commands go in through the real writer, rows come out through the real projector, queries run as the
logins that the gateway uses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from domain import calendars
from domain.organisations.contact import Contact
from domain.organisations.events import ContactRole
from domain.organisations.organisation import Organisation
from domain.policies import Policies, Queue, SlaPolicy, SlaPolicyTarget, SlaTerms, queue_id
from domain.policy.policy import Policy
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import Channel, Priority, RedactionReason, SlaMetric, TicketKind
from projections.all import ALL
from projections.viewer import Role, Viewer
from services.projector import schemas
from services.runtime.decision import Decision
from services.runtime.postgres import Login
from tests.ground import TestDatabase
from tests.services.parcel import NOON
from tests.services.projector.ground import Ground, ground
from tests.services.recording import STAFF, act

MINUTE = timedelta(minutes=1)
NETWORK = queue_id("network")
POLICIES = Policies(queues=(Queue("network", "Network"), Queue("storage", "Storage")), default_queue="network")
TERMS = SlaTerms(
    SlaPolicy(
        "Base",
        "SUPPORT-iaas.base",
        calendars.ALWAYS.name,
        tuple(
            SlaPolicyTarget(metric, priority, timedelta(hours=hours))
            for metric, hours in ((SlaMetric.FIRST_RESPONSE, 1), (SlaMetric.NEXT_RESPONSE, 2), (SlaMetric.RESOLUTION, 8))
            for priority in Priority
        ),
    ),
    calendars.ALWAYS,
)


class Counting:
    """A connection that remembers the statements it was asked for."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.asked: list[tuple[str, tuple[object, ...]]] = []

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        self.asked.append((query, args))
        rows: Sequence[Any] = await self.connection.fetch(query, *args)
        return rows

    async def fetchrow(self, query: str, *args: object) -> Any:
        self.asked.append((query, args))
        return await self.connection.fetchrow(query, *args)


@dataclass
class Desk:
    ground: Ground
    readers: Counting
    customers: Counting
    now: datetime = NOON
    refs: int = 10000
    tickets: dict[UUID, UUID] = field(default_factory=dict)
    """Requester by ticket."""

    def db(self, viewer: Viewer) -> Counting:
        """The connection on which the gateway runs this viewer's statements."""
        return self.readers if viewer.sees_staff else self.customers

    def later(self, minutes: int = 1) -> datetime:
        self.now += minutes * MINUTE
        return self.now

    async def organisation(self, ref: str, name: str | None = None) -> UUID:
        made = Organisation.register(id=uuid7(), at=self.later(), ref=ref, name=name or ref.title())
        await self.ground.recording.writer.add(act(at=self.now), made)
        return made.id

    async def contact(self, name: str, organisation: UUID | None = None, role: ContactRole = ContactRole.CUSTOMER) -> UUID:
        made = Contact.register(id=uuid7(), at=self.later(), name=name, email=f"{name.split()[0].lower()}@example.org")
        if organisation is not None:
            made.link(organisation, role, at=self.now)
        await self.ground.recording.writer.add(act(at=self.now), made)
        return made.id

    async def open(
        self, requester: UUID, organisation: UUID | None = None, subject: str = "The network is down", **more: Any
    ) -> UUID:
        self.refs += 1
        given: dict[str, Any] = {"kind": TicketKind.REQUEST, "channel": Channel.PORTAL, "queue": NETWORK} | more
        made = Ticket.open(
            id=uuid7(),
            at=self.later(),
            ref=str(self.refs),
            subject=subject,
            requester=requester,
            organisation=organisation,
            **given,
        )
        await self.ground.recording.writer.add(act(at=self.now), made)
        self.tickets[made.id] = requester
        return made.id

    async def do(self, ticket: UUID, command: Any, *args: Any, **more: Any) -> int:
        """A command of a ticket, a minute later. Returns its position."""
        return await self.do_at(ticket, command, self.later(), *args, **more)

    async def do_at(self, ticket: UUID, command: Any, at: datetime, *args: Any, **more: Any) -> int:
        """A command of a ticket that was at a time, perhaps long ago, and is recorded now."""
        receipt = await self.ground.recording.writer.change(act(at=at), Ticket, ticket, command, *args, at=at, **more)
        return receipt.position.number if receipt.position else 0

    async def both(self, one: UUID, command: Any, other: UUID, *args: Any) -> None:
        """A command that two tickets decide on."""
        at = self.later()

        async def decide(decision: Decision) -> None:
            command(await decision.load(Ticket, one), await decision.load(Ticket, other), *args, at=at)

        await self.ground.recording.writer.decide(act(at=at), decide)

    async def redact(self, ticket: UUID, entry: UUID) -> None:
        at = self.later()

        async def decide(decision: Decision) -> None:
            (await decision.load(Ticket, ticket)).redact(entry, RedactionReason.SECRET, at=at)
            decision.destroy_entry(entry)

        await self.ground.recording.writer.decide(act(at=at), decide)

    async def erase(self, contact: UUID) -> None:
        at = self.later()

        async def decide(decision: Decision) -> None:
            (await decision.load(Contact, contact)).erase(at=at)
            decision.destroy_person(contact)

        await self.ground.recording.writer.decide(act(at=at), decide)

    async def write(self, ticket: UUID, body: str, **more: Any) -> UUID:
        """The customer writes."""
        entry = uuid7()
        author = self.tickets[ticket]
        await self.do(ticket, Ticket.receive_message, entry=entry, author=author, channel=Channel.PORTAL, body=body, **more)
        return entry

    async def reply(self, ticket: UUID, body: str, **more: Any) -> UUID:
        entry = uuid7()
        await self.do(ticket, Ticket.send_reply, entry=entry, body=body, by_human=True, **more)
        return entry

    async def note(self, ticket: UUID, body: str) -> UUID:
        entry = uuid7()
        await self.do(ticket, Ticket.add_internal_note, entry=entry, body=body)
        return entry

    async def apply_policies(self) -> None:
        await self.ground.recording.writer.add(act(), Policy.begin(at=NOON, sha256="0" * 64, policies=POLICIES))

    async def staff(self, id: UUID, name: str, role: str = "AGENT", queues: Sequence[str] = ()) -> None:
        await self.ground.recording.as_owner(
            "INSERT INTO store.staff(id, name, role, queues, seen_at) VALUES ($1, $2, $3, $4, $5)",
            id,
            name,
            role,
            list(queues),
            NOON,
        )

    async def project(self) -> None:
        await self.ground.project(*ALL)

    async def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all projections, to compare."""
        connection = await self.ground.connect([each.schema for each in ALL])
        try:
            found: dict[str, list[tuple[Any, ...]]] = {}
            for projection in ALL:
                for table in await schemas.tables(connection, projection.schema):
                    found[table] = [tuple(row) for row in await connection.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")]
            return found
        finally:
            await connection.close()

    async def rebuilt(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows as a projector makes them that begins anew."""
        await self.ground.fetch("UPDATE projector.checkpoints SET position = 0", schemas=())
        connection = await self.ground.connect([each.schema for each in ALL])
        try:
            for projection in ALL:
                for table in await schemas.tables(connection, projection.schema):
                    await connection.execute(f"TRUNCATE {table}")
        finally:
            await connection.close()
        await self.project()
        return await self.everything()


AGENT = Viewer(Role.AGENT, STAFF.id)
AUDITOR = Viewer(Role.AUDITOR, uuid7())


def customer(id: UUID, organisation: UUID | None, role: Role = Role.CUSTOMER) -> Viewer:
    return Viewer(role, id, organisation)


@asynccontextmanager
async def open_desk(database: TestDatabase) -> AsyncIterator[Desk]:
    """With empty read models, and a reader's and a customer's connection."""
    async with ground(database) as made:
        await made.ensure(*ALL)
        path = {"search_path": schemas.path([each.schema for each in ALL])}
        readers, customers = [
            await Login(database.settings.postgres(role), settings=path).connect() for role in ("read", "customer")
        ]
        try:
            desk = Desk(made, Counting(readers), Counting(customers))
            await desk.apply_policies()
            yield desk
        finally:
            await readers.close()
            await customers.close()


InsufficientPrivilege = asyncpg.InsufficientPrivilegeError

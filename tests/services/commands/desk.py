"""A desk on a fresh database, with people who ask something of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from domain.organisations.contact import Contact
from domain.policies import Policies
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import Priority, TicketKind
from projections.viewer import Role, Viewer
from services.commands import people
from services.commands.desk import By, Desk
from services.commands.opening import NewTicket, open_ticket
from services.policies.file import DEFAULT, read
from services.runtime.act import Act, Actor, ActorKind, Expected
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from tests.ground import TestDatabase
from tests.services.parcel import NOON
from tests.services.recording import Recording, recording

AGENT = Viewer(Role.AGENT, UUID("0198f00d-1111-7222-8333-000000000001"))
ADMIN = Viewer(Role.ADMIN, UUID("0198f00d-1111-7222-8333-000000000002"))
PROGRAM = Viewer(Role.SERVICE, UUID("0198f00d-1111-7222-8333-000000000003"), scopes=frozenset({"TICKETS_WRITE"}))
KINDS = {Role.SERVICE: ActorKind.PROGRAM, Role.CUSTOMER: ActorKind.CONTACT, Role.CUSTOMER_ADMIN: ActorKind.CONTACT}


class Shipped:
    """The policies of the shipped file."""

    def __init__(self) -> None:
        self.policies = read(DEFAULT).policies

    async def now(self) -> Policies:
        return self.policies


@dataclass
class World:
    """`at` is the time of every act; tests move it."""

    desk: Desk
    recording: Recording
    at: datetime = NOON
    staff: set[UUID] = field(default_factory=lambda: {AGENT.id, ADMIN.id})

    def later(self, **length: float) -> None:
        self.at += timedelta(**length)

    def by(self, viewer: Viewer, *, expected: Expected | None = None) -> By:
        actor = Actor(KINDS.get(viewer.role, ActorKind.STAFF), viewer.id)
        return By(viewer, Act(actor=actor, at=self.at, correlation=uuid4(), expected=expected))

    async def organisation(self, ref: str) -> UUID:
        receipt = await people.register_organisation(self.desk, self.by(ADMIN), ref=ref, name=ref.title())
        return UUID(receipt.ids["organisation"])

    async def customer(self, email: str, organisation: UUID | None) -> Viewer:
        new = people.NewContact(email=email, name=email.partition("@")[0], organisation=organisation)
        receipt = await people.register_contact(self.desk, self.by(ADMIN), new)
        return Viewer(Role.CUSTOMER, UUID(receipt.ids["contact"]), organisation)

    async def opened(self, by: Viewer, subject: str = "Disk full", *, priority: Priority = Priority.NORMAL) -> UUID:
        new = NewTicket(TicketKind.REQUEST, subject, priority=priority)
        receipt = await open_ticket(self.desk, self.by(by), new, body="It is full.")
        return UUID(receipt.ids["ticket"])

    async def ticket(self, id: UUID | str) -> Ticket:
        found: list[Ticket] = []

        async def look(decision: Decision) -> None:
            found.append(await decision.load(Ticket, UUID(str(id))))

        await self.desk.writer.decide(self.by(ADMIN).act, look)
        return found[0]

    async def contact(self, id: UUID | str) -> Contact:
        found: list[Contact] = []

        async def look(decision: Decision) -> None:
            found.append(await decision.load(Contact, UUID(str(id))))

        await self.desk.writer.decide(self.by(ADMIN).act, look)
        return found[0]


def ticket_of(receipt: Receipt) -> UUID:
    return UUID(receipt.ids["ticket"])


@asynccontextmanager
async def world(database: TestDatabase) -> AsyncIterator[World]:
    async with recording(database) as on:
        made = World(Desk(on.writer, Shipped()), on)

        async def is_staff(id: UUID) -> bool:
            return id in made.staff

        made.desk = replace(made.desk, is_staff=is_staff)
        yield made

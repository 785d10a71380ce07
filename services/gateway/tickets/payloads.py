"""What commands on tickets return: the ticket after the write, read lazily and never older than the write."""

from __future__ import annotations

from typing import Self
from uuid import UUID

import strawberry

from projections.ticket_reading import entries
from projections.ticket_rows import TimelineWant
from services.gateway.context import Info
from services.gateway.payload import PATIENCE, Payload, position_of, version_of
from services.gateway.read_models import TICKETS
from services.gateway.selection import Selection
from services.gateway.tickets.entries import TimelineEntry, shown
from services.gateway.tickets.reading import ticket_after
from services.gateway.tickets.ticket import Ticket
from services.gateway.tickets.wants import ticket_want
from services.runtime.command import Receipt


async def _read(info: Info, receipt: Receipt | None, ticket: UUID | None) -> Ticket | None:
    position = await position_of(info, receipt)
    if position is None or ticket is None:
        return None
    return await ticket_after(info, ticket, position)


@strawberry.type(description="Result of a command on a ticket.")
class TicketPayload(Payload):
    @classmethod
    def of(cls, receipt: Receipt, ticket: UUID) -> Self:
        return cls(receipt=receipt, subject=ticket)

    @strawberry.field(description="It, changed; null when refused.")
    async def ticket(self, info: Info) -> Ticket | None:
        return await _read(info, self.receipt, self.subject)


@strawberry.type(description="Result of a command on a ticket that adds an entry.")
class TicketMessagePayload(Payload):
    added: strawberry.Private[UUID | None] = None

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        return cls(receipt=receipt, subject=UUID(receipt.ids["ticket"]), added=UUID(receipt.ids["entry"]))

    @strawberry.field(description="It, changed; null when refused.")
    async def ticket(self, info: Info) -> Ticket | None:
        return await _read(info, self.receipt, self.subject)

    @strawberry.field(description="The entry; null when refused.")
    async def entry(self, info: Info) -> TimelineEntry | None:
        position = await position_of(info, self.receipt)
        if position is None or self.added is None:
            return None
        database = await info.context.after(position, TICKETS, PATIENCE)
        other = Selection(info._raw_info).below("RelationEntry", "other")
        want = TimelineWant(other=ticket_want(other) if other else None)
        rows = await entries(database, info.context.viewer, [self.added], want)
        return shown(rows[0]) if rows else None


@strawberry.type(description="Result of a command on two tickets; version is that of the first.")
class TicketPairPayload(Payload):
    second: strawberry.Private[UUID | None] = None

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        return cls(receipt=receipt, subject=UUID(receipt.ids["ticket"]), second=UUID(receipt.ids["other"]))

    @strawberry.field(description="The ticket in the input; null when refused.")
    async def ticket(self, info: Info) -> Ticket | None:
        return await _read(info, self.receipt, self.subject)

    @strawberry.field(description="The other; null when refused.")
    async def other(self, info: Info) -> Ticket | None:
        return await _read(info, self.receipt, self.second)

    @strawberry.field(description="Version of the other; null when refused.")
    async def other_version(self, info: Info) -> int | None:
        return await version_of(info, self.receipt, self.second)

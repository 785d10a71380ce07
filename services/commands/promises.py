"""Commands on a ticket after which other promises hold: judged with the terms of the product its organisation holds at that instant."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from domain.policies import SlaTerms
from domain.tickets.ticket import Ticket
from services.commands.desk import By, Desk, see
from services.commands.entitlement import terms_for
from services.runtime.command import Receipt
from services.runtime.decision import Decision


async def change_promised(desk: Desk, by: By, ticket: UUID, command: Callable[[Ticket, SlaTerms | None], object]) -> Receipt:
    """Let one ticket decide, given the terms in force. Raises NotFound where the one who asks may not see it."""
    policies = await desk.policies.now()

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, ticket)
        command(found, await terms_for(decision, policies, found.organisation, by.act.at))

    return await desk.writer.decide(by.act, decide)

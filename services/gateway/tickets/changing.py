"""A mutation that is one command of one ticket: parse the id, let the ticket decide, answer with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar

import strawberry

from domain.policies import SlaTerms
from domain.tickets.ticket import Ticket
from services.commands.desk import change
from services.commands.promises import change_promised
from services.gateway.acting import Keyed, by
from services.gateway.context import Info
from services.gateway.ids import of_kind
from services.gateway.tickets.payloads import TicketPayload

I = TypeVar("I")  # noqa: E741 - the input
P = ParamSpec("P")
What: TypeAlias = Annotated[I, strawberry.argument(description="What to do.")]


class OfTicket(Keyed, Protocol):
    ticket_id: strawberry.ID


async def changed(
    info: Info, input: OfTicket, command: Callable[Concatenate[Ticket, P], object], *args: P.args, **kwargs: P.kwargs
) -> TicketPayload:
    """Let the ticket of the input decide; the act's time is added."""
    ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
    act = by(info.context, input)
    receipt = await change(info.context.services.desk, act, ticket, command, *args, **kwargs)
    return TicketPayload.of(receipt, ticket)


async def promised(info: Info, input: OfTicket, command: Callable[[Ticket, SlaTerms | None], object]) -> TicketPayload:
    """Likewise, for a command that takes the terms of the product in force."""
    ticket = of_kind("ticket", input.ticket_id, "input", "ticketId")
    receipt = await change_promised(info.context.services.desk, by(info.context, input), ticket, command)
    return TicketPayload.of(receipt, ticket)

"""What every use case needs: a writer, the policies in force, and the judgement whether the one who asks may see what they ask about.

A use case loads, lets aggregates decide and appends, for whichever process asks: gateway, scheduler, mail. One that concerns a single
ticket needs no function of its own: `change` takes the aggregate's command.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, Protocol
from uuid import UUID

from domain.errors import NotFound
from domain.policies import Policies
from domain.tickets.ticket import Ticket
from projections.viewer import Role, Viewer
from services.runtime.act import Act
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from services.runtime.writer import Writer

P = ParamSpec("P")


class Policed(Protocol):
    async def now(self) -> Policies: ...


async def nobody(staff: UUID) -> bool:  # noqa: ARG001 - the form of `Desk.is_staff`
    """Where no staff are known."""
    return False


def unbounded(asker: UUID, where: str) -> None:
    """Where nothing bounds how many messages are sent."""


@dataclass(frozen=True, slots=True)
class Desk:
    """`is_staff` says whether an id is that of a member of staff, to whom work can be given; `is_manager` whether that of a service
    manager, None where roles are not known and any of staff will do. `message` is asked before a message goes to a
    destination that has proved nothing yet, with who asks for it; it raises RateLimited."""

    writer: Writer
    policies: Policed
    is_staff: Callable[[UUID], Awaitable[bool]] = nobody
    is_manager: Callable[[UUID], Awaitable[bool]] | None = None
    message: Callable[[UUID, str], None] = unbounded


@dataclass(frozen=True, slots=True)
class By:
    """Whoever asks, and the act they ask for."""

    viewer: Viewer
    act: Act

    def sees(self, organisation: UUID | None, person: UUID | None = None) -> bool:
        """Whether they may see what is this organisation's or, while it is nobody's, this person's.

        A program that may command something need not be one that may read it; the gateway has judged its scopes.
        """
        return self.viewer.role is Role.SERVICE or self.viewer.sees(organisation, person)

    @property
    def is_human_staff(self) -> bool:
        return self.viewer.role in (Role.AGENT, Role.SERVICE_MANAGER, Role.ADMIN)


async def change(
    desk: Desk,
    by: By,
    ticket: UUID,
    command: Callable[Concatenate[Ticket, P], object],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Receipt:
    """Let one ticket decide. Raises NotFound where there is none or the one who asks may not see it."""

    async def decide(decision: Decision) -> None:
        command(await see(decision, by, ticket), *args, **kwargs)

    return await desk.writer.decide(by.act, decide)


async def see(decision: Decision, by: By, ticket: UUID, *, name: str = "ticketId", seen: bool = True) -> Ticket:
    """The ticket, if the one who asks may see it. What is another's cannot be told from what does not exist."""
    path = ("input", name)
    try:
        found = await decision.load(Ticket, ticket, seen=False)
    except NotFound:
        raise no_such_ticket(path) from None
    # A program that may command tickets need not be one that may read them; the gateway has judged its scopes.
    if by.viewer.role is not Role.SERVICE and not by.viewer.sees(found.organisation, found.requester):
        raise no_such_ticket(path)
    if seen:
        # Judged after sight: a Conflict would tell that there is something to be in conflict with.
        await decision.load(Ticket, ticket)
    return found


def no_such_ticket(path: tuple[str, ...]) -> NotFound:
    return NotFound("There is no such ticket.", path=path)

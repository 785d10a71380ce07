"""What happens between two tickets. Both are loaded and both are appended, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from domain.errors import Conflict
from domain.tickets.refusals import TicketIsNotMerged
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import Channel, LinkKind, Origin, OriginKind
from services.commands.desk import By, Desk, see
from services.commands.opening import NewTicket, begin
from services.runtime.command import Receipt
from services.runtime.decision import Decision


async def merge(desk: Desk, by: By, ticket: UUID, into: UUID, *, into_expected_version: int | None = None) -> Receipt:
    """Put a ticket into another of the same organisation. The receipt's ids: ticket, other."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, ticket)
        other = await see(decision, by, into, name="intoTicketId", seen=False)
        version = other.version if by.viewer.sees_staff else other.visible_version  # as whoever asks counts it
        if into_expected_version not in (None, version):
            raise Conflict(
                "The other ticket changed since you looked; look again before you merge.",
                current_version=version,
                path=("input", "intoExpectedVersion"),
            )
        found.merge(other, at=by.act.at)
        decision.remember(ticket=found.id, other=other.id)

    return await desk.writer.decide(by.act, decide)


async def unmerge(desk: Desk, by: By, ticket: UUID) -> Receipt:
    """Take it out again. The receipt's ids: ticket, other."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, ticket)
        if found.merged_into is None:
            raise TicketIsNotMerged(found.status)
        other = await decision.load(Ticket, found.merged_into, seen=False)
        found.unmerge(other, at=by.act.at)
        decision.remember(ticket=found.id, other=other.id)

    return await desk.writer.decide(by.act, decide)


async def split(desk: Desk, by: By, ticket: UUID, entries: Sequence[UUID], new: NewTicket) -> Receipt:
    """Take entries out into a new ticket, whose requester is that of the old one unless another is named. Ids: ticket, other."""
    policies = await desk.policies.now()

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, ticket)
        origin = Origin(OriginKind.SPLIT_FROM, found.id, tuple(entries))
        other = await begin(decision, by, new, policies, channel=Channel(found.channel), caller=found.requester, origin=origin)
        found.split(other, entries, at=by.act.at)
        decision.remember(ticket=found.id, other=other.id)

    return await desk.writer.decide(by.act, decide)


async def link(desk: Desk, by: By, ticket: UUID, other: UUID, kind: LinkKind) -> Receipt:
    """Tie it to another. The receipt's ids: ticket, other."""
    return await _tie(desk, by, ticket, other, kind, untie=False)


async def unlink(desk: Desk, by: By, ticket: UUID, other: UUID, kind: LinkKind) -> Receipt:
    """Untie it. The receipt's ids: ticket, other."""
    return await _tie(desk, by, ticket, other, kind, untie=True)


async def _tie(desk: Desk, by: By, ticket: UUID, other: UUID, kind: LinkKind, *, untie: bool) -> Receipt:
    async def decide(decision: Decision) -> None:
        found = await see(decision, by, ticket)
        another = await see(decision, by, other, name="otherTicketId", seen=False)
        (found.unlink if untie else found.link)(another, kind, at=by.act.at)
        decision.remember(ticket=found.id, other=another.id)

    return await desk.writer.decide(by.act, decide)

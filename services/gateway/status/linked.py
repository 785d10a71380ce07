"""The tickets of incidents and planned work that an answer shows, in one statement for all of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from projections.paging import Connection, Page
from projections.status_linked import tickets_of_notices
from projections.ticket_rows import Ticket, TicketWant
from services.gateway.context import Context
from services.gateway.people.loading import kept


@dataclass(frozen=True)
class Asked:
    notice: UUID
    page: Page
    want: TicketWant

    def __hash__(self) -> int:
        return hash((self.notice, self.page))  # what is wanted of tickets holds mappings

    def alike(self, other: Asked) -> bool:
        return (self.page, self.want) == (other.page, other.want)


async def tickets_of_notice(context: Context, notice: UUID, page: Page, want: TicketWant) -> Connection[Ticket]:
    """A page of the tickets that the viewer may see. Raises BadCursor."""

    async def load(asked: Sequence[Asked]) -> list[Connection[Ticket]]:
        found: dict[Asked, Connection[Ticket]] = {}
        for first in asked:
            if first in found:
                continue
            # A cursor is of one notice: such pages are read one by one.
            group = [first] if first.page.after or first.page.before else [each for each in asked if each.alike(first)]
            notices = list(dict.fromkeys(each.notice for each in group))
            pages = await tickets_of_notices(context.database, context.viewer, notices, first.page, first.want)
            found |= {each: pages[each.notice] for each in group}
        return [found[each] for each in asked]

    return await kept(context, "tickets of notices", load).load(Asked(notice, page, want))

"""The tickets of incidents that an answer shows, in one statement for all incidents of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from projections.paging import Connection, Page
from projections.status_linked import tickets_of_incidents
from projections.ticket_rows import Ticket, TicketWant
from services.gateway.context import Context
from services.gateway.people.loading import kept


@dataclass(frozen=True)
class Asked:
    incident: UUID
    page: Page
    want: TicketWant

    def __hash__(self) -> int:
        return hash((self.incident, self.page))  # what is wanted of tickets holds mappings

    def alike(self, other: Asked) -> bool:
        return (self.page, self.want) == (other.page, other.want)


async def tickets_of_incident(context: Context, incident: UUID, page: Page, want: TicketWant) -> Connection[Ticket]:
    """A page of the tickets that the viewer may see. Raises BadCursor."""

    async def load(asked: Sequence[Asked]) -> list[Connection[Ticket]]:
        found: dict[Asked, Connection[Ticket]] = {}
        for first in asked:
            if first in found:
                continue
            # A cursor is of one incident: such pages are read one by one.
            group = [first] if first.page.after or first.page.before else [each for each in asked if each.alike(first)]
            incidents = list(dict.fromkeys(each.incident for each in group))
            pages = await tickets_of_incidents(context.database, context.viewer, incidents, first.page, first.want)
            found |= {each: pages[each.incident] for each in group}
        return [found[each] for each in asked]

    return await kept(context, "tickets of incidents", load).load(Asked(incident, page, want))

"""What a search finds, where its words stood, and some text around them."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from projections.paging import Connection
from projections.search import Hit
from services.gateway.described import said
from services.gateway.knowledge.types import KnowledgeResource
from services.gateway.people.parties import Contact, Organisation
from services.gateway.scalars import Cursor
from services.gateway.shapes import PageInfo, member, page_info
from services.gateway.status.notices import StatusIncident
from services.gateway.tickets.ticket import Ticket

Found = Ticket | KnowledgeResource | StatusIncident | Organisation | Contact
SearchHit = Annotated[Found, strawberry.union(name="SearchHit", description="What can be found.")]


@strawberry.enum(description="Where to look.")
class SearchScope(Enum):
    TICKETS = said("TICKETS", "Tickets.")
    KNOWLEDGE = said("KNOWLEDGE", "What is to be learned from.")
    STATUS = said("STATUS", "Incidents, by number, title and first post.")
    PEOPLE = said("PEOPLE", "Organisations and contacts; staff, and customer administrators within their own.")


@strawberry.enum(description="Where the words stood.")
class SearchField(Enum):
    REF = said("REF", "A number.")
    TITLE = said("TITLE", "Subject, title or name; of knowledge its abstract too.")
    MESSAGE = said("MESSAGE", "A public message.")
    NOTE = said("NOTE", "An internal note; staff only, in match and in ranking.")


@strawberry.type(description="One row.")
class SearchHitEdge:
    cursor: Cursor = strawberry.field(description="Its place.")
    node: SearchHit = strawberry.field(description="The row.")
    matched_in: SearchField = strawberry.field(description="Where the words stood.")
    snippet: str = strawberry.field(description="Plain text around the words.")


@strawberry.type(description="A page of hits.")
class SearchHitConnection:
    edges: list[SearchHitEdge] = strawberry.field(description="Rows with cursors.")
    nodes: list[SearchHit] = strawberry.field(description="Rows.")
    page_info: PageInfo = strawberry.field(description="Where it lies.")

    @classmethod
    def of(cls, found: Connection[Hit], *, without: Collection[UUID] = ()) -> Self:
        edges = [
            SearchHitEdge(
                cursor=Cursor(edge.cursor),
                node=_shown(edge.row),
                matched_in=member(SearchField, edge.row.matched_in),
                snippet=edge.row.snippet,
            )
            for edge in found.edges
            if not any(each is not None and each.id in without for each in (edge.row.ticket, edge.row.incident))
        ]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=page_info(found))


def _shown(hit: Hit) -> Found:
    if hit.ticket is not None:
        return Ticket.of(hit.ticket)
    if hit.resource is not None:
        return KnowledgeResource.of(hit.resource)
    if hit.incident is not None:
        return StatusIncident.of(hit.incident)
    if hit.organisation is not None:
        return Organisation.of(hit.organisation)
    assert hit.contact is not None
    return Contact.of(hit.contact)

"""Whoever acts: contacts, staff, programs and the service itself, with the organisations and teams they belong to.

A party is often known by id and name alone (the actor of an entry). The rest of it is then read when, and only when, it is asked for,
for all parties of an answer in one statement.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

import strawberry

from projections import actors, agents, contacts, organisations, queues
from projections.paging import Page
from services.gateway.access import Scope
from services.gateway.context import Context, Info
from services.gateway.ids import global_id
from services.gateway.people import loading
from services.gateway.people.data_exports import DataExport, exports_of
from services.gateway.people.vocabulary import ContactRole, PersonalDataState, Role, Verification
from services.gateway.scalars import Cursor, EmailAddress, PhoneNumber
from services.gateway.shapes import Actor, Node, PageInfo, member, page_info
from services.gateway.tickets.filters import NEWEST_CHANGES_FIRST, TicketFilter, TicketOrder

ERASED = "Erased person"
ERASED_ORGANISATION = "Erased organisation"

if TYPE_CHECKING:
    from services.gateway.contracts.types import ContractConnection, Entitlement, ServiceManagerAssignment
    from services.gateway.tickets.ticket import TicketConnection

Tickets = Annotated["TicketConnection", strawberry.lazy("services.gateway.tickets.ticket")]

Contracts = Annotated["ContractConnection", strawberry.lazy("services.gateway.contracts.types")]
Reason = Annotated["Entitlement", strawberry.lazy("services.gateway.contracts.types")]
Assignment = Annotated["ServiceManagerAssignment", strawberry.lazy("services.gateway.contracts.types")]


@strawberry.type(description="A team and its work.")
class Queue(Node):
    ref: str = strawberry.field(description="Its short name.")
    name: str = strawberry.field(description="Its name.")
    row: strawberry.Private[queues.Queue]

    @classmethod
    def of(cls, row: queues.Queue) -> Self:
        return cls(id=global_id("queue", row.id), ref=row.ref, name=row.name, row=row)

    @strawberry.field(description="Its staff; empty to customers.")
    async def agents(self, info: Info) -> list[Agent]:
        if not info.context.viewer.sees_staff:
            return []
        return [Agent.of(row) for row in self.row.agents or await loading.agents_of_queue(info.context).load(self.ref)]


@strawberry.type(description="A member of staff.")
class Agent(Node, Actor):
    display_name: str = strawberry.field(description="A name to show.")
    uuid: strawberry.Private[UUID]
    row: strawberry.Private[agents.Agent | None] = None

    @classmethod
    def of(cls, row: agents.Agent) -> Self:
        return cls(id=global_id("agent", row.id), display_name=row.name or "Staff", uuid=row.id, row=row)

    async def _row(self, context: Context) -> agents.Agent:
        return self.row or await loading.agents(context).load(self.uuid) or agents.Agent(id=self.uuid)

    @strawberry.field(description="Their teams; empty to customers.")
    async def queues(self, info: Info) -> list[Queue]:
        row = await self._row(info.context)
        if not info.context.viewer.sees_staff or not row.queues:
            return []
        known = {queue.ref: queue for queue in (await info.context.policies()).queues}
        teams = [known[ref] for ref in row.queues if ref in known]
        return [Queue.of(queues.Queue(id=team.id, ref=team.ref, name=team.name)) for team in teams]

    @strawberry.field(description="AGENT, SERVICE_MANAGER or ADMIN.")
    async def role(self, info: Info) -> Role:
        return member(Role, (await self._row(info.context)).role or "AGENT")


@strawberry.type(description="Another program.")
class ServiceAccount(Node, Actor):
    display_name: str = strawberry.field(description="A name to show.")
    scopes: list[Scope] = strawberry.field(description="What it may do; only administrators see it.")


@strawberry.type(description="The service itself: timers, bridges.")
class SystemActor(Node, Actor):
    display_name: str = strawberry.field(description="Which part, in words.")


@strawberry.type(description="A customer. Always resolves to at least the base product.")
class Organisation(Node):
    ref: str = strawberry.field(description="Its short name, acme.")
    version: int = strawberry.field(description="For expectedVersion.")
    name: str = strawberry.field(description="Full name.")
    email_domains: list[str] = strawberry.field(description="Mail from these domains is taken to be theirs.")
    uuid: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: organisations.Organisation) -> Self:
        return cls(
            id=global_id("organisation", row.id),
            ref=row.ref,
            version=row.version,
            name=ERASED_ORGANISATION if row.erased else row.name or row.ref,
            email_domains=row.email_domains,
            uuid=row.id,
        )

    @strawberry.field(description="What it may use, now or at another time, past or to come, by all that is known now.")
    async def entitlements(
        self, info: Info, at: Annotated[datetime | None, strawberry.argument(description="When; now if left out.")] = None
    ) -> list[Reason]:
        from services.gateway.contracts.reading import entitlements_of  # the rooms show each other; at import they cannot

        return await entitlements_of(info.context, self.uuid, at)

    @strawberry.field(description="Its service manager now; null without one.")
    async def service_manager(self, info: Info) -> Assignment | None:
        from services.gateway.contracts.reading import service_manager_of

        return await service_manager_of(info.context, self.uuid)

    @strawberry.field(description="Its contracts, newest first. Not under a list of organisations: of one at a time.")
    async def contracts(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="Rows from the start.")] = None,
        after: Annotated[Cursor | None, strawberry.argument(description="After this.")] = None,
        last: Annotated[int | None, strawberry.argument(description="Rows from the end.")] = None,
        before: Annotated[Cursor | None, strawberry.argument(description="Before this.")] = None,
    ) -> Contracts:
        from services.gateway.contracts.reading import contract_page

        return await contract_page(info.context, None, Page(first, after, last, before), organisation=self.uuid)

    @strawberry.field(description="Its people. Not under a list of organisations: of one at a time.")
    async def contacts(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="Rows from the start.")] = None,
        after: Annotated[Cursor | None, strawberry.argument(description="After this.")] = None,
        last: Annotated[int | None, strawberry.argument(description="Rows from the end.")] = None,
        before: Annotated[Cursor | None, strawberry.argument(description="Before this.")] = None,
    ) -> ContactConnection:
        context = info.context
        found = await contacts.contacts_of(context.database, context.viewer, self.uuid, Page(first, after, last, before))
        edges = [ContactEdge(cursor=Cursor(edge.cursor), node=Contact.of(edge.row)) for edge in found.page.edges]
        return ContactConnection(
            edges=edges, nodes=[edge.node for edge in edges], page_info=page_info(found.page), total_count=found.total
        )

    @strawberry.field(description="Its tickets. Not under a list of organisations: of one at a time.")
    async def tickets(
        self,
        info: Info,
        filter: Annotated[TicketFilter | None, strawberry.argument(description="Which.")] = None,
        order_by: Annotated[TicketOrder, strawberry.argument(description="In what order.")] = NEWEST_CHANGES_FIRST,
        first: Annotated[int | None, strawberry.argument(description="Rows from the start.")] = None,
        after: Annotated[Cursor | None, strawberry.argument(description="After this.")] = None,
        last: Annotated[int | None, strawberry.argument(description="Rows from the end.")] = None,
        before: Annotated[Cursor | None, strawberry.argument(description="Before this.")] = None,
    ) -> Tickets:
        from services.gateway.tickets.reading import ticket_page  # the rooms show each other; at import they cannot

        page = Page(first, after, last, before)
        return await ticket_page(info, filter, order_by, page, organisation=self.uuid)


@strawberry.type(description="A customer's person. After erasure only the id and a placeholder name remain.")
class Contact(Node, Actor):
    display_name: str = strawberry.field(description="A name to show.")
    uuid: strawberry.Private[UUID]
    row: strawberry.Private[contacts.Contact | None] = None

    @classmethod
    def of(cls, row: contacts.Contact) -> Self:
        name = ERASED if row.erased else row.name or "Customer"
        return cls(id=global_id("contact", row.id), display_name=name, uuid=row.id, row=row)

    @classmethod
    def unread(cls, id: UUID) -> Self:
        """Known by id alone, as a requester nobody asked more of."""
        return cls(id=global_id("contact", id), display_name=ERASED, uuid=id)

    def _read(self, info: Info, read: Callable[[contacts.Contact], Any]) -> Any:
        """Of the row in hand at once, otherwise of the one that is loaded."""
        return read(self.row) if self.row is not None else self._load(info.context, read)

    async def _load(self, context: Context, read: Callable[[contacts.Contact], Any]) -> Any:
        self.row = await loading.contacts(context).load(self.uuid) or contacts.Contact(
            id=self.uuid, version=0, verification="UNVERIFIED", role="CUSTOMER", erased=False
        )
        return read(self.row)

    @strawberry.field(description="For expectedVersion.")
    def version(self, info: Info) -> int:
        return self._read(info, lambda row: row.version)  # type: ignore[no-any-return]

    @strawberry.field(description="E-mail; null when erased or not yours to see.")
    def email(self, info: Info) -> EmailAddress | None:
        return self._read(info, lambda row: row.email)  # type: ignore[no-any-return]

    @strawberry.field(description="Phone; null when unknown, erased or not yours to see.")
    def phone(self, info: Info) -> PhoneNumber | None:
        return self._read(info, lambda row: row.phone)  # type: ignore[no-any-return]

    @strawberry.field(description="Whether the e-mail is proven.")
    def email_verification(self, info: Info) -> Verification:
        return self._read(info, lambda row: member(Verification, row.verification))  # type: ignore[no-any-return]

    @strawberry.field(description="Where they belong; null when unlinked.")
    async def organisation(self, info: Info) -> Organisation | None:
        row = self.row or await self._load(info.context, lambda loaded: loaded)
        if row.organisation_id is None:
            return None
        found = await loading.organisations(info.context).load(row.organisation_id)
        return Organisation.of(found) if found else None

    @strawberry.field(description="Their part in it.")
    def role(self, info: Info) -> ContactRole:
        return self._read(info, lambda row: member(ContactRole, row.role))  # type: ignore[no-any-return]

    @strawberry.field(description="Their exports, newest first; only to themselves and administrators.")
    async def data_exports(self, info: Info) -> list[DataExport]:
        return [DataExport.of(row, info.context) for row in await exports_of(info.context).load(self.uuid)]

    @strawberry.field(description="Whether the person's data still exists.")
    def data_state(self, info: Info) -> PersonalDataState:
        return self._read(info, lambda row: PersonalDataState["ERASED" if row.erased else "PRESENT"])  # type: ignore[no-any-return]


@strawberry.type(description="One row.")
class ContactEdge:
    cursor: Cursor = strawberry.field(description="Its place.")
    node: Contact = strawberry.field(description="The row.")


@strawberry.type(description="A page of contacts.")
class ContactConnection:
    edges: list[ContactEdge] = strawberry.field(description="Rows with cursors.")
    nodes: list[Contact] = strawberry.field(description="Rows.")
    page_info: PageInfo = strawberry.field(description="Where it lies.")
    total_count: int = strawberry.field(description="How many you may see.")


@strawberry.type(description="One row.")
class OrganisationEdge:
    cursor: Cursor = strawberry.field(description="Its place.")
    node: Organisation = strawberry.field(description="The row.")


@strawberry.type(description="A page of organisations.")
class OrganisationConnection:
    edges: list[OrganisationEdge] = strawberry.field(description="Rows with cursors.")
    nodes: list[Organisation] = strawberry.field(description="Rows.")
    page_info: PageInfo = strawberry.field(description="Where it lies.")


def party(who: actors.Actor) -> Actor:
    """Whoever did something, by the kind in the envelope."""
    match who.kind:
        case "app_user":
            return Contact(id=global_id("contact", who.id), display_name=who.name or ERASED, uuid=who.id)
        case "user":
            return Agent(id=global_id("agent", who.id), display_name=who.name or "Staff", uuid=who.id)
        case "service_account":
            return ServiceAccount(id=global_id("program", who.id), display_name=who.name or "Another program", scopes=[])
        case _:
            return SystemActor(id=global_id("system", who.id), display_name=who.name or "The service")

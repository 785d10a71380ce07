"""The root fields that read people, organisations and whatever has a global id."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from projections.contacts import contacts_by_id
from projections.entitlements import entitlements
from projections.organisation_filter import OrganisationFilter as Wanted
from projections.organisations import organisations_by, organisations_page
from projections.service_managers import service_managers
from projections.viewer import Role as ViewerRole
from services.gateway import ids
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.catalogue.products import Product, products
from services.gateway.chat.queries import rooms_of_viewer
from services.gateway.chat.types import ChatRoom
from services.gateway.context import Context, Info
from services.gateway.contracts.reading import entitlements_of
from services.gateway.contracts.types import Entitlement
from services.gateway.people import loading
from services.gateway.people.nodes import found_nodes
from services.gateway.people.parties import (
    Agent,
    Contact,
    Organisation,
    OrganisationConnection,
    OrganisationEdge,
    ServiceAccount,
)
from services.gateway.people.vocabulary import Role
from services.gateway.read_models import PEOPLE, READ_MODELS
from services.gateway.scalars import Cursor, EmailAddress, ProductCode
from services.gateway.shapes import Actor, Node, given, member, page_info
from services.gateway.tickets.filters import OptionalIdComparator
from services.gateway.tickets.queries import After, AtLeast, Before, First, Last
from services.gateway.tickets.reading import compared_ids
from services.gateway.tickets.wants import page_of

ANYBODY = [Access(level=AccessLevel.PUBLIC)]
READING = [Access(level=AccessLevel.CONTACT, scope=Scope.PEOPLE_READ)]


@strawberry.input(description="One person, by one of their names.", one_of=True)
class ContactBy:
    id: strawberry.ID | None = strawberry.field(description="Global id.", default=strawberry.UNSET)
    email: EmailAddress | None = strawberry.field(description="E-mail.", default=strawberry.UNSET)


@strawberry.input(description="Which organisations.")
class OrganisationFilter:
    name_prefix: str | None = strawberry.field(description="Name begins with.", default=None)
    product: ProductCode | None = strawberry.field(description="Product now, as far as you may see contracts.", default=None)
    service_manager: OptionalIdComparator | None = strawberry.field(description="Service manager now.", default=None)


@strawberry.type(description="The party asking, as the service sees it.")
class Viewer:
    actor: Actor = strawberry.field(description="Who it is.")
    role: Role = strawberry.field(description="Their role.")
    scopes: list[Scope] = strawberry.field(description="Scopes, for a program; otherwise empty.")
    belongs_to: strawberry.Private[UUID | None] = None

    @strawberry.field(description="Their organisation; null for staff and programs.")
    async def organisation(self, info: Info) -> Organisation | None:
        row = await loading.organisations(info.context).load(self.belongs_to) if self.belongs_to else None
        return Organisation.of(row) if row else None

    @strawberry.field(description="What their organisation may use now; empty for staff.")
    async def entitlements(self, info: Info) -> list[Entitlement]:
        return await entitlements_of(info.context, self.belongs_to, None) if self.belongs_to else []

    @strawberry.field(description="Their rooms, with the state of their access; empty for staff and programs.")
    async def chat_rooms(self, info: Info) -> list[ChatRoom]:
        return await rooms_of_viewer(info.context)


@strawberry.type
class PeopleQueries:
    @strawberry.field(description="Any object by its global id.", directives=ANYBODY)
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")], at_least: AtLeast = None
    ) -> Node | None:
        await _fresh(info.context, at_least)
        return (await found_nodes(info, [id]))[0]

    @strawberry.field(description="Several, in the order asked; null where not found. At most 100.", directives=ANYBODY)
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Global ids.")],
        at_least: AtLeast = None,
    ) -> list[Node | None]:
        await _fresh(info.context, at_least)
        return await found_nodes(info, ids)

    @strawberry.field(description="Who is asking; null when not signed in.", directives=ANYBODY)
    async def viewer(self, info: Info, at_least: AtLeast = None) -> Viewer | None:
        identity = info.context.identity
        if identity is None:
            return None
        await _fresh(info.context, at_least)
        viewer = identity.viewer
        return Viewer(
            actor=await _self(info.context),
            role=member(Role, viewer.role.value),
            scopes=[scope for scope in Scope if scope.name in viewer.scopes],
            belongs_to=viewer.organisation,
        )

    @strawberry.field(description="One organisation; your own if ref is left out.", directives=READING)
    async def organisation(
        self,
        info: Info,
        ref: Annotated[str | None, strawberry.argument(description="Short name.")] = None,
        at_least: AtLeast = None,
    ) -> Organisation | None:
        context = info.context
        database = await context.reading(at_least, PEOPLE)
        own = context.viewer.organisation
        if ref is None and own is None:
            return None
        rows = await organisations_by(database, context.viewer, ids=[own] if own and ref is None else (), ref=ref)
        return Organisation.of(rows[0]) if rows else None

    @strawberry.field(description="One person.", directives=READING)
    async def contact(
        self, info: Info, by: Annotated[ContactBy, strawberry.argument(description="Which.")], at_least: AtLeast = None
    ) -> Contact | None:
        context = info.context
        database = await context.reading(at_least, PEOPLE)
        if given(by.id) is not None:
            known = ids.read(by.id or "")
            wanted = known[1] if known and known[0] == "contact" else None
        else:
            wanted = await context.services.find("email", by.email or "")
        rows = await contacts_by_id(database, context.viewer, [wanted]) if wanted else []
        return Contact.of(rows[0]) if rows else None

    @strawberry.field(
        description="Organisations, by name.", directives=[Access(level=AccessLevel.STAFF, scope=Scope.PEOPLE_READ)]
    )
    async def organisations(
        self,
        info: Info,
        filter: Annotated[OrganisationFilter | None, strawberry.argument(description="Which.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        at_least: AtLeast = None,
    ) -> OrganisationConnection:
        context = info.context
        page = page_of(first, after, last, before)
        wanted = await _wanted(context, filter or OrganisationFilter())
        database = await context.reading(at_least, (*PEOPLE, entitlements, service_managers))
        found = await organisations_page(database, context.viewer, wanted, page)
        edges = [OrganisationEdge(cursor=Cursor(edge.cursor), node=Organisation.of(edge.row)) for edge in found.edges]
        return OrganisationConnection(edges=edges, nodes=[edge.node for edge in edges], page_info=page_info(found))

    @strawberry.field(description="The service catalogue, smallest product first.", directives=ANYBODY)
    async def products(self, info: Info) -> list[Product]:
        return products((await info.context.policies()).products)


async def _wanted(context: Context, filter: OrganisationFilter) -> Wanted:
    return Wanted(
        name_prefix=filter.name_prefix,
        product=filter.product,
        manager=compared_ids("agent", filter.service_manager),
        at=context.now,
        products=(await context.policies()).products,
    )


async def _fresh(context: Context, at_least: AtLeast) -> None:
    if at_least is not None and context.identity is not None:
        await context.reading(at_least, READ_MODELS)


async def _self(context: Context) -> Actor:
    """The party itself, by the name its token gives where the view has none."""
    identity = context.identity
    assert identity is not None
    viewer = identity.viewer
    if viewer.is_customer:
        row = await loading.contacts(context).load(viewer.id)
        if row is not None:
            return Contact.of(row)
        return Contact(id=ids.global_id("contact", viewer.id), display_name=identity.name, uuid=viewer.id)
    if viewer.role is ViewerRole.SERVICE:
        scopes = [scope for scope in Scope if scope.name in viewer.scopes]
        return ServiceAccount(id=ids.global_id("program", viewer.id), display_name=identity.name, scopes=scopes)
    return Agent(id=ids.global_id("agent", viewer.id), display_name=identity.name, uuid=viewer.id)

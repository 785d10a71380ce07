"""Commands on organisations and their people, and what they return."""

from __future__ import annotations

from uuid import UUID

import strawberry

from domain.organisations import events
from projections.contacts import contacts_by_id
from projections.organisations import organisations_by
from services.commands import people
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.acting import by
from services.gateway.context import Info
from services.gateway.ids import of_kind, optional
from services.gateway.payload import PATIENCE, Payload, position_of
from services.gateway.people.parties import Contact, Organisation
from services.gateway.people.vocabulary import ContactRole
from services.gateway.read_models import PEOPLE
from services.gateway.scalars import EmailAddress, IdempotencyKey, PhoneNumber
from services.gateway.tickets.changing import What
from services.runtime.command import Receipt

ADMIN = [Access(level=AccessLevel.ADMIN, scope=Scope.PEOPLE_WRITE)]
MANAGING = [Access(level=AccessLevel.CUSTOMER_ADMIN, scope=Scope.PEOPLE_WRITE)]


@strawberry.input(description="For registerOrganisation.")
class RegisterOrganisationInput:
    ref: str = strawberry.field(description="Short name, unique.")
    name: str = strawberry.field(description="Name.")
    email_domains: list[str] = strawberry.field(description="Mail domains.", default_factory=list)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For registerContact.")
class RegisterContactInput:
    email: EmailAddress = strawberry.field(description="E-mail.")
    name: str = strawberry.field(description="Name.")
    phone: PhoneNumber | None = strawberry.field(description="Phone.", default=None)
    organisation_id: strawberry.ID | None = strawberry.field(
        description="Whose; left out: your own, or for staff nobody's yet.", default=None
    )
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For linkContact.")
class LinkContactInput:
    contact_id: strawberry.ID = strawberry.field(description="Which.")
    organisation_id: strawberry.ID = strawberry.field(description="Whose.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For unlinkContact.")
class UnlinkContactInput:
    contact_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For changeContactRole.")
class ChangeContactRoleInput:
    contact_id: strawberry.ID = strawberry.field(description="Which.")
    role: ContactRole = strawberry.field(description="New part.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.type(description="Result of a command on an organisation.")
class OrganisationPayload(Payload):
    @strawberry.field(description="It, changed; null when refused.")
    async def organisation(self, info: Info) -> Organisation | None:
        position = await position_of(info, self.receipt)
        if position is None or self.subject is None:
            return None
        database = await info.context.after(position, PEOPLE, PATIENCE)
        rows = await organisations_by(database, info.context.viewer, ids=[self.subject])
        return Organisation.of(rows[0]) if rows else None


@strawberry.type(description="Result of a command on a contact.")
class ContactPayload(Payload):
    @strawberry.field(description="It, changed; null when refused, and to who is not signed in.")
    async def contact(self, info: Info) -> Contact | None:
        position = await position_of(info, self.receipt)
        if position is None or self.subject is None or info.context.anybody is None:
            return None
        database = await info.context.after(position, PEOPLE, PATIENCE)
        rows = await contacts_by_id(database, info.context.viewer, [self.subject])
        return Contact.of(rows[0]) if rows else None


@strawberry.type
class PeopleMutations:
    @strawberry.mutation(description="Registers a customer.", directives=ADMIN)
    async def register_organisation(self, info: Info, input: What[RegisterOrganisationInput]) -> OrganisationPayload:
        act = by(info.context, input)
        domains = input.email_domains
        receipt = await people.register_organisation(
            info.context.services.desk, act, ref=input.ref, name=input.name, email_domains=domains
        )
        return OrganisationPayload(receipt=receipt, subject=UUID(receipt.ids["organisation"]))

    @strawberry.mutation(description="Registers a person.", directives=MANAGING)
    async def register_contact(self, info: Info, input: What[RegisterContactInput]) -> ContactPayload:
        new = people.NewContact(
            email=input.email,
            name=input.name,
            phone=input.phone,
            organisation=optional("organisation", input.organisation_id, "input", "organisationId"),
        )
        return _contact(await people.register_contact(info.context.services.desk, by(info.context, input), new))

    @strawberry.mutation(description="Puts a person into an organisation.", directives=MANAGING)
    async def link_contact(self, info: Info, input: What[LinkContactInput]) -> ContactPayload:
        contact = of_kind("contact", input.contact_id, "input", "contactId")
        organisation = of_kind("organisation", input.organisation_id, "input", "organisationId")
        return _contact(await people.link_contact(info.context.services.desk, by(info.context, input), contact, organisation))

    @strawberry.mutation(description="Takes a person out; their room accesses end.", directives=MANAGING)
    async def unlink_contact(self, info: Info, input: What[UnlinkContactInput]) -> ContactPayload:
        contact = of_kind("contact", input.contact_id, "input", "contactId")
        return _contact(await people.unlink_contact(info.context.services.desk, by(info.context, input), contact))

    @strawberry.mutation(description="Makes a person administrator or not; never oneself.", directives=MANAGING)
    async def change_contact_role(self, info: Info, input: What[ChangeContactRoleInput]) -> ContactPayload:
        contact = of_kind("contact", input.contact_id, "input", "contactId")
        role = events.ContactRole(input.role.name)
        return _contact(await people.change_contact_role(info.context.services.desk, by(info.context, input), contact, role))


def _contact(receipt: Receipt) -> ContactPayload:
    return ContactPayload(receipt=receipt, subject=UUID(receipt.ids["contact"]))

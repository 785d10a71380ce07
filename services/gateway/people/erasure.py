"""Erasing people and organisations, and the certificate that says what went."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from projections import erasures
from projections.actors import Actor as Who
from projections.all import ALL
from services.commands import erasure
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.acting import by
from services.gateway.context import Info
from services.gateway.described import said
from services.gateway.ids import global_id, of_kind, read
from services.gateway.payload import PATIENCE
from services.gateway.people.mutations import ContactPayload, OrganisationPayload
from services.gateway.people.parties import party
from services.gateway.read_models import READ_MODELS
from services.gateway.scalars import IdempotencyKey
from services.gateway.shapes import Actor, member
from services.gateway.tickets.changing import What
from services.runtime.position import Position

ADMIN = [Access(level=AccessLevel.ADMIN, scope=Scope.PEOPLE_WRITE)]


@strawberry.input(description="For eraseContact.")
class EraseContactInput:
    contact_id: strawberry.ID = strawberry.field(description="Which.")
    confirmation: str = strawberry.field(description="Their e-mail again, as a safeguard; the id if there is none.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For eraseOrganisation.")
class EraseOrganisationInput:
    organisation_id: strawberry.ID = strawberry.field(description="Which.")
    confirmation: str = strawberry.field(description="Its ref again, as a safeguard.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.enum(description="Who was erased.")
class ErasedKind(Enum):
    CONTACT = said("CONTACT", "A person.")
    ORGANISATION = said("ORGANISATION", "A customer, with all its people.")


@strawberry.type(description="A table of a read model, with the rows that are about the erased.")
class ErasedRows:
    read_model: str = strawberry.field(description="The read model.")
    table: str = strawberry.field(description="Its table.")
    emptied: int = strawberry.field(description="Rows that say nothing of them any more.")
    readable: int = strawberry.field(description="Rows that still do; none, unless the read model is behind.")


@strawberry.type(
    description="What was destroyed when a person or an organisation was erased. Counted in the transaction that destroyed the keys;"
    " asking again gives the same."
)
class ErasureCertificate:
    subject_id: strawberry.ID = strawberry.field(description="Whose; the id is all that is left.")
    kind: ErasedKind = strawberry.field(description="Who was erased.")
    erased_at: datetime = strawberry.field(description="When.")
    position: Position = strawberry.field(description="Where in the log; nothing after it can be read of them.")
    by: Actor = strawberry.field(description="Who did it.")
    people: int = strawberry.field(description="People who were erased with it; none for a person.")
    keys_destroyed: int = strawberry.field(description="Keys of persons and of the organisation.")
    entry_keys_destroyed: int = strawberry.field(description="Keys of messages, calls and notes.")
    look_ups_deleted: int = strawberry.field(description="Addresses, Message-IDs and reservations that led to them.")
    exports_deleted: int = strawberry.field(description="Copies of their data that still lay there.")
    subscriptions: int = strawberry.field(description="Status subscriptions they ever had.")
    subscriptions_ended: int = strawberry.field(description="Of these, those that are over; all of them within a minute.")
    rows: list[ErasedRows] = strawberry.field(description="What the read models hold of them now.")

    @classmethod
    def of(cls, row: erasures.Certificate) -> Self:
        return cls(
            subject_id=global_id(row.kind.lower(), row.subject),
            kind=member(ErasedKind, row.kind),
            erased_at=row.erased_at,
            position=Position(row.epoch, row.position),
            by=party(Who(kind=row.actor_kind, id=row.actor, name=row.actor_name)),
            people=len(row.people),
            keys_destroyed=row.keys,
            entry_keys_destroyed=row.entries,
            look_ups_deleted=row.lookups,
            exports_deleted=row.exports,
            subscriptions=row.subscriptions,
            subscriptions_ended=row.subscriptions_ended,
            rows=[
                ErasedRows(read_model=each.read_model, table=each.table, emptied=each.rows, readable=each.readable)
                for each in row.emptied
            ],
        )


@strawberry.type
class ErasureQueries:
    @strawberry.field(
        description="What was destroyed when a contact or an organisation was erased; null when none of that id was.",
        directives=[Access(level=AccessLevel.OPERATOR)],
    )
    async def erasure_certificate(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The contact or the organisation.")]
    ) -> ErasureCertificate | None:
        kind, subject = read(id) or (None, None)
        if subject is None or kind not in ("contact", "organisation"):
            return None
        return await certified(info, subject)


async def certified(info: Info, subject: UUID) -> ErasureCertificate | None:
    """Once the read models have come to the erasure, so that what they still hold is not told too early."""
    services = info.context.services
    found = await erasures.certificate(services.readers, subject, ALL)
    if found is None:
        return None
    await services.reached(Position(found.epoch, found.position), READ_MODELS, patience=PATIENCE)
    again = await erasures.certificate(services.readers, subject, ALL)
    return ErasureCertificate.of(again or found)


@strawberry.type
class ErasureMutations:
    @strawberry.mutation(description="Destroys the key to a person's data, everywhere and for good.", directives=ADMIN)
    async def erase_contact(self, info: Info, input: What[EraseContactInput]) -> ContactPayload:
        contact = of_kind("contact", input.contact_id, "input", "contactId")
        act = by(info.context, input)
        # The id that may be given instead of an address is the global one, which is the only one a client knows.
        said = str(contact) if input.confirmation.strip() == input.contact_id else input.confirmation
        receipt = await erasure.erase_contact(info.context.services.desk, act, contact, confirmation=said)
        return ContactPayload(receipt=receipt, subject=UUID(receipt.ids["contact"]))

    @strawberry.mutation(
        description="Destroys the keys to an organisation's data and its people's; it must have no contract in force."
        " What it was is told by erasureCertificate.",
        directives=ADMIN,
    )
    async def erase_organisation(self, info: Info, input: What[EraseOrganisationInput]) -> OrganisationPayload:
        organisation = of_kind("organisation", input.organisation_id, "input", "organisationId")
        act = by(info.context, input)
        receipt = await erasure.erase_organisation(
            info.context.services.desk, act, organisation, confirmation=input.confirmation
        )
        return OrganisationPayload(receipt=receipt, subject=organisation)

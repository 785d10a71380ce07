"""Proving an e-mail address: ask for the link, come back with its token. A GET never does either; the token is in no answer."""

from __future__ import annotations

import hashlib
from uuid import UUID

import strawberry

from services.commands import verification
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.acting import by, by_token
from services.gateway.context import Info
from services.gateway.ids import of_kind
from services.gateway.people.mutations import ContactPayload
from services.gateway.scalars import IdempotencyKey
from services.gateway.tickets.changing import What
from services.runtime.act import Actor, ActorKind
from services.runtime.command import Receipt


@strawberry.input(description="For requestEmailVerification.")
class RequestEmailVerificationInput:
    contact_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For verifyContactEmail.")
class VerifyContactEmailInput:
    token: str = strawberry.field(description="Token from the message.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.type
class VerificationMutations:
    @strawberry.mutation(
        description="Sends the message with the link, again if need be; an earlier link is void.",
        directives=[Access(level=AccessLevel.CONTACT, scope=Scope.PEOPLE_WRITE)],
    )
    async def request_email_verification(self, info: Info, input: What[RequestEmailVerificationInput]) -> ContactPayload:
        contact = of_kind("contact", input.contact_id, "input", "contactId")
        return _payload(await verification.request(info.context.services.desk, by(info.context, input), contact))

    @strawberry.mutation(
        description="Proves the address. Never done by a GET.",
        directives=[Access(level=AccessLevel.PUBLIC, scope=Scope.PEOPLE_WRITE)],
    )
    async def verify_contact_email(self, info: Info, input: What[VerifyContactEmailInput]) -> ContactPayload:
        contact = verification.contact_of(input.token)
        # Who comes with the token need not be signed in; their keys are then scoped by the token, of which only a hash is kept.
        principal = f"token:{hashlib.sha256(input.token.encode()).hexdigest()}"
        act = by_token(info.context, input, Actor(ActorKind.CONTACT, contact), principal)
        return _payload(await verification.verify(info.context.services.desk, act, input.token))


def _payload(receipt: Receipt) -> ContactPayload:
    return ContactPayload(receipt=receipt, subject=UUID(receipt.ids["contact"]))

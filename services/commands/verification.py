"""Proving an e-mail address: a link with a token goes out, and whoever comes back with it reads that mailbox.

Decision: the token holds the contact's id beside 256 random bits, so no table of tokens has to be kept or cleaned; only a hash of the
whole stands in the log, on the contact, where a later one makes it void. The token itself leaves this module by `tell` alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from domain.deliveries.delivery import Delivery
from domain.deliveries.vocabulary import NotificationChannel
from domain.errors import Forbidden, NotFound, RateLimited
from domain.organisations.contact import Contact
from domain.organisations.refusals import ContactIsErased, VerificationInvalid
from domain.subscriptions.destinations import one_receiver
from projections.viewer import Role
from services.commands.desk import By, Desk
from services.runtime.act import Act
from services.runtime.command import Receipt
from services.runtime.decision import Decision

LASTS = timedelta(hours=24)
PAUSE = timedelta(minutes=1)
"""Between two messages to one address."""
SECRET_BYTES = 32

Tell = Callable[[Decision, Contact, str], Awaitable[None]]
"""Puts the message with the token on its way, within the decision that records its hash."""


async def queued(decision: Decision, contact: Contact, token: str) -> None:
    """As a delivery with its finished text, sealed with a key of its own."""
    assert contact.email is not None
    assert contact.awaited is not None
    text = (
        "Somebody asked to prove that this address is yours. If that was you, prove it with this token; if not, do nothing.\n\n"
        f"{token}\n\nIt is good once, until {contact.awaited[1]:%Y-%m-%d %H:%M} UTC."
    )
    decision.add(
        Delivery.queue(
            at=decision.act.at,
            channel=NotificationChannel.EMAIL,
            aggregate=contact.TOPIC,
            subject_id=contact.id,
            about=f"{contact.id}/{contact.version}",
            recipient=contact.id,
            organisation=contact.organisation,
            to=contact.email,
            subject="Prove your e-mail address",
            text=text,
        )
    )


async def request(desk: Desk, by: By, contact: UUID, *, tell: Tell = queued) -> Receipt:
    """Send the message, or send it again; an earlier link is void. Nothing is sent to a proven address. The receipt's id: contact.

    Customers ask for themselves, their administrators for their people. Raises RateLimited within a minute of the last.
    """
    path = ("input", "contactId")

    async def decide(decision: Decision) -> None:
        try:
            found = await decision.load(Contact, contact, seen=False)
        except NotFound:
            raise NotFound("There is no such contact.", path=path) from None
        if by.viewer.role is not Role.SERVICE and not by.viewer.sees(found.organisation, found.id):
            raise NotFound("There is no such contact.", path=path)
        if by.viewer.role is Role.CUSTOMER and by.viewer.id != found.id:
            raise Forbidden("Your administrator asks for somebody else.", needs="CUSTOMER_ADMIN", path=path)
        found = await decision.load(Contact, contact)
        if found.awaited is not None and not found.erased:
            wait = found.awaited[1] - LASTS + PAUSE - by.act.at
            if wait > timedelta():
                raise RateLimited("A message has just gone out; wait a minute.", retry_after=wait.total_seconds())
        token = token_for(found.id, decision.secret(SECRET_BYTES))
        before = found.version
        found.request_verification(at=by.act.at, token_hash=_hash(token), expires_at=by.act.at + LASTS)
        if found.version != before:
            assert found.email is not None
            desk.message(by.viewer.id, one_receiver(NotificationChannel.EMAIL, found.email))
            await tell(decision, found, token)
        decision.remember(contact=found.id)

    return await desk.writer.decide(by.act, decide)


async def verify(desk: Desk, act: Act, token: str) -> Receipt:
    """Prove the address with the token. Raises VerificationInvalid, which tells nothing else. The receipt's id: contact."""
    contact = contact_of(token)

    async def decide(decision: Decision) -> None:
        try:
            found = await decision.load(Contact, contact)
            found.verify_email(at=act.at, token_hash=_hash(token))
        except (NotFound, ContactIsErased):
            raise VerificationInvalid from None
        decision.remember(contact=found.id)

    return await desk.writer.decide(act, decide)


def contact_of(token: str) -> UUID:
    """Whose a token would be if it were genuine. Raises VerificationInvalid."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise VerificationInvalid from None
    if len(raw) != 16 + SECRET_BYTES:
        raise VerificationInvalid
    return UUID(bytes=raw[:16])


def token_for(contact: UUID, secret: bytes) -> str:
    # 48 bytes are 64 characters: nothing is padded.
    return base64.urlsafe_b64encode(contact.bytes + secret).decode()


def _hash(token: str) -> str:
    # Its 256 random bits need no slow hash: nothing but the token itself leads to it.
    return hashlib.sha256(token.encode()).hexdigest()

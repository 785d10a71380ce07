"""Organisations and their people: register, link, change. And what of a ticket is about people: assign, transfer, watch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.errors import AlreadyExists, Forbidden, NotFound, ValidationFailed
from domain.organisations.contact import Contact
from domain.organisations.events import ContactRole
from domain.organisations.organisation import Organisation
from projections.viewer import Role
from services.commands.desk import By, Desk, see
from services.commands.entitlement import terms_for
from services.runtime.command import Receipt
from services.runtime.decision import Decision

MEMBER = "member"
"""The look-ups by which an organisation's people are found without a read model: its own, of the person, gone when they leave."""


@dataclass(frozen=True)
class NewContact:
    """`organisation` None: nobody's yet, or that of the customers' administrator who registers them."""

    email: str
    name: str
    phone: str | None = None
    organisation: UUID | None = None
    role: ContactRole = ContactRole.CUSTOMER


async def register_organisation(desk: Desk, by: By, *, ref: str, name: str, email_domains: Sequence[str] = ()) -> Receipt:
    """Register a customer. Raises AlreadyExists where the ref is another's. The receipt's id: organisation."""

    async def decide(decision: Decision) -> None:
        organisation = Organisation.register(
            id=decision.new_id(), at=by.act.at, ref=ref, name=name, email_domains=email_domains
        )
        taken = await decision.find("organisation_ref", ref)
        if taken is not None:
            raise AlreadyExists("There is an organisation with this short name.", existing=taken, path=("input", "ref"))
        decision.add(organisation)
        decision.reserve("organisation_ref", ref, owner=organisation.id, subject=organisation.id)
        decision.remember(organisation=organisation.id)

    return await desk.writer.decide(by.act, decide)


async def register_contact(desk: Desk, by: By, new: NewContact) -> Receipt:
    """Register a person, and link them where an organisation is named. Raises AlreadyExists for somebody whom the one who asks may see.

    To a customers' administrator everybody else's is one that they may not register, as any that is not of their own domains is: who
    is known elsewhere is not told. The receipt's id: contact.
    """

    async def decide(decision: Decision) -> None:
        contact = Contact.register(id=decision.new_id(), at=by.act.at, name=new.name, email=new.email, phone=new.phone)
        assert contact.email is not None
        home = new.organisation or (by.viewer.organisation if by.viewer.is_customer else None)
        organisation = None if home is None else await _own_organisation(decision, by, home)
        taken = await decision.find("email", contact.email)
        existing = None if taken is None else await _visible(decision, by, taken)
        if by.viewer.is_customer and existing is None:
            own = await _domains(decision, by, organisation)
            if taken is not None or not _is_of(contact.email, own):
                raise _not_theirs(own)
        if taken is not None:
            raise AlreadyExists("There is a person with this e-mail.", existing=existing, path=("input", "email"))
        if organisation is not None:
            contact.link(organisation.id, new.role, at=by.act.at)
            _join(decision, contact, organisation)
        decision.add(contact)
        decision.reserve("email", contact.email, owner=contact.id, subject=contact.id)
        decision.remember(contact=contact.id)

    return await desk.writer.decide(by.act, decide)


async def _domains(decision: Decision, by: By, organisation: Organisation | None) -> Sequence[str]:
    """Of whose addresses an organisation's administrators may register people; where none were named, that of their own address.

    Mail from an address goes to the organisation it is registered with: nobody shall draw another's mail to themselves.
    """
    if organisation is None:
        return ()
    own = (await decision.load(Contact, by.viewer.id, seen=False)).email
    return organisation.email_domains or ([own.rpartition("@")[2]] if own else ())


def _is_of(email: str, domains: Sequence[str]) -> bool:
    host = email.rpartition("@")[2]
    return any(host == each or host.endswith(f".{each}") for each in domains)


def _not_theirs(own: Sequence[str]) -> ValidationFailed:
    return ValidationFailed(
        "You cannot register this address: it is not of your organisation's domains, or support has to do it. Ask support.",
        problem="NOT_ALLOWED",
        path=("input", "email"),
        limit=", ".join(own) or None,
    )


async def link_contact(
    desk: Desk, by: By, contact: UUID, organisation: UUID, role: ContactRole = ContactRole.CUSTOMER
) -> Receipt:
    """Put a person into an organisation. The receipt's id: contact."""

    async def decide(decision: Decision) -> None:
        found = await contact_for(decision, by, contact)
        home = await _own_organisation(decision, by, organisation)
        found.link(home.id, role, at=by.act.at)
        _join(decision, found, home)
        decision.remember(contact=found.id)

    return await desk.writer.decide(by.act, decide)


async def unlink_contact(desk: Desk, by: By, contact: UUID) -> Receipt:
    """Take a person out of their organisation. The receipt's id: contact."""

    async def decide(decision: Decision) -> None:
        found = await contact_for(decision, by, contact)
        left = found.organisation
        found.unlink(at=by.act.at)
        if left is not None:
            decision.release(MEMBER, f"{left}/{found.id}", owner=left)
        decision.remember(contact=found.id)

    return await desk.writer.decide(by.act, decide)


async def change_contact_role(desk: Desk, by: By, contact: UUID, role: ContactRole) -> Receipt:
    """Make a person administrator or not; never oneself. The receipt's id: contact."""

    async def decide(decision: Decision) -> None:
        found = await contact_for(decision, by, contact)
        if by.viewer.is_customer and found.id == by.viewer.id:
            raise Forbidden("Somebody else has to change your part.", needs="CUSTOMER_ADMIN", path=("input", "contactId"))
        found.change_role(role, at=by.act.at)
        decision.remember(contact=found.id)

    return await desk.writer.decide(by.act, decide)


async def assign(desk: Desk, by: By, ticket: UUID, agent: UUID) -> Receipt:
    """Give it to a member of staff. The receipt's id: ticket."""
    if not await desk.is_staff(agent):
        raise NotFound("There is no such member of staff.", path=("input", "agentId"))

    async def decide(decision: Decision) -> None:
        (await see(decision, by, ticket)).assign(agent, at=by.act.at)
        decision.remember(ticket=ticket)

    return await desk.writer.decide(by.act, decide)


async def transfer_to_queue(desk: Desk, by: By, ticket: UUID, queue: UUID) -> Receipt:
    """Send it to another team. The receipt's id: ticket."""
    if (await desk.policies.now()).queue(queue) is None:
        raise NotFound("There is no such queue.", path=("input", "to", "queueId"))

    async def decide(decision: Decision) -> None:
        (await see(decision, by, ticket)).transfer_to_queue(queue, at=by.act.at)
        decision.remember(ticket=ticket)

    return await desk.writer.decide(by.act, decide)


async def transfer_to_organisation(desk: Desk, by: By, ticket: UUID, organisation: UUID) -> Receipt:
    """Move it to another organisation, whose promises apply from now on. The receipt's id: ticket."""
    policies = await desk.policies.now()

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, ticket)
        path = ("input", "to", "organisationId")
        if not by.sees(organisation):
            raise NotFound("There is no such organisation.", path=path)
        home = await _organisation(decision, organisation, path)
        terms = await terms_for(decision, policies, home.id, by.act.at)
        found.transfer_to_organisation(home.id, at=by.act.at, terms=terms)
        decision.remember(ticket=found.id)

    return await desk.writer.decide(by.act, decide)


async def watch(desk: Desk, by: By, ticket: UUID, watcher: UUID | None = None, *, stop: bool = False) -> Receipt:
    """Follow it, or stop following: oneself, or whom staff name. The receipt's id: ticket."""
    path = ("input", "watcherId")
    who = watcher or by.viewer.id
    if by.viewer.is_customer and who != by.viewer.id:
        raise Forbidden("Only staff name somebody else.", needs="STAFF", path=path)
    if watcher is None and by.viewer.role is Role.SERVICE:
        raise ValidationFailed("Say who is to follow it.", problem="REQUIRED", path=path)
    is_staff = not by.viewer.is_customer and (watcher is None or await desk.is_staff(who))

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, ticket)
        if is_staff:
            (found.unwatch_as_staff if stop else found.watch_as_staff)(who, at=by.act.at)
        else:
            contact = await contact_for(decision, by, who, path)
            if not stop and contact.id != found.requester and contact.organisation != found.organisation:
                raise ValidationFailed("Only people of its organisation follow a ticket.", problem="NOT_ALLOWED", path=path)
            (found.unwatch if stop else found.watch)(contact.id, at=by.act.at)
        decision.remember(ticket=found.id)

    return await desk.writer.decide(by.act, decide)


async def contact_for(decision: Decision, by: By, contact: UUID, path: tuple[str, ...] = ("input", "contactId")) -> Contact:
    """A person the one who asks may see."""
    try:
        found = await decision.load(Contact, contact, seen=False)
    except NotFound:
        raise NotFound("There is no such contact.", path=path) from None
    if by.viewer.role is not Role.SERVICE and not by.viewer.sees(found.organisation, found.id):
        raise NotFound("There is no such contact.", path=path)
    return await decision.load(Contact, contact) if path[-1] == "contactId" else found


def _join(decision: Decision, contact: Contact, organisation: Organisation) -> None:
    """The organisation was loaded, so this is not recorded once its erasure began: nobody is linked to one that is erased."""
    decision.reserve(MEMBER, f"{organisation.id}/{contact.id}", owner=organisation.id, subject=contact.id)


async def _visible(decision: Decision, by: By, contact: UUID) -> UUID | None:
    found = await decision.load(Contact, contact, seen=False)
    return contact if by.viewer.sees(found.organisation, found.id) else None


async def _own_organisation(decision: Decision, by: By, organisation: UUID) -> Organisation:
    if not by.sees(organisation):
        raise NotFound("There is no such organisation.", path=("input", "organisationId"))
    return await _organisation(decision, organisation, ("input", "organisationId"))


async def _organisation(decision: Decision, organisation: UUID, path: tuple[str, ...]) -> Organisation:
    try:
        found = await decision.load(Organisation, organisation, seen=False)
    except NotFound:
        raise NotFound("There is no such organisation.", path=path) from None
    found.must_exist()
    return found

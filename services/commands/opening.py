"""Opening tickets: for oneself, for a known contact, for a stranger by e-mail, after a call, or as the follow-up of a late reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from domain.errors import Forbidden, NotFound, ValidationFailed
from domain.organisations.contact import Contact
from domain.organisations.organisation import Organisation
from domain.policies import FieldSetter, Policies
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import (
    BodyFormat,
    Channel,
    Direction,
    ExternalRef,
    FieldValue,
    Origin,
    OriginKind,
    Priority,
    Severity,
    TicketKind,
    Visibility,
)
from projections.viewer import Role
from services.commands.desk import By, Desk, see
from services.commands.entitlement import terms_for
from services.commands.language import language_of
from services.commands.status import known_services
from services.runtime.command import Receipt
from services.runtime.decision import Decision

TICKET = ("input", "ticket")


@dataclass(frozen=True)
class NewTicket:
    """What a ticket starts with. The requester is whoever asks, unless `requester` or `email` names another (never both)."""

    kind: TicketKind
    subject: str
    priority: Priority = Priority.NORMAL
    severity: Severity | None = None
    requester: UUID | None = None
    email: str | None = None
    organisation: UUID | None = None
    queue: UUID | None = None
    fields: Sequence[tuple[str, FieldValue | date | None]] = ()
    external: Sequence[ExternalRef] = ()
    services: Sequence[UUID] = ()
    path: Sequence[str] = field(default=TICKET)
    """Where these values stand in the caller's input."""


async def open_ticket(desk: Desk, by: By, new: NewTicket, *, body: str, channel: Channel = Channel.PORTAL) -> Receipt:
    """Open a ticket with its first message. Never refused for want of a contract. The receipt's ids: ticket, entry.

    Raises ValidationFailed, Forbidden (a customer for somebody else) and NotFound (no such contact, organisation or queue).
    """
    policies = await desk.policies.now()
    language = await language_of(body)

    async def decide(decision: Decision) -> None:
        ticket = await begin(decision, by, new, policies, channel=channel)
        await _say(decision, by, ticket, policies, body=body, channel=channel, author=ticket.requester, language=language)

    return await desk.writer.decide(by.act, decide)


@dataclass(frozen=True)
class PhoneCall:
    """`duration` zero: nobody was reached."""

    direction: Direction
    contact: UUID
    started_at: datetime
    duration: timedelta
    summary: str


async def log_phone_call(desk: Desk, by: By, target: UUID | NewTicket, call: PhoneCall) -> Receipt:
    """Write a call down, on a ticket there is or as a new one. The receipt's ids: ticket, entry."""
    policies = await desk.policies.now()

    async def decide(decision: Decision) -> None:
        if isinstance(target, UUID):
            ticket = await see(decision, by, target)
        else:
            await _known_contact(decision, call.contact, ("input", "contactId"), by)
            ticket = await begin(decision, by, target, policies, channel=Channel.PHONE, caller=call.contact)
        if call.contact != ticket.requester:
            await _known_contact(decision, call.contact, ("input", "contactId"), by)
        entry = decision.new_id()
        ticket.log_phone_call(
            at=by.act.at,
            entry=entry,
            direction=call.direction,
            contact=call.contact,
            started_at=call.started_at,
            duration=call.duration,
            summary=call.summary,
            by_human=by.is_human_staff,
        )
        decision.remember(ticket=ticket.id, entry=entry)

    return await desk.writer.decide(by.act, decide)


async def begin(
    decision: Decision,
    by: By,
    new: NewTicket,
    policies: Policies,
    *,
    channel: Channel,
    caller: UUID | None = None,
    origin: Origin | None = None,
) -> Ticket:
    """The new ticket within a decision, with its fields, without a word said yet."""
    requester = await _requester(decision, by, new, caller)
    organisation = await _organisation(decision, by, new, requester)
    if new.queue is not None and policies.queue(new.queue) is None:
        raise NotFound("There is no such queue.", path=(*new.path, "queueId"))
    await known_services(decision, new.services, (*new.path, "serviceIds"))
    ticket = Ticket.open(
        id=decision.new_id(),
        at=by.act.at,
        ref=str(await decision.next_ref()),
        kind=new.kind,
        subject=new.subject,
        requester=requester.id,
        queue=new.queue or policies.route(new.kind, channel),
        channel=channel,
        organisation=organisation,
        priority=new.priority,
        severity=new.severity,
        origin=origin,
        external=new.external,
        services=new.services,
        terms=await terms_for(decision, policies, organisation, by.act.at),
        path=new.path,
    )
    for index, (key, value) in enumerate(new.fields):
        set_field(ticket, by, policies, key, value, path=(*new.path, "fields", str(index)))
    decision.add(ticket)
    decision.reserve("ticket_ref", ticket.ref, owner=ticket.id)
    return ticket


async def follow_up(
    decision: Decision, by: By, ended: Ticket, policies: Policies, *, body: str, channel: Channel, language: str | None = None
) -> Ticket:
    """A reply came too late to reopen the ticket: open another that says where it comes from. The ids: ticket, entry."""
    ticket = Ticket.open(
        id=decision.new_id(),
        at=by.act.at,
        ref=str(await decision.next_ref()),
        kind=ended.kind,
        subject=ended.subject or f"Follow-up of {ended.ref}",
        requester=by.viewer.id if by.viewer.is_customer else ended.requester,
        queue=ended.queue if policies.queue(ended.queue) else policies.route(ended.kind, channel),
        channel=channel,
        organisation=ended.organisation,
        priority=ended.priority,
        severity=ended.severity,
        origin=Origin(OriginKind.FOLLOW_UP_OF, ended.id),
        terms=await terms_for(decision, policies, ended.organisation, by.act.at),
    )
    decision.add(ticket)
    decision.reserve("ticket_ref", ticket.ref, owner=ticket.id)
    ended.follow_up(ticket, at=by.act.at)
    await _say(decision, by, ticket, policies, body=body, channel=channel, author=ticket.requester, language=language)
    return ticket


def set_field(
    ticket: Ticket,
    by: By,
    policies: Policies,
    key: str,
    value: FieldValue | date | None,
    *,
    path: Sequence[str] = ("input", "field"),
) -> None:
    """A custom field by its key. To customers, those they may not see do not exist."""
    definition = policies.field(key)
    if definition is None or (definition.visibility is Visibility.STAFF and not by.viewer.sees_staff):
        known = [each.key for each in policies.fields if each.visibility is Visibility.EVERYONE or by.viewer.sees_staff]
        raise ValidationFailed(
            f"There is no such field. Known: {', '.join(known) or 'none'}.", problem="NOT_ALLOWED", path=(*path, "key")
        )
    if definition.set_by is FieldSetter.STAFF and by.viewer.is_customer:
        raise Forbidden(f"{definition.label} is set by staff.", needs="STAFF", path=(*path, "key"))
    ticket.set_field(definition, value, at=by.act.at, path=(*path, "value"))


async def _say(
    decision: Decision,
    by: By,
    ticket: Ticket,
    policies: Policies,
    *,
    body: str,
    channel: Channel,
    author: UUID,
    language: str | None,
) -> None:
    entry = decision.new_id()
    ticket.receive_message(
        at=by.act.at,
        entry=entry,
        author=author,
        channel=channel,
        body=body,
        format=BodyFormat.PLAIN if channel is Channel.EMAIL else BodyFormat.MARKDOWN,
        language=language,
        terms=await terms_for(decision, policies, ticket.organisation, by.act.at),
    )
    decision.remember(ticket=ticket.id, entry=entry)


async def _requester(decision: Decision, by: By, new: NewTicket, caller: UUID | None) -> Contact:
    path = (*new.path, "requester")
    if by.viewer.is_customer:
        if new.email is not None or new.requester not in (None, by.viewer.id):
            raise Forbidden("Only staff open tickets for somebody else.", needs="STAFF", path=path)
        return await _known_contact(decision, by.viewer.id, path)
    if new.email is not None:
        if by.viewer.role is Role.SERVICE_MANAGER:
            return await _seen_by_email(decision, by, new.email, (*path, "email"))
        return await contact_by_email(decision, by.act.at, new.email, path=(*path, "email"))
    wanted = new.requester or caller
    if wanted is None:
        raise ValidationFailed("Say for whom the ticket is.", problem="REQUIRED", path=path)
    # Who is not named in the input stands on a ticket that they see: its requester may have left since.
    return await _known_contact(decision, wanted, (*path, "contactId"), by if new.requester else None)


async def contact_by_email(
    decision: Decision, at: datetime, email: str, *, name: str | None = None, path: Sequence[str] = ()
) -> Contact:
    """Whoever has this address; registered in the same append if nobody has."""
    known = await decision.find("email", email)
    if known is not None:
        return await decision.load(Contact, known, seen=False)
    try:
        contact = Contact.register(id=decision.new_id(), at=at, name=name or email, email=email)
    except ValidationFailed as refused:  # the address stands elsewhere in this input
        raise ValidationFailed(
            refused.message, problem=refused.problem, path=path or refused.path, limit=refused.limit
        ) from None
    decision.add(contact)
    decision.reserve("email", email, owner=contact.id, subject=contact.id)
    return contact


async def _seen_by_email(decision: Decision, by: By, email: str, path: Sequence[str]) -> Contact:
    """For who does not see everybody: the same answer for a stranger and for nobody, so nobody is registered by the way."""
    known = await decision.find("email", email)
    if known is None:
        raise NotFound("There is no such contact.", path=path)
    return await _known_contact(decision, known, path, by)


async def _known_contact(decision: Decision, contact: UUID, path: Sequence[str], by: By | None = None) -> Contact:
    """The person, where `by` is given only if they may see them."""
    try:
        found = await decision.load(Contact, contact, seen=False)
    except NotFound:
        found = None
    if found is None or found.erased or (by is not None and not by.sees(found.organisation, found.id)):
        raise NotFound("There is no such contact.", path=path)
    return found


async def _organisation(decision: Decision, by: By, new: NewTicket, requester: Contact) -> UUID | None:
    path = (*new.path, "organisationId")
    if new.organisation is None or new.organisation == requester.organisation:
        return requester.organisation
    if by.viewer.is_customer or not by.sees(new.organisation):
        raise NotFound("There is no such organisation.", path=path)
    if requester.organisation is not None:
        raise ValidationFailed("The requester belongs to another organisation.", problem="NOT_ALLOWED", path=path)
    try:
        home = await decision.load(Organisation, new.organisation, seen=False)
    except NotFound:
        raise NotFound("There is no such organisation.", path=path) from None
    home.must_exist()
    return home.id

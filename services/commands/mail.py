"""An incoming mail is a command: it opens a ticket or is added to one, once, whoever sent it and however often it is delivered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.errors import NotFound
from domain.tickets.refusals import ReopenWindowPassed
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import Channel, TicketKind
from services.commands.conversation import lives_on_in
from services.commands.desk import By, Desk
from services.commands.entitlement import terms_for
from services.commands.language import language_of
from services.commands.opening import NewTicket, begin, contact_by_email, follow_up
from services.runtime.command import Receipt
from services.runtime.decision import Decision

_REF = re.compile(r"\[#(?P<ref>[0-9]{1,18})\]")
NO_SUBJECT = "(no subject)"
LONGEST_SUBJECT = 250


@dataclass(frozen=True)
class Mail:
    """A parsed mail. `answers` are the Message-IDs of In-Reply-To and References, the newest last."""

    message_id: str
    sender: str
    subject: str
    body: str
    sender_name: str | None = None
    answers: Sequence[str] = ()
    language: str | None = None
    """ISO 639-1, where it is known already; detected otherwise."""


async def ingest(desk: Desk, by: By, mail: Mail) -> Receipt:
    """Add the mail to the ticket it answers, or open one. A Message-ID is applied once. The receipt's ids: ticket, entry.

    It answers a ticket when it names one of its messages, or carries its number as [#10482] and comes from somebody who may see it. A
    sender nobody knows is registered; their ticket belongs to no organisation until staff place it.
    """
    policies = await desk.policies.now()
    language = mail.language or await language_of(mail.body)

    async def decide(decision: Decision) -> None:
        entry = await decision.find("message_id", mail.message_id)
        known = await decision.find("message_ticket", mail.message_id)
        if entry is not None and known is not None:
            decision.remember(ticket=known, entry=entry)
            return
        sender = await contact_by_email(decision, by.act.at, mail.sender, name=mail.sender_name)
        ticket = await _answered(decision, mail, sender.id, sender.organisation)
        entry = decision.new_id()
        home = None if ticket is None else await lives_on_in(decision, ticket)
        if home is None:
            home = await begin(
                decision,
                by,
                NewTicket(TicketKind.REQUEST, mail.subject.strip()[:LONGEST_SUBJECT] or NO_SUBJECT, requester=sender.id),
                policies,
                channel=Channel.EMAIL,
            )
        try:
            home.ingest_email(
                at=by.act.at,
                entry=entry,
                author=sender.id,
                body=mail.body,
                language=language,
                forwarded_from=ticket.id if ticket is not None and home is not ticket else None,
                terms=await terms_for(decision, policies, home.organisation, by.act.at),
            )
            decision.remember(ticket=home.id, entry=entry)
        except ReopenWindowPassed:
            home = await follow_up(decision, by, home, policies, body=mail.body, channel=Channel.EMAIL, language=language)
        # Owned by the entry, so that a second delivery at the same time is refused here, decided anew, and found above.
        decision.reserve("message_id", mail.message_id, owner=UUID(decision.ids["entry"]), subject=home.requester)
        decision.reserve("message_ticket", mail.message_id, owner=home.id, subject=home.requester)

    return await desk.writer.decide(by.act, decide)


async def _answered(decision: Decision, mail: Mail, sender: UUID, organisation: UUID | None) -> Ticket | None:
    for answered in reversed(mail.answers):
        found = await _ticket(decision, "message_ticket", answered)
        if found is not None and _may_write(found, sender, organisation):
            return found
    named = _REF.search(mail.subject)
    found = await _ticket(decision, "ticket_ref", named["ref"]) if named else None
    return found if found is not None and _may_write(found, sender, organisation) else None


async def _ticket(decision: Decision, kind: str, value: str) -> Ticket | None:
    owner = await decision.find(kind, value)
    if owner is None:
        return None
    try:
        return await decision.load(Ticket, owner, seen=False)
    except NotFound:
        return None


def _may_write(ticket: Ticket, sender: UUID, organisation: UUID | None) -> bool:
    """A number in a subject is guessed easily: only the requester, a watcher, or somebody of its organisation is heard on it."""
    return (
        sender == ticket.requester
        or sender in ticket.watchers
        or (organisation is not None and organisation == ticket.organisation)
    )

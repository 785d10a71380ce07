"""The ticket: a customer's request or incident, from first message to resolution.

What it remembers is state.py; what can be asked of it stands by theme in commands/, as its events do in events/. Rules for all:
a command judges first and then records, so a refusal records nothing; one that would change nothing is accepted and records nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain import text
from domain.errors import ValidationFailed
from domain.event import DomainEvent, Personal
from domain.policies import SlaTerms
from domain.tickets.commands.classification import Classification, must_suit
from domain.tickets.commands.conversation import Conversation
from domain.tickets.commands.entries import Entries
from domain.tickets.commands.people import People
from domain.tickets.commands.relations import Relations
from domain.tickets.events import TicketHistoryImported, TicketLinked, TicketOpened
from domain.tickets.vocabulary import (
    Channel,
    ExternalRef,
    ExternalSystem,
    LinkKind,
    Origin,
    Priority,
    Severity,
    TicketKind,
)


class Ticket(Conversation, Entries, People, Classification, Relations):
    TOPIC = "ticket"
    Event = DomainEvent
    Created = TicketOpened  # type: ignore[assignment]  # the library wants it named; its own base is a class, not a variable

    @classmethod
    def open(
        cls,
        *,
        id: UUID,
        at: datetime,
        ref: str,
        kind: TicketKind,
        subject: str,
        requester: UUID,
        queue: UUID,
        channel: Channel,
        organisation: UUID | None = None,
        priority: Priority = Priority.NORMAL,
        severity: Severity | None = None,
        origin: Origin | None = None,
        external: Sequence[ExternalRef] = (),
        services: Sequence[UUID] = (),
        terms: SlaTerms | None = None,
        path: Sequence[str] = ("input", "ticket"),
    ) -> Ticket:
        """A new ticket, without a word said yet: record what was said with the next command, in the same append.

        `services` are the components it is about; that they exist is seen to by the caller. `organisation` is None while nobody
        knows whose the sender is. `terms` None promises nothing (imported history). `path` is where these values stand in the
        caller's input. Raises ValidationFailed.
        """
        must_suit(kind, severity, path=(*path, "severity"))
        ticket = cls._create(
            TicketOpened,
            id=id,
            timestamp=at,
            ref=ref,
            kind=kind,
            subject=Personal(text.line(subject, path=(*path, "subject"), what="The subject"), of=requester),
            requester=requester,
            organisation=organisation,
            queue=queue,
            priority=priority,
            severity=severity,
            channel=channel,
            origin=origin,
            external=tuple(
                replace(each, value=text.line(each.value, path=(*path, "external"), what="The number in the other system"))
                for each in external
            ),
            services=tuple(dict.fromkeys(services)),
        )
        if origin is not None:
            ticket.trigger_event(TicketLinked, timestamp=at, other=origin.ticket, kind=LinkKind(origin.kind))
        ticket._promise(terms, at=at)
        return ticket

    def import_history(
        self, *, at: datetime, system: ExternalSystem, external: str, entries: int, from_: datetime, to: datetime
    ) -> None:
        """Say that its history came from another system; the entries are recorded by their own commands with their original times.

        The same import again records nothing.
        """
        self._must_take_something()
        if entries < 0:
            raise ValidationFailed("An import brings no fewer than 0 entries.", problem="OUT_OF_RANGE", limit="0")
        if from_ > to:
            raise ValidationFailed("Imported history ends before it begins.", problem="OUT_OF_RANGE", limit=from_.isoformat())
        known_as = text.line(external, path=("external",), what="The number in the other system")
        if (system, known_as, entries, to) not in self.imported:
            self.trigger_event(
                TicketHistoryImported, timestamp=at, system=system, external=known_as, entries=entries, from_=from_, to=to
            )

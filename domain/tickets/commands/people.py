"""Who has to do with a ticket: assignee, queue, organisation, watchers, whose help is called, and how the requester judged."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain import text
from domain.errors import ValidationFailed
from domain.event import Personal
from domain.policies import SlaTerms
from domain.tickets.commands.lifecycle import Lifecycle
from domain.tickets.events import (
    TicketAssigned,
    TicketEscalated,
    TicketLeftOrganisation,
    TicketSatisfactionRated,
    TicketStaffUnwatched,
    TicketStaffWatched,
    TicketTransferredToOrganisation,
    TicketTransferredToQueue,
    TicketUnassigned,
    TicketUnlinked,
    TicketUnwatched,
    TicketWatched,
)
from domain.tickets.refusals import AlreadyRated, HasMergedTickets, NothingToRate, OnlyRequesterRates, TicketIsSpam
from domain.tickets.status import Status
from domain.tickets.vocabulary import EscalationTarget, WakeCause

BEST_SCORE = 5
LONGEST_COMMENT = 10_000
HIGHEST_LEVEL = 10


class People(Lifecycle):
    def assign(self, agent: UUID, *, at: datetime) -> None:
        """Give it to somebody. A ticket that is new or waits becomes OPEN; to the same person again records nothing."""
        self._must_take_something()
        if self.status is Status.SPAM:
            raise TicketIsSpam(self.status)
        if agent == self.assignee:
            return
        self.trigger_event(TicketAssigned, timestamp=at, agent=agent, previous=self.assignee)
        self._make_open(WakeCause.STAFF, at=at)

    def unassign(self, *, at: datetime) -> None:
        """Give it back to the team. Nobody's stays nobody's."""
        self._must_take_something()
        if self.assignee is not None:
            self.trigger_event(TicketUnassigned, timestamp=at, previous=self.assignee)

    def transfer_to_queue(self, queue: UUID, *, at: datetime) -> None:
        """Whether there is such a queue is for the policies in force to say."""
        self._must_take_something()
        if queue != self.queue:
            self.trigger_event(TicketTransferredToQueue, timestamp=at, queue=queue, previous=self.queue)

    def transfer_to_organisation(self, organisation: UUID, *, at: datetime, terms: SlaTerms | None = None) -> None:
        """Move it to another organisation, whose promises apply from now on.

        Ties to tickets and watchers of the old organisation end with it, so that nobody there learns what comes.
        """
        self._must_take_something()
        previous = self.organisation
        if organisation == previous:
            return
        if previous is not None:
            if self.absorbed:
                raise HasMergedTickets
            for other, kind in sorted(self.links):
                self.trigger_event(TicketUnlinked, timestamp=at, other=other, kind=kind)
            for contact in sorted(self.watchers):
                self.trigger_event(TicketUnwatched, timestamp=at, contact=contact)
            self.trigger_event(TicketLeftOrganisation, timestamp=at)
        self.trigger_event(TicketTransferredToOrganisation, timestamp=at, organisation=organisation, previous=previous)
        self._promise(terms, at=at)

    def watch(self, contact: UUID, *, at: datetime) -> None:
        """A contact follows it."""
        self._must_take_something()
        if contact not in self.watchers:
            self.trigger_event(TicketWatched, timestamp=at, contact=contact)

    def unwatch(self, contact: UUID, *, at: datetime) -> None:
        self._must_take_something()
        if contact in self.watchers:
            self.trigger_event(TicketUnwatched, timestamp=at, contact=contact)

    def watch_as_staff(self, agent: UUID, *, at: datetime) -> None:
        """One of staff follows it, which no customer sees."""
        self._must_take_something()
        if agent not in self.staff_watchers:
            self.trigger_event(TicketStaffWatched, timestamp=at, agent=agent)

    def unwatch_as_staff(self, agent: UUID, *, at: datetime) -> None:
        self._must_take_something()
        if agent in self.staff_watchers:
            self.trigger_event(TicketStaffUnwatched, timestamp=at, agent=agent)

    def escalate(self, target: EscalationTarget, *, at: datetime, level: int = 1) -> None:
        """Call for help, again where it must be."""
        self._must_be_in_progress()
        if not 1 <= level <= HIGHEST_LEVEL:
            raise ValidationFailed(
                f"A level lies between 1 and {HIGHEST_LEVEL}.",
                problem="OUT_OF_RANGE",
                path=("input", "level"),
                limit=str(HIGHEST_LEVEL),
            )
        self.trigger_event(TicketEscalated, timestamp=at, target=target, level=level)

    def rate(self, score: int, *, at: datetime, by: UUID, comment: str | None = None) -> None:
        """The requester judges the last resolution, once."""
        self._must_take_something()
        if by != self.requester:
            raise OnlyRequesterRates
        if self.resolution is None or self.status not in (Status.RESOLVED, Status.CLOSED):
            raise NothingToRate
        if self.episode in self.rated:
            raise AlreadyRated
        if not 1 <= score <= BEST_SCORE:
            raise ValidationFailed(
                f"A score lies between 1 and {BEST_SCORE}.",
                problem="OUT_OF_RANGE",
                path=("input", "score"),
                limit=str(BEST_SCORE),
            )
        said = None
        if comment is not None and comment.strip():
            checked = text.body(comment, path=("input", "comment"), what="The comment", longest=LONGEST_COMMENT)
            said = Personal(checked, of=self.requester)
        self.trigger_event(TicketSatisfactionRated, timestamp=at, episode=self.episode, score=score, comment=said)

"""An engagement: help by the service manager or an architect with a roll-out, a review, a design or a migration, always online.

That the organisation may ask for it, that the lead is staff and that the requester still exists is judged by whoever hands the facts in
(services/commands/engagements.py). A command judges first; a refusal records nothing, and what changes nothing records nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain import text
from domain.catalogue import Capability
from domain.contracts.entitlements import Entitled
from domain.engagements import join_url as addresses
from domain.engagements.events import (
    EngagementCancelled,
    EngagementCompleted,
    EngagementDeclined,
    EngagementReminderDropped,
    EngagementReminderDue,
    EngagementRequested,
    EngagementScheduled,
    EngagementScoped,
)
from domain.engagements.refusals import EngagementHasNotBegun, EngagementStandsOtherwise
from domain.engagements.vocabulary import TRANSITIONS, EngagementKind, EngagementStatus
from domain.errors import ValidationFailed
from domain.event import Aggregate, DomainEvent, Personal

FARTHEST = timedelta(days=731)
"""How far ahead one is scheduled."""


class Engagement(Aggregate):
    TOPIC = "engagement"
    Event = DomainEvent
    Created = EngagementRequested  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @classmethod
    def request(
        cls,
        *,
        id: UUID,
        at: datetime,
        ref: str,
        kind: EngagementKind,
        organisation: UUID,
        requester: UUID,
        wish: str,
        entitled: Entitled,
    ) -> Engagement:
        """`entitled` is what the organisation may use now. Raises EntitlementRequired, ValidationFailed."""
        entitled.require(Capability.ENGAGEMENTS)
        return cls._create(
            EngagementRequested,
            id=id,
            timestamp=at,
            ref=ref,
            kind=kind,
            organisation=organisation,
            requester=requester,
            wish=Personal(text.body(wish, path=("input", "wish"), what="What is wanted"), of=requester),
        )

    def agree(self, scope: str, lead: UUID, *, at: datetime) -> None:
        """Write down what was agreed, and who leads; again where it changes. What is scheduled stays so."""
        self._must_allow(EngagementStatus.SCOPED)
        agreed = text.body(scope, path=("input", "scope"), what="The scope")
        if (agreed, lead) != (self.scope, self.lead):
            self.trigger_event(EngagementScoped, timestamp=at, lead=lead, scope=Personal(agreed, of=self.requester))

    def schedule(self, starts_at: datetime, join_url: str, *, at: datetime, reminders: Sequence[timedelta] = ()) -> None:
        """Agree when and where, or anew. `reminders` are the policy's: those whose moment has passed are left out."""
        self._must_allow(EngagementStatus.SCHEDULED)
        path = ("input", "startsAt")
        if starts_at <= at:
            raise ValidationFailed("An engagement begins later.", problem="OUT_OF_RANGE", path=path, limit=at.isoformat())
        farthest = at + FARTHEST
        if starts_at > farthest:
            raise ValidationFailed(
                "An engagement is scheduled for the next two years.",
                problem="OUT_OF_RANGE",
                path=path,
                limit=farthest.isoformat(),
            )
        where = addresses.checked(join_url, path=("input", "joinUrl"))
        if (starts_at, where) == (self.starts_at, self.join_url):
            return
        self.trigger_event(
            EngagementScheduled,
            timestamp=at,
            starts_at=starts_at,
            join_url=where,
            reminders=tuple(sorted({each for each in reminders if starts_at - each > at}, reverse=True)),
        )

    def note_time(self, *, at: datetime) -> int:
        """Remind of what begins soon. Returns how many reminders were dropped.

        A reminder stands until the next one or the start; after a downtime people are told at most once, and nothing of what has
        begun. Records nothing where none is due, and each once.
        """
        due = [each for each in self.reminders if self.starts_at is not None and self.starts_at - each <= at]
        if not due:
            return 0
        assert self.starts_at is not None
        dropped = due if self.starts_at <= at else due[:-1]
        for each in dropped:
            self.trigger_event(EngagementReminderDropped, timestamp=at, starts_at=self.starts_at, before=each)
        if len(dropped) < len(due):
            self.trigger_event(EngagementReminderDue, timestamp=at, starts_at=self.starts_at, before=due[-1])
        return len(dropped)

    def complete(self, outcome: str, *, at: datetime) -> None:
        """Say what came of it. Raises EngagementHasNotBegun."""
        self._must_allow(EngagementStatus.COMPLETED)
        assert self.starts_at is not None
        if at < self.starts_at:
            raise EngagementHasNotBegun(self.starts_at)
        said = text.body(outcome, path=("input", "outcome"), what="The outcome")
        self.trigger_event(EngagementCompleted, timestamp=at, outcome=Personal(said, of=self.requester))

    def decline(self, answer: str, *, at: datetime) -> None:
        """Refuse it, and tell the customer why."""
        self._must_allow(EngagementStatus.DECLINED)
        said = text.body(answer, path=("input", "answer"), what="The answer")
        self.trigger_event(EngagementDeclined, timestamp=at, answer=Personal(said, of=self.requester))

    def cancel(self, *, at: datetime) -> None:
        self._must_allow(EngagementStatus.CANCELLED)
        self.trigger_event(EngagementCancelled, timestamp=at)

    def _must_allow(self, wanted: EngagementStatus) -> None:
        if wanted not in TRANSITIONS[self.status]:
            raise EngagementStandsOtherwise(self.status)

    @property
    def organisation(self) -> UUID | None:
        """Whose it is, for good: a requester who leaves leaves it behind."""
        return self._home

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case EngagementRequested():
                self.ref, self.kind, self.requester, self._home = event.ref, event.kind, event.requester, event.organisation
                self.status = EngagementStatus.REQUESTED
                self.lead: UUID | None = None
                self.scope: str | None = None
                self.starts_at: datetime | None = None
                self.join_url: str | None = None
                self.reminders: tuple[timedelta, ...] = ()
            case EngagementScoped():
                self.lead, self.scope = event.lead, event.scope.value
                if self.status is EngagementStatus.REQUESTED:
                    self.status = EngagementStatus.SCOPED
            case EngagementScheduled():
                self.status = EngagementStatus.SCHEDULED
                self.starts_at, self.join_url, self.reminders = event.starts_at, event.join_url, event.reminders
            case EngagementReminderDue() | EngagementReminderDropped():
                self.reminders = tuple(each for each in self.reminders if each != event.before)
            case EngagementCompleted():
                self._end(EngagementStatus.COMPLETED)
            case EngagementDeclined():
                self._end(EngagementStatus.DECLINED)
            case EngagementCancelled():
                self._end(EngagementStatus.CANCELLED)

    def _end(self, status: EngagementStatus) -> None:
        self.status, self.reminders = status, ()

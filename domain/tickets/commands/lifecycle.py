"""How a ticket moves between its states. The ways are status.py's table; a refusal names those that are allowed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.errors import ValidationFailed
from domain.policies import SlaTerms
from domain.tickets import status
from domain.tickets.commands.promises import Promises
from domain.tickets.events import (
    TicketClosed,
    TicketCustomerAwaited,
    TicketMarkedAsSpam,
    TicketPutOnHold,
    TicketReopened,
    TicketResolved,
    TicketSnoozed,
    TicketUnmarkedAsSpam,
    TicketWoken,
    TicketWorkStarted,
)
from domain.tickets.refusals import ReopenWindowPassed, TicketIsNotEnded, TicketIsNotSpam
from domain.tickets.status import Status
from domain.tickets.vocabulary import CloseCause, HoldReason, ReopenCause, Resolution, SlaMetric, WakeCause


class Lifecycle(Promises):
    def start_work(self, *, at: datetime) -> None:
        """Start, or go on. Records nothing where work goes on already."""
        self._must_be_in_progress()
        self._make_open(WakeCause.STAFF, at=at)

    def await_customer(self, *, at: datetime) -> None:
        self._must_allow(Status.PENDING_CUSTOMER)
        if self.status is not Status.PENDING_CUSTOMER:
            self.trigger_event(TicketCustomerAwaited, timestamp=at)

    def put_on_hold(self, reason: HoldReason, *, at: datetime) -> None:
        self._must_allow(Status.ON_HOLD)
        if self.hold_reason is not reason:
            self.trigger_event(TicketPutOnHold, timestamp=at, reason=reason)

    def snooze(self, until: datetime, *, at: datetime, limit: timedelta = timedelta(days=366)) -> None:
        """Let it sleep. `limit` is the policy's `snooze_limit`."""
        self._must_allow(Status.SNOOZED)
        path = ("input", "until")
        if until.tzinfo is None:
            raise ValidationFailed("The time has no offset from UTC.", problem="BAD_FORMAT", path=path)
        if until <= at:
            raise ValidationFailed(
                "A ticket sleeps until a time to come.", problem="OUT_OF_RANGE", path=path, limit=at.isoformat()
            )
        if until - at > limit:
            latest = (at + limit).isoformat()
            raise ValidationFailed(
                f"A ticket sleeps until {latest} at the latest.", problem="OUT_OF_RANGE", path=path, limit=latest
            )
        if self.snoozed_until != until:
            self.trigger_event(TicketSnoozed, timestamp=at, until=until.astimezone(UTC))

    def wake(self, *, at: datetime) -> None:
        """Its time has come. Records nothing when it was woken before, or was put to sleep again for longer."""
        if self.status is Status.SNOOZED and self.snoozed_until is not None and self.snoozed_until <= at:
            self.trigger_event(TicketWoken, timestamp=at, because=WakeCause.TIME)

    def resolve(self, resolution: Resolution, *, at: datetime, reopenable_until: datetime) -> None:
        self._must_allow(Status.RESOLVED)
        must_not_end_before(at, reopenable_until)
        self._keep(SlaMetric.RESOLUTION, at=at)
        self.trigger_event(
            TicketResolved, timestamp=at, resolution=resolution, episode=self.episode, reopenable_until=reopenable_until
        )

    def close(self, *, at: datetime, because: CloseCause, reopenable_until: datetime) -> None:
        self._must_allow(Status.CLOSED)
        must_not_end_before(at, reopenable_until)
        self.trigger_event(TicketClosed, timestamp=at, because=because, reopenable_until=reopenable_until)

    def close_by_time(self, *, at: datetime, close_after: timedelta, reopenable_until: datetime) -> None:
        """It was resolved `close_after` ago and nobody objected. Records nothing when something else happened meanwhile."""
        if self.status is Status.RESOLVED and self.resolved_at is not None and self.resolved_at + close_after <= at:
            self.close(at=at, because=CloseCause.TIME, reopenable_until=reopenable_until)

    def reopen(self, *, at: datetime, because: ReopenCause, terms: SlaTerms | None = None) -> None:
        """Within its window. Raises ReopenWindowPassed after it."""
        self._must_take_something()
        if self.status not in (Status.RESOLVED, Status.CLOSED):
            raise TicketIsNotEnded(self.status)
        if self.reopenable_until is None or at > self.reopenable_until:
            raise ReopenWindowPassed
        self.trigger_event(TicketReopened, timestamp=at, episode=self.episode + 1, because=because)
        self._promise(terms, at=at)

    def mark_as_spam(self, *, at: datetime) -> None:
        self._must_allow(Status.SPAM)
        self.trigger_event(TicketMarkedAsSpam, timestamp=at)

    def unmark_as_spam(self, *, at: datetime) -> None:
        """It is an inquiry after all, and NEW again."""
        self._must_take_something()
        if self.status is not Status.SPAM:
            raise TicketIsNotSpam(self.status)
        self.trigger_event(TicketUnmarkedAsSpam, timestamp=at)

    def _make_open(self, because: WakeCause, *, at: datetime) -> None:
        """From NEW or a waiting state to OPEN; elsewhere nothing."""
        if self.status is Status.SNOOZED:
            self.trigger_event(TicketWoken, timestamp=at, because=because)
        elif self.status is Status.NEW or self.status in status.WAITING:
            self.trigger_event(TicketWorkStarted, timestamp=at)


def must_not_end_before(at: datetime, reopenable_until: datetime) -> None:
    if reopenable_until < at:
        raise ValidationFailed("The window for reopening ends before it begins.", problem="OUT_OF_RANGE", limit=at.isoformat())

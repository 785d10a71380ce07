"""Any commands in any order: the history replays to the same state, a refusal records nothing, no reminder comes twice or too late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.catalogue import PRODUCTS, Capability
from domain.contracts.entitlements import Entitled, Entitlement
from domain.engagements.engagement import Engagement
from domain.engagements.events import (
    EngagementReminderDropped,
    EngagementReminderDue,
    EngagementScheduled,
)
from domain.engagements.vocabulary import ENDED, TRANSITIONS, EngagementKind, EngagementStatus
from domain.errors import Refused
from domain.event import DomainEvent

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
STAFF = [UUID(int=1), UUID(int=2)]
texts = st.sampled_from(["Hello", "", "nul\x00", "æøå", "x" * 100_001])
hours = st.integers(-48, 96).map(lambda each: timedelta(hours=each))
reminders = st.lists(st.integers(1, 72).map(lambda each: timedelta(hours=each)), max_size=4)
addresses = st.sampled_from(["https://meet.example.org/1", "https://meet.example.org/2", "http://meet.example.org/1", "4"])
HOLDER = Entitled(NOON, "SUPPORT-premium", (Entitlement(Capability.ENGAGEMENTS, "SUPPORT-premium"),), PRODUCTS)
BASE = Entitled(NOON, "SUPPORT-iaas.base", (), PRODUCTS)


class EngagementMachine(RuleBasedStateMachine):
    @initialize(kind=st.sampled_from(EngagementKind))
    def begin(self, kind: EngagementKind) -> None:
        self.at = NOON
        asked = {"id": uuid4(), "at": NOON, "ref": "ENG-1", "kind": kind, "organisation": uuid4(), "requester": uuid4()}
        try:
            Engagement.request(**asked, wish="Help", entitled=BASE)  # type: ignore[arg-type]
        except Refused:
            pass
        else:
            raise AssertionError("base gives no engagements")
        self.engagement = Engagement.request(**asked, wish="Help", entitled=HOLDER)  # type: ignore[arg-type]
        self.history: list[DomainEvent] = []
        self.seen = EngagementStatus.REQUESTED
        self.keep()

    def keep(self) -> list[DomainEvent]:
        new: list[DomainEvent] = [*self.engagement.collect_events()]  # type: ignore[list-item]
        self.history += new
        return new

    def attempt(self, command: Callable[[], object]) -> None:
        before, status = self.engagement.version, self.engagement.status
        try:
            command()
        except Refused:
            assert self.engagement.version == before
            assert self.engagement.pending_events == []
            return
        self.keep()
        if self.engagement.status is not status:
            assert self.engagement.status in TRANSITIONS[status]

    @rule(length=hours)
    def time_passes(self, length: timedelta) -> None:
        self.at += max(length, timedelta())

    @rule(text=texts, lead=st.sampled_from(STAFF))
    def agree(self, text: str, lead: UUID) -> None:
        self.attempt(lambda: self.engagement.agree(text, lead, at=self.at))

    @rule(ahead=hours, address=addresses, before=reminders)
    def schedule(self, ahead: timedelta, address: str, before: list[timedelta]) -> None:
        self.attempt(lambda: self.engagement.schedule(self.at + ahead, address, at=self.at, reminders=before))

    @rule(text=texts)
    def complete(self, text: str) -> None:
        self.attempt(lambda: self.engagement.complete(text, at=self.at))

    @rule(text=texts)
    def decline(self, text: str) -> None:
        self.attempt(lambda: self.engagement.decline(text, at=self.at))

    @rule()
    def cancel(self) -> None:
        self.attempt(lambda: self.engagement.cancel(at=self.at))

    @rule()
    def note_time(self) -> None:
        dropped = self.engagement.note_time(at=self.at)
        new = self.keep()
        assert sum(isinstance(event, EngagementReminderDropped) for event in new) == dropped
        assert sum(isinstance(event, EngagementReminderDue) for event in new) <= 1
        assert self.engagement.note_time(at=self.at) == 0
        assert self.keep() == []

    @invariant()
    def a_replay_comes_to_the_same(self) -> None:
        replayed: Engagement | None = None
        for event in self.history:
            replayed = event.mutate(replayed)
        assert replayed is not None
        assert vars(replayed) == vars(self.engagement)

    @invariant()
    def people_are_reminded_in_time_and_once_for_each_time_agreed(self) -> None:
        agreed: EngagementScheduled | None = None
        left: set[timedelta] = set()
        for event in self.history:
            match event:
                case EngagementScheduled():
                    agreed, left = event, set(event.reminders)
                    assert event.starts_at > event.timestamp
                    assert all(event.starts_at - each > event.timestamp for each in event.reminders)
                case EngagementReminderDue() | EngagementReminderDropped():
                    assert agreed is not None
                    assert event.starts_at == agreed.starts_at
                    left.remove(event.before)
                    assert event.starts_at - event.before <= event.timestamp
                    if isinstance(event, EngagementReminderDue):
                        assert event.timestamp < event.starts_at
        expected = set() if self.engagement.status in ENDED else left
        assert set(self.engagement.reminders) == expected

    @invariant()
    def what_is_scheduled_has_a_place_a_time_and_a_lead(self) -> None:
        if self.engagement.status is EngagementStatus.SCHEDULED:
            assert self.engagement.starts_at is not None
            assert (self.engagement.join_url or "").startswith("https://")
            assert self.engagement.lead in STAFF


TestEngagement = EngagementMachine.TestCase
TestEngagement.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)

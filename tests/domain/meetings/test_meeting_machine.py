"""Any commands in any order: the history replays to the same state, a refusal records nothing, a pack that is frozen stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.errors import Refused
from domain.event import DomainEvent
from domain.meetings.events import (
    MeetingActionItemCompleted,
    MeetingActionItemRaised,
    MeetingCancelled,
    MeetingHeld,
    MeetingMinutesRecorded,
    MeetingPackFrozen,
)
from domain.meetings.meeting import OperationsMeeting
from domain.meetings.quarters import Quarter
from domain.meetings.vocabulary import STANDING, TRANSITIONS, UPCOMING, MeetingStatus, OwnerKind

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
PEOPLE = [UUID(int=1), UUID(int=2)]
texts = st.sampled_from(["Capacity", "Disks", "SLA", "", "nul\x00", "x" * 251])
hours = st.integers(-48, 24 * 40).map(lambda each: timedelta(hours=each))
lengths = st.sampled_from([timedelta(hours=1), timedelta(minutes=1), timedelta(days=2)])
addresses = st.sampled_from(["https://meet.example.org/1", "https://meet.example.org/2", "http://meet.example.org/1"])


class MeetingMachine(RuleBasedStateMachine):
    @initialize(zone=st.sampled_from(["UTC", "Europe/Copenhagen"]))
    def begin(self, zone: str) -> None:
        self.at = NOON
        self.meeting = OperationsMeeting.schedule(
            at=NOON,
            organisation=uuid4(),
            contract_ref="acme",
            contract=uuid4(),
            quarter=Quarter(2026, 3),
            time_zone=zone,
            starts_at=NOON + timedelta(days=10),
            duration=timedelta(hours=1),
            join_url="https://meet.example.org/1",
        )
        self.history: list[DomainEvent] = []
        self.keep()

    def keep(self) -> None:
        self.history += self.meeting.collect_events()  # type: ignore[arg-type]

    def attempt(self, command: Callable[[], object]) -> None:
        before, status = self.meeting.version, self.meeting.status
        try:
            command()
        except Refused:
            assert self.meeting.version == before
            assert self.meeting.pending_events == []
            return
        self.keep()
        if self.meeting.status is not status:
            assert self.meeting.status in TRANSITIONS[status]

    @rule(length=hours)
    def time_passes(self, length: timedelta) -> None:
        self.at += max(length, timedelta())

    @rule(ahead=hours, length=lengths, address=addresses)
    def reschedule(self, ahead: timedelta, length: timedelta, address: str) -> None:
        self.attempt(lambda: self.meeting.reschedule(self.at + ahead, length, address, at=self.at))

    @rule(ahead=hours, length=lengths, address=addresses)
    def revive(self, ahead: timedelta, length: timedelta, address: str) -> None:
        self.attempt(lambda: self.meeting.revive(self.at + ahead, length, address, at=self.at))

    @rule(title=texts)
    def add_agenda_item(self, title: str) -> None:
        self.attempt(lambda: self.meeting.add_agenda_item(uuid4(), title, at=self.at))

    @rule(pack=st.sampled_from(["{}", '{"a":1}']), position=st.integers(1, 9))
    def freeze(self, pack: str, position: int) -> None:
        self.attempt(lambda: self.meeting.freeze_pack(pack, epoch=1, position=position, at=self.at))

    @rule(open_for=st.integers(1, 40))
    def hold(self, open_for: int) -> None:
        self.attempt(lambda: self.meeting.hold(at=self.at, minutes_open=timedelta(days=open_for)))

    @rule(text=texts)
    def record_minutes(self, text: str) -> None:
        self.attempt(lambda: self.meeting.record_minutes(text, at=self.at))

    @rule(given=st.booleans())
    def settle(self, given: bool) -> None:
        """What its contract ended and nobody called off may come back; what has begun stays as it is."""
        goes = not given and self.meeting.status in UPCOMING and self.at < self.meeting.starts_at
        before = self.meeting.version
        self.attempt(lambda: self.meeting.settle(given=given, at=self.at))
        assert self.meeting.version == before + goes
        if goes:
            assert self.meeting.may_come_back

    @rule(title=texts, owner=st.sampled_from(PEOPLE), due=st.none() | st.integers(-3, 60))
    def raise_action_item(self, title: str, owner: UUID, due: int | None) -> None:
        due_on = None if due is None else (self.at + timedelta(days=due)).date()
        self.attempt(lambda: self.meeting.raise_action_item(uuid4(), title, owner, OwnerKind.STAFF, due_on, at=self.at))

    @rule(which=st.integers(0, 5), by=st.sampled_from(PEOPLE), manages=st.booleans())
    def complete_action_item(self, which: int, by: UUID, manages: bool) -> None:
        item = [*self.meeting.actions, *(uuid4() for _ in range(6))][which]
        self.attempt(lambda: self.meeting.complete_action_item(item, by=by, manages=manages, at=self.at))

    @rule()
    def cancel(self) -> None:
        self.attempt(lambda: self.meeting.cancel(at=self.at))

    @invariant()
    def a_replay_comes_to_the_same(self) -> None:
        replayed: OperationsMeeting | None = None
        for event in self.history:
            replayed = event.mutate(replayed)
        assert replayed is not None
        assert vars(replayed) == vars(self.meeting)

    @invariant()
    def a_pack_is_frozen_once_between_two_cancellations_and_shown_as_it_was(self) -> None:
        frozen: MeetingPackFrozen | None = None
        for event in self.history:
            match event:
                case MeetingPackFrozen():
                    assert frozen is None
                    frozen = event
                case MeetingCancelled():
                    frozen = None
        if self.meeting.status is not MeetingStatus.CANCELLED:
            assert self.meeting.pack == (frozen and (frozen.epoch, frozen.position, frozen.sha256))

    @invariant()
    def minutes_are_of_meetings_that_were_held_and_written_in_time(self) -> None:
        until: datetime | None = None
        for event in self.history:
            match event:
                case MeetingHeld():
                    until = event.minutes_until
                case MeetingMinutesRecorded():
                    assert until is not None
                    assert event.timestamp < until

    @invariant()
    def the_standing_points_are_never_among_the_extras(self) -> None:
        assert not {name.casefold() for _, name in STANDING} & {
            (each or "").casefold() for each in self.meeting.extras.values()
        }

    @invariant()
    def tasks_are_done_once(self) -> None:
        done = [event.item for event in self.history if isinstance(event, MeetingActionItemCompleted)]
        raised = {event.item for event in self.history if isinstance(event, MeetingActionItemRaised)}
        assert len(done) == len(set(done))
        assert set(done) <= raised == set(self.meeting.actions)


TestMeeting = MeetingMachine.TestCase
TestMeeting.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)

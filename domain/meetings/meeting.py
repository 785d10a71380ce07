"""An operations meeting: the quarterly meeting of a contract, always online, with its agenda, its figures, its minutes and its tasks.

Decision: its id follows from contract and quarter, so there is one of each whatever raced whatever, and no reservation is needed. A
cancelled one is scheduled anew on the same stream: by time only where its contract ended it, for then nobody called it off. Whether
the contract gives such meetings is judged by whoever hands the facts in (services/commands/meetings.py). Minutes are written from when
it was held until the policy's time for them has passed; after that they stand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from domain import text
from domain.engagements import join_url as addresses
from domain.errors import ValidationFailed
from domain.event import Aggregate, DomainEvent, Personal
from domain.meetings.events import (
    MeetingActionItemCompleted,
    MeetingActionItemRaised,
    MeetingAgendaItemAdded,
    MeetingCancelled,
    MeetingHeld,
    MeetingMinutesRecorded,
    MeetingPackFrozen,
    MeetingRescheduled,
    MeetingRevived,
    MeetingScheduled,
)
from domain.meetings.quarters import Quarter
from domain.meetings.refusals import (
    ActionItemIsOthers,
    AgendaIsFixed,
    MeetingHasNotBegun,
    MeetingStandsOtherwise,
    MinutesAreClosed,
    PackIsFrozen,
    QuarterHasNotBegun,
    no_such_item,
)
from domain.meetings.vocabulary import STANDING, TRANSITIONS, UPCOMING, Cancellation, MeetingStatus, OwnerKind
from domain.policies import NAMESPACE

FARTHEST = timedelta(days=731)
"""How far ahead one is scheduled."""
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=1)
MOST_EXTRAS = 30
MOST_ACTIONS = 100


@dataclass(frozen=True, slots=True)
class ActionItem:
    owner: UUID
    owner_kind: OwnerKind
    done: bool = False


class OperationsMeeting(Aggregate):
    TOPIC = "meeting"
    Event = DomainEvent
    Created = MeetingScheduled  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @staticmethod
    def id_of(contract: UUID, quarter: Quarter) -> UUID:
        return uuid5(NAMESPACE, f"meeting/{contract}/{quarter.name}")

    @classmethod
    def schedule(
        cls,
        *,
        at: datetime,
        organisation: UUID,
        contract_ref: str,
        contract: UUID,
        quarter: Quarter,
        time_zone: str,
        starts_at: datetime,
        duration: timedelta,
        join_url: str,
    ) -> OperationsMeeting:
        """Plan the meeting of a contract and quarter. Raises ValidationFailed."""
        _check_time(starts_at, duration, at)
        return cls._create(
            MeetingScheduled,
            id=cls.id_of(contract, quarter),
            timestamp=at,
            ref=f"{contract_ref}-{quarter.name}",
            contract=contract,
            organisation=organisation,
            year=quarter.year,
            quarter=quarter.number,
            starts_at=starts_at,
            duration=duration,
            join_url=addresses.checked(join_url, path=("input", "joinUrl")),
            time_zone=time_zone,
        )

    def revive(self, starts_at: datetime, duration: timedelta, join_url: str, *, at: datetime) -> None:
        """Schedule anew what was cancelled. Its pack is gone: figures are fixed again when the time comes."""
        self._must_allow(MeetingStatus.SCHEDULED)
        _check_time(starts_at, duration, at)
        where = addresses.checked(join_url, path=("input", "joinUrl"))
        self.trigger_event(MeetingRevived, timestamp=at, starts_at=starts_at, duration=duration, join_url=where)

    def reschedule(self, starts_at: datetime, duration: timedelta, join_url: str, *, at: datetime) -> None:
        """Move it. A pack that is frozen stays as it is."""
        self._must_be_upcoming()
        _check_time(starts_at, duration, at)
        where = addresses.checked(join_url, path=("input", "joinUrl"))
        if (starts_at, duration, where) != (self.starts_at, self.duration, self.join_url):
            self.trigger_event(MeetingRescheduled, timestamp=at, starts_at=starts_at, duration=duration, join_url=where)

    def add_agenda_item(self, item: UUID, title: str, *, at: datetime) -> None:
        """Put a point after the standing four. One that is there already records nothing. Raises AgendaIsFixed."""
        self._must_be_upcoming()
        said = text.line(title, path=("input", "title"), what="The title")
        for kind, name in STANDING:
            if said.casefold() in (name.casefold(), kind.value.casefold()):
                raise AgendaIsFixed(name)
        if said in self.extras.values():
            return
        if len(self.extras) >= MOST_EXTRAS:
            raise ValidationFailed(
                f"At most {MOST_EXTRAS} points are added to an agenda.",
                problem="OUT_OF_RANGE",
                path=("input", "title"),
                limit=str(MOST_EXTRAS),
            )
        self.trigger_event(MeetingAgendaItemAdded, timestamp=at, item=item, title=Personal(said, of=self._home))

    def period(self, at: datetime) -> tuple[datetime, datetime]:
        """What a pack frozen at an instant is about: its quarter, as far as it has passed. Raises what refuses the freezing."""
        if self.status is MeetingStatus.PACK_FROZEN or (self.status is MeetingStatus.HELD and self.pack is not None):
            raise PackIsFrozen
        self._must_allow(MeetingStatus.PACK_FROZEN)
        begins = self.quarter.begins(self.time_zone)
        if at <= begins:
            raise QuarterHasNotBegun(begins)
        return begins, min(self.quarter.ends(self.time_zone), at)

    def freeze_pack(self, pack: str, *, epoch: int, position: int, at: datetime) -> None:
        """Fix the figures. `pack` is their canonical JSON at that position. Raises PackIsFrozen."""
        self.period(at)
        digest = sha256(pack.encode()).hexdigest()
        self.trigger_event(MeetingPackFrozen, timestamp=at, epoch=epoch, position=position, sha256=digest, pack=pack)

    def hold(self, *, at: datetime, minutes_open: timedelta) -> None:
        """Say that it took place. Raises MeetingHasNotBegun."""
        self._must_allow(MeetingStatus.HELD)
        if at < self.starts_at:
            raise MeetingHasNotBegun(self.starts_at)
        self.trigger_event(MeetingHeld, timestamp=at, minutes_until=at + minutes_open)

    def record_minutes(self, minutes: str, *, at: datetime) -> None:
        """Write them, or write them over. Raises MinutesAreClosed."""
        if self.status is not MeetingStatus.HELD:
            raise MeetingStandsOtherwise(self.status)
        assert self.minutes_until is not None
        if at >= self.minutes_until:
            raise MinutesAreClosed(self.minutes_until)
        said = text.body(minutes, path=("input", "minutes"), what="The minutes")
        if said != self.minutes:
            self.trigger_event(MeetingMinutesRecorded, timestamp=at, minutes=Personal(said, of=self._home))

    def raise_action_item(
        self, item: UUID, title: str, owner: UUID, owner_kind: OwnerKind, due_on: date | None, *, at: datetime
    ) -> None:
        """Give somebody a task, before the meeting or after it."""
        if self.status is MeetingStatus.CANCELLED:
            raise MeetingStandsOtherwise(self.status)
        said = text.line(title, path=("input", "title"), what="The title")
        today = at.astimezone(ZoneInfo(self.time_zone)).date()
        if due_on is not None and not today <= due_on <= today + FARTHEST:
            raise ValidationFailed(
                "A task is due today or within two years.",
                problem="OUT_OF_RANGE",
                path=("input", "dueOn"),
                limit=today.isoformat(),
            )
        if len(self.actions) >= MOST_ACTIONS:
            raise ValidationFailed(
                f"A meeting has at most {MOST_ACTIONS} action items.",
                problem="OUT_OF_RANGE",
                path=("input", "title"),
                limit=str(MOST_ACTIONS),
            )
        self.trigger_event(
            MeetingActionItemRaised,
            timestamp=at,
            item=item,
            title=Personal(said, of=self._home),
            owner=owner,
            owner_kind=owner_kind,
            due_on=due_on,
        )

    def complete_action_item(self, item: UUID, *, by: UUID, manages: bool, at: datetime) -> None:
        """Say that a task is done; done already records nothing. `manages`: the one who says so is its manager."""
        found = self.actions.get(item)
        if found is None:
            raise no_such_item()
        if not manages and by != found.owner:
            raise ActionItemIsOthers
        if not found.done:
            self.trigger_event(MeetingActionItemCompleted, timestamp=at, item=item)

    def cancel(self, *, at: datetime) -> None:
        self._must_allow(MeetingStatus.CANCELLED)
        self.trigger_event(MeetingCancelled, timestamp=at)

    def settle(self, *, given: bool, at: datetime) -> None:
        """End it where its contract gives no such meetings any more and it has not begun. Records nothing where nothing has to end."""
        if not given and self.status in UPCOMING and at < self.starts_at:
            self.trigger_event(MeetingCancelled, timestamp=at, reason=Cancellation.ENTITLEMENT_LOST)

    @property
    def may_come_back(self) -> bool:
        """Whether time may plan it anew: nobody called it off, its contract alone ended it."""
        return self.status is MeetingStatus.CANCELLED and self.cancelled_because is Cancellation.ENTITLEMENT_LOST

    def _must_allow(self, wanted: MeetingStatus) -> None:
        if wanted not in TRANSITIONS[self.status]:
            raise MeetingStandsOtherwise(self.status)

    def _must_be_upcoming(self) -> None:
        if self.status not in UPCOMING:
            raise MeetingStandsOtherwise(self.status)

    @property
    def organisation(self) -> UUID:
        return self._home

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case MeetingScheduled():
                self.ref, self.contract, self._home = event.ref, event.contract, event.organisation
                self.quarter, self.time_zone = Quarter(event.year, event.quarter), event.time_zone
                self.extras: dict[UUID, str | None] = {}
                self.actions: dict[UUID, ActionItem] = {}
                self.minutes: str | None = None
                self.minutes_until: datetime | None = None
                self.pack: tuple[int, int, str] | None = None
                self.cancelled_because: Cancellation | None = None
                self._plan(event)
            case MeetingRevived():
                self.pack = None
                self._plan(event)
            case MeetingRescheduled():
                self.starts_at, self.duration, self.join_url = event.starts_at, event.duration, event.join_url
            case MeetingAgendaItemAdded():
                self.extras[event.item] = event.title.value
            case MeetingPackFrozen():
                self.status = MeetingStatus.PACK_FROZEN
                self.pack = (event.epoch, event.position, event.sha256)
            case MeetingHeld():
                self.status, self.minutes_until = MeetingStatus.HELD, event.minutes_until
            case MeetingMinutesRecorded():
                self.minutes = event.minutes.value
            case MeetingActionItemRaised():
                self.actions[event.item] = ActionItem(event.owner, event.owner_kind)
            case MeetingActionItemCompleted():
                self.actions[event.item] = replace(self.actions[event.item], done=True)
            case MeetingCancelled():
                self.status, self.cancelled_because = MeetingStatus.CANCELLED, event.reason

    def _plan(self, event: MeetingScheduled | MeetingRevived) -> None:
        self.status = MeetingStatus.SCHEDULED
        self.cancelled_because = None
        self.starts_at, self.duration, self.join_url = event.starts_at, event.duration, event.join_url


def _check_time(starts_at: datetime, duration: timedelta, at: datetime) -> None:
    path = ("input", "startsAt")
    if starts_at <= at:
        raise ValidationFailed("A meeting begins later.", problem="OUT_OF_RANGE", path=path, limit=at.isoformat())
    farthest = at + FARTHEST
    if starts_at > farthest:
        raise ValidationFailed(
            "A meeting is scheduled for the next two years.", problem="OUT_OF_RANGE", path=path, limit=farthest.isoformat()
        )
    if not SHORTEST <= duration <= LONGEST:
        raise ValidationFailed(
            "A meeting lasts from five minutes to a day.",
            problem="OUT_OF_RANGE",
            path=("input", "duration"),
            limit="PT5M to P1D",
        )

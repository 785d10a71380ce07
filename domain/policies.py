"""What the operator decides: queues, calendars, promises, custom fields, windows, products. Data alone, handed to commands.

Applied as `policy.applied.v1` and never read from a file by the domain. Figures are configuration; the service catalogue
promises none. `check` judges a new set; a set that was once applied is never judged again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from domain import calendars
from domain.calendars import Calendar, Weekday
from domain.catalogue import BASE_PRODUCT, PRODUCTS, Product
from domain.tickets.vocabulary import Channel, EscalationTarget, Priority, Severity, SlaMetric, TicketKind, Visibility

NAMESPACE = UUID("6f2b6c1e-3d0a-5c52-9d53-2f5d0f3a7c11")
"""Ours, for ids that follow from a name."""
MOST_REMINDERS = 10
LONGEST_REMINDER = timedelta(days=90)
LONGEST = timedelta(days=3660)
"""Of any length of time a policy names: what is added to a date must stay one."""


def queue_id(ref: str) -> UUID:
    """A queue's id follows from its ref, so that it needs no stream."""
    return uuid5(NAMESPACE, f"queue/{ref}")


class FieldType(StrEnum):
    TEXT = "TEXT"
    NUMBER = "NUMBER"
    DATE = "DATE"
    OPTIONS = "OPTIONS"


class FieldSetter(StrEnum):
    """Who may set a field: an access level of the schema."""

    CONTACT = "CONTACT"
    STAFF = "STAFF"


@dataclass(frozen=True)
class Queue:
    """A team's tickets."""

    ref: str
    name: str

    @property
    def id(self) -> UUID:
        return queue_id(self.ref)


@dataclass(frozen=True)
class FieldDefinition:
    """A custom field. A customer may set it only where they see it."""

    key: str
    label: str
    type: FieldType
    options: tuple[str, ...] = ()
    set_by: FieldSetter = FieldSetter.STAFF
    visibility: Visibility = Visibility.EVERYONE


@dataclass(frozen=True)
class SlaPolicyTarget:
    """Within how much counted time. `severity` None is any."""

    metric: SlaMetric
    priority: Priority
    within: timedelta
    severity: Severity | None = None


@dataclass(frozen=True)
class SlaPolicy:
    """Promises to the holders of a product. `calendar` is a calendar's name; `escalate_to` is called at a breach."""

    name: str
    product: str
    calendar: str
    targets: tuple[SlaPolicyTarget, ...]
    imminent_share: float = 0.75
    escalate_to: EscalationTarget | None = None


@dataclass(frozen=True)
class SlaTerms:
    """A policy with its calendar at hand: what commands take, and what is copied onto the ticket."""

    policy: SlaPolicy
    calendar: Calendar

    def within(self, metric: SlaMetric, priority: Priority, severity: Severity | None) -> timedelta | None:
        """The figure; one for the very severity goes before one for any. None: nothing is promised."""
        fitting = [each for each in self.policy.targets if each.metric is metric and each.priority is priority]
        exact = next((each for each in fitting if severity is not None and each.severity is severity), None)
        chosen = exact or next((each for each in fitting if each.severity is None), None)
        return chosen.within if chosen else None


@dataclass(frozen=True)
class Route:
    """Where a new ticket goes; what is None fits anything. The first that fits is taken."""

    queue: str
    kind: TicketKind | None = None
    channel: Channel | None = None


@dataclass(frozen=True)
class ChatPolicy:
    """What the chat rooms are called, and whether the community's takes people in.

    `{organisation}` in the backchannel's names stands for an organisation's ref and name; `{ref}` in `join_url` for the room's ref.
    """

    community_open: bool = True
    """To every contact whose e-mail is verified."""
    community_ref: str = "community"
    community_name: str = "Community"
    backchannel_ref: str = "backchannel-{organisation}"
    backchannel_name: str = "Backchannel {organisation}"
    join_url: str | None = None
    """Where a room opens; None: nowhere yet."""


@dataclass(frozen=True)
class EngagementPolicy:
    """How long before an engagement begins its people are reminded."""

    reminders: tuple[timedelta, ...] = (timedelta(days=1), timedelta(hours=1))


@dataclass(frozen=True)
class MeetingPolicy:
    """When the operations meeting of a quarter is proposed, for how long and where; see domain/meetings/quarters.py: slot.

    `week` counts the weekday's days in the quarter, from 1; `at` is on the wall of `time_zone`, in which quarters begin and end too.
    `notice` is the shortest time from the proposal to the meeting. `{ref}` in `join_url` stands for the meeting's name.
    """

    week: int = 12
    weekday: Weekday = Weekday.TUESDAY
    at: str = "10:00"
    time_zone: str = "UTC"
    duration: timedelta = timedelta(hours=1)
    join_url: str = "https://meet.example.org/{ref}"
    notice: timedelta = timedelta(days=7)
    minutes_open: timedelta = timedelta(days=30)
    """How long after a meeting its minutes may be written."""


@dataclass(frozen=True)
class Policies:
    """All of it, as it is in force at one time. `default_queue` is a queue's ref, taken where no route fits."""

    queues: tuple[Queue, ...]
    default_queue: str
    calendars: tuple[Calendar, ...] = (calendars.ALWAYS,)
    sla_policies: tuple[SlaPolicy, ...] = ()
    fields: tuple[FieldDefinition, ...] = ()
    routes: tuple[Route, ...] = ()
    reopen_window: timedelta = timedelta(days=14)
    close_after: timedelta = timedelta(days=14)
    """From resolved to closed by time."""
    snooze_limit: timedelta = timedelta(days=366)
    products: tuple[Product, ...] = field(default=PRODUCTS)
    chat: ChatPolicy = ChatPolicy()
    engagements: EngagementPolicy = EngagementPolicy()
    operations_meetings: MeetingPolicy = MeetingPolicy()

    def queue(self, id: UUID) -> Queue | None:
        return next((queue for queue in self.queues if queue.id == id), None)

    def route(self, kind: TicketKind, channel: Channel) -> UUID:
        """The queue of a new ticket."""
        for route in self.routes:
            if route.kind in (None, kind) and route.channel in (None, channel):
                return queue_id(route.queue)
        return queue_id(self.default_queue)

    def field(self, key: str) -> FieldDefinition | None:
        return next((found for found in self.fields if found.key == key), None)

    def terms(self, product: str = BASE_PRODUCT) -> SlaTerms | None:
        """The promises to holders of a product, those of the base product where it has none of its own. None: no promises."""
        for code in (product, BASE_PRODUCT):
            for policy in self.sla_policies:
                if policy.product == code:
                    return SlaTerms(policy, self._calendar(policy.calendar))
        return None

    def _calendar(self, name: str) -> Calendar:
        return next((calendar for calendar in self.calendars if calendar.name == name), calendars.ALWAYS)

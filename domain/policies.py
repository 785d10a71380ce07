"""What the operator decides: queues, calendars, promises, custom fields, windows, products. Data alone, handed to commands.

Applied as `policy.applied.v1` and never read from a file by the domain. Figures are configuration; the service catalogue
promises none. `check` judges a new set; a set that was once applied is never judged again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain import calendars
from domain.calendars import Calendar, Weekday
from domain.catalogue import BASE_PRODUCT, PRODUCTS, Product
from domain.errors import ValidationFailed
from domain.tickets.vocabulary import Channel, EscalationTarget, Priority, Severity, SlaMetric, TicketKind, Visibility

NAMESPACE = UUID("6f2b6c1e-3d0a-5c52-9d53-2f5d0f3a7c11")
"""Ours, for ids that follow from a name."""
MOST_REMINDERS = 10
LONGEST_REMINDER = timedelta(days=90)


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


def check(policies: Policies) -> None:
    """Refuse a set that contradicts itself. Raises ValidationFailed with the path in the set."""
    refs = _unique("queues", (queue.ref for queue in policies.queues))
    names = _unique("calendars", (calendar.name for calendar in policies.calendars))
    codes = _unique("products", (product.code for product in policies.products))
    _unique("fields", (found.key for found in policies.fields))
    _unique("slaPolicies", (policy.product for policy in policies.sla_policies))
    _known(policies.default_queue, refs, ("defaultQueue",))
    _known(BASE_PRODUCT, codes, ("products",))
    for route in policies.routes:
        _known(route.queue, refs, ("routes", route.queue))
    for calendar in policies.calendars:
        calendars.check(calendar)
    for found in policies.fields:
        if (found.type is FieldType.OPTIONS) != bool(found.options):
            raise _wrong(
                f"Field {found.key!r}: options belong to the type OPTIONS and to no other.", "REQUIRED", ("fields", found.key)
            )
        if found.set_by is FieldSetter.CONTACT and found.visibility is Visibility.STAFF:
            raise _wrong(
                f"Field {found.key!r}: customers cannot set what they do not see.", "NOT_ALLOWED", ("fields", found.key)
            )
    for policy in policies.sla_policies:
        _check_promises(policy, codes, names)
    for name, length in (("reopenWindow", policies.reopen_window), ("closeAfter", policies.close_after)):
        if length < timedelta():
            raise _wrong(f"{name} is negative.", "OUT_OF_RANGE", (name,))
    if policies.snooze_limit <= timedelta():
        raise _wrong("snoozeLimit is not positive.", "OUT_OF_RANGE", ("snoozeLimit",))
    _check_chat(policies.chat)
    _check_engagements(policies.engagements)
    _check_meetings(policies.operations_meetings)


def _check_promises(policy: SlaPolicy, codes: set[str], names: set[str]) -> None:
    path = ("slaPolicies", policy.name)
    _known(policy.product, codes, path)
    _known(policy.calendar, names, path)
    if not 0 < policy.imminent_share < 1:
        raise _wrong(f"SLA policy {policy.name!r}: imminentShare lies between 0 and 1.", "OUT_OF_RANGE", path)
    _unique(f"slaPolicies/{policy.name}", (f"{each.metric} {each.priority} {each.severity}" for each in policy.targets))
    if any(each.within <= timedelta() for each in policy.targets):
        raise _wrong(f"SLA policy {policy.name!r}: a target is not positive.", "OUT_OF_RANGE", path)


def _check_chat(chat: ChatPolicy) -> None:
    for name, text, holder in (
        ("communityRef", chat.community_ref, None),
        ("communityName", chat.community_name, None),
        ("backchannelRef", chat.backchannel_ref, "{organisation}"),
        ("backchannelName", chat.backchannel_name, None),
        ("joinUrl", chat.join_url, "{ref}"),
    ):
        if text is not None and not text.strip():
            raise _wrong(f"chat.{name} is empty.", "REQUIRED", ("chat", name))
        if text is not None and holder is not None and holder not in text:
            raise _wrong(f"chat.{name} has {holder} in it, or all rooms are one.", "REQUIRED", ("chat", name))
    if chat.join_url is not None and not chat.join_url.startswith("https://"):
        raise _wrong("chat.joinUrl begins with https://.", "BAD_FORMAT", ("chat", "joinUrl"))


def _check_engagements(engagements: EngagementPolicy) -> None:
    path = ("engagements", "reminders")
    _unique("engagements/reminders", (str(each) for each in engagements.reminders))
    if len(engagements.reminders) > MOST_REMINDERS:
        raise _wrong(f"engagements.reminders has at most {MOST_REMINDERS}.", "OUT_OF_RANGE", path)
    if any(not timedelta() < each <= LONGEST_REMINDER for each in engagements.reminders):
        raise _wrong("engagements.reminders: each is positive and at most 90 days.", "OUT_OF_RANGE", path)


def _check_meetings(meetings: MeetingPolicy) -> None:
    def wrong(name: str, message: str, problem: str = "OUT_OF_RANGE") -> ValidationFailed:
        return _wrong(f"operations_meetings.{name} {message}", problem, ("operations_meetings", name))

    if not 1 <= meetings.week <= 13:
        raise wrong("week", "is 1 to 13: a quarter has 13 weeks.")
    try:
        time.fromisoformat(meetings.at)
    except ValueError:
        raise wrong("at", 'is a time of day, "10:00".', "BAD_FORMAT") from None
    if len(meetings.at) != len("10:00"):
        raise wrong("at", 'is a time of day, "10:00".', "BAD_FORMAT")
    try:
        ZoneInfo(meetings.time_zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise wrong(
            "time_zone", 'is no time zone that is known here; write one like "Europe/Copenhagen".', "NOT_ALLOWED"
        ) from None
    if not timedelta(minutes=5) <= meetings.duration <= timedelta(days=1):
        raise wrong("duration", "lies between five minutes and a day.")
    if not meetings.join_url.startswith("https://") or "{ref}" not in meetings.join_url:
        raise wrong("join_url", "begins with https:// and has {ref} in it, or all meetings are one.", "BAD_FORMAT")
    if not timedelta() <= meetings.notice <= timedelta(days=60):
        raise wrong("notice", "lies between nothing and 60 days.")
    if not timedelta() < meetings.minutes_open <= timedelta(days=366):
        raise wrong("minutes_open", "is positive and at most 366 days.")


def _unique(what: str, names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise _wrong(f"{what}: {name!r} stands twice.", "NOT_ALLOWED", (what, name))
        seen.add(name)
    return seen


def _known(name: str, names: set[str], path: tuple[str, ...]) -> None:
    if name not in names:
        raise _wrong(f"{'/'.join(path)}: {name!r} is not among {', '.join(sorted(names)) or 'none'}.", "NOT_ALLOWED", path)


def _wrong(message: str, problem: str, path: tuple[str, ...]) -> ValidationFailed:
    return ValidationFailed(message, problem=problem, path=path)

"""Whether a set of policies can be meant: judged when it is applied, never when it is replayed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain import calendars
from domain.calendars import Calendar
from domain.catalogue import BASE_PRODUCT
from domain.errors import ValidationFailed
from domain.policies import (
    LONGEST,
    LONGEST_REMINDER,
    MOST_REMINDERS,
    ChatPolicy,
    EngagementPolicy,
    FieldDefinition,
    FieldSetter,
    FieldType,
    MeetingPolicy,
    Policies,
    SlaPolicy,
)
from domain.tickets.vocabulary import Visibility


def check(policies: Policies) -> None:
    """Refuse what contradicts itself. Raises ValidationFailed; its path is the place in the policy file: sla_policies[0], calendar."""
    refs = _unique("queues", "ref", [queue.ref for queue in policies.queues])
    names = _unique("calendars", "name", [calendar.name for calendar in policies.calendars])
    codes = _unique("products", "code", [product.code for product in policies.products])
    _unique("fields", "key", [found.key for found in policies.fields])
    _unique("sla_policies", "product", [policy.product for policy in policies.sla_policies])
    _known(policies.default_queue, refs, ("default_queue",))
    if BASE_PRODUCT not in codes:
        raise _wrong(f"{BASE_PRODUCT} is missing: every organisation has at least that.", "REQUIRED", ("products",))
    for index, route in enumerate(policies.routes):
        _known(route.queue, refs, (f"routes[{index}]", "queue"))
    for index, calendar in enumerate(policies.calendars):
        _check_calendar(calendar, f"calendars[{index}]")
    for index, found in enumerate(policies.fields):
        _check_field(found, f"fields[{index}]")
    for index, policy in enumerate(policies.sla_policies):
        _check_promises(policy, codes, names, f"sla_policies[{index}]")
    for name, length in (("reopen_window", policies.reopen_window), ("close_after", policies.close_after)):
        if not timedelta() <= length <= LONGEST:
            raise _wrong(f"is neither negative nor longer than {LONGEST.days} days.", "OUT_OF_RANGE", (name,))
    if not timedelta() < policies.snooze_limit <= LONGEST:
        raise _wrong(f"is positive and at most {LONGEST.days} days.", "OUT_OF_RANGE", ("snooze_limit",))
    _check_chat(policies.chat)
    _check_engagements(policies.engagements)
    _check_meetings(policies.operations_meetings)


def _check_calendar(calendar: Calendar, place: str) -> None:
    try:
        calendars.check(calendar)
    except ValidationFailed as refused:
        key = {"timeZone": "time_zone"}.get(refused.path[2], refused.path[2])
        raise _wrong(refused.message, refused.problem, (place, key)) from None


def _check_field(found: FieldDefinition, place: str) -> None:
    if (found.type is FieldType.OPTIONS) != bool(found.options):
        key = "options" if found.options else "type"
        raise _wrong(f"field {found.key!r}: options belong to the type OPTIONS and to no other.", "REQUIRED", (place, key))
    if found.set_by is FieldSetter.CONTACT and found.visibility is Visibility.STAFF:
        raise _wrong(f"field {found.key!r}: customers cannot set what they do not see.", "NOT_ALLOWED", (place, "visibility"))


def _check_promises(policy: SlaPolicy, codes: set[str], names: set[str], place: str) -> None:
    _known(policy.product, codes, (place, "product"))
    _known(policy.calendar, names, (place, "calendar"))
    if not 0 < policy.imminent_share < 1:
        raise _wrong("lies between 0 and 1.", "OUT_OF_RANGE", (place, "imminent_share"))
    seen = set()
    for index, each in enumerate(policy.targets):
        where = (place, f"targets[{index}]")
        if (named := (each.metric, each.priority, each.severity)) in seen:
            raise _wrong(
                f"{each.metric} {each.priority} {each.severity or 'of any severity'} stands twice.", "NOT_ALLOWED", where
            )
        seen.add(named)
        if not timedelta() < each.within <= LONGEST:
            raise _wrong(f"is positive and at most {LONGEST.days} days.", "OUT_OF_RANGE", where)


def _check_chat(chat: ChatPolicy) -> None:
    for name, text, holder in (
        ("community_ref", chat.community_ref, None),
        ("community_name", chat.community_name, None),
        ("backchannel_ref", chat.backchannel_ref, "{organisation}"),
        ("backchannel_name", chat.backchannel_name, None),
        ("join_url", chat.join_url, "{ref}"),
    ):
        if text is not None and not text.strip():
            raise _wrong("is empty.", "REQUIRED", ("chat", name))
        if text is not None and holder is not None and holder not in text:
            raise _wrong(f"has {holder} in it, or all rooms are one.", "REQUIRED", ("chat", name))
    if chat.join_url is not None and not chat.join_url.startswith("https://"):
        raise _wrong("begins with https://.", "BAD_FORMAT", ("chat", "join_url"))


def _check_engagements(engagements: EngagementPolicy) -> None:
    path = ("engagements", "reminders")
    if len(set(engagements.reminders)) < len(engagements.reminders):
        raise _wrong("one stands twice.", "NOT_ALLOWED", path)
    if len(engagements.reminders) > MOST_REMINDERS:
        raise _wrong(f"has at most {MOST_REMINDERS}.", "OUT_OF_RANGE", path)
    if any(not timedelta() < each <= LONGEST_REMINDER for each in engagements.reminders):
        raise _wrong("each is positive and at most 90 days.", "OUT_OF_RANGE", path)


def _check_meetings(meetings: MeetingPolicy) -> None:
    def wrong(name: str, message: str, problem: str = "OUT_OF_RANGE") -> ValidationFailed:
        return _wrong(message, problem, ("operations_meetings", name))

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


def _unique(table: str, key: str, names: Sequence[str]) -> set[str]:
    for index, name in enumerate(names):
        if not name.strip():
            raise _wrong("is empty.", "REQUIRED", (f"{table}[{index}]", key))
        if name in names[:index]:
            raise _wrong(f"{name!r} stands twice.", "NOT_ALLOWED", (f"{table}[{index}]", key))
    return set(names)


def _known(name: str, names: set[str], path: tuple[str, ...]) -> None:
    if name not in names:
        raise _wrong(f"{name!r} is not among {', '.join(sorted(names)) or 'none'}.", "NOT_ALLOWED", path)


def _wrong(message: str, problem: str, path: tuple[str, ...]) -> ValidationFailed:
    return ValidationFailed(message, problem=problem, path=path)

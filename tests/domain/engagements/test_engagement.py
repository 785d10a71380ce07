"""Engagements: who may ask, what follows what, where they open, and what people are reminded of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.catalogue import BASE_PRODUCT, PRODUCTS, Capability
from domain.contracts.entitlements import Entitled, Entitlement
from domain.engagements.engagement import FARTHEST, Engagement
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
from domain.engagements.vocabulary import EngagementKind, EngagementStatus
from domain.errors import EntitlementRequired, ValidationFailed
from domain.event import DomainEvent
from domain.policies import EngagementPolicy

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
START = NOON + 7 * DAY
ACME, ANNA, LEAD = uuid4(), uuid4(), uuid4()
JOIN = "https://meet.example.org/eng-1?pwd=abc#in"
REMINDERS = EngagementPolicy().reminders
PREMIUM = Entitled(NOON, "SUPPORT-premium", (Entitlement(Capability.ENGAGEMENTS, "SUPPORT-premium"),), PRODUCTS)
BASE = Entitled(NOON, BASE_PRODUCT, (), PRODUCTS)


def asked(entitled: Entitled = PREMIUM, wish: str = "Review our **roll-out**.") -> Engagement:
    return Engagement.request(
        id=uuid4(),
        at=NOON,
        ref="ENG-1",
        kind=EngagementKind.ROLLOUT_PLANNING,
        organisation=ACME,
        requester=ANNA,
        wish=wish,
        entitled=entitled,
    )


def agreed() -> Engagement:
    engagement = asked()
    engagement.agree("Two sessions.", LEAD, at=NOON)
    return engagement


def scheduled(starts_at: datetime = START, *, at: datetime = NOON) -> Engagement:
    engagement = agreed()
    engagement.schedule(starts_at, JOIN, at=at, reminders=REMINDERS)
    engagement.collect_events()
    return engagement


def kinds(engagement: Engagement) -> list[type[DomainEvent]]:
    return [type(event) for event in engagement.collect_events()]  # type: ignore[misc]


def reminded(engagement: Engagement) -> list[tuple[type[DomainEvent], timedelta]]:
    return [(type(event), event.before) for event in engagement.collect_events()]  # type: ignore[attr-defined, misc]


def test_an_engagement_from_the_wish_to_its_outcome() -> None:
    engagement = asked()
    engagement.agree("Two sessions.", LEAD, at=NOON)
    engagement.schedule(START, JOIN, at=NOON, reminders=REMINDERS)
    engagement.complete("Done.", at=START)
    assert kinds(engagement) == [EngagementRequested, EngagementScoped, EngagementScheduled, EngagementCompleted]
    assert engagement.status is EngagementStatus.COMPLETED
    assert engagement.organisation == ACME


def test_asking_needs_the_capability_and_names_the_smallest_product_that_gives_it() -> None:
    with pytest.raises(EntitlementRequired) as refusal:
        asked(BASE)
    assert (refusal.value.capability, refusal.value.product) == ("ENGAGEMENTS", "SUPPORT-premium")


@pytest.mark.parametrize("wish", ["", "  \n", "a\x00b", "x" * 100_001])
def test_a_wish_says_something(wish: str) -> None:
    with pytest.raises(ValidationFailed):
        asked(wish=wish)


def test_what_people_write_is_the_requesters() -> None:
    engagement = scheduled()
    engagement.complete("Done.", at=START)
    declined = asked()
    declined.decline("No architect is free.", at=NOON)
    events = [*engagement.collect_events(), *declined.collect_events()]
    texts = [value for event in events for value in vars(event).values() if hasattr(value, "of")]
    assert [text.of for text in texts] == [ANNA] * 3


def test_no_time_is_agreed_before_the_scope() -> None:
    engagement = asked()
    with pytest.raises(EngagementStandsOtherwise) as refusal:
        engagement.schedule(START, JOIN, at=NOON)
    assert (refusal.value.current, refusal.value.allowed) == ("REQUESTED", ("SCOPED", "DECLINED", "CANCELLED"))
    assert kinds(engagement) == [EngagementRequested]


def test_only_what_has_begun_is_completed() -> None:
    engagement = scheduled()
    with pytest.raises(EngagementHasNotBegun):
        engagement.complete("Done.", at=START - TICK)
    engagement.complete("Done.", at=START)


def test_what_is_scheduled_is_cancelled_and_not_declined() -> None:
    engagement = scheduled()
    with pytest.raises(EngagementStandsOtherwise):
        engagement.decline("No.", at=NOON)
    engagement.cancel(at=NOON)
    assert kinds(engagement) == [EngagementCancelled]


@pytest.mark.parametrize("end", ["COMPLETED", "DECLINED", "CANCELLED"])
def test_what_ended_takes_nothing(end: str) -> None:
    engagement = agreed() if end == "DECLINED" else scheduled()
    if end == "COMPLETED":
        engagement.complete("Done.", at=START)
    elif end == "DECLINED":
        engagement.decline("No.", at=NOON)
        assert EngagementDeclined in kinds(engagement)
    else:
        engagement.cancel(at=NOON)
    engagement.collect_events()
    commands: tuple[Callable[[], None], ...] = (
        lambda: engagement.agree("More.", LEAD, at=START),
        lambda: engagement.schedule(START + DAY, JOIN, at=START),
        lambda: engagement.complete("Done.", at=START),
        lambda: engagement.decline("No.", at=START),
        lambda: engagement.cancel(at=START),
    )
    for command in commands:
        with pytest.raises(EngagementStandsOtherwise):
            command()
    assert engagement.note_time(at=START) == 0
    assert kinds(engagement) == []


def test_another_lead_leaves_the_time_as_it_was() -> None:
    engagement = scheduled()
    engagement.agree("Two sessions.", uuid4(), at=NOON)
    assert (engagement.status, engagement.starts_at) == (EngagementStatus.SCHEDULED, START)


def test_what_changes_nothing_records_nothing() -> None:
    engagement = scheduled()
    engagement.agree("Two sessions.", LEAD, at=NOON)
    engagement.schedule(START, JOIN, at=NOON, reminders=REMINDERS)
    assert kinds(engagement) == []


@pytest.mark.parametrize("starts_at", [NOON, NOON - DAY, NOON + FARTHEST + TICK])
def test_an_engagement_is_scheduled_ahead_and_not_for_ever(starts_at: datetime) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        agreed().schedule(starts_at, JOIN, at=NOON)
    assert (refusal.value.problem, refusal.value.path) == ("OUT_OF_RANGE", ("input", "startsAt"))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "Room 4, second floor",
        "http://meet.example.org/1",
        "HTTP://meet.example.org/1",
        "https://",
        "https:///path",
        "https://meet/1",
        "https://anna:secret@meet.example.org/",
        "https://meet.example.org@evil.example/",
        "https://meet.example.org\\@evil.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://meet.example.org:99999/",
        "https://meet.example.org/a b",
        "https://meet.example.org/\n",
        "https://møde.example.org/",
        "javascript:alert(1)//https://meet.example.org",
        "https://meet.example.org/" + "x" * 2048,
    ],
)
def test_a_join_url_is_https_and_leads_where_it_says(address: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        agreed().schedule(START, address, at=NOON)
    assert refusal.value.path == ("input", "joinUrl")


@pytest.mark.parametrize(
    "address", [JOIN, "https://teams.example.com:8443/l/meetup-join/19%3ameeting", "https://a.b.example.org"]
)
def test_a_join_url_is_kept_as_it_was_given(address: str) -> None:
    engagement = agreed()
    engagement.schedule(START, address, at=NOON)
    assert engagement.join_url == address


def test_each_reminder_comes_once_at_its_moment() -> None:
    engagement = scheduled()
    for moment, before in ((START - DAY, DAY), (START - HOUR, HOUR)):
        assert engagement.note_time(at=moment - TICK) == 0
        assert reminded(engagement) == []
        for _ in range(2):
            assert engagement.note_time(at=moment) == 0
        assert reminded(engagement) == [(EngagementReminderDue, before)]


def test_after_a_downtime_people_are_reminded_once() -> None:
    engagement = scheduled()
    assert engagement.note_time(at=START - HOUR / 2) == 1
    assert reminded(engagement) == [(EngagementReminderDropped, DAY), (EngagementReminderDue, HOUR)]


def test_of_what_has_begun_nobody_is_reminded() -> None:
    engagement = scheduled()
    assert engagement.note_time(at=START) == 2
    assert reminded(engagement) == [(EngagementReminderDropped, DAY), (EngagementReminderDropped, HOUR)]
    assert engagement.note_time(at=START + 2 * DAY) == 0


def test_a_reminder_whose_moment_had_passed_when_it_was_scheduled_never_was_one() -> None:
    engagement = scheduled(NOON + 2 * HOUR)
    assert engagement.reminders == (HOUR,)
    assert engagement.note_time(at=NOON) == 0


def test_another_time_brings_its_own_reminders() -> None:
    engagement = scheduled()
    engagement.note_time(at=START - DAY)
    later = START + 3 * DAY
    engagement.schedule(later, JOIN, at=START - DAY, reminders=REMINDERS)
    engagement.collect_events()
    assert engagement.note_time(at=START) == 0
    assert reminded(engagement) == []
    engagement.note_time(at=later - DAY)
    assert reminded(engagement) == [(EngagementReminderDue, DAY)]


@pytest.mark.parametrize(
    "starts_at",
    [
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),  # after the hour that comes twice in Europe
        datetime(2027, 3, 28, 1, 0, tzinfo=UTC),  # where an hour does not come
        datetime(2028, 2, 29, 9, 0, tzinfo=UTC),
        datetime(2028, 3, 1, 9, 0, tzinfo=UTC),
        datetime(2027, 1, 1, 0, 30, tzinfo=UTC),
    ],
)
def test_a_day_before_is_twenty_four_hours_on_odd_days_too(starts_at: datetime) -> None:
    engagement = scheduled(starts_at)
    engagement.note_time(at=starts_at - DAY - TICK)
    assert reminded(engagement) == []
    engagement.note_time(at=starts_at - DAY)
    assert reminded(engagement) == [(EngagementReminderDue, DAY)]

"""Status subscriptions: confirmed once by the token, changed, stopped, and ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.deliveries.vocabulary import NotificationChannel
from domain.errors import Refused, ValidationFailed
from domain.event import DomainEvent
from domain.status.vocabulary import StatusSeverity
from domain.subscriptions import events
from domain.subscriptions.destinations import destination, hint
from domain.subscriptions.refusals import DisabledForAbuse, NotAWebhook, NotConfirmed, SubscriptionStandsOtherwise, TokenRefused
from domain.subscriptions.subscription import LASTS, OVERLAP, StatusSubscription
from domain.subscriptions.vocabulary import (
    CONFIRMED,
    OVER,
    TRANSITIONS,
    DigestMode,
    DisableReason,
    QuietHours,
    SubscriptionStatus,
)

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACME, ANNA = uuid4(), uuid4()
TOKEN, WRONG = "a" * 64, "b" * 64
WHERE = {
    NotificationChannel.EMAIL: "anna@acme.example",
    NotificationChannel.SMS: "+4570123456",
    NotificationChannel.WEBHOOK: "https://hooks.acme.example/status?key=1",
}


def asked(channel: NotificationChannel = NotificationChannel.EMAIL) -> StatusSubscription:
    return StatusSubscription.request(
        id=uuid4(),
        at=NOON,
        organisation=ACME,
        owner=ANNA,
        channel=channel,
        destination=WHERE[channel],
        severity_floor=StatusSeverity.MINOR,
        token_hash=TOKEN,
    )


def active(channel: NotificationChannel = NotificationChannel.EMAIL) -> StatusSubscription:
    made = asked(channel)
    made.confirm(at=NOON, token_hash=TOKEN)
    made.collect_events()
    return made


def topics(subscription: StatusSubscription) -> list[type[DomainEvent]]:
    return [type(event) for event in subscription.collect_events()]  # type: ignore[misc]


def test_a_token_confirms_once_and_within_its_time() -> None:
    made = asked()
    for at, token in ((NOON, WRONG), (NOON + LASTS, TOKEN)):
        with pytest.raises(TokenRefused):
            made.confirm(at=at, token_hash=token)
    made.confirm(at=NOON + LASTS - timedelta(microseconds=1), token_hash=TOKEN)
    with pytest.raises(TokenRefused):
        made.confirm(at=NOON, token_hash=TOKEN)
    assert topics(made) == [events.SubscriptionRequested, events.SubscriptionConfirmed]


def test_before_the_confirmation_nothing_else_is_sent() -> None:
    made = asked()
    made.collect_events()
    commands: tuple[Callable[[], object], ...] = (
        lambda: made.pause(at=NOON),
        lambda: made.resume(at=NOON, by_staff=True),
        lambda: made.disable(DisableReason.ABUSE, at=NOON),
        lambda: made.request_test(at=NOON),
        lambda: made.rotate_secret(made.id, "secret", at=NOON),
    )
    for command in commands:
        with pytest.raises(NotConfirmed, match="first confirm it with the token"):
            command()
    assert topics(made) == []


def test_a_confirmation_expires_once_and_is_dated_to_its_instant() -> None:
    made = asked()
    made.collect_events()
    made.expire(at=NOON + LASTS - timedelta(microseconds=1))
    for _ in range(2):
        made.expire(at=NOON + 3 * LASTS)
    (expired,) = made.collect_events()
    assert (type(expired), expired.timestamp) == (events.SubscriptionConfirmationExpired, NOON + LASTS)
    with pytest.raises(TokenRefused):
        made.confirm(at=NOON, token_hash=TOKEN)


def test_what_ran_out_unnoticed_counts_as_run_out() -> None:
    with pytest.raises(SubscriptionStandsOtherwise) as refused:
        asked().cancel(at=NOON + LASTS)
    assert refused.value.current == "EXPIRED"


def test_its_owner_resumes_what_failed_and_staff_alone_what_was_misused() -> None:
    made = active()
    made.disable(DisableReason.FAILURES, at=NOON)
    made.resume(at=NOON, by_staff=False)
    made.disable(DisableReason.ABUSE, at=NOON)
    with pytest.raises(DisabledForAbuse):
        made.resume(at=NOON, by_staff=False)
    made.resume(at=NOON, by_staff=True)
    assert made.status is SubscriptionStatus.ACTIVE


def test_the_secret_before_holds_for_a_day_and_the_one_before_that_goes() -> None:
    made = active(NotificationChannel.WEBHOOK)
    first, second, third = uuid4(), uuid4(), uuid4()
    assert made.rotate_secret(first, "one", at=NOON) is None
    assert made.rotate_secret(second, "two", at=NOON) is None
    assert made.rotate_secret(third, "three", at=NOON) == first
    assert [each.previous_until for each in made.collect_events()] == [None, NOON + OVERLAP, NOON + OVERLAP]  # type: ignore[attr-defined]
    assert (made.version, made.visible_version) == (5, 2)
    with pytest.raises(NotAWebhook):
        active().rotate_secret(first, "one", at=NOON)


def test_the_same_again_records_nothing() -> None:
    made = active()
    quiet = QuietHours("22:00", "07:00", "Europe/Copenhagen")
    for _ in range(2):
        made.set_quiet_hours(quiet, StatusSeverity.MAJOR, at=NOON)
        made.set_digest(DigestMode.DAILY, at=NOON)
        made.change_scope([ACME, ACME], StatusSeverity.MAJOR, at=NOON)
    assert topics(made) == [
        events.SubscriptionQuietHoursSet,
        events.SubscriptionDigestSet,
        events.SubscriptionScopeChanged,
    ]


def test_an_erased_destination_is_forgotten_and_ends_it() -> None:
    made = active()
    for _ in range(2):
        made.erase_destination(at=NOON)
    assert made.destination is None
    assert topics(made) == [events.SubscriptionCancelled, events.SubscriptionDestinationErased]


def test_what_was_asked_for_is_not_in_the_log_in_the_clear() -> None:
    assert "anna" not in repr(asked().collect_events())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Hooks.Example.ORG", "https://hooks.example.org/"),
        ("https://hooks.example.org:443/a?b=c", "https://hooks.example.org/a?b=c"),
        ("https://hooks.example.org.:8443/A", "https://hooks.example.org:8443/A"),
        ("https://[2A00::1]/x", "https://[2a00::1]/x"),
    ],
)
def test_a_webhook_has_one_form(given: str, kept: str) -> None:
    assert destination(NotificationChannel.WEBHOOK, given, path=()) == kept


@pytest.mark.parametrize(
    "given",
    [
        "http://hooks.example.org/", "ftp://a.example/", "https://", "https://user@a.example/", "https://u:p@a.example/",
        "https://a.example/#x", "https://a.example:0/", "https://a.example:99999/", "https://a.example/ b", "https:\\\\a.example\\",
        "https://a.example/\n", "//a.example", "a.example", "https://[::1/", "https://a.example/" + "x" * 2048,
    ],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_refused(given: str) -> None:
    with pytest.raises(ValidationFailed):
        destination(NotificationChannel.WEBHOOK, given, path=())


def test_a_hint_lets_recognise_and_no_more() -> None:
    assert {channel: hint(channel, where) for channel, where in WHERE.items()} == {
        NotificationChannel.EMAIL: "a…@acme.example",
        NotificationChannel.SMS: "+45…56",
        NotificationChannel.WEBHOOK: "https://hooks.acme.example/…",
    }


SEVERITIES = st.sampled_from(StatusSeverity)
COMPONENTS = [uuid4() for _ in range(3)]


class SubscriptionMachine(RuleBasedStateMachine):
    """Any commands, in any order, by anybody."""

    @initialize(channel=st.sampled_from(NotificationChannel))
    def begin(self, channel: NotificationChannel) -> None:
        self.at = NOON
        self.subscription = asked(channel)
        self.history: list[DomainEvent] = list(self.subscription.collect_events())  # type: ignore[arg-type]

    def attempt(self, command: Callable[[], object]) -> None:
        before, version = self.subscription.status, self.subscription.version
        try:
            command()
        except Refused:
            assert self.subscription.version == version
            assert not self.subscription.pending_events
        after = self.subscription.status
        assert after is before or after in TRANSITIONS[before]
        self.history += self.subscription.collect_events()  # type: ignore[arg-type]

    @rule(hours=st.integers(0, 20))
    def time_passes(self, hours: int) -> None:
        self.at += hours * HOUR

    @rule(token=st.sampled_from([TOKEN, WRONG]))
    def confirm(self, token: str) -> None:
        could = self.subscription.status is SubscriptionStatus.AWAITING_CONFIRMATION and self.at < NOON + LASTS
        before = self.subscription.status
        self.attempt(lambda: self.subscription.confirm(at=self.at, token_hash=token))
        now = self.subscription.status
        assert now is (SubscriptionStatus.ACTIVE if could and token == TOKEN else before)

    @rule()
    def expiry(self) -> None:
        self.attempt(lambda: self.subscription.expire(at=self.at))
        told = self.subscription.version
        self.attempt(lambda: self.subscription.expire(at=self.at))
        assert self.subscription.version == told

    @rule(components=st.lists(st.sampled_from(COMPONENTS)), floor=SEVERITIES)
    def scope(self, components: list[UUID], floor: StatusSeverity) -> None:
        self.attempt(lambda: self.subscription.change_scope(components, floor, at=self.at))

    @rule(begin=st.sampled_from(["22:00", "7:00", "24:00"]), end=st.sampled_from(["07:00", "22:00"]), urgent=SEVERITIES)
    def quiet(self, begin: str, end: str, urgent: StatusSeverity) -> None:
        hours = QuietHours(begin, end, "Europe/Oslo")
        self.attempt(lambda: self.subscription.set_quiet_hours(hours, urgent, at=self.at))

    @rule(mode=st.sampled_from(DigestMode))
    def collecting(self, mode: DigestMode) -> None:
        self.attempt(lambda: self.subscription.set_digest(mode, at=self.at))

    @rule()
    def pause(self) -> None:
        self.attempt(lambda: self.subscription.pause(at=self.at))

    @rule(by_staff=st.booleans())
    def resume(self, by_staff: bool) -> None:
        self.attempt(lambda: self.subscription.resume(at=self.at, by_staff=by_staff))

    @rule(reason=st.sampled_from(DisableReason))
    def disable(self, reason: DisableReason) -> None:
        self.attempt(lambda: self.subscription.disable(reason, at=self.at))

    @rule()
    def rotate(self) -> None:
        self.attempt(lambda: self.subscription.rotate_secret(uuid4(), "secret", at=self.at))

    @rule()
    def try_it(self) -> None:
        self.attempt(lambda: self.subscription.request_test(at=self.at))

    @rule()
    def cancel(self) -> None:
        self.attempt(lambda: self.subscription.cancel(at=self.at))

    @rule()
    def erase(self) -> None:
        self.attempt(lambda: self.subscription.erase_destination(at=self.at))

    @invariant()
    def only_what_was_confirmed_ever_sends(self) -> None:
        kinds = [type(event) for event in self.history]
        confirmed = events.SubscriptionConfirmed in kinds
        assert confirmed or self.subscription.status not in CONFIRMED
        if events.SubscriptionTestRequested in kinds:
            assert kinds.index(events.SubscriptionConfirmed) < kinds.index(events.SubscriptionTestRequested)
        assert kinds.count(events.SubscriptionConfirmed) <= 1

    @invariant()
    def nothing_is_sent_after_the_end(self) -> None:
        if self.subscription.erased:
            assert self.subscription.status in OVER
            assert self.subscription.destination is None

    @invariant()
    def history_replays_to_the_same_state(self) -> None:
        again: StatusSubscription | None = None
        for event in self.history:
            again = event.mutate(again)
        assert again == self.subscription
        assert [event.originator_version for event in self.history] == list(range(1, self.subscription.version + 1))


TestSubscription = SubscriptionMachine.TestCase
TestSubscription.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)

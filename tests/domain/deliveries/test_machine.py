"""Random lives of messages and of digests: histories replay, nothing is recorded twice, and what was said first stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.deliveries.delivery import Delivery
from domain.deliveries.events import DeliveryQueued, DeliverySuppressed
from domain.deliveries.vocabulary import NotificationChannel, SuppressionReason
from domain.event import Aggregate, DomainEvent
from domain.subscriptions.digest import Digest
from domain.subscriptions.digest_events import DigestClosed, DigestPostCollected

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
PLACES = [UUID(int=number) for number in range(1, 4)]
places, channels = st.sampled_from(PLACES), st.sampled_from(list(NotificationChannel))
minutes = st.integers(-90, 90).map(lambda number: timedelta(minutes=number))


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.at = NOON
        self.deliveries: dict[UUID, Delivery] = {}
        self.keys: dict[UUID, tuple[object, ...]] = {}
        self.reasons: dict[UUID, SuppressionReason] = {}
        self.digests: dict[UUID, Digest] = {}
        self.collected: dict[UUID, list[str]] = {}
        self.histories: dict[UUID, list[DomainEvent]] = {}

    @rule(by=minutes)
    def time_passes(self, by: timedelta) -> None:
        self.at += abs(by)

    @rule(
        version=st.integers(1, 3), subject=places, recipient=places, channel=channels, held=minutes,
        epoch=st.sampled_from([None, 1, 2]),
    )  # fmt: skip
    def queue(
        self, version: int, subject: UUID, recipient: UUID, channel: NotificationChannel, held: timedelta, epoch: int | None
    ) -> None:
        about = f"{PLACES[0]}/{version}"
        made = Delivery.queue(
            at=self.at, channel=channel, aggregate="subscription", subject_id=subject, about=about, recipient=recipient,
            organisation=None, to="a@b.example", subject="S", text="T", epoch=epoch, not_before=self.at + held,
        )  # fmt: skip
        key = (about, subject, recipient, channel, epoch)
        assert made.id == Delivery.id_of(about, subject, recipient, channel, epoch=epoch)
        assert self.keys.setdefault(made.id, key) == key, "what differs has another id"
        assert made.not_before is None or made.not_before > self.at
        if made.id not in self.deliveries:  # the store takes the first event of a stream once
            self.deliveries[made.id] = made
            self.remember(made)
            (first,) = self.histories[made.id]
            assert isinstance(first, DeliveryQueued)
            assert {first.to.of, first.text.of} == {recipient}
            assert {first.to.key, first.text.key} == {made.id}
            assert (first.subject is None) == (channel is NotificationChannel.SMS)

    @rule(number=st.integers(0, 50), reason=st.sampled_from(list(SuppressionReason)))
    def suppress(self, number: int, reason: SuppressionReason) -> None:
        if self.deliveries:
            found = list(self.deliveries.values())[number % len(self.deliveries)]
            found.suppress(reason, at=self.at)
            self.remember(found)
            assert found.suppressed is self.reasons.setdefault(found.id, reason)

    @rule(subscription=places, hours=st.integers(1, 2), post=st.integers(1, 4).map(lambda number: f"{PLACES[0]}/{number}"))
    def collect(self, subscription: UUID, hours: int, post: str) -> None:
        due = NOON + timedelta(hours=hours)
        id = Digest.id_of(subscription, due)
        found = self.digests.get(id)
        if found is None:
            found = Digest.begin(at=self.at, subscription=subscription, organisation=PLACES[0], due_at=due, post=post)
            self.digests[id], self.collected[id] = found, [post]
        else:
            if post not in self.collected[id] and not found.closed:
                self.collected[id].append(post)
            found.collect(post, at=self.at)
        self.remember(found)

    @rule(number=st.integers(0, 50), told=st.booleans())
    def close(self, number: int, told: bool) -> None:
        if self.digests:
            found = list(self.digests.values())[number % len(self.digests)]
            was_open = not found.closed
            assert found.close(at=self.at, told=told) == (was_open and self.at >= found.due_at)
            self.remember(found)

    def remember(self, aggregate: Aggregate) -> None:
        self.histories.setdefault(aggregate.id, []).extend(aggregate.collect_events())  # type: ignore[arg-type]  # ours

    @invariant()
    def histories_replay_to_the_same(self) -> None:
        for aggregate in (*self.deliveries.values(), *self.digests.values()):
            again: Aggregate | None = None
            for event in self.histories[aggregate.id]:
                again = event.mutate(again)
            assert again is not None
            assert again.__dict__ == aggregate.__dict__

    @invariant()
    def each_is_suppressed_or_closed_at_most_once_and_in_the_end(self) -> None:
        for id, history in self.histories.items():
            kinds = [type(event) for event in history]
            assert kinds.count(DeliverySuppressed) + kinds.count(DigestClosed) <= 1
            assert not {DeliverySuppressed, DigestClosed} & set(kinds[:-1])
            posts = [event.post for event in history if isinstance(event, DigestPostCollected)]
            assert posts == self.collected.get(id, [])


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)

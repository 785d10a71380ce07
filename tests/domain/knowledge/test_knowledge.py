"""Resources are published, revised and retired; wishes are voted on once a person and answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.errors import Refused, ValidationFailed
from domain.event import Aggregate, DomainEvent
from domain.knowledge.events import KnowledgePublished, TopicAnswered, TopicRequested, TopicVoted
from domain.knowledge.refusals import KnowledgeIsRetired, TopicIsAnswered
from domain.knowledge.resource import KnowledgeResource
from domain.knowledge.topic import TopicRequest
from domain.knowledge.vocabulary import KnowledgeKind, TopicStatus

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
ANNA, BERT, ACME, ZENITH = (uuid4() for _ in range(4))
SAID: dict[str, Any] = {"title": "Private networks", "abstract": "How to make one.", "url": "https://docs.example.org/networks"}


def published(**more: Any) -> KnowledgeResource:
    given: dict[str, Any] = {"id": uuid4(), "at": NOON, "kind": KnowledgeKind.DOCUMENTATION, **SAID, **more}
    return KnowledgeResource.publish(**given)


def wished(**more: Any) -> TopicRequest:
    given: dict[str, Any] = {"id": uuid4(), "at": NOON, "title": "BGP by example", "author": ANNA, "organisation": ACME, **more}
    return TopicRequest.request(**given)


def test_what_was_published_is_revised_until_it_is_retired() -> None:
    resource = published()
    resource.revise(at=NOON, **SAID)
    assert resource.version == 1
    resource.revise(at=NOON, **{**SAID, "title": "Networks"})
    for _ in range(2):
        resource.retire(at=NOON)
    assert (resource.title, resource.retired, resource.version) == ("Networks", True, 3)
    with pytest.raises(KnowledgeIsRetired):
        resource.revise(at=NOON, **SAID)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://docs.example.org"},
        {"url": "javascript:alert(1)"},
        {"url": "https://"},
        {"url": "https://user:secret@example.org/"},
        {"url": "https://example.org/a b"},
        {"url": "https://example.org/" + "a" * 2048},
        {"title": " "},
        {"title": "two\nlines"},
        {"abstract": ""},
        {"abstract": "x" * 5001},
        {"language": "english"},
        {"components": [uuid4() for _ in range(51)]},
    ],
)
def test_what_cannot_be_shown_or_followed_is_not_published(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed):
        published(**wrong)


def test_services_and_wishes_are_named_once() -> None:
    one = uuid4()
    (event,) = published(components=[one, one], answers=[one, one]).collect_events()
    assert isinstance(event, KnowledgePublished)
    assert (event.components, event.answers) == ((one,), (one,))


def test_a_wish_is_its_authors_vote_and_each_person_counts_once() -> None:
    topic = wished()
    for voter in (ANNA, BERT, BERT):
        topic.vote(voter, at=NOON, organisation=ZENITH)
    assert topic.voters == {ANNA, BERT}
    events = topic.collect_events()
    assert [type(event) for event in events] == [TopicRequested, TopicVoted]
    assert [topic.audience(event) for event in events] == [ACME, ZENITH]  # type: ignore[arg-type]


def test_an_answered_wish_takes_no_new_vote_and_any_number_of_answers() -> None:
    topic, one, other = wished(), uuid4(), uuid4()
    for resource in (one, one, other):
        topic.answer(resource, at=NOON)
    assert (topic.status, topic.answered_by) == (TopicStatus.ANSWERED, (one, other))
    with pytest.raises(TopicIsAnswered):
        topic.vote(BERT, at=NOON)
    topic.vote(ANNA, at=NOON)
    assert [topic.audience(event) for event in topic.collect_events()][1:] == [None, None]  # type: ignore[arg-type]


class KnowledgeMachine(RuleBasedStateMachine):
    """A resource and a wish, whatever is done to them."""

    @initialize()
    def begin(self) -> None:
        self.at = NOON
        self.resource, self.topic = published(), wished()
        self.histories: dict[UUID, list[DomainEvent]] = {self.resource.id: [], self.topic.id: []}
        self.votes: list[UUID] = [ANNA]
        self.keep()

    def keep(self) -> None:
        for each in (self.resource, self.topic):
            self.histories[each.id] += each.collect_events()  # type: ignore[arg-type]

    def attempt(self, aggregate: Aggregate, command: Callable[[], None]) -> bool:
        before = aggregate.version
        try:
            command()
        except Refused:
            assert aggregate.version == before
            return False
        finally:
            self.at += timedelta(minutes=1)
            self.keep()
        return True

    @rule(title=st.sampled_from(["Networks", "", "x" * 300]), url=st.sampled_from([SAID["url"], "x"]))
    def revise(self, title: str, url: str) -> None:
        done = self.attempt(
            self.resource,
            lambda: self.resource.revise(at=self.at, title=title, abstract="About.", url=url),
        )
        assert not (done and self.resource.retired)

    @rule()
    def retire(self) -> None:
        assert self.attempt(self.resource, lambda: self.resource.retire(at=self.at))

    @rule(voter=st.sampled_from([ANNA, BERT, ACME, ZENITH]))
    def vote(self, voter: UUID) -> None:
        before = self.topic.status
        if self.attempt(self.topic, lambda: self.topic.vote(voter, at=self.at)):
            self.votes += [voter] if voter not in self.votes else []
        else:
            assert before is TopicStatus.ANSWERED

    @rule(resource=st.sampled_from([ACME, ZENITH]))
    def answer(self, resource: UUID) -> None:
        assert self.attempt(self.topic, lambda: self.topic.answer(resource, at=self.at))

    @invariant()
    def histories_replay_to_the_same_state(self) -> None:
        for each in (self.resource, self.topic):
            again: Any = None
            for event in self.histories[each.id]:
                again = event.mutate(again)
            assert again == each

    @invariant()
    def votes_and_answers_are_counted_once(self) -> None:
        history = self.histories[self.topic.id]
        voters = [event.voter for event in history if isinstance(event, TopicVoted)]
        assert [ANNA, *voters] == self.votes
        answers = [event.resource for event in history if isinstance(event, TopicAnswered)]
        assert len(answers) == len(set(answers))

    @invariant()
    def nothing_follows_retirement(self) -> None:
        topics = [event.TOPIC for event in self.histories[self.resource.id]]
        assert "knowledge.retired.v1" not in topics[:-1]


TestKnowledge = KnowledgeMachine.TestCase
TestKnowledge.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)

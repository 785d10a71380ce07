"""What the demo's provider publishes, what its customers wish for, and what they plan with its architects (rooms.toml)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from domain.engagements.engagement import Engagement
from domain.engagements.vocabulary import EngagementKind
from domain.knowledge.vocabulary import KnowledgeKind
from projections.viewer import Viewer
from services.commands import engagements, knowledge
from services.commands.desk import Desk
from services.demo.chronicle import Chronicle
from services.demo.contracts import begins
from services.demo.course import Moment
from services.demo.customers import ADMIN, BY_NAME, Customer, data
from services.demo.status import StatusPage
from services.demo.stories import Voice
from services.demo.tickets import as_viewer
from services.runtime.decision import Decision

PREMIUM = "SUPPORT-premium"


@dataclass
class Knowledge:
    desk: Desk
    chronicle: Chronicle
    page: StatusPage
    viewers: Mapping[str, Viewer]
    until: datetime
    first: int
    """The number of the first engagement."""
    ids: dict[str, UUID] = field(default_factory=dict)

    def moments(self, known: Sequence[Customer]) -> list[Moment]:
        given = data("rooms.toml")
        told = [
            *self._topics(given["topic"]),
            *self._resources(given["resource"]),
            *self._engagements(known, given["engagements"]),
        ]
        return [moment for moment in told if moment.at <= self.until]

    def _at(self, chance: Random, days: float) -> datetime:
        return self.until - timedelta(days=days, milliseconds=chance.randrange(36_000_000))

    def _topics(self, topics: Sequence[dict[str, Any]]) -> Iterator[Moment]:
        people = sorted(self.viewers)
        for number, given in enumerate(topics):
            chance = Random(f"{self.chronicle.seed}/topic/{number}")
            key, voters = f"topic/{number}", chance.sample(people, min(given["votes"], len(people)))

            async def wish(key: str, given: dict[str, Any], who: str, at: datetime) -> None:
                kind = KnowledgeKind(given["kind"]) if "kind" in given else None
                by = self.chronicle.by(self.viewers[who], at, key)
                receipt = await knowledge.request_topic(self.desk, by, title=given["title"], kind=kind)
                self.ids[key] = UUID(receipt.ids["topic"])

            async def vote(key: str, who: str, at: datetime) -> None:
                by = self.chronicle.by(self.viewers[who], at, f"{key}/{who}", key)
                await knowledge.vote(self.desk, by, self.ids[key])

            at = self._at(chance, 80 - 4 * number)
            yield Moment(at, partial(wish, key, given, voters[0], at), (key,))
            for place, voter in enumerate(voters[1:], 1):
                later = at + timedelta(days=place, hours=chance.randrange(12))
                yield Moment(later, partial(vote, key, voter, later), (key,))

    def _resources(self, resources: Sequence[dict[str, Any]]) -> Iterator[Moment]:
        for number, given in enumerate(resources):
            chance = Random(f"{self.chronicle.seed}/resource/{number}")
            answers = [f"topic/{given['answers']}"] if "answers" in given else []

            async def publish(number: int, given: dict[str, Any], answers: list[str], at: datetime) -> None:
                new = knowledge.NewKnowledge(
                    KnowledgeKind(given["kind"]),
                    given["title"],
                    given["abstract"],
                    f"https://docs.provider.example/{given['slug']}",
                    components=[self.page.components[ref] for ref in given["services"]],
                    answers=[self.ids[each] for each in answers],
                )
                await knowledge.publish(self.desk, self.chronicle.by(as_viewer(ADMIN), at, f"resource/{number}"), new)

            at = self._at(chance, 22 if answers else 88 - 5 * number)
            yield Moment(at, partial(publish, number, given, answers, at), (f"resource/{number}", *answers))

    def _engagements(self, known: Sequence[Customer], texts: dict[str, Any]) -> Iterator[Moment]:
        entitled = [each for each in known if each.contract is not None and each.contract.product == PREMIUM]
        wanted = []
        for customer in entitled:
            chance = Random(f"{self.chronicle.seed}/engagements/{customer.ref}")
            assert customer.contract is not None
            since = max(begins(customer.contract, self.until), self.until - timedelta(days=80)) + timedelta(days=2)
            for place in range(chance.randrange(2, 5)):
                asked = since + (self.until - timedelta(hours=8) - since) * chance.random()
                wanted.append((asked, f"engagement/{customer.ref}/{place}", customer, chance.random()))
        for number, (asked, key, customer, fate) in enumerate(sorted(wanted, key=lambda each: each[:2]), self.first):
            self.chronicle.numbers["engagement", key] = number
            yield from self._engagement(key, customer, asked, fate, texts)

    def _engagement(
        self, key: str, customer: Customer, asked: datetime, fate: float, texts: dict[str, Any]
    ) -> Iterator[Moment]:
        chance = Random(f"{self.chronicle.seed}/{key}")
        person = chance.choice(customer.people)
        assert customer.contract is not None
        lead = BY_NAME[customer.contract.manager or ADMIN.name]
        voice = Voice(chance, customer, person, lead.name, "en")
        kind = chance.choice(list(EngagementKind))
        wish, scope, outcome = voice.letter(texts[kind.value]), voice.say(texts["scopes"]), voice.say(texts["outcomes"])
        agreed = asked + timedelta(hours=chance.uniform(6, 60))
        scheduled = agreed + timedelta(hours=chance.uniform(2, 30))
        starts = (scheduled + timedelta(days=chance.randrange(4, 14))).replace(
            hour=chance.randrange(8, 14), minute=0, second=0, microsecond=0
        )
        url = f"https://meet.provider.example/{self.chronicle.bytes(key, 1, 6).hex()}"

        async def tell(what: str, at: datetime) -> None:
            by = self.chronicle.by(as_viewer(lead), at, f"{key}/{what}", key)
            id = self.ids.get(key, UUID(int=0))
            match what:
                case "ask":
                    by = self.chronicle.by(self.viewers[customer.email(person)], at, key)
                    self.ids[key] = UUID((await engagements.request(self.desk, by, kind, wish)).ids["engagement"])
                case "agree":
                    await engagements.agree(self.desk, by, id, scope, lead.id)
                case "schedule":
                    await engagements.schedule(self.desk, by, id, starts, url)
                case "complete":
                    await engagements.write(self.desk, by, id, Engagement.complete, outcome, at=at)
                case "decline":
                    await engagements.write(self.desk, by, id, Engagement.decline, voice.say(texts["declined"]), at=at)
                case "cancel":
                    await engagements.change(self.desk, by, id, Engagement.cancel, at=at)
                case "remind":

                    async def decide(decision: Decision) -> None:
                        await engagements.remind(decision, id, at)

                    await self.desk.writer.decide(self.chronicle.time(at, key), decide)

        course = [("ask", asked)]
        if fate < 0.08:
            course.append(("decline", agreed))
        else:
            course += [("agree", agreed), ("schedule", scheduled)]
            if fate > 0.93:
                course.append(("cancel", scheduled + timedelta(days=1)))
            else:
                before = self.chronicle.policies.engagements.reminders
                course += [("remind", starts - each) for each in before if starts - each > scheduled]
                course.append(("complete", starts + timedelta(hours=2)))
        for what, at in course:
            yield Moment(at, partial(tell, what, at), (key,), (f"organisation/{customer.ref}",))

"""The quarter before it is told: whose tickets, when, about what, and what becomes of each. Nothing but the seed decides."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from domain.tickets.vocabulary import Channel, Priority, TicketKind
from services.demo.customers import AGENTS, Customer, Member, customers
from services.demo.rhythm import ALWAYS, Times, at_work
from services.demo.status import Trouble, troubles
from services.demo.stories import Step, Story, Voice, phrases, stories

SEED = 20260701
Size = Literal["full", "small"]


@dataclass(frozen=True)
class Scale:
    """How much is told."""

    tickets: int
    organisations: int
    days: int
    rooms: bool
    """Contracts, chat, subscriptions, engagements and knowledge, too."""


SCALES: dict[str, Scale] = {"full": Scale(2000, 40, 91, True), "small": Scale(48, 8, 21, False)}
OLD = timedelta(days=11)
"""After which nothing is left lying about: what the customer never answered is resolved."""
REOPENABLE = timedelta(days=14)
PACE = {"SUPPORT-premium": 0.24, "SUPPORT-standard": 0.38}


@dataclass
class Case:
    """A ticket to be. `steps` with their times; `same_as` is the earlier case that it turns out to be about."""

    number: int
    story: Story
    customer: Customer
    person: str
    agent: Member
    opens_at: datetime
    channel: Channel
    voice: Voice
    subject: str
    body: str
    steps: list[tuple[datetime, Step, str]] = field(default_factory=list)
    same_as: int | None = None
    stranger: str | None = None

    @property
    def key(self) -> str:
        return f"ticket/{self.number}"

    def follows_up(self, place: int) -> bool:
        """Whether a step comes too late to reopen the ticket and opens another."""
        at, step, _ = self.steps[place]
        return step.act == "writes" and place > 0 and at - self.steps[place - 1][0] > REOPENABLE


def planned(seed: int, scale: Scale, until: datetime) -> list[Case]:
    """All cases by the time at which they open, numbered."""
    chance = Random(f"{seed}/plan")
    since = until - timedelta(days=scale.days)
    known = customers()[: scale.organisations]
    weights = [1 / (rank + 1.6) ** 0.85 for rank in range(len(known))]  # Zipf: a few write most of it
    zones = {each.zone.key: each.zone for each in known}
    times = {
        (key, broken): Times(since, until, zone, always=ALWAYS * broken) for key, zone in zones.items() for broken in (0, 1)
    }
    drawn: list[tuple[datetime, Customer, Story]] = []
    for customer in chance.choices(known, weights, k=scale.tickets):
        fits = [each for each in stories() if each.language in ("en", customer.language)]
        # Who may write in their own language mostly writes English all the same.
        load = [each.weight * (2.6 if each.language != "en" else 1.0) * (0.7 if each.spam else 1.0) for each in fits]
        story = chance.choices(fits, load)[0]
        drawn.append((times[customer.zone.key, int(story.kind.value == "INCIDENT")].draw(chance), customer, story))
    _because(troubles(until, scale.days), drawn, scale, chance)
    drawn.sort(key=lambda each: each[0])
    cases = [_case(number, *each, Random(f"{seed}/ticket/{number}"), until) for number, each in enumerate(drawn)]
    return _told_twice(cases, Random(f"{seed}/same"))


def _because(incidents: list[Trouble], drawn: list[tuple[datetime, Customer, Story]], scale: Scale, chance: Random) -> None:
    """When something breaks many write within the hour: some of the tickets are moved there."""
    share = scale.tickets / (20 * scale.days)
    for trouble in incidents:
        about = [each for each in stories() if trouble.services & set(each.services) and each.kind is TicketKind.INCIDENT]
        for place in chance.sample(range(len(drawn)), min(round(trouble.tickets * min(1, share)), len(drawn))):
            _, customer, _ = drawn[place]
            fits = [each for each in about if each.language in ("en", customer.language)]
            if fits:
                at = trouble.began_at + timedelta(minutes=9, milliseconds=chance.randrange(50 * 60_000))
                drawn[place] = (at, customer, chance.choice(fits))


def _case(number: int, at: datetime, customer: Customer, story: Story, chance: Random, until: datetime) -> Case:
    person = chance.choices(customer.people, [1 / (rank + 1) for rank in range(len(customer.people))])[0]
    able = [each for each in AGENTS if story.queue in each.queues] or list(AGENTS)
    agent = chance.choice(able)
    voice = Voice(chance, customer, person, agent.name, story.language)
    subject, body = voice.say(story.subject), voice.letter(story.body)
    case = Case(number, story, customer, person, agent, at, _channel(chance, story), voice, subject, body)
    if story.spam:
        case.stranger = f"{chance.choice(('sales', 'offers', 'billing', 'news'))}{chance.randrange(10, 9999)}@bulk.example.net"
    _course(case, chance, until)
    return case


def _channel(chance: Random, story: Story) -> Channel:
    if story.spam or story.language != "en":
        return Channel.EMAIL
    phone = 0.22 if story.priority is Priority.URGENT else 0.05
    mail = 0.5 if story.kind is TicketKind.REQUEST else 0.1
    return chance.choices((Channel.PHONE, Channel.EMAIL, Channel.PORTAL), (phone, mail, 1 - phone - mail))[0]


def _course(case: Case, chance: Random, until: datetime) -> None:
    """The steps at their times, what the customer thinks of it, and an end where there was none."""
    at, steps = case.opens_at, case.story.steps
    contract = case.customer.contract
    pace = PACE.get(contract.product if contract else "", 0.55)
    slip = 5.0 if chance.random() < 0.045 else 1.0  # a queue that was full, a note that was missed
    silent = chance.random() < 0.06
    for step in steps:
        if chance.random() >= step.chance:
            if step.goes_on:
                break
            continue
        by_customer = step.act == "writes"
        if by_customer and silent:
            break
        hours = step.after * (chance.lognormvariate(0.0, 0.6) if by_customer else pace * slip * chance.lognormvariate(0.0, 0.4))
        at += timedelta(milliseconds=round(hours * 3_600_000) + 20_000)
        if by_customer and case.story.priority in (Priority.LOW, Priority.NORMAL):
            at = at_work(at, case.customer.zone, chance)
        case.steps.append((at, step, _text(case, step)))
        if step.act == "assigned" and chance.random() < 0.05:
            case.steps.append((at + timedelta(minutes=3), Step(0, "notes"), case.voice.say(phrases()["staff"]["fresh"])))
    if case.story.spam:
        return
    _end(case, chance, until)


def _end(case: Case, chance: Random, until: datetime) -> None:
    acts = [step.act for _, step, _ in case.steps]
    last = case.steps[-1][0] if case.steps else case.opens_at
    staff = phrases()["staff"]
    solved = max((place for place, act in enumerate(acts) if act == "solves"), default=-1)
    if solved < 0:
        if last + OLD > until:
            return
        last += timedelta(days=chance.uniform(6, 10.5))
        case.steps.append((last, Step(0, "solves"), case.voice.answer(staff["resolves"])))
        solved = len(case.steps) - 1
    elif "writes" in acts[solved + 1 :]:  # a word of thanks opens it again, and somebody closes it with a word
        last += timedelta(minutes=chance.randrange(5, 300))
        case.steps.append(
            (last, Step(0, "solves"), case.voice.answer(["You are welcome.", "Glad to hear it.", "Thank you for telling us."]))
        )
    if chance.random() < 0.36:
        score = chance.choices((5, 4, 3, 2, 1), (58, 25, 9, 5, 3))[0]
        last += timedelta(hours=chance.uniform(0.5, 60))
        case.steps.append((last, Step(0, "rated", score=score), case.voice.say(phrases()["ratings"][str(score)])))
    if chance.random() < 0.012 and last + REOPENABLE + timedelta(days=9) < until:
        last += REOPENABLE + timedelta(days=chance.uniform(8, 20))
        case.steps.append((last, Step(0, "writes"), case.voice.letter(staff["late"])))
        for act, hours in (("answers", 2), ("solves", 20)):
            last += timedelta(hours=hours * chance.uniform(0.5, 1.6))
            case.steps.append((last, Step(0, act), case.voice.answer(staff[f"{act}_late"])))


def _text(case: Case, step: Step) -> str:
    if not step.text:
        return ""
    match step.act:
        case "writes":
            return case.voice.letter(step.text)
        case "answers" | "asks" | "solves":
            return case.voice.answer(step.text)
    return case.voice.say(step.text)


def _told_twice(cases: list[Case], chance: Random) -> list[Case]:
    """Some write about what a colleague wrote about an hour before; such a ticket is merged into the first."""
    for case in cases:
        first = next(
            (
                each
                for each in cases[max(0, case.number - 40) : case.number]
                if each.customer is case.customer
                and each.same_as is None
                and not each.story.spam
                and each.person != case.person
            ),
            None,
        )
        if first is None or case.story.spam or case.story.language != "en" or chance.random() > 0.05:
            continue
        if not first.steps or case.opens_at + timedelta(hours=1) > first.steps[-1][0]:
            continue
        case.same_as = first.number
        case.story = replace(case.story, services=first.story.services, queue=first.story.queue)
        case.subject = f"Re: {first.subject}"
        case.voice.words["first_ref"] = "the ticket"
        case.body = case.voice.letter(phrases()["staff"]["same"])
        case.channel = Channel.PORTAL
        at = case.opens_at + timedelta(minutes=chance.randrange(6, 50))
        case.steps = [(at, Step(0, "merged"), "")]
    return cases

"""Records the demo data: weeks of a support desk's life, told through the same commands as anybody's, at the times when it happened.

Every act has an idempotency key, so seeding that was interrupted goes on where it was and never doubles anything. What time would have
brought meanwhile is recorded at its instant too, so the scheduler finds nothing late.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from uuid import UUID, uuid5

from domain.organisations.events import ContactRole
from domain.policies import NAMESPACE, queue_id
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import AfterReply, Channel, Direction
from projections.viewer import Role, Viewer
from services.commands import conversation, people
from services.commands.desk import By, Desk, change
from services.commands.opening import NewTicket, PhoneCall, log_phone_call, open_ticket
from services.commands.promises import change_promised
from services.demo.people import AGENTS, CUSTOMERS, STAFF, Customer, Member
from services.demo.status import StatusPage
from services.demo.stories import STORIES, Step, Story
from services.runtime.act import SYSTEM, Act, Actor, ActorKind, Idempotency
from services.runtime.command import Receipt
from services.runtime.decision import Decision

SEED = 20260701
TICKETS = 48
SPAN = timedelta(days=21)
"""Over which tickets were opened, up to an hour ago."""
Remember = Callable[[Member], Awaitable[None]]
Report = Callable[[int, int], None]


@dataclass
class _Run:
    """A story as it goes on for one customer."""

    number: int
    story: Story
    customer: Customer
    requester: Viewer
    agent: Member
    opens_at: datetime
    ticket: UUID | None = None
    told: int = 0


@dataclass
class Seed:
    """`remember` notes a member of staff; `now` is when the story of all tickets ends."""

    desk: Desk
    remember: Remember
    now: datetime
    viewers: dict[str, Viewer] = field(default_factory=dict)

    async def run(self, report: Report) -> int:
        """Record everything. Returns the number of tickets."""
        chance = random.Random(SEED)
        for member in STAFF:
            await self.remember(member)
        await self._people()
        await self.page.open(self.now - SPAN - timedelta(days=30))
        runs = [self._begin(number, chance) for number in range(TICKETS)]
        told = [(at, run, step) for run in runs for at, step in _timeline(run, chance) if at <= self.now]
        moments: list[tuple[datetime, int, Callable[[], Awaitable[object]]]] = [
            (at, run.number, partial(self._live, run, step, at)) for at, run, step in told
        ]
        moments += [(at, -1, tell) for at, tell in self.page.moments([(run.story.subject, run.opens_at) for run in runs])]
        moments.sort(key=lambda each: each[:2])
        for done, (_, _, tell) in enumerate(moments, 1):
            await tell()
            report(done, len(moments) + len(runs))
        for done, run in enumerate(runs, len(moments) + 1):
            await self._time_passes(run, self.now)
            report(done, len(moments) + len(runs))
        return len(runs)

    async def _people(self) -> None:
        began = self.now - SPAN - timedelta(days=30)
        admin = _viewer(next(member for member in STAFF if member.role is Role.ADMIN))
        for customer in CUSTOMERS:
            by = self._by(admin, began, f"organisation/{customer.ref}")
            receipt = await people.register_organisation(
                self.desk, by, ref=customer.ref, name=customer.name, email_domains=[customer.domain]
            )
            organisation = UUID(receipt.ids["organisation"])
            for index, person in enumerate(customer.people):
                role = ContactRole.CUSTOMER if index else ContactRole.CUSTOMER_ADMIN
                new = people.NewContact(customer.email(person), person, organisation=organisation, role=role)
                receipt = await people.register_contact(self.desk, self._by(admin, began, f"contact/{new.email}"), new)
                self.viewers[new.email] = Viewer(Role(role.value), UUID(receipt.ids["contact"]), organisation)

    def _begin(self, number: int, chance: random.Random) -> _Run:
        customer = CUSTOMERS[(number * 5 + number // 8) % len(CUSTOMERS)]
        share = number / TICKETS
        return _Run(
            number,
            STORIES[number % len(STORIES)],
            customer,
            self.viewers[customer.email(chance.choice(customer.people))],
            chance.choice(AGENTS),
            self.now - SPAN * (1 - share) - timedelta(minutes=60 + chance.randrange(240)),
        )

    @cached_property
    def page(self) -> StatusPage:
        """The status page, run by the administrator and the first agent."""
        admin = _viewer(next(member for member in STAFF if member.role is Role.ADMIN))
        return StatusPage(self.desk, partial(self._by, admin), partial(self._by, _viewer(AGENTS[0])), self.now)

    async def _live(self, run: _Run, step: Step | None, at: datetime) -> None:
        await self._time_passes(run, at)
        await self._tell(run, step, at)
        if step is None and run.ticket is not None:
            await self.page.link(run.ticket, run.story.subject, at, f"ticket/{run.number}")

    async def _tell(self, run: _Run, step: Step | None, at: datetime) -> None:
        run.told += 1
        key = f"ticket/{run.number}/{run.told}"
        agent, requester = self._by(_viewer(run.agent), at, key), self._by(run.requester, at, key)
        if step is None:
            run.ticket = UUID((await self._open(run, requester)).ids["ticket"])
            return
        ticket, desk = run.ticket, self.desk
        assert ticket is not None
        match step.act:
            case "writes":
                await conversation.reply(desk, requester, ticket, body=step.text)
            case "answers":
                await conversation.reply(desk, agent, ticket, body=step.text)
            case "asks":
                await conversation.reply(desk, agent, ticket, body=step.text, then=AfterReply.AWAIT_CUSTOMER)
            case "solves":
                await conversation.reply(desk, agent, ticket, body=step.text, then=AfterReply.RESOLVE)
            case "notes":
                await conversation.add_internal_note(desk, agent, ticket, body=step.text)
            case "assigned":
                await people.assign(desk, agent, ticket, run.agent.id)
            case "tagged":
                await change(desk, agent, ticket, Ticket.tag, step.text, at=at)
            case "held":
                await change(desk, agent, ticket, Ticket.put_on_hold, step.hold, at=at)
            case "snoozed":
                await change(desk, agent, ticket, Ticket.snooze, at + timedelta(days=2), at=at)
            case "escalated":
                await change(desk, agent, ticket, Ticket.escalate, step.target, at=at)
            case "raised":
                wanted = step.priority
                await change_promised(
                    desk, agent, ticket, lambda found, terms: found.change_priority(wanted, at=at, terms=terms)
                )
            case "rated":
                said = step.text or None
                await change(desk, requester, ticket, Ticket.rate, step.score, at=at, by=run.requester.id, comment=said)
            case "calls":
                began = at - timedelta(minutes=9)
                call = PhoneCall(Direction.INBOUND, run.requester.id, began, timedelta(minutes=8), step.text)
                await log_phone_call(desk, agent, ticket, call)

    async def _open(self, run: _Run, by: By) -> Receipt:
        story = run.story
        new = NewTicket(
            story.kind,
            story.subject,
            priority=story.priority,
            severity=story.severity,
            queue=queue_id(story.queue),
            services=self.page.about(story.subject),
            fields=[("region", (story.region,))] if story.region else [],
        )
        return await open_ticket(self.desk, by, new, body=story.body, channel=Channel.PORTAL)

    async def _time_passes(self, run: _Run, until: datetime) -> None:
        """What time would have brought to this ticket, each at its instant, in order."""
        ticket = run.ticket
        if ticket is None:
            return

        async def decide(decision: Decision) -> None:
            await self._next_moment(await decision.load(Ticket, ticket), until)

        while (await self.desk.writer.decide(Act(actor=SYSTEM, at=until, correlation=ticket), decide)).position is not None:
            pass

    async def _next_moment(self, ticket: Ticket, until: datetime) -> None:
        policies = await self.desk.policies.now()
        before = ticket.version
        moments = [(deadline.at, deadline.kind.value, deadline.target) for deadline in ticket.deadlines()]
        if ticket.snoozed_until is not None:
            moments.append((ticket.snoozed_until, "WAKE", ticket.id))
        if ticket.resolved_at is not None:
            moments.append((ticket.resolved_at + policies.close_after, "CLOSE", ticket.id))
        for at, kind, target in sorted(moments):
            if at > until or ticket.version != before:
                break
            match kind:
                case "IMMINENT":
                    ticket.note_sla_imminent(target, at=at)
                case "BREACH":
                    ticket.note_sla_breached(target, at=at)
                case "WAKE":
                    ticket.wake(at=at)
                case "CLOSE":
                    window = max(at, ticket.reopenable_until or at)
                    ticket.close_by_time(at=at, close_after=policies.close_after, reopenable_until=window)

    def _by(self, viewer: Viewer, at: datetime, key: str) -> By:
        kind = ActorKind.CONTACT if viewer.is_customer else ActorKind.STAFF
        once = Idempotency("demo", key, key.encode())
        return By(viewer, Act(actor=Actor(kind, viewer.id), at=at, correlation=uuid5(NAMESPACE, key), idempotency=once))


def _timeline(run: _Run, chance: random.Random) -> list[tuple[datetime, Step | None]]:
    """The opening (None) and the steps, each at its time; no two customers wait equally long."""
    at = run.opens_at
    told: list[tuple[datetime, Step | None]] = [(at, None)]
    for step in run.story.steps:
        at += timedelta(hours=step.after * chance.uniform(0.7, 2.2))
        told.append((at, step))
    return told


def _viewer(member: Member) -> Viewer:
    # A service manager acts here as an agent would: whom they serve is told by contracts, of which the demo has none yet.
    return Viewer(Role.AGENT if member.role is Role.SERVICE_MANAGER else member.role, member.id)


async def is_demo_staff(id: UUID) -> bool:
    """Whether somebody is one of the demo's staff."""
    return any(member.id == id for member in STAFF)

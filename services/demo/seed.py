"""Records the demo data: a quarter of a provider's life, told through the same commands as anybody's, at the times when it happened.

Every act has an idempotency key, so seeding that was interrupted goes on where it was and never doubles anything. What time would have
brought meanwhile is recorded at its instant too, so the scheduler finds nothing late. When it ends, under which numbers, and how much
of it there is, is itself recorded first: whoever takes it up again tells the same story.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from domain.organisations.events import ContactRole
from projections.viewer import Role, Viewer
from services.commands import people
from services.commands.desk import Desk
from services.commands.meetings import Packs
from services.demo.chronicle import Chronicle
from services.demo.contracts import Contracts
from services.demo.course import AT_ONCE, Moment, Report, told
from services.demo.customers import ADMIN, AGENTS, STAFF, Customer, Member, customers
from services.demo.knowledge import Knowledge
from services.demo.meetings import Meetings
from services.demo.plan import SCALES, Case, Scale, planned
from services.demo.rooms import Rooms
from services.demo.status import StatusPage
from services.demo.tickets import Tickets, as_viewer
from services.runtime.act import SYSTEM, Act, Idempotency
from services.runtime.decision import Decision

Remember = Callable[[Member], Awaitable[None]]
SEQUENCES = ("incident", "maintenance", "engagement")


@dataclass(frozen=True)
class Done:
    """What is there now. `already`: all of it was."""

    size: str
    seed: int
    tickets: int
    organisations: int
    until: datetime
    moments: int
    already: bool


@dataclass
class Seed:
    """`remember` notes a member of staff; `now` is when the story ends, unless it was begun earlier."""

    desk: Desk
    chronicle: Chronicle
    remember: Remember
    now: datetime
    size: str = "full"
    at_once: int = AT_ONCE
    packs: Packs | None = None
    """Counts review packs; without it none is frozen."""
    scale: Scale | None = None
    """Another than that of the size, not larger; for tests and measurements."""
    viewers: dict[str, Viewer] = field(default_factory=dict)

    async def run(self, report: Report) -> Done:
        """Record all that is not there yet."""
        for member in STAFF:
            await self.remember(member)
        self.chronicle.policies = await self.desk.policies.now()
        plan = await self._begun()
        scale, until = self.scale or SCALES[plan["size"]], datetime.fromisoformat(plan["until"])
        cases = planned(self.chronicle.seed, scale, until)
        done = Done(plan["size"], self.chronicle.seed, len(cases), scale.organisations, until, 0, already=True)
        if await self._outcome("done", remember=False):
            return done
        self._number(cases, int(plan["ticket"]))
        ahead = self._people(customers()[: scale.organisations], until)
        admin, agent = (partial(self.chronicle.by, as_viewer(each)) for each in (ADMIN, AGENTS[0]))
        page = StatusPage(self.desk, self.chronicle, admin, agent, until, scale.days)
        page.number({kind: int(plan[kind]) for kind in SEQUENCES})
        ahead += page.opening(until - timedelta(days=scale.days + 60))
        await told(ahead, lambda _done, _total: None, at_once=self.at_once)
        moments, held = self._moments(cases, scale, until, page, int(plan["engagement"]))
        await told(moments, lambda done, _: report(done, len(moments) + len(held)), at_once=self.at_once)
        # One by one: a pack says at which position it was frozen, and which that is must not depend on what ran beside it.
        await told(held, lambda done, _: report(len(moments) + done, len(moments) + len(held)), at_once=1)
        await self._outcome("done", remember=True)
        return Done(
            plan["size"], self.chronicle.seed, len(cases), scale.organisations, until, len(moments) + len(held), already=False
        )

    def _moments(
        self, cases: list[Case], scale: Scale, until: datetime, page: StatusPage, first: int
    ) -> tuple[list[Moment], list[Moment]]:
        """All that is told by time, and the meetings that look back on it."""
        tickets = Tickets(self.desk, self.chronicle, page, self.viewers, until)
        moments, held = page.moments(), list[Moment]()
        for case in cases:
            moments += tickets.moments(case)
        if scale.rooms:
            known = customers()[: scale.organisations]
            contracts = Contracts(self.desk, self.chronicle, page, self.viewers, until)
            moments += contracts.moments(known)
            held += Meetings(self.desk, self.chronicle, contracts.ids, self.viewers, until, self.packs).moments(known)
            moments += Rooms(self.desk, self.chronicle, page, self.viewers, until).moments(known)
            moments += Knowledge(self.desk, self.chronicle, page, self.viewers, until, first).moments(known)
        return moments, held

    async def _begun(self) -> dict[str, str]:
        """What was decided when it was begun: the end of the story, its size and its numbers."""
        until = self.now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        size = self.size

        async def decide(decision: Decision) -> None:
            await decision.find("demo", "plan")  # raises what was decided before
            decision.remember(until=until.isoformat(), size=size, seed=str(self.chronicle.seed))
            scale = SCALES[size]
            wanted = {"ticket": scale.tickets + 200, **dict.fromkeys(SEQUENCES, 60)}
            for kind, count in wanted.items():
                decision.remember(**{kind: str(await _block(decision, kind, count))})

        return (await self.desk.writer.decide(self._note("plan"), decide)).ids

    async def _outcome(self, key: str, *, remember: bool) -> bool:
        """Whether this was noted before."""

        class Unknown(Exception):
            pass

        async def decide(decision: Decision) -> None:
            await decision.find("demo", key)
            if not remember:
                raise Unknown

        try:
            return (await self.desk.writer.decide(self._note(key), decide)).replayed
        except Unknown:
            return False

    def _note(self, key: str) -> Act:
        at = self.now
        return Act(actor=SYSTEM, at=at, correlation=UUID(int=0), idempotency=Idempotency("demo", f"note/{key}", key.encode()))

    def _number(self, cases: list[Case], first: int) -> None:
        """Give every ticket its number in the order in which they open, whichever is recorded first."""
        opened = [(case.opens_at, f"{case.key}/0") for case in cases]
        opened += [
            (case.steps[place][0], f"{case.key}/{place + 1}")
            for case in cases
            for place in range(len(case.steps))
            if case.follows_up(place)
        ]
        for number, (_, key) in enumerate(sorted(opened), first):
            self.chronicle.numbers["ticket", key] = number

    def _people(self, known: tuple[Customer, ...], until: datetime) -> list[Moment]:
        admin = as_viewer(ADMIN)

        async def register(customer: Customer, at: datetime) -> None:
            by = self.chronicle.by(admin, at, f"organisation/{customer.ref}")
            receipt = await people.register_organisation(
                self.desk, by, ref=customer.ref, name=customer.name, email_domains=[customer.domain]
            )
            organisation = UUID(receipt.ids["organisation"])
            for index, person in enumerate(customer.people):
                role = ContactRole.CUSTOMER if index else ContactRole.CUSTOMER_ADMIN
                new = people.NewContact(customer.email(person), person, organisation=organisation, role=role)
                later = at + timedelta(minutes=3 + index)
                receipt = await people.register_contact(self.desk, self.chronicle.by(admin, later, f"contact/{new.email}"), new)
                self.viewers[new.email] = Viewer(Role(role.value), UUID(receipt.ids["contact"]), organisation)

        moments = []
        for rank, customer in enumerate(known):
            began = customer.contract.began if customer.contract else 0
            at = until - timedelta(days=max(began, 100 + 11 * (rank % 17)) + 12, minutes=37 * rank)
            moments.append(Moment(at, partial(register, customer, at), (f"organisation/{customer.ref}",)))
        return moments


async def _block(decision: Decision, kind: str, count: int) -> int:
    """The first of so many numbers in a row; drawn anew where somebody else drew between them."""
    while True:
        first = await Decision.next_ref(decision, kind)
        for expected in range(first + 1, first + count):
            if await Decision.next_ref(decision, kind) != expected:
                break
        else:
            return first

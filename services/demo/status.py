"""The services of the demo's provider, and what happened to them (status.toml): incidents that tickets are about, and planned work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any
from uuid import UUID

from domain.status.vocabulary import ComponentImpact, ComponentState, IncidentStatus, StatusSeverity
from services.commands import status
from services.commands.desk import By, Desk
from services.demo.chronicle import Chronicle
from services.demo.course import Moment
from services.demo.customers import data
from services.runtime.decision import Decision

Hand = Callable[[datetime, str], By]
"""Whoever acts, at a time, under a key."""
DECLARED = timedelta(minutes=8)
"""After it began."""


@dataclass(frozen=True)
class Trouble:
    """An incident of the file, placed in time. `ends_at` None: it goes on."""

    key: str
    given: dict[str, Any]
    began_at: datetime
    ends_at: datetime | None

    @property
    def services(self) -> frozenset[str]:
        return frozenset(self.given["impacts"])

    @property
    def tickets(self) -> int:
        """That were written because of it."""
        return int(self.given.get("tickets", 0))


@cache
def _given() -> dict[str, Any]:
    return data("status.toml")


def troubles(until: datetime, days: int) -> list[Trouble]:
    """The incidents of the last so many days."""
    found = []
    for number, given in enumerate(_given()["incident"]):
        if given["days"] >= days:
            continue
        began = until - timedelta(days=given["days"])
        last = given["posts"][-1]
        ends = None if "status" in last else began + timedelta(minutes=last["after"])
        found.append(Trouble(f"incident/{number}", given, began, ends))
    return found


@dataclass
class StatusPage:
    """`admin` and `agent` act; `until` is when the story ends, `days` how long it is."""

    desk: Desk
    chronicle: Chronicle
    admin: Hand
    agent: Hand
    until: datetime
    days: int
    components: dict[str, UUID] = field(default_factory=dict)
    notices: dict[str, UUID] = field(default_factory=dict)

    def opening(self, at: datetime) -> Iterator[Moment]:
        """Put all services on it."""

        async def register(ref: str, name: str, group: str) -> None:
            by = self.admin(at, f"component/{ref}")
            receipt = await status.register_component(self.desk, by, ref=ref, name=name, group=group)
            self.components[ref] = UUID(receipt.ids["component"])

        for group, services in _given()["services"].items():
            for ref, name in services.items():
                yield Moment(at, partial(register, ref, name, group), (f"component/{ref}",))

    def number(self, first: Mapping[str, int]) -> None:
        """Give incidents and work their numbers in the order in which they are told."""
        told = {
            "incident": [each.key for each in troubles(self.until, self.days)],
            "maintenance": [f"work/{number}" for number, _, _ in self._works()],
        }
        for kind, keys in told.items():
            for place, key in enumerate(keys):
                self.chronicle.numbers[kind, key] = first[kind] + place

    def moments(self) -> list[Moment]:
        """Everything that happens by the end."""
        told: list[Moment] = []
        for trouble in troubles(self.until, self.days):
            told += self._incident(trouble)
        for number, work, begins in self._works():
            told += self._work(number, work, begins)
        return [moment for moment in told if moment.at <= self.until]

    def concerning(self, services: Sequence[str], at: datetime) -> str | None:
        """The key of an incident that runs on one of these services and was declared by then."""
        for each in troubles(self.until, self.days):
            if each.services & set(services) and each.began_at + DECLARED <= at and (each.ends_at is None or at < each.ends_at):
                return each.key
        return None

    async def link(self, ticket: UUID, notice: str, at: datetime, key: str) -> None:
        """Tie a ticket to an incident."""
        await status.link_ticket(self.desk, self.agent(at, f"{key}/incident"), self.notices[notice], ticket)

    def _incident(self, trouble: Trouble) -> Iterator[Moment]:
        key, given = trouble.key, trouble.given

        async def declare(at: datetime) -> None:
            new = status.NewIncident(
                given["title"],
                StatusSeverity(given["severity"]),
                self._impacts(given["impacts"]),
                given["body"],
                trouble.began_at,
            )
            receipt = await status.declare_incident(self.desk, self.agent(at, key), new)
            self.notices[key] = UUID(receipt.ids["notice"])

        async def tell(place: int, post: dict[str, Any], at: datetime) -> None:
            by = self.agent(at, f"{key}/{place}")
            if "status" not in post:
                await status.resolve_incident(self.desk, by, self.notices[key], body=post["body"])
                return
            impacts = self._impacts(post["impacts"]) if "impacts" in post else None
            said = status.Post(post["body"], IncidentStatus(post["status"]), impacts)
            await status.post_update(self.desk, by, self.notices[key], said)

        changes = (f"notice/{key}", *(f"component/{ref}" for ref in given["impacts"]))
        declared = trouble.began_at + DECLARED
        yield Moment(declared, partial(declare, declared), changes)
        for place, post in enumerate(given["posts"]):
            at = trouble.began_at + timedelta(minutes=post["after"])
            yield Moment(at, partial(tell, place, post, at), changes)

    def _works(self) -> list[tuple[int, dict[str, Any], datetime]]:
        """Number, what the file says, and when it begins."""
        return [
            (number, work, self.until - timedelta(days=work["begins"]))
            for number, work in enumerate(_given()["work"])
            if work["begins"] < self.days
        ]

    def _work(self, number: int, work: dict[str, Any], begins: datetime) -> Iterator[Moment]:
        key = f"work/{number}"
        ends = begins + timedelta(hours=work["hours"])
        announced = min(begins - timedelta(days=7), self.until - timedelta(hours=2))

        async def schedule() -> None:
            new = status.NewMaintenance(work["title"], self._impacts(work["impacts"]), work["body"], begins, ends)
            receipt = await status.schedule_maintenance(self.desk, self.agent(announced, key), new)
            self.notices[key] = UUID(receipt.ids["notice"])

        async def turn(at: datetime) -> None:
            async def decide(decision: Decision) -> None:
                await status.begin_or_end(decision, self.notices[key], at)

            await self.desk.writer.decide(self.chronicle.time(at, key), decide)

        async def call_off(at: datetime) -> None:
            await status.cancel_maintenance(self.desk, self.agent(at, f"{key}/off"), self.notices[key], body=work["called_off"])

        changes = (f"notice/{key}", *(f"component/{ref}" for ref in work["impacts"]))
        yield Moment(announced, schedule, changes)
        if "called_off" in work:
            off = self.until - timedelta(hours=1)
            yield Moment(off, partial(call_off, off), changes)
        for at in (begins, ends):
            yield Moment(at, partial(turn, at), changes)

    def _impacts(self, impacts: dict[str, str]) -> list[ComponentImpact]:
        return [ComponentImpact(self.components[ref], ComponentState(state)) for ref, state in impacts.items()]

"""Proven addresses, chat rooms and status subscriptions of the demo's customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID

from domain.chat.access import ChatRoomAccess
from domain.chat.rooms import Room
from domain.deliveries.vocabulary import NotificationChannel
from domain.status.vocabulary import StatusSeverity
from domain.subscriptions.subscription import LASTS, StatusSubscription
from domain.subscriptions.vocabulary import DigestMode, QuietHours
from projections.viewer import Viewer
from services.commands import chat, subscription_messages, subscriptions, verification
from services.commands.desk import Desk
from services.demo.chronicle import Chronicle
from services.demo.contracts import begins, ends
from services.demo.course import Moment
from services.demo.customers import AGENTS, Customer
from services.demo.status import StatusPage
from services.demo.tickets import as_viewer
from services.runtime.decision import Decision

WEEK = timedelta(days=7)


async def somewhere(host: str) -> Sequence[str]:  # noqa: ARG001 - the form of a look-up
    """An address for the customers' invented hosts, which no name server knows; what is judged is the rest of it."""
    return ["9.9.9.9"]


@dataclass
class Rooms:
    desk: Desk
    chronicle: Chronicle
    page: StatusPage
    viewers: Mapping[str, Viewer]
    until: datetime
    ids: dict[str, UUID] = field(default_factory=dict)

    def moments(self, known: Sequence[Customer]) -> list[Moment]:
        told: list[Moment] = []
        for rank, customer in enumerate(known):
            chance = Random(f"{self.chronicle.seed}/rooms/{customer.ref}")
            proven = [person for place, person in enumerate(customer.people) if place == 0 or chance.random() < 0.6]
            for person in proven:
                told += self._verification(customer, person, self._day(chance, 84, 90))
            told += self._chat(customer, proven, chance)
            told += self._subscriptions(rank, customer, chance)
        return [moment for moment in told if moment.at <= self.until]

    def _day(self, chance: Random, least: float, most: float) -> datetime:
        """Some time between so many days before the end."""
        return self.until - timedelta(milliseconds=round(86_400_000 * chance.uniform(least, most)))

    def _verification(self, customer: Customer, person: str, at: datetime) -> Iterator[Moment]:
        email = customer.email(person)
        key, changes = f"verification/{email}", (f"contact/{email}",)

        async def ask() -> None:
            who = self.viewers[email]
            await verification.request(self.desk, self.chronicle.by(who, at, key), who.id)

        async def prove(later: datetime) -> None:
            who = self.viewers[email]
            token = verification.token_for(who.id, self.chronicle.bytes(f"{key}/secret", 1, verification.SECRET_BYTES))
            await verification.verify(self.desk, self.chronicle.by(who, later, f"{key}/proof", key).act, token)

        yield Moment(at, ask, changes)
        yield Moment(at + timedelta(minutes=11), partial(prove, at + timedelta(minutes=11)), changes)

    def _chat(self, customer: Customer, proven: Sequence[str], chance: Random) -> Iterator[Moment]:
        contract = customer.contract

        def backchannel() -> Room:
            return Room.backchannel(self.viewers[customer.email(customer.people[0])].organisation or UUID(int=0))

        if contract is not None and contract.product != "SUPPORT-iaas.base" and contract.began > 20:
            since = max(begins(contract, self.until), self.until - timedelta(days=80)) + timedelta(days=1)
            last = min(ends(contract, self.until) or self.until, self.until)
            if contract.suspended is not None:
                last = min(last, self.until - timedelta(days=contract.suspended + 1))
            lost = last if last < self.until - timedelta(days=2) else None
            for person in proven[:3]:
                at = since + (last - timedelta(days=1) - since) * chance.random() ** 3
                yield from self._access(customer, person, backchannel, at, chance, lost)
        for person in proven:
            if chance.random() < 0.35:
                yield from self._access(customer, person, Room.community, self._day(chance, 0.2, 78), chance, None)

    def _access(
        self, customer: Customer, person: str, room: Callable[[], Room], at: datetime, chance: Random, lost: datetime | None
    ) -> Iterator[Moment]:
        email = customer.email(person)
        key = f"chat/{email}/{int(at.timestamp())}"
        rests_on = (f"organisation/{customer.ref}", f"contact/{email}")
        agent = as_viewer(chance.choice(AGENTS))
        refused = chance.random() < 0.06

        def access() -> UUID:
            return ChatRoomAccess.id_of(room().id, self.viewers[email].id)

        async def ask() -> None:
            await chat.request(self.desk, self.chronicle.by(self.viewers[email], at, key), room().id)

        async def answer(later: datetime) -> None:
            by = self.chronicle.by(agent, later, f"{key}/answer", key)
            if refused:
                await chat.change(self.desk, by, access(), ChatRoomAccess.deny, at=later)
            else:
                await chat.approve(self.desk, by, access())

        async def settle(later: datetime) -> None:
            async def decide(decision: Decision) -> None:
                await chat.settle(decision, self.chronicle.policies, access(), later)

            await self.desk.writer.decide(self.chronicle.time(later, key), decide)

        yield Moment(at, ask, (key,), rests_on)
        later = at + timedelta(minutes=chance.randrange(12, 1200))
        if lost is None or later < lost:
            yield Moment(later, partial(answer, later), (key,), rests_on)
        if lost is not None:
            for gone in (lost, lost + timedelta(days=2)):  # contracts and their suspension are told by the hour
                yield Moment(gone, partial(settle, gone), (key,), rests_on)

    def _subscriptions(self, rank: int, customer: Customer, chance: Random) -> Iterator[Moment]:
        wanted = [(NotificationChannel.EMAIL, f"status@{customer.domain}", StatusSeverity.MINOR)]
        if rank % 3 == 0:
            wanted.append((NotificationChannel.WEBHOOK, f"https://hooks.{customer.domain}/status", StatusSeverity.INFORMATION))
        if rank % 4 == 1:
            wanted.append((NotificationChannel.SMS, f"+44770090{rank:04}", StatusSeverity.MAJOR))
        if rank % 7 == 6:
            wanted = []
        for place, (channel, where, floor) in enumerate(wanted):
            yield from self._subscription(
                rank, customer, place, subscriptions.NewSubscription(channel, where, severity_floor=floor), chance
            )

    def _subscription(
        self, rank: int, customer: Customer, place: int, new: subscriptions.NewSubscription, chance: Random
    ) -> Iterator[Moment]:
        email = customer.email(customer.people[0])
        key = f"subscription/{customer.ref}/{place}"
        changes, rests_on = (key,), (f"organisation/{customer.ref}", f"contact/{email}")
        forgotten = rank % 9 == 8
        at = self._day(chance, 20, 80) if rank != 17 else self.until - timedelta(hours=5)

        async def ask() -> None:
            by = self.chronicle.by(self.viewers[email], at, key)
            self.ids[key] = UUID((await subscriptions.request(self.desk, by, new, resolve=somewhere)).ids["subscription"])

        async def confirm(later: datetime) -> None:
            secret = self.chronicle.bytes(f"{key}/secret", 1, subscription_messages.SECRET_BYTES)
            token = subscription_messages.confirmation_token(self.ids[key], secret)
            by = self.chronicle.by(self.viewers[email], later, f"{key}/confirm", key)
            await subscriptions.confirm(self.desk, by.act, token)

        async def settle(later: datetime) -> None:
            async def decide(decision: Decision) -> None:
                await subscriptions.settle(decision, self.chronicle.policies, self.ids[key])

            await self.desk.writer.decide(self.chronicle.time(later, key), decide)

        yield Moment(at, ask, changes, rests_on)
        if forgotten or rank == 17:  # the confirmation was never used
            yield Moment(at + LASTS, partial(settle, at + LASTS), changes, rests_on)
            return
        later = at + timedelta(minutes=chance.randrange(2, 300))
        yield Moment(later, partial(confirm, later), changes, rests_on)
        yield from self._wishes(rank, place, key, email, customer.zone.key, later + timedelta(hours=3), (changes, rests_on))

    def _wishes(
        self,
        rank: int,
        place: int,
        key: str,
        email: str,
        zone: str,
        at: datetime,
        lanes: tuple[tuple[str, ...], tuple[str, ...]],
    ) -> Iterator[Moment]:
        """What some of them change afterwards."""

        async def change(what: str, later: datetime) -> None:
            by, id = self.chronicle.by(self.viewers[email], later, f"{key}/{what}", key), self.ids[key]
            match what:
                case "quiet":
                    quiet = QuietHours("22:00", "06:30", zone)
                    await subscriptions.change(
                        self.desk, by, id, StatusSubscription.set_quiet_hours, quiet, StatusSeverity.MAJOR, at=later
                    )
                case "digest":
                    await subscriptions.change(self.desk, by, id, StatusSubscription.set_digest, DigestMode.DAILY, at=later)
                case "pause":
                    await subscriptions.change(self.desk, by, id, StatusSubscription.pause, at=later)
                case "cancel":
                    await subscriptions.cancel(self.desk, by, id)

        wishes = [(1, 0, "quiet"), (2, 0, "digest"), (5, 0, "pause"), (10, 0, "cancel"), (4, 1, "quiet")]
        for rest, which, what in wishes:
            if rank % 11 == rest and place == which:
                yield Moment(at, partial(change, what, at), *lanes)

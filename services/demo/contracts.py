"""The support contracts of the demo's customers: drafted, put in force, changed, suspended, renewed, ended, each told when it came."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from domain.contracts.contract import SupportContract
from domain.contracts.vocabulary import ServiceManagerMode
from projections.viewer import Viewer
from services.commands import contracts
from services.commands.desk import By, Desk
from services.demo.chronicle import Chronicle
from services.demo.course import Moment
from services.demo.customers import ADMIN, BY_NAME, Contract, Customer
from services.demo.status import StatusPage
from services.demo.tickets import as_viewer
from services.runtime.command import Receipt
from services.runtime.decision import Decision

YEAR = timedelta(days=365)
COVERED = ("compute-north", "block-storage", "backbone")
Deed = Callable[[By], Awaitable[object]]


def begins(contract: Contract, until: datetime) -> datetime:
    """At midnight."""
    return (until - timedelta(days=contract.began)).replace(hour=0)


def ends(contract: Contract, until: datetime) -> datetime | None:
    return None if contract.ends is None else (until + timedelta(days=contract.ends)).replace(hour=0)


def renewal(contract: Contract, until: datetime) -> tuple[datetime | None, datetime | None]:
    """When it is renewed for another year, if it is, and until when it runs before."""
    from_, to = begins(contract, until), ends(contract, until)
    if to is None or to - YEAR <= from_ + timedelta(days=15):
        return None, to
    return to - YEAR - timedelta(days=15), to - YEAR


@dataclass
class Contracts:
    desk: Desk
    chronicle: Chronicle
    page: StatusPage
    viewers: Mapping[str, Viewer]
    until: datetime
    ids: dict[str, UUID] = field(default_factory=dict)

    def moments(self, known: Sequence[Customer]) -> list[Moment]:
        told = [
            moment for place, each in enumerate(known, 1) if each.contract for moment in self._of(place, each, each.contract)
        ]
        return [moment for moment in told if moment.at <= self.until]

    def _of(self, place: int, customer: Customer, contract: Contract) -> Iterator[Moment]:
        from_, to = begins(contract, self.until), ends(contract, self.until)
        signed = min(from_ - timedelta(days=3), self.until - timedelta(days=2)).replace(hour=9)
        drafted = signed - timedelta(days=5, hours=-1)
        renewed, first_end = renewal(contract, self.until)
        moment = partial(self._moment, customer, contract)

        async def draft(by: By) -> Receipt:
            receipt = await contracts.draft(
                self.desk,
                by,
                organisation=self.viewers[customer.email(customer.people[0])].organisation or UUID(int=0),
                ref=f"SC-{from_.year}-{place:04}",
                product=contract.product,
                from_=from_,
                to=first_end,
            )
            self.ids[customer.ref] = UUID(receipt.ids["contract"])
            return receipt

        yield moment("draft", drafted, draft)
        yield moment("activate", signed, lambda by: contracts.activate(self.desk, by, self.ids[customer.ref]))
        yield self._time(customer, from_)
        for number, ref in enumerate(COVERED[: 1 + place % 3]):
            covered = signed + timedelta(minutes=10 + number)
            yield moment(f"cover/{ref}", covered, partial(self._cover, customer, ref))
        if contract.manager is not None:
            manager, mode = BY_NAME[contract.manager].id, ServiceManagerMode(contract.mode)
            yield moment(
                "manager",
                from_ + timedelta(hours=9),
                lambda by: contracts.assign_manager(self.desk, by, self.ids[customer.ref], manager, mode),
            )
        if contract.change is not None:
            product, effective = contract.change["product"], self._ago(contract.change["after"])
            yield moment(
                "change",
                self._ago(contract.change["told"]).replace(hour=10),
                lambda by: contracts.change_plan(self.desk, by, self.ids[customer.ref], product, effective),
            )
            yield self._time(customer, effective)
        if contract.suspended is not None:
            at = self._ago(contract.suspended).replace(hour=11)
            yield moment(
                "suspend",
                at,
                lambda by: contracts.change(self.desk, by, self.ids[customer.ref], SupportContract.suspend, at=at),
            )
        if renewed is not None:
            yield moment(
                "renew",
                renewed,
                lambda by: contracts.change(self.desk, by, self.ids[customer.ref], SupportContract.renew, at=renewed, to=to),
            )
        if to is not None:
            yield self._time(customer, to)

    def _ago(self, days: int) -> datetime:
        return (self.until - timedelta(days=days)).replace(hour=0)

    async def _cover(self, customer: Customer, ref: str, by: By) -> Receipt:
        return await contracts.cover_service(self.desk, by, self.ids[customer.ref], self.page.components[ref])

    def _moment(self, customer: Customer, contract: Contract, what: str, at: datetime, deed: Deed) -> Moment:
        by = self.chronicle.by(as_viewer(ADMIN), at, f"contract/{customer.ref}/{what}", f"contract/{customer.ref}")
        changes = [f"organisation/{customer.ref}"]
        if contract.manager is not None:  # whom a service manager serves stands on a ledger of theirs
            changes.append(f"manager/{contract.manager}")
        return Moment(at, partial(deed, by), tuple(changes))

    def _time(self, customer: Customer, at: datetime) -> Moment:
        async def note() -> None:
            async def decide(decision: Decision) -> None:
                await contracts.note_time(decision, self.ids[customer.ref], at)

            await self.desk.writer.decide(self.chronicle.time(at, f"contract/{customer.ref}"), decide)

        manager = customer.contract.manager if customer.contract else None
        changes = (f"organisation/{customer.ref}", *((f"manager/{manager}",) if manager else ()))
        return Moment(at, note, changes)

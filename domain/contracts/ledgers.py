"""Two small ledgers that guard what no single contract can judge: the periods of an organisation, and whom a manager serves.

Decision: the rules are judged on these streams, which every contract concerned writes in its own append, so under races one wins and the
others see it. A unique look-up could guard a dedicated manager against a second dedication, but not against a shared assignment
elsewhere, nor the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from domain.contracts.course import Interval
from domain.contracts.ledger_events import (
    ManagerEngaged,
    ManagerFreed,
    ManagerLedgerOpened,
    OrganisationLedgerOpened,
    PeriodReleased,
    PeriodReserved,
)
from domain.contracts.refusals import ManagerReserved, PeriodsOverlap
from domain.contracts.vocabulary import ServiceManagerMode
from domain.event import Aggregate, DomainEvent
from domain.policies import NAMESPACE

Period = tuple[str, Interval]
"""A product for a time."""


class OrganisationLedger(Aggregate):
    """Which contract of an organisation has which product when. It also leads to the organisation's contracts."""

    TOPIC = "organisation_ledger"
    Event = DomainEvent
    Created = OrganisationLedgerOpened  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @staticmethod
    def id_of(organisation: UUID) -> UUID:
        return uuid5(NAMESPACE, f"organisation_ledger/{organisation}")

    @classmethod
    def open(cls, *, organisation: UUID, at: datetime) -> OrganisationLedger:
        return cls._create(OrganisationLedgerOpened, id=cls.id_of(organisation), timestamp=at, organisation=organisation)

    def hold(self, contract: UUID, wanted: Sequence[Period], *, at: datetime) -> None:
        """These and no others are the periods of a contract. Raises PeriodsOverlap where another has the product then."""
        for product, time in wanted:
            for other, periods in self.periods.items():
                if other != contract and any(name == product and time.overlaps(held) for name, held in periods):
                    raise PeriodsOverlap(product)
        held = self.periods.get(contract, ())
        for product, time in held:
            if (product, time) not in wanted:
                self.trigger_event(
                    PeriodReleased, timestamp=at, contract=contract, product=product, from_=time.from_, to=time.to
                )
        for product, time in wanted:
            if (product, time) not in held:
                self.trigger_event(
                    PeriodReserved, timestamp=at, contract=contract, product=product, from_=time.from_, to=time.to
                )

    def contracts_at(self, at: datetime) -> list[UUID]:
        """The contracts that may give something at an instant. A suspension is not known here: the contract itself judges."""
        return [contract for contract, periods in self.periods.items() if any(time.covers(at) for _, time in periods)]

    def holds_after(self, at: datetime) -> bool:
        """Whether any period lasts beyond an instant or is to begin."""
        return any(time.to is None or at < time.to for periods in self.periods.values() for _, time in periods)

    @property
    def organisation(self) -> UUID:
        return self._organisation

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case OrganisationLedgerOpened():
                self._organisation = event.organisation
                self.periods: dict[UUID, tuple[Period, ...]] = {}
            case PeriodReserved():
                period = (event.product, Interval(event.from_, event.to))
                self.periods[event.contract] = (*self.periods.get(event.contract, ()), period)
            case PeriodReleased():
                gone = (event.product, Interval(event.from_, event.to))
                self.periods[event.contract] = tuple(each for each in self.periods[event.contract] if each != gone)


@dataclass(frozen=True, slots=True)
class Engagement:
    """Whom a service manager serves by a contract, and when."""

    organisation: UUID
    mode: ServiceManagerMode
    time: Interval

    def excludes(self, other: Engagement) -> bool:
        """Whether one of two is dedicated while the other serves somebody else."""
        dedicated = ServiceManagerMode.DEDICATED in (self.mode, other.mode)
        return dedicated and self.organisation != other.organisation and self.time.overlaps(other.time)


class ManagerLedger(Aggregate):
    """Which contracts have a service manager, from when until when. Of nobody's organisation: it tells one nothing about another.

    Judged by these dates, not by whether an end was noted yet; so a manager can be promised to the next before the last has ended.
    """

    TOPIC = "manager_ledger"
    Event = DomainEvent
    Created = ManagerLedgerOpened  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @staticmethod
    def id_of(manager: UUID) -> UUID:
        return uuid5(NAMESPACE, f"manager_ledger/{manager}")

    @classmethod
    def open(cls, *, manager: UUID, at: datetime) -> ManagerLedger:
        return cls._create(ManagerLedgerOpened, id=cls.id_of(manager), timestamp=at, manager=manager)

    def engage(self, contract: UUID, wanted: Engagement, *, at: datetime) -> None:
        """Serve a contract. Raises ManagerReserved where that would make a dedicated manager serve two organisations at once."""
        if any(other != contract and wanted.excludes(had) for other, had in self.engagements.items()):
            raise ManagerReserved
        if self.engagements.get(contract) != wanted:
            self.trigger_event(
                ManagerEngaged,
                timestamp=at,
                contract=contract,
                organisation=wanted.organisation,
                mode=wanted.mode,
                from_=wanted.time.from_,
                to=wanted.time.to,
            )

    def free(self, contract: UUID, *, at: datetime) -> None:
        if contract in self.engagements:
            self.trigger_event(ManagerFreed, timestamp=at, contract=contract)

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case ManagerLedgerOpened():
                self.engagements: dict[UUID, Engagement] = {}
            case ManagerEngaged():
                time = Interval(event.from_, event.to)
                self.engagements[event.contract] = Engagement(event.organisation, event.mode, time)
            case ManagerFreed():
                del self.engagements[event.contract]

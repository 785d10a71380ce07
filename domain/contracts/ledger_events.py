"""What can happen in the two small ledgers that guard rules across contracts. Staff's alone; consumers outside need neither."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.contracts.vocabulary import ServiceManagerMode
from domain.event import Aggregate, Classification, DomainEvent


@dataclass(frozen=True)
class OrganisationLedgerOpened(DomainEvent, Aggregate.Created):
    """With an organisation's first contract in force."""

    TOPIC = "organisation_ledger.opened.v1"
    CLASS: ClassVar[Classification] = Classification.RESTRICTED
    organisation: UUID


@dataclass(frozen=True)
class PeriodReserved(DomainEvent):
    """No other contract of the organisation has this product in `[from_, to)`."""

    TOPIC = "organisation_ledger.period_reserved.v1"
    CLASS: ClassVar[Classification] = Classification.RESTRICTED
    contract: UUID
    product: str
    from_: datetime
    to: datetime | None = None


@dataclass(frozen=True)
class PeriodReleased(DomainEvent):
    """The very period that was reserved is free again; what remains of it is reserved anew in the same append."""

    TOPIC = "organisation_ledger.period_released.v1"
    CLASS: ClassVar[Classification] = Classification.RESTRICTED
    contract: UUID
    product: str
    from_: datetime
    to: datetime | None = None


@dataclass(frozen=True)
class ManagerLedgerOpened(DomainEvent, Aggregate.Created):
    """With a service manager's first assignment ever."""

    TOPIC = "manager_ledger.opened.v1"
    CLASS: ClassVar[Classification] = Classification.RESTRICTED
    manager: UUID


@dataclass(frozen=True)
class ManagerEngaged(DomainEvent):
    """For `[from_, to)`, in place of what was said before of this contract. None in `to`: open."""

    TOPIC = "manager_ledger.engaged.v1"
    CLASS: ClassVar[Classification] = Classification.RESTRICTED
    contract: UUID
    organisation: UUID
    mode: ServiceManagerMode
    from_: datetime
    to: datetime | None = None


@dataclass(frozen=True)
class ManagerFreed(DomainEvent):
    TOPIC = "manager_ledger.freed.v1"
    CLASS: ClassVar[Classification] = Classification.RESTRICTED
    contract: UUID

"""What can happen to a support contract.

A public contract: see domain/tickets/events/lifecycle.py for the rules. Commands may take effect later than they are given
(`effective_at`). The instants at which what an organisation may use really changes are told when they come, by three events:
`contract.started`, `contract.ceased` and `contract.expired`, each with the instant it is about (`since`, half-open: it counts from
there on). Whoever has to act on a change (rooms, provisioning) needs only these three. `capabilities` is the catalogue's answer at that
moment, so that a consumer needs no catalogue and a replay gives the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.catalogue import Capability
from domain.contracts.vocabulary import CeaseCause, ServiceManagerMode
from domain.event import Aggregate, Classification, DomainEvent


@dataclass(frozen=True)
class ContractDrafted(DomainEvent, Aggregate.Created):
    """Not in force, and no customer's to see yet. `to` is not included; None is open."""

    TOPIC = "contract.drafted.v1"
    CLASS: ClassVar[Classification] = Classification.RESTRICTED
    ref: str
    organisation: UUID
    product: str
    from_: datetime
    to: datetime | None = None


@dataclass(frozen=True)
class ContractDiscarded(DomainEvent):
    """A draft was given up; its organisation never heard of it."""

    TOPIC = "contract.discarded.v1"
    CLASS: ClassVar[Classification] = Classification.RESTRICTED


@dataclass(frozen=True)
class ContractActivated(DomainEvent):
    """In force from `from_` on, which may lie ahead or behind. `ref` and `organisation` stand here again: the draft was staff's alone."""

    TOPIC = "contract.activated.v1"
    ref: str
    organisation: UUID
    product: str
    capabilities: tuple[Capability, ...]
    from_: datetime
    to: datetime | None = None


@dataclass(frozen=True)
class ContractStarted(DomainEvent):
    """It gives this from `since` on: at its beginning, at a change of plan, at the end of a suspension."""

    TOPIC = "contract.started.v1"
    product: str
    capabilities: tuple[Capability, ...]
    since: datetime


@dataclass(frozen=True)
class ContractCeased(DomainEvent):
    """It gives nothing from `since` on, though its time has not run out."""

    TOPIC = "contract.ceased.v1"
    because: CeaseCause
    since: datetime


@dataclass(frozen=True)
class ContractExpired(DomainEvent):
    """Its time has run out; it gives nothing from `since` on."""

    TOPIC = "contract.expired.v1"
    since: datetime


@dataclass(frozen=True)
class ContractPlanChanged(DomainEvent):
    """Another product from `effective_at` on; changes planned for then or later are void."""

    TOPIC = "contract.plan_changed.v1"
    product: str
    capabilities: tuple[Capability, ...]
    effective_at: datetime
    previous: str


@dataclass(frozen=True)
class ContractRenewed(DomainEvent):
    """A later end, not included; None is open."""

    TOPIC = "contract.renewed.v1"
    to: datetime | None


@dataclass(frozen=True)
class ContractSuspended(DomainEvent):
    TOPIC = "contract.suspended.v1"
    effective_at: datetime


@dataclass(frozen=True)
class ContractResumed(DomainEvent):
    """No suspension lasts beyond; those that would begin then or later never take place."""

    TOPIC = "contract.resumed.v1"
    effective_at: datetime


@dataclass(frozen=True)
class ContractTerminated(DomainEvent):
    """Ends early."""

    TOPIC = "contract.terminated.v1"
    effective_at: datetime


@dataclass(frozen=True)
class ContractServiceManagerAssigned(DomainEvent):
    TOPIC = "contract.service_manager_assigned.v1"
    manager: UUID
    mode: ServiceManagerMode
    from_: datetime


@dataclass(frozen=True)
class ContractServiceManagerReplaced(DomainEvent):
    TOPIC = "contract.service_manager_replaced.v1"
    manager: UUID
    mode: ServiceManagerMode
    previous: UUID
    from_: datetime


@dataclass(frozen=True)
class ContractServiceManagerReleased(DomainEvent):
    """By staff, or because what the contract gives has no service manager any more."""

    TOPIC = "contract.service_manager_released.v1"
    manager: UUID
    to: datetime


@dataclass(frozen=True)
class ContractServiceCovered(DomainEvent):
    """A service component is named as covered; a contract that names none covers all."""

    TOPIC = "contract.service_covered.v1"
    component: UUID


CONTRACT_EVENTS: tuple[type[DomainEvent], ...] = (
    ContractDrafted,
    ContractDiscarded,
    ContractActivated,
    ContractStarted,
    ContractCeased,
    ContractExpired,
    ContractPlanChanged,
    ContractRenewed,
    ContractSuspended,
    ContractResumed,
    ContractTerminated,
    ContractServiceManagerAssigned,
    ContractServiceManagerReplaced,
    ContractServiceManagerReleased,
    ContractServiceCovered,
)
ENTITLEMENT_CHANGED: tuple[type[DomainEvent], ...] = (ContractStarted, ContractCeased, ContractExpired)
"""After one of these an organisation may use more or less than before. Whoever holds something on an entitlement judges it again."""

"""The words of contracts: how one stands, how a service manager is given, why it gives nothing any more."""

from __future__ import annotations

from enum import StrEnum


class ContractStatus(StrEnum):
    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    """In force, or to begin at its date."""
    SUSPENDED = "SUSPENDED"
    TERMINATED = "TERMINATED"
    EXPIRED = "EXPIRED"


class ServiceManagerMode(StrEnum):
    DEDICATED = "DEDICATED"
    """Serves one organisation and no other."""
    SHARED = "SHARED"


class CeaseCause(StrEnum):
    SUSPENDED = "SUSPENDED"
    TERMINATED = "TERMINATED"


TRANSITIONS: dict[ContractStatus, tuple[ContractStatus, ...]] = {
    ContractStatus.DRAFT: (ContractStatus.ACTIVE, ContractStatus.TERMINATED),
    ContractStatus.ACTIVE: (ContractStatus.SUSPENDED, ContractStatus.TERMINATED),
    ContractStatus.SUSPENDED: (ContractStatus.ACTIVE, ContractStatus.TERMINATED),
    ContractStatus.TERMINATED: (),
    ContractStatus.EXPIRED: (),
}
"""Where a command may lead. A contract expires by time alone."""

"""The enums of contracts."""

from __future__ import annotations

from enum import Enum

import strawberry

from services.gateway.described import said


@strawberry.enum(description="Life of a contract.")
class ContractStatus(Enum):
    DRAFT = said("DRAFT", "Not in force; staff's alone.")
    ACTIVE = said("ACTIVE", "In force, or to begin at its date.")
    SUSPENDED = said("SUSPENDED", "Gives nothing above base for now.")
    TERMINATED = said("TERMINATED", "Ended early.")
    EXPIRED = said("EXPIRED", "Ran out.")


@strawberry.enum(description="How a service manager is given.")
class ServiceManagerMode(Enum):
    DEDICATED = said("DEDICATED", "Serves this organisation only.")
    SHARED = said("SHARED", "Serves several.")

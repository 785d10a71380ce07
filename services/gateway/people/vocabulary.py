"""The enums of people: roles, parts, how proven an address is."""

from __future__ import annotations

from enum import Enum

import strawberry

from services.gateway.described import said


@strawberry.enum(description="What a signed-in party is.")
class Role(Enum):
    CUSTOMER = said("CUSTOMER", "A person of one organisation.")
    CUSTOMER_ADMIN = said("CUSTOMER_ADMIN", "A person who also manages their organisation.")
    AGENT = said("AGENT", "Support staff, all organisations.")
    SERVICE_MANAGER = said("SERVICE_MANAGER", "Staff for the organisations assigned to them.")
    ADMIN = said("ADMIN", "Staff who also administer the service.")
    AUDITOR = said("AUDITOR", "Reads all, changes nothing.")
    SERVICE = said("SERVICE", "Another program, limited by its scopes.")


@strawberry.enum(description="A person's part in their organisation.")
class ContactRole(Enum):
    CUSTOMER = said("CUSTOMER", "Member.")
    CUSTOMER_ADMIN = said("CUSTOMER_ADMIN", "Manages it.")


@strawberry.enum(description="Whether an address is proven.")
class Verification(Enum):
    UNVERIFIED = said("UNVERIFIED", "Not asked yet.")
    PENDING = said("PENDING", "A message with a link is out.")
    VERIFIED = said("VERIFIED", "Proven.")


@strawberry.enum(description="Life of personal data.")
class PersonalDataState(Enum):
    PRESENT = said("PRESENT", "Readable.")
    ERASED = said("ERASED", "The key is destroyed; it cannot come back.")

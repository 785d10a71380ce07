"""Who is looking. Every query takes a Viewer, and its predicate is part of the SQL, never a filter afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    CUSTOMER = "CUSTOMER"
    CUSTOMER_ADMIN = "CUSTOMER_ADMIN"
    AGENT = "AGENT"
    SERVICE_MANAGER = "SERVICE_MANAGER"
    ADMIN = "ADMIN"
    AUDITOR = "AUDITOR"
    SERVICE = "SERVICE"


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in party. `id` is a contact, a member of staff or a program; `organisation` is set for customers only.

    `organisations` are those a service manager serves; `scopes` what a program may do.
    """

    role: Role
    id: UUID
    organisation: UUID | None = None
    organisations: frozenset[UUID] = frozenset()
    scopes: frozenset[str] = frozenset()

    @property
    def is_customer(self) -> bool:
        return self.role in (Role.CUSTOMER, Role.CUSTOMER_ADMIN)

    @property
    def sees_staff(self) -> bool:
        """Whether internal notes, tags and other restricted matters may be read."""
        if self.role is Role.SERVICE:
            return "NOTES_READ" in self.scopes
        return not self.is_customer

    def may_see(self, column: str, argument: int) -> tuple[str, tuple[object, ...]]:
        """The predicate over an organisation column, with its arguments from `$argument` on. False for whoever has no organisation.

        A CUSTOMER sees the tickets of their own organisation; staff, auditors and programs with a reading scope see all; a service manager
        sees the organisations assigned to them.
        """
        if self.is_customer:
            return f"{column} = ${argument}", (self.organisation,)
        if self.role is Role.SERVICE_MANAGER:
            return f"{column} = ANY(${argument})", (list(self.organisations),)
        return "TRUE", ()

"""Who is looking. Every query takes a Viewer, and its predicate is part of the SQL, never a filter afterwards.

Rows that belong to somebody carry an `audience`: their organisation, or, while nobody has placed them, the contact who asked. One
indexed column therefore answers "may they see it?" for everybody, and a list can be walked in order audience by audience.
"""

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

    @property
    def sees_people(self) -> bool:
        """Whether names and addresses of contacts may be read; customers read those of their own organisation."""
        return self.role is not Role.SERVICE or "PEOPLE_READ" in self.scopes

    @property
    def audiences(self) -> tuple[UUID, ...] | None:
        """Whose rows are seen; None means everybody's.

        A customer sees those of their own organisation and their own that nobody has placed yet; a service manager those of the
        organisations assigned to them; a program nothing without a scope to read tickets; other staff and auditors see all.
        """
        if self.is_customer:
            return (self.id,) if self.organisation is None else (self.organisation, self.id)
        if self.role is Role.SERVICE_MANAGER:
            return tuple(sorted(self.organisations))
        if self.role is Role.SERVICE and "TICKETS_READ" not in self.scopes:
            return ()
        return None

    @property
    def people(self) -> tuple[UUID, ...] | None:
        """Likewise, whose people and organisations are seen."""
        if self.role is Role.SERVICE:
            return None if self.sees_people else ()
        return self.audiences

    def sees(self, organisation: UUID | None, requester: UUID | None) -> bool:
        """The same judgement about one thing in hand, for a command that has loaded it."""
        audiences = self.audiences
        return audiences is None or (organisation or requester) in audiences

    def may_see(self, column: str, argument: int) -> tuple[str, tuple[object, ...]]:
        """The predicate over an audience column, with its arguments from `$argument` on."""
        audiences = self.audiences
        if audiences is None:
            return "TRUE", ()
        return f"{column} = ANY(${argument}::uuid[])", (list(audiences),)

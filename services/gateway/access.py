"""Who may call which root field: `@access` in the schema, its directive, and the one place that enforces it.

Decision: rights are judged on graphql-core's own fields, after the schema is built, so that a root field without `@access` cannot be
built at all and none can forget to ask. Organisation and state are judged further in, by queries and commands.
"""

from __future__ import annotations

from enum import Enum

import strawberry
from strawberry.schema_directive import Location

from projections.viewer import Role, Viewer
from services.gateway.described import said


@strawberry.enum(
    description="Groups of roles, used by @access; organisation and state are judged too. Auditors may use every query and no mutation."
)
class AccessLevel(Enum):
    PUBLIC = said("PUBLIC", "Anybody, signed in or not.")
    CONTACT = said("CONTACT", "Customers in their own organisation, and staff.")
    CUSTOMER_ADMIN = said("CUSTOMER_ADMIN", "Customer administrators of the organisation, and staff.")
    STAFF = said("STAFF", "Agents, administrators, and service managers for their organisations.")
    MANAGER = said("MANAGER", "The service manager of the organisation, and administrators.")
    ADMIN = said("ADMIN", "Administrators.")
    OPERATOR = said("OPERATOR", "Administrators, and auditors for reading.")


@strawberry.enum(description="What another program may do; each includes only what it says.")
class Scope(Enum):
    TICKETS_READ = said("TICKETS_READ", "Read tickets without internal notes.")
    TICKETS_WRITE = said("TICKETS_WRITE", "Command tickets.")
    NOTES_READ = said("NOTES_READ", "Read internal notes too.")
    PEOPLE_READ = said("PEOPLE_READ", "Read names and addresses.")
    PEOPLE_WRITE = said("PEOPLE_WRITE", "Manage contacts and organisations.")
    CONTRACTS_READ = said("CONTRACTS_READ", "Read contracts and entitlements.")
    CONTRACTS_WRITE = said("CONTRACTS_WRITE", "Command contracts.")
    STATUS_WRITE = said("STATUS_WRITE", "Command components, incidents and maintenance.")
    STATUS_SUBSCRIPTIONS = said("STATUS_SUBSCRIPTIONS", "Read and command status subscriptions.")
    CHAT = said("CHAT", "Read and command room access.")
    MEETINGS = said("MEETINGS", "Read and command meetings and engagements.")
    KNOWLEDGE = said("KNOWLEDGE", "Read wishes, publish knowledge.")
    REPORTS_READ = said("REPORTS_READ", "Read reports.")
    OPERATIONS_READ = said("OPERATIONS_READ", "Read projection status.")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="access",
    description="Who may call this field. The test-suite compares every one with the permission table.",
)
class Access:
    level: AccessLevel = strawberry.field(description="The people.")
    scope: Scope | None = strawberry.field(
        description="The scope that admits another program; none means people only.", default=strawberry.UNSET
    )


_STAFF = frozenset({Role.AGENT, Role.SERVICE_MANAGER, Role.ADMIN})
_PEOPLE: dict[AccessLevel, frozenset[Role]] = {
    AccessLevel.PUBLIC: frozenset(Role),
    AccessLevel.CONTACT: _STAFF | {Role.CUSTOMER, Role.CUSTOMER_ADMIN},
    AccessLevel.CUSTOMER_ADMIN: _STAFF | {Role.CUSTOMER_ADMIN},
    AccessLevel.STAFF: _STAFF,
    AccessLevel.MANAGER: frozenset({Role.SERVICE_MANAGER, Role.ADMIN}),
    AccessLevel.ADMIN: frozenset({Role.ADMIN}),
    AccessLevel.OPERATOR: frozenset({Role.ADMIN}),
}


def admits(level: AccessLevel, scope: Scope | None, viewer: Viewer | None, *, reading: bool) -> bool:
    """Whether this party may call a field of this level at all."""
    if viewer is None:
        return level is AccessLevel.PUBLIC
    if viewer.role is Role.SERVICE:
        return scope.value in viewer.scopes if scope is not None else level is AccessLevel.PUBLIC
    if viewer.role is Role.AUDITOR:
        return reading
    return viewer.role in _PEOPLE[level]

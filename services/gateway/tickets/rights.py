"""The levels and scope of commands on tickets."""

from __future__ import annotations

from services.gateway.access import Access, AccessLevel, Scope

STAFF = [Access(level=AccessLevel.STAFF, scope=Scope.TICKETS_WRITE)]
EVERYBODY = [Access(level=AccessLevel.CONTACT, scope=Scope.TICKETS_WRITE)]

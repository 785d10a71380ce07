"""The enums of operations meetings: the domain's words, each with what it means."""

from __future__ import annotations

from enum import Enum

import strawberry

from services.gateway.described import said


@strawberry.enum(description="Life of an operations meeting.")
class MeetingStatus(Enum):
    SCHEDULED = said("SCHEDULED", "Planned.")
    PACK_FROZEN = said("PACK_FROZEN", "Planned, figures fixed.")
    HELD = said("HELD", "Took place.")
    CANCELLED = said("CANCELLED", "Called off.")


@strawberry.enum(description="Why a meeting does not take place.")
class MeetingCancellation(Enum):
    CALLED_OFF = said("CALLED_OFF", "People called it off; only people plan it anew.")
    ENTITLEMENT_LOST = said(
        "ENTITLEMENT_LOST", "Its contract stopped giving such meetings; if it does again in the quarter, it is planned anew."
    )


@strawberry.enum(description="Points of the agenda; the first four stand in every meeting.")
class AgendaKind(Enum):
    SLA = said("SLA", "Service levels.")
    AVAILABILITY = said("AVAILABILITY", "Availability.")
    SUPPORT_TICKETS = said("SUPPORT_TICKETS", "Tickets.")
    GENERAL_OPERATIONS = said("GENERAL_OPERATIONS", "Operations in general.")
    EXTRA = said("EXTRA", "Added.")


@strawberry.enum(description="Of an action.")
class ActionStatus(Enum):
    OPEN = said("OPEN", "To do.")
    DONE = said("DONE", "Done.")

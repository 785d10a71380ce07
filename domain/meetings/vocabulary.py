"""The words of operations meetings: the life of one, its standing agenda, and whose an action item is."""

from __future__ import annotations

from enum import StrEnum


class MeetingStatus(StrEnum):
    SCHEDULED = "SCHEDULED"
    PACK_FROZEN = "PACK_FROZEN"
    HELD = "HELD"
    CANCELLED = "CANCELLED"


class AgendaKind(StrEnum):
    SLA = "SLA"
    AVAILABILITY = "AVAILABILITY"
    SUPPORT_TICKETS = "SUPPORT_TICKETS"
    GENERAL_OPERATIONS = "GENERAL_OPERATIONS"
    EXTRA = "EXTRA"


class Cancellation(StrEnum):
    """Why it does not take place: people called it off, or its contract stopped giving such meetings before it."""

    CALLED_OFF = "CALLED_OFF"
    ENTITLEMENT_LOST = "ENTITLEMENT_LOST"


class OwnerKind(StrEnum):
    """Whose an action item is: of the customer's people, or of staff."""

    CONTACT = "CONTACT"
    STAFF = "STAFF"


STANDING: tuple[tuple[AgendaKind, str], ...] = (
    (AgendaKind.SLA, "SLA"),
    (AgendaKind.AVAILABILITY, "Availability"),
    (AgendaKind.SUPPORT_TICKETS, "Support tickets"),
    (AgendaKind.GENERAL_OPERATIONS, "General operations"),
)
"""The four points of every meeting, in their order: the service catalogue's rule, so no event says them."""

TRANSITIONS: dict[MeetingStatus, tuple[MeetingStatus, ...]] = {
    MeetingStatus.SCHEDULED: (MeetingStatus.PACK_FROZEN, MeetingStatus.HELD, MeetingStatus.CANCELLED),
    MeetingStatus.PACK_FROZEN: (MeetingStatus.HELD, MeetingStatus.CANCELLED),
    MeetingStatus.HELD: (),
    MeetingStatus.CANCELLED: (MeetingStatus.SCHEDULED,),
}
"""What may come next. A cancelled meeting may be scheduled anew; it begins again without a pack."""
UPCOMING = (MeetingStatus.SCHEDULED, MeetingStatus.PACK_FROZEN)

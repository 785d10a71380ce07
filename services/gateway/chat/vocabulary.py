"""The enums of chat rooms."""

from __future__ import annotations

from enum import Enum

import strawberry

from services.gateway.described import said


@strawberry.enum(description="Kinds of room.")
class ChatRoomKind(Enum):
    BACKCHANNEL = said("BACKCHANNEL", "One organisation with support and engineers.")
    COMMUNITY = said("COMMUNITY", "All users.")


@strawberry.enum(description="Life of an access.")
class ChatAccessStatus(Enum):
    REQUESTED = said("REQUESTED", "Asked for.")
    APPROVED = said("APPROVED", "Granted.")
    DENIED = said("DENIED", "Refused.")
    REVOKED = said("REVOKED", "Taken back.")
    EXPIRED = said("EXPIRED", "Ran out.")


@strawberry.enum(description="Why it ended.")
class AccessEndReason(Enum):
    BY_STAFF = said("BY_STAFF", "Somebody decided.")
    ENTITLEMENT_LOST = said("ENTITLEMENT_LOST", "The capability ended.")
    LEFT_ORGANISATION = said("LEFT_ORGANISATION", "The contact was unlinked.")
    CONTACT_ERASED = said("CONTACT_ERASED", "The contact was erased.")
    TIME = said("TIME", "Its time was up.")

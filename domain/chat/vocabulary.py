"""The words of chat rooms: kinds, the life of an access, why one ends."""

from __future__ import annotations

from enum import StrEnum

from domain.catalogue import Capability


class ChatRoomKind(StrEnum):
    BACKCHANNEL = "BACKCHANNEL"
    """One organisation with support and engineers."""
    COMMUNITY = "COMMUNITY"
    """All users."""

    @property
    def needs(self) -> Capability:
        """What an organisation must have so that its people may be in such a room."""
        return Capability.BACKCHANNEL_CHAT if self is ChatRoomKind.BACKCHANNEL else Capability.COMMUNITY_CHAT


class AccessStatus(StrEnum):
    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    DENIED = "DENIED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


class RevocationReason(StrEnum):
    BY_STAFF = "BY_STAFF"
    ENTITLEMENT_LOST = "ENTITLEMENT_LOST"
    LEFT_ORGANISATION = "LEFT_ORGANISATION"
    CONTACT_ERASED = "CONTACT_ERASED"


LIVE = frozenset({AccessStatus.REQUESTED, AccessStatus.APPROVED})
"""Asked for or granted: the others may ask again."""

TRANSITIONS: dict[AccessStatus, tuple[AccessStatus, ...]] = {
    AccessStatus.REQUESTED: (AccessStatus.APPROVED, AccessStatus.DENIED, AccessStatus.REVOKED),
    AccessStatus.APPROVED: (AccessStatus.REVOKED, AccessStatus.EXPIRED),
    AccessStatus.DENIED: (AccessStatus.REQUESTED,),
    AccessStatus.REVOKED: (AccessStatus.REQUESTED,),
    AccessStatus.EXPIRED: (AccessStatus.REQUESTED,),
}

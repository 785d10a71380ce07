"""Whether somebody may be in a room as they stand at an instant: to be let in, and to stay.

Facts come from the contact's own stream and the contracts of their organisation, read for the very decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.chat.refusals import CommunityIsClosed, EmailNotVerified, no_such_room
from domain.chat.rooms import Room
from domain.chat.vocabulary import ChatRoomKind, RevocationReason
from domain.contracts.entitlements import Entitled
from domain.organisations.refusals import ContactIsErased


@dataclass(frozen=True, slots=True)
class Standing:
    """`entitled` is what the contact's organisation may use at the instant; of who belongs to none, base."""

    contact: UUID
    entitled: Entitled
    organisation: UUID | None = None
    verified: bool = False
    erased: bool = False


def must_be_admissible(room: Room, standing: Standing, *, community_open: bool) -> None:
    """Raises why not: ContactIsErased, NotFound, EntitlementRequired, CommunityIsClosed, EmailNotVerified."""
    if standing.erased:
        raise ContactIsErased
    if room.kind is ChatRoomKind.BACKCHANNEL and room.organisation != standing.organisation:
        raise no_such_room()
    standing.entitled.require(room.kind.needs)
    if room.kind is ChatRoomKind.COMMUNITY:
        if not community_open:
            raise CommunityIsClosed
        if not standing.verified:
            raise EmailNotVerified


def reason_to_leave(kind: ChatRoomKind, organisation: UUID | None, standing: Standing) -> RevocationReason | None:
    """Why somebody who asked or was let in as one of `organisation` has to go; None: they stay.

    Closing the community room to newcomers sends nobody away. Who belonged to no organisation and joins one stays in it.
    """
    if standing.erased:
        return RevocationReason.CONTACT_ERASED
    if organisation is not None and standing.organisation != organisation:
        return RevocationReason.LEFT_ORGANISATION
    if standing.entitled.reason(kind.needs) is None:
        return RevocationReason.ENTITLEMENT_LOST
    return None

"""Which chat rooms there are: one for everybody, and one of each organisation with support and engineers.

A room has no stream: its id follows from whose it is, its names are the operator's (domain.policies.ChatPolicy).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from uuid import UUID, uuid5

from domain.chat.vocabulary import ChatRoomKind
from domain.policies import NAMESPACE

COMMUNITY: UUID = uuid5(NAMESPACE, "chat_room/community")


@dataclass(frozen=True, slots=True)
class Room:
    """`organisation` is None for the community's."""

    id: UUID
    kind: ChatRoomKind
    organisation: UUID | None = None

    @classmethod
    def community(cls) -> Self:
        return cls(COMMUNITY, ChatRoomKind.COMMUNITY)

    @classmethod
    def backchannel(cls, organisation: UUID) -> Self:
        return cls(uuid5(NAMESPACE, f"chat_room/backchannel/{organisation}"), ChatRoomKind.BACKCHANNEL, organisation)

    @classmethod
    def open_to(cls, id: UUID, organisation: UUID | None) -> Self | None:
        """The room with this id, if it is one for people of that organisation."""
        rooms = [cls.community(), *([cls.backchannel(organisation)] if organisation is not None else [])]
        return next((room for room in rooms if room.id == id), None)

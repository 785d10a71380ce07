"""One person's way into one chat room: asked for, granted or denied, and ended by staff, by time or by itself.

Decision: one stream for each room and contact, whose id follows from both. So a second request while one is open is a second event at
one version of one stream, and the store itself lets only one of any number win; no look-up has to be kept in step.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from domain.chat.events import (
    ChatAccessApproved,
    ChatAccessDenied,
    ChatAccessExpired,
    ChatAccessRequested,
    ChatAccessRevoked,
)
from domain.chat.refusals import AccessAskedFor, AccessStandsOtherwise, NotOnesOwn
from domain.chat.rooms import Room
from domain.chat.standing import Standing, must_be_admissible, reason_to_leave
from domain.chat.vocabulary import LIVE, AccessStatus, ChatRoomKind, RevocationReason
from domain.errors import ValidationFailed
from domain.event import Aggregate, DomainEvent
from domain.policies import NAMESPACE


class ChatRoomAccess(Aggregate):
    TOPIC = "chat_access"
    Event = DomainEvent
    Created = ChatAccessRequested  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @staticmethod
    def id_of(room: UUID, contact: UUID) -> UUID:
        return uuid5(NAMESPACE, f"chat_access/{room}/{contact}")

    @classmethod
    def request(
        cls, room: Room, standing: Standing, *, at: datetime, community_open: bool, asked_by: UUID | None = None
    ) -> ChatRoomAccess:
        """Ask for the first time. Raises what must_be_admissible refuses."""
        must_be_admissible(room, standing, community_open=community_open)
        return cls._create(
            ChatAccessRequested,
            id=cls.id_of(room.id, standing.contact),
            timestamp=at,
            room=room.id,
            contact=standing.contact,
            kind=room.kind,
            organisation=standing.organisation,
            asked_by=asked_by,
        )

    def request_again(
        self, room: Room, standing: Standing, *, at: datetime, community_open: bool, asked_by: UUID | None = None
    ) -> None:
        """Ask after it ended. Raises AccessAskedFor while it has not, and what must_be_admissible refuses."""
        if self.live_at(at):
            raise AccessAskedFor(self.id, self.status)
        must_be_admissible(room, standing, community_open=community_open)
        self.expire(at=at)
        self.trigger_event(
            ChatAccessRequested,
            timestamp=at,
            originator_topic=self.TOPIC,
            room=self.room.id,
            contact=self.contact,
            kind=self.room.kind,
            organisation=standing.organisation,
            asked_by=asked_by,
        )

    def approve(
        self, standing: Standing, *, at: datetime, by: UUID, community_open: bool, expires_at: datetime | None = None
    ) -> None:
        """Let them in, judged again as they stand now. Raises NotOnesOwn where it is by who asked, or for oneself."""
        self._must_be(AccessStatus.REQUESTED, at)
        if by in (self.contact, self.asked_by):
            raise NotOnesOwn
        must_be_admissible(self.room, standing, community_open=community_open)
        if expires_at is not None and expires_at <= at:
            raise ValidationFailed(
                "An access runs out later, not now or earlier.",
                problem="OUT_OF_RANGE",
                path=("input", "expiresAt"),
                limit=at.isoformat(),
            )
        self.trigger_event(ChatAccessApproved, timestamp=at, expires_at=expires_at)

    def deny(self, *, at: datetime) -> None:
        self._must_be(AccessStatus.REQUESTED, at)
        self.trigger_event(ChatAccessDenied, timestamp=at)

    def revoke(self, *, at: datetime) -> None:
        """Staff take it back."""
        self._must_be(AccessStatus.APPROVED, at)
        self.trigger_event(ChatAccessRevoked, timestamp=at, reason=RevocationReason.BY_STAFF)

    def expire(self, *, at: datetime) -> None:
        """Its time was up. Records nothing before, without an end, or twice."""
        if self.status is AccessStatus.APPROVED and self.expires_at is not None and self.expires_at <= at:
            self.trigger_event(ChatAccessExpired, timestamp=self.expires_at)

    def settle(self, standing: Standing, *, at: datetime) -> None:
        """End what time or the contact's standing has ended by now, requests included. Records nothing otherwise, or twice."""
        self.expire(at=at)
        reason = reason_to_leave(self.room.kind, self.organisation, standing)
        if self.status in LIVE and reason is not None:
            self.trigger_event(ChatAccessRevoked, timestamp=at, reason=reason)

    def live_at(self, at: datetime) -> bool:
        """Whether it is asked for or granted; one whose time is up is not, noticed or not."""
        return self.status in LIVE and not (self.expires_at is not None and self.expires_at <= at)

    def _must_be(self, status: AccessStatus, at: datetime) -> None:
        stands = AccessStatus.EXPIRED if self.status in LIVE and not self.live_at(at) else self.status
        if stands is not status:
            raise AccessStandsOtherwise(stands)

    @property
    def organisation(self) -> UUID | None:
        """Whose person they were when they asked."""
        return self._organisations[-1][1]

    def audience(self, event: DomainEvent) -> UUID | None:
        """An access asked for again from another organisation leaves what was before with the one before."""
        return next(home for since, home in reversed(self._organisations) if since <= event.originator_version)

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case ChatAccessRequested():
                if event.originator_version == 1:
                    self._organisations: list[tuple[int, UUID | None]] = []
                self._organisations.append((event.originator_version, event.organisation))
                backchannel = event.organisation if event.kind is ChatRoomKind.BACKCHANNEL else None
                self.room = Room(event.room, event.kind, backchannel)
                self.contact = event.contact
                self.asked_by = event.asked_by
                self.status = AccessStatus.REQUESTED
                self.expires_at: datetime | None = None
            case ChatAccessApproved():
                self.status, self.expires_at = AccessStatus.APPROVED, event.expires_at
            case ChatAccessDenied():
                self.status = AccessStatus.DENIED
            case ChatAccessRevoked():
                self.status = AccessStatus.REVOKED
            case ChatAccessExpired():
                self.status = AccessStatus.EXPIRED

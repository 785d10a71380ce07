"""Access to chat rooms: who may ask, who may grant, and what ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.catalogue import BASE_PRODUCT, PRODUCTS, Capability
from domain.chat.access import ChatRoomAccess
from domain.chat.events import (
    ChatAccessApproved,
    ChatAccessDenied,
    ChatAccessExpired,
    ChatAccessRequested,
    ChatAccessRevoked,
)
from domain.chat.refusals import AccessAskedFor, AccessStandsOtherwise, CommunityIsClosed, EmailNotVerified, NotOnesOwn
from domain.chat.rooms import COMMUNITY, Room
from domain.chat.standing import Standing
from domain.chat.vocabulary import AccessStatus, ChatRoomKind, RevocationReason
from domain.contracts.entitlements import Entitled, Entitlement
from domain.errors import EntitlementRequired, NotFound, Refused, ValidationFailed
from domain.event import DomainEvent

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACME, ZENITH = uuid4(), uuid4()
ANNA, AGNES, ARNE = uuid4(), uuid4(), uuid4()
BACKCHANNEL = Room.backchannel(ACME)


def entitled(*capabilities: Capability) -> Entitled:
    return Entitled(NOON, BASE_PRODUCT, tuple(Entitlement(each, BASE_PRODUCT) for each in capabilities), PRODUCTS)


BASE = entitled(Capability.TICKETING, Capability.COMMUNITY_CHAT)
STANDARD = entitled(Capability.TICKETING, Capability.COMMUNITY_CHAT, Capability.BACKCHANNEL_CHAT)
HOLDER = Standing(ANNA, STANDARD, ACME, verified=True)
STRANGER = Standing(ANNA, BASE, verified=True)


def asked(room: Room = BACKCHANNEL, standing: Standing = HOLDER, asked_by: UUID | None = None) -> ChatRoomAccess:
    return ChatRoomAccess.request(room, standing, at=NOON, community_open=True, asked_by=asked_by)


def approve(access: ChatRoomAccess, standing: Standing = HOLDER, *, at: datetime = NOON, **more: object) -> None:
    given = {"by": AGNES, "community_open": True, **more}
    access.approve(standing, at=at, **given)  # type: ignore[arg-type]


def topics(access: ChatRoomAccess) -> list[type[DomainEvent]]:
    return [type(event) for event in access.collect_events()]  # type: ignore[misc]


def test_somebody_entitled_asks_and_staff_let_them_in() -> None:
    access = asked()
    approve(access)
    assert access.status is AccessStatus.APPROVED
    assert topics(access) == [ChatAccessRequested, ChatAccessApproved]


def test_the_backchannel_needs_the_capability_at_the_request() -> None:
    with pytest.raises(EntitlementRequired) as refused:
        asked(standing=replace(HOLDER, entitled=BASE))
    assert (refused.value.capability, refused.value.product) == ("BACKCHANNEL_CHAT", "SUPPORT-standard")


def test_the_backchannel_needs_the_capability_again_at_the_approval() -> None:
    access = asked()
    access.collect_events()
    with pytest.raises(EntitlementRequired):
        approve(access, replace(HOLDER, entitled=BASE))
    assert topics(access) == []


def test_the_room_of_another_organisation_does_not_exist() -> None:
    with pytest.raises(NotFound):
        asked(Room.backchannel(ZENITH))
    assert Room.open_to(Room.backchannel(ZENITH).id, ACME) is None
    assert Room.open_to(BACKCHANNEL.id, ACME) == BACKCHANNEL
    assert Room.open_to(COMMUNITY, None) == Room.community()


def test_the_community_is_open_to_every_verified_contact_of_any_organisation_or_none() -> None:
    assert asked(Room.community(), STRANGER).status is AccessStatus.REQUESTED
    with pytest.raises(EmailNotVerified):
        asked(Room.community(), replace(STRANGER, verified=False))
    with pytest.raises(CommunityIsClosed):
        ChatRoomAccess.request(Room.community(), STRANGER, at=NOON, community_open=False)


def test_the_backchannel_does_not_ask_for_a_verified_address() -> None:
    assert asked(standing=replace(HOLDER, verified=False)).status is AccessStatus.REQUESTED


def test_nobody_approves_their_own() -> None:
    access = asked(asked_by=ARNE)
    for who in (ANNA, ARNE):
        with pytest.raises(NotOnesOwn):
            approve(access, by=who)
    approve(access)


def test_a_second_request_is_refused_while_one_is_open_or_granted_and_names_it() -> None:
    access = asked()
    with pytest.raises(AccessAskedFor) as refused:
        access.request_again(BACKCHANNEL, HOLDER, at=NOON, community_open=True)
    assert refused.value.existing == access.id == ChatRoomAccess.id_of(BACKCHANNEL.id, ANNA)
    approve(access)
    with pytest.raises(AccessAskedFor):
        access.request_again(BACKCHANNEL, HOLDER, at=NOON, community_open=True)


def test_what_was_denied_or_revoked_can_be_asked_for_again() -> None:
    access = asked()
    access.deny(at=NOON)
    access.request_again(BACKCHANNEL, HOLDER, at=NOON, community_open=True, asked_by=ARNE)
    approve(access, expires_at=NOON + HOUR)
    access.revoke(at=NOON)
    access.request_again(BACKCHANNEL, HOLDER, at=NOON, community_open=True)
    assert (access.status, access.expires_at, access.asked_by) == (AccessStatus.REQUESTED, None, None)


def test_only_what_was_asked_for_is_decided_and_only_what_was_granted_is_taken_back() -> None:
    access = asked()
    with pytest.raises(AccessStandsOtherwise):
        access.revoke(at=NOON)
    approve(access)
    with pytest.raises(AccessStandsOtherwise):
        approve(access)
    with pytest.raises(AccessStandsOtherwise):
        access.deny(at=NOON)


def test_an_access_expires_at_its_instant_once_and_is_dated_to_it() -> None:
    access = asked()
    with pytest.raises(ValidationFailed):
        approve(access, expires_at=NOON)
    approve(access, expires_at=NOON + HOUR)
    access.collect_events()
    access.expire(at=NOON + HOUR - timedelta(microseconds=1))
    assert topics(access) == []
    for late in (HOUR, 2 * HOUR):
        access.expire(at=NOON + late)
    (expired,) = access.collect_events()
    assert isinstance(expired, ChatAccessExpired)
    assert expired.timestamp == NOON + HOUR


def test_what_ran_out_unnoticed_counts_as_run_out_for_everybody() -> None:
    access = asked()
    approve(access, expires_at=NOON + HOUR)
    access.collect_events()
    with pytest.raises(AccessStandsOtherwise) as refused:
        access.revoke(at=NOON + HOUR)
    assert refused.value.current == AccessStatus.EXPIRED
    access.request_again(BACKCHANNEL, HOLDER, at=NOON + HOUR, community_open=True)
    assert topics(access) == [ChatAccessExpired, ChatAccessRequested]


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (HOLDER, None),
        (replace(HOLDER, verified=False), None),
        (replace(HOLDER, entitled=BASE), RevocationReason.ENTITLEMENT_LOST),
        (replace(HOLDER, organisation=None, entitled=BASE), RevocationReason.LEFT_ORGANISATION),
        (replace(HOLDER, organisation=ZENITH), RevocationReason.LEFT_ORGANISATION),
        (replace(HOLDER, erased=True), RevocationReason.CONTACT_ERASED),
    ],
)
@pytest.mark.parametrize("granted", [True, False])
def test_what_carried_an_access_carries_it_away_once(
    standing: Standing, reason: RevocationReason | None, granted: bool
) -> None:
    access = asked()
    if granted:
        approve(access)
    access.collect_events()
    for _ in range(2):
        access.settle(standing, at=NOON + HOUR)
    assert [event.reason for event in access.collect_events()] == ([reason] if reason else [])  # type: ignore[attr-defined]


def test_who_joins_an_organisation_stays_in_the_community_and_who_leaves_one_goes() -> None:
    access = asked(Room.community(), STRANGER)
    access.settle(replace(STRANGER, organisation=ACME), at=NOON)
    assert access.status is AccessStatus.REQUESTED
    other = asked(Room.community(), HOLDER)
    other.settle(STRANGER, at=NOON)
    assert other.status is AccessStatus.REVOKED


def test_what_ran_out_and_was_lost_ran_out() -> None:
    access = asked()
    approve(access, expires_at=NOON + HOUR)
    access.collect_events()
    access.settle(replace(HOLDER, erased=True), at=NOON + 2 * HOUR)
    assert topics(access) == [ChatAccessExpired]


def test_an_access_asked_for_again_elsewhere_leaves_its_past_with_the_organisation_before() -> None:
    access = asked(Room.community(), HOLDER)
    access.deny(at=NOON)
    access.request_again(Room.community(), replace(HOLDER, organisation=ZENITH), at=NOON, community_open=True)
    assert [access.audience(event) for event in access.collect_events()] == [ACME, ACME, ZENITH]  # type: ignore[arg-type]


STANDINGS = st.builds(
    Standing,
    contact=st.just(ANNA),
    entitled=st.sampled_from([BASE, STANDARD]),
    organisation=st.sampled_from([ACME, ZENITH, None]),
    verified=st.booleans(),
    erased=st.booleans(),
)
WAYS = {
    ChatAccessRequested: {AccessStatus.DENIED, AccessStatus.REVOKED, AccessStatus.EXPIRED},
    ChatAccessApproved: {AccessStatus.REQUESTED},
    ChatAccessDenied: {AccessStatus.REQUESTED},
    ChatAccessRevoked: {AccessStatus.REQUESTED, AccessStatus.APPROVED},
    ChatAccessExpired: {AccessStatus.APPROVED},
}


class AccessMachine(RuleBasedStateMachine):
    """Any commands, in any order, by anybody, however they stand."""

    @initialize(kind=st.sampled_from(ChatRoomKind))
    def begin(self, kind: ChatRoomKind) -> None:
        self.at = NOON
        self.room = BACKCHANNEL if kind is ChatRoomKind.BACKCHANNEL else Room.community()
        self.access = asked(self.room, HOLDER)
        self.history: list[DomainEvent] = list(self.access.collect_events())  # type: ignore[arg-type]

    def attempt(self, command: object) -> None:
        before = self.access.version
        try:
            command()  # type: ignore[operator]
        except Refused:
            assert self.access.version == before
            assert not self.access.pending_events
        for event in self.access.collect_events():
            assert isinstance(event, DomainEvent)
            assert self.status in WAYS[type(event)]
            if isinstance(event, (ChatAccessRequested, ChatAccessApproved)):
                self.must_be_entitled()
            self.history.append(event)

    def must_be_entitled(self) -> None:
        assert not self.standing.erased
        if self.room.kind is ChatRoomKind.BACKCHANNEL:
            assert self.standing.organisation == ACME
            assert self.standing.entitled is STANDARD
        else:
            assert self.standing.verified

    @property
    def status(self) -> AccessStatus:
        return self.replayed().status

    def replayed(self) -> ChatRoomAccess:
        again: ChatRoomAccess | None = None
        for event in self.history:
            again = event.mutate(again)
        assert again is not None
        return again

    @rule(hours=st.integers(0, 30))
    def time_passes(self, hours: int) -> None:
        self.at += hours * HOUR

    @rule(standing=STANDINGS, open_=st.booleans(), asked_by=st.sampled_from([None, ARNE]))
    def ask_again(self, standing: Standing, open_: bool, asked_by: UUID | None) -> None:
        self.standing = standing
        self.attempt(
            lambda: self.access.request_again(self.room, standing, at=self.at, community_open=open_, asked_by=asked_by)
        )

    @rule(standing=STANDINGS, by=st.sampled_from([ANNA, AGNES, ARNE]), hours=st.none() | st.integers(-2, 20))
    def approval(self, standing: Standing, by: UUID, hours: int | None) -> None:
        self.standing = standing
        expires_at = None if hours is None else self.at + hours * HOUR
        before, own = self.access.version, by in (ANNA, self.access.asked_by)
        self.attempt(lambda: self.access.approve(standing, at=self.at, by=by, community_open=True, expires_at=expires_at))
        if own:
            assert self.access.version == before

    @rule()
    def denial(self) -> None:
        self.attempt(lambda: self.access.deny(at=self.at))

    @rule()
    def revocation(self) -> None:
        self.attempt(lambda: self.access.revoke(at=self.at))

    @rule(standing=STANDINGS)
    def time_and_standing_tell_twice(self, standing: Standing) -> None:
        self.attempt(lambda: self.access.settle(standing, at=self.at))
        told = self.access.version
        self.attempt(lambda: self.access.settle(standing, at=self.at))
        assert self.access.version == told

    @invariant()
    def history_replays_to_the_same_state(self) -> None:
        again = self.replayed()
        assert again == self.access
        assert [event.originator_version for event in self.history] == list(range(1, self.access.version + 1))

    @invariant()
    def only_a_grant_has_an_end(self) -> None:
        if self.access.status is AccessStatus.REQUESTED:
            assert self.access.expires_at is None


TestAccess = AccessMachine.TestCase
TestAccess.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)

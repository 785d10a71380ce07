"""Access to chat rooms through the real store: judged from the streams, once for each room and contact, whoever races."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.chat.access import ChatRoomAccess
from domain.chat.events import ChatAccessRequested
from domain.chat.refusals import AccessAskedFor, EmailNotVerified, NotOnesOwn
from domain.chat.rooms import COMMUNITY, Room
from domain.contracts.contract import SupportContract
from domain.errors import EntitlementRequired, Forbidden, NotFound, RateLimited, Refused, ValidationFailed
from domain.organisations.contact import Contact
from domain.organisations.refusals import ContactIsErased, VerificationInvalid
from projections.viewer import Role, Viewer
from services.commands import chat, contracts, erasure, verification
from services.runtime.act import Expected, Idempotency
from services.runtime.decision import Decision
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, World, world

pytestmark = pytest.mark.anyio

CHATTER = Viewer(Role.SERVICE, uuid4(), scopes=frozenset({"CHAT"}))


class Outbox:
    """Takes what would be sent."""

    def __init__(self) -> None:
        self.tokens: list[str] = []

    async def __call__(self, _: Decision, __: Contact, token: str) -> None:
        self.tokens.append(token)


async def in_force(on: World, organisation: UUID, product: str = "SUPPORT-standard", ref: str | None = None) -> UUID:
    receipt = await contracts.draft(
        on.desk,
        on.by(ADMIN),
        organisation=organisation,
        ref=ref or f"C-{uuid4()}",
        product=product,
        from_=on.at - timedelta(days=1),
    )
    contract = UUID(receipt.ids["contract"])
    await contracts.activate(on.desk, on.by(ADMIN), contract)
    return contract


async def entitled(on: World, ref: str = "acme") -> tuple[UUID, UUID, Viewer]:
    """An organisation with the backchannel, its contract, and one of its people."""
    organisation = await on.organisation(ref)
    contract = await in_force(on, organisation)
    return organisation, contract, await on.customer(f"anna@{ref}.example", organisation)


async def verified(on: World, contact: UUID) -> None:
    outbox = Outbox()
    await verification.request(on.desk, on.by(ADMIN), contact, tell=outbox)
    await verification.verify(on.desk, on.by(ADMIN).act, outbox.tokens[0])


async def asked(on: World, who: Viewer, room: UUID | None = None) -> UUID:
    assert who.organisation is not None
    receipt = await chat.request(on.desk, on.by(who), room or Room.backchannel(who.organisation).id)
    return UUID(receipt.ids["access"])


async def test_the_capability_is_judged_at_the_request_and_again_at_the_approval(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        anna = await on.customer("anna@acme.example", acme)
        with pytest.raises(EntitlementRequired):
            await asked(on, anna)
        contract = await in_force(on, acme)
        access = await asked(on, anna)
        on.later(hours=1)
        await contracts.change(on.desk, on.by(ADMIN), contract, SupportContract.terminate, at=on.at)
        with pytest.raises(EntitlementRequired):
            await chat.approve(on.desk, on.by(AGENT), access)
        await in_force(on, acme, "SUPPORT-premium")
        await chat.approve(on.desk, on.by(AGENT), access)


async def test_the_capability_ends_at_its_very_instant(database: TestDatabase) -> None:
    async with world(database) as on:
        _, contract, anna = await entitled(on)
        end = on.at + timedelta(hours=1)
        await contracts.change(on.desk, on.by(ADMIN), contract, SupportContract.terminate, at=on.at, effective_at=end)
        on.at = end - timedelta(microseconds=1)
        access = await asked(on, anna)
        on.at = end
        with pytest.raises(EntitlementRequired):
            await chat.approve(on.desk, on.by(AGENT), access)


async def test_of_two_hundred_requests_at_once_one_wins_and_the_others_are_told_of_it(database: TestDatabase) -> None:
    async with world(database) as on:
        acme, _, anna = await entitled(on)
        room = Room.backchannel(acme).id
        done = await asyncio.gather(*(chat.request(on.desk, on.by(anna), room) for _ in range(200)), return_exceptions=True)
        failed = [each for each in done if isinstance(each, BaseException)]
        assert len(done) - len(failed) == 1
        assert {type(each) for each in failed} == {AccessAskedFor}
        access = ChatRoomAccess.id_of(room, anna.id)
        assert [type(event) for event in await on.recording.events(access)] == [ChatAccessRequested]


async def test_of_two_hundred_requests_after_a_denial_one_wins(database: TestDatabase) -> None:
    async with world(database) as on:
        _, _, anna = await entitled(on)
        access = await asked(on, anna)
        await chat.change(on.desk, on.by(AGENT), access, ChatRoomAccess.deny, at=on.at)
        done = await asyncio.gather(*(asked(on, anna) for _ in range(200)), return_exceptions=True)
        assert len([each for each in done if isinstance(each, UUID)]) == 1
        assert {type(each) for each in done if isinstance(each, BaseException)} == {AccessAskedFor}


async def test_a_request_that_is_repeated_with_its_key_is_one(database: TestDatabase) -> None:
    async with world(database) as on:
        acme, _, anna = await entitled(on)
        by = on.by(anna)
        act = type(by.act)(
            actor=by.act.actor, at=on.at, correlation=uuid4(), idempotency=Idempotency("contact:anna", "one", b"{}")
        )
        again = type(by)(anna, act)
        first, second = [await chat.request(on.desk, again, Room.backchannel(acme).id) for _ in range(2)]
        assert (first.ids, second.replayed) == (second.ids, True)


async def test_the_room_and_the_people_of_another_organisation_do_not_exist(database: TestDatabase) -> None:
    async with world(database) as on:
        acme, _, anna = await entitled(on)
        zenith, _, zoe = await entitled(on, "zenith")
        with pytest.raises(NotFound):
            await asked(on, anna, Room.backchannel(zenith).id)
        with pytest.raises(NotFound):
            await asked(on, anna, uuid4())
        access = await asked(on, anna)
        manager = Viewer(Role.SERVICE_MANAGER, uuid4(), organisations=frozenset({zenith}))
        for stranger in (zoe, manager):
            with pytest.raises(NotFound):
                await chat.approve(on.desk, on.by(stranger), access)
        with pytest.raises(NotFound):
            await chat.request(on.desk, on.by(manager), Room.backchannel(acme).id, anna.id)
        with pytest.raises(Forbidden):
            await chat.request(on.desk, on.by(anna), Room.backchannel(acme).id, zoe.id)


async def test_nobody_approves_their_own(database: TestDatabase) -> None:
    async with world(database) as on:
        acme, _, anna = await entitled(on)
        room = Room.backchannel(acme).id
        with pytest.raises(ValidationFailed):
            await chat.request(on.desk, on.by(CHATTER), room)
        access = UUID((await chat.request(on.desk, on.by(CHATTER), room, anna.id)).ids["access"])
        for who in (anna, CHATTER):
            with pytest.raises(NotOnesOwn):
                await chat.approve(on.desk, on.by(who), access)
        await chat.approve(on.desk, on.by(AGENT), access)


async def test_an_approval_on_an_old_look_is_a_conflict_only_for_who_may_see(database: TestDatabase) -> None:
    async with world(database) as on:
        _, _, anna = await entitled(on)
        access = await asked(on, anna)
        with pytest.raises(Refused) as refused:
            await chat.approve(on.desk, on.by(AGENT, expected=Expected(7)), access)
        assert refused.value.code == "CONFLICT"
        zoe = await on.customer("zoe@zenith.example", await on.organisation("zenith"))
        with pytest.raises(NotFound):
            await chat.approve(on.desk, on.by(zoe, expected=Expected(7)), access)


async def test_the_community_opens_with_a_proven_address(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@example.org", None)
        with pytest.raises(EmailNotVerified):
            await chat.request(on.desk, on.by(anna), COMMUNITY)
        await verified(on, anna.id)
        access = UUID((await chat.request(on.desk, on.by(anna), COMMUNITY)).ids["access"])
        await chat.approve(on.desk, on.by(AGENT), access)


async def test_an_erased_person_is_not_let_in(database: TestDatabase) -> None:
    async with world(database) as on:
        _, _, anna = await entitled(on)
        access = await asked(on, anna)
        await erasure.erase_contact(on.desk, on.by(ADMIN), anna.id, confirmation=str(anna.id))
        with pytest.raises(ContactIsErased):
            await chat.approve(on.desk, on.by(AGENT), access)


async def test_a_link_proves_an_address_once(database: TestDatabase) -> None:
    async with world(database) as on:
        anna, outbox = await on.customer("anna@example.org", None), Outbox()
        await verification.request(on.desk, on.by(anna), anna.id, tell=outbox)
        (token,) = outbox.tokens
        stored = await on.recording.as_owner("SELECT convert_from(state, 'UTF8') AS state FROM store.stored_events")
        assert not [row for row in stored if token in row["state"]]
        await verification.verify(on.desk, on.by(anna).act, token)
        assert (await on.contact(anna.id)).verified
        with pytest.raises(VerificationInvalid):
            await verification.verify(on.desk, on.by(anna).act, token)
        receipt = await verification.request(on.desk, on.by(anna), anna.id, tell=outbox)
        assert (receipt.position, outbox.tokens) == (None, [token])


async def test_of_two_hundred_uses_of_a_link_one_counts(database: TestDatabase) -> None:
    async with world(database) as on:
        anna, outbox = await on.customer("anna@example.org", None), Outbox()
        await verification.request(on.desk, on.by(anna), anna.id, tell=outbox)
        done = await asyncio.gather(
            *(verification.verify(on.desk, on.by(anna).act, outbox.tokens[0]) for _ in range(200)), return_exceptions=True
        )
        failed = [each for each in done if isinstance(each, BaseException)]
        assert (len(failed), {type(each) for each in failed}) == (199, {VerificationInvalid})


async def test_a_newer_link_voids_an_older_and_none_outlives_a_day(database: TestDatabase) -> None:
    async with world(database) as on:
        anna, outbox = await on.customer("anna@example.org", None), Outbox()
        await verification.request(on.desk, on.by(anna), anna.id, tell=outbox)
        with pytest.raises(RateLimited):
            await verification.request(on.desk, on.by(anna), anna.id, tell=outbox)
        on.later(minutes=1)
        await verification.request(on.desk, on.by(anna), anna.id, tell=outbox)
        old, new = outbox.tokens
        on.later(hours=24)
        for token in (old, new, "", "x", "å" * 64, new[:-1], new[:-4] + "AAAA"):
            with pytest.raises(VerificationInvalid):
                await verification.verify(on.desk, on.by(anna).act, token)
        on.at -= timedelta(microseconds=1)
        with pytest.raises(VerificationInvalid):
            await verification.verify(on.desk, on.by(anna).act, old)
        await verification.verify(on.desk, on.by(anna).act, new)


async def test_a_link_is_asked_for_by_oneself_by_ones_administrator_or_by_staff(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        anna, bert = [await on.customer(f"{name}@acme.example", acme) for name in ("anna", "bert")]
        zoe = await on.customer("zoe@zenith.example", await on.organisation("zenith"))
        with pytest.raises(Forbidden):
            await verification.request(on.desk, on.by(bert), anna.id)
        with pytest.raises(NotFound):
            await verification.request(on.desk, on.by(zoe), anna.id)
        await verification.request(on.desk, on.by(Viewer(Role.CUSTOMER_ADMIN, bert.id, acme)), anna.id)


async def test_a_link_of_an_erased_person_tells_nothing(database: TestDatabase) -> None:
    async with world(database) as on:
        anna, outbox = await on.customer("anna@example.org", None), Outbox()
        await verification.request(on.desk, on.by(anna), anna.id, tell=outbox)
        await erasure.erase_contact(on.desk, on.by(ADMIN), anna.id, confirmation=str(anna.id))
        with pytest.raises(VerificationInvalid):
            await verification.verify(on.desk, on.by(anna).act, outbox.tokens[0])


LEAP_DAY = datetime(2028, 2, 29, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "at", [LEAP_DAY, datetime(2026, 12, 31, 23, 59, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
)
async def test_a_link_lasts_a_day_of_true_time_whatever_the_calendar(database: TestDatabase, at: datetime) -> None:
    async with world(database) as on:
        on.at = at
        anna, outbox = await on.customer("anna@example.org", None), Outbox()
        await verification.request(on.desk, on.by(anna), anna.id, tell=outbox)
        on.later(hours=24, microseconds=-1)
        await verification.verify(on.desk, on.by(anna).act, outbox.tokens[0])


async def test_an_approval_and_the_end_of_the_contract_at_once_never_leave_one_without_the_other(
    database: TestDatabase,
) -> None:
    async with world(database) as on:
        acme, contract, anna = await entitled(on)
        others = [await on.customer(f"p{n}@acme.example", acme) for n in range(20)]
        accesses = [await asked(on, who) for who in (anna, *others)]
        on.later(hours=1)
        await asyncio.gather(
            *(chat.approve(on.desk, on.by(AGENT), access) for access in accesses[:10]),
            contracts.change(on.desk, on.by(ADMIN), contract, SupportContract.terminate, at=on.at),
            *(chat.approve(on.desk, on.by(AGENT), access) for access in accesses[10:]),
            return_exceptions=True,
        )
        rows = await on.recording.store.read(0, 1000)
        (ended,) = [row.position for row in rows if row.topic == "contract.terminated.v1"]
        assert not [row for row in rows if row.topic == "chat_access.approved.v1" and row.position > ended]

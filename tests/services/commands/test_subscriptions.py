"""Status subscriptions through the real store: one for each destination, tokens used once, and nothing left where it was erased."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.deliveries.events import DeliveryQueued
from domain.deliveries.vocabulary import NotificationChannel
from domain.errors import AlreadyExists, NotFound, RateLimited, Refused, ValidationFailed
from domain.organisations.refusals import NotLinked
from domain.subscriptions import events
from domain.subscriptions.refusals import NotConfirmed, SubscriptionStandsOtherwise, SubscriptionThere, TokenRefused
from domain.subscriptions.subscription import LASTS, StatusSubscription
from projections.viewer import Role, Viewer
from services.commands import subscriptions
from services.commands.subscription_messages import UNSUBSCRIBE_LASTS
from services.commands.subscriptions import NewSubscription
from services.runtime.act import Expected, Idempotency
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, World, world

pytestmark = pytest.mark.anyio
TOKEN = re.compile(r"(?<![\w-])[\w-]{60,}")
HOOK = "https://hooks.acme.example/"


async def public(_: str) -> Sequence[str]:
    return ["93.184.216.34"]


async def asked(
    on: World, who: Viewer, where: str = "anna@acme.example", channel: NotificationChannel = NotificationChannel.EMAIL
) -> UUID:
    receipt = await subscriptions.request(on.desk, on.by(who), NewSubscription(channel, where), resolve=public)
    return UUID(receipt.ids["subscription"])


async def outbox(on: World) -> list[DeliveryQueued]:
    """Every message queued, as far as it can be read, oldest first; by a process that remembers no keys."""
    rows = await on.recording.store.fetch(
        "SELECT originator_id AS id FROM store.stored_events WHERE topic = 'delivery.queued.v1' ORDER BY notification_id"
    )
    reading = on.recording.another()
    found = [event for row in rows for event in await reading.events(row["id"])]
    return [event for event in found if isinstance(event, DeliveryQueued)]


async def token(on: World) -> str:
    text = (await outbox(on))[-1].text.value
    assert text is not None
    (found,) = TOKEN.findall(text)
    return str(found)


async def confirmed(on: World, who: Viewer, where: str = "anna@acme.example", **more: NotificationChannel) -> UUID:
    id = await asked(on, who, where, **more)
    await subscriptions.confirm(on.desk, on.by(who).act, await token(on))
    return id


async def people(on: World) -> tuple[UUID, Viewer]:
    acme = await on.organisation("acme")
    return acme, await on.customer("anna@acme.example", acme)


async def topics(on: World, id: UUID) -> list[type]:
    return [type(event) for event in await on.recording.events(id)]


async def test_from_the_request_to_the_end_by_tokens_alone(database: TestDatabase) -> None:
    async with world(database) as on:
        _, anna = await people(on)
        id = await asked(on, anna)
        (sent,) = await outbox(on)
        assert (sent.to.value, sent.recipient, sent.about) == ("anna@acme.example", anna.id, f"{id}/1")
        secret = await token(on)
        await subscriptions.confirm(on.desk, on.by(ADMIN).act, secret)
        with pytest.raises(TokenRefused):
            await subscriptions.confirm(on.desk, on.by(ADMIN).act, secret)
        assert [message.text.value for message in await outbox(on)] == [None], "a used token can be read by nobody"
        await subscriptions.send_test(on.desk, on.by(anna), id)
        with pytest.raises(RateLimited):
            await subscriptions.send_test(on.desk, on.by(anna), id)
        leave = await token(on)
        await subscriptions.unsubscribe(on.desk, on.by(ADMIN).act, leave)
        with pytest.raises(TokenRefused):
            await subscriptions.unsubscribe(on.desk, on.by(ADMIN).act, leave)
        assert await topics(on, id) == [
            events.SubscriptionRequested,
            events.SubscriptionConfirmed,
            events.SubscriptionTestRequested,
            events.SubscriptionCancelled,
        ]


async def test_neither_destination_nor_token_nor_secret_lies_in_the_store_in_the_clear(database: TestDatabase) -> None:
    async with world(database) as on:
        _, anna = await people(on)
        id = await asked(on, anna, HOOK, NotificationChannel.WEBHOOK)
        secrets = [await token(on), "hooks.acme.example"]
        await subscriptions.confirm(on.desk, on.by(anna).act, secrets[0])
        _, secret = await subscriptions.rotate_secret(on.desk, on.by(anna), id)
        assert secret
        await subscriptions.send_test(on.desk, on.by(anna), id)
        secrets += [secret, await token(on)]
        rows = await on.recording.as_owner("SELECT convert_from(state, 'UTF8') AS said FROM store.stored_events")
        rows += await on.recording.as_owner("SELECT encode(digest, 'escape') || kind AS said FROM store.lookups")
        assert not [row for row in rows for each in secrets if each in row["said"]]


async def test_a_token_is_good_for_one_purpose(database: TestDatabase) -> None:
    async with world(database) as on:
        _, anna = await people(on)
        await asked(on, anna)
        confirmation = await token(on)
        with pytest.raises(TokenRefused):
            await subscriptions.unsubscribe(on.desk, on.by(anna).act, confirmation)
        await subscriptions.confirm(on.desk, on.by(anna).act, confirmation)
        id = await confirmed(on, anna, "b@acme.example")
        await subscriptions.send_test(on.desk, on.by(anna), id)
        with pytest.raises(TokenRefused):
            await subscriptions.confirm(on.desk, on.by(anna).act, await token(on))


async def test_what_ran_out_holds_no_destination_though_nobody_has_noted_it(database: TestDatabase) -> None:
    async with world(database) as on:
        acme, anna = await people(on)
        colleague = await on.customer("bo@acme.example", acme)
        first = await asked(on, anna)
        on.at += LASTS - timedelta(seconds=1)
        with pytest.raises(SubscriptionThere):
            await asked(on, colleague, "Anna@acme.example")
        on.at += timedelta(seconds=1)
        async with asyncio.TaskGroup() as group:
            tries = [group.create_task(attempt(on, each)) for each in (anna, colleague) * 5]
        assert sorted(task.result() for task in tries) == [False] * 9 + [True]
        assert await topics(on, first) == [events.SubscriptionRequested, events.SubscriptionConfirmationExpired]


async def attempt(on: World, who: Viewer) -> bool:
    try:
        await asked(on, who)
    except SubscriptionThere:
        return False
    return True


async def test_tokens_expire(database: TestDatabase) -> None:
    async with world(database) as on:
        _, anna = await people(on)
        id = await confirmed(on, anna)
        await subscriptions.send_test(on.desk, on.by(anna), id)
        leave = await token(on)
        await asked(on, anna, "b@acme.example")
        enter = await token(on)
        on.at += LASTS
        with pytest.raises(TokenRefused):
            await subscriptions.confirm(on.desk, on.by(anna).act, enter)
        on.at += UNSUBSCRIBE_LASTS
        with pytest.raises(TokenRefused):
            await subscriptions.unsubscribe(on.desk, on.by(anna).act, leave)


@pytest.mark.parametrize("wrong", ["", "x", "é", "A" * 64, "A" * 75, "A" * 10_000])
async def test_what_is_no_token_is_refused_alike(database: TestDatabase, wrong: str) -> None:
    async with world(database) as on:
        for command in (subscriptions.confirm, subscriptions.unsubscribe):
            with pytest.raises(TokenRefused):
                await command(on.desk, on.by(ADMIN).act, wrong)


async def test_of_two_hundred_requests_at_once_one_wins_and_the_others_are_told_of_it(database: TestDatabase) -> None:
    async with world(database) as on:
        _, anna = await people(on)
        done = await asyncio.gather(
            *(asked(on, anna, "Anna@acme.example" if n % 2 else "anna@ACME.example") for n in range(200)),
            return_exceptions=True,
        )
        won = [each for each in done if isinstance(each, UUID)]
        lost = [each for each in done if isinstance(each, BaseException)]
        assert (len(won), {type(each) for each in lost}) == (1, {SubscriptionThere})
        assert {each.existing for each in lost if isinstance(each, AlreadyExists)} == {won[0]}
        assert len(await outbox(on)) == 1


async def test_of_two_hundred_uses_of_a_token_one_counts(database: TestDatabase) -> None:
    async with world(database) as on:
        _, anna = await people(on)
        await asked(on, anna)
        secret = await token(on)
        done = await asyncio.gather(
            *(subscriptions.confirm(on.desk, on.by(anna).act, secret) for _ in range(200)), return_exceptions=True
        )
        failed = [each for each in done if isinstance(each, BaseException)]
        assert (len(failed), {type(each) for each in failed}) == (199, {TokenRefused})


async def test_a_destination_is_free_again_once_it_is_over_and_each_organisation_has_its_own(database: TestDatabase) -> None:
    async with world(database) as on:
        _, anna = await people(on)
        zoe = await on.customer("zoe@zenith.example", await on.organisation("zenith"))
        id = await confirmed(on, anna, "ops@shared.example")
        await asked(on, zoe, "ops@shared.example")
        with pytest.raises(SubscriptionThere):
            await asked(on, anna, "ops@shared.example")
        await subscriptions.cancel(on.desk, on.by(anna), id)
        await asked(on, anna, "ops@shared.example")


async def test_what_is_anothers_does_not_exist(database: TestDatabase) -> None:
    async with world(database) as on:
        acme, anna = await people(on)
        bert = await on.customer("bert@acme.example", acme)
        zenith = await on.organisation("zenith")
        zoe = await on.customer("zoe@zenith.example", zenith)
        manager = Viewer(Role.SERVICE_MANAGER, uuid4(), organisations=frozenset({zenith}))
        id = await confirmed(on, anna)
        for stranger in (bert, zoe, manager):
            with pytest.raises(NotFound):
                await subscriptions.cancel(on.desk, on.by(stranger, expected=Expected(9)), id)
        with pytest.raises(SubscriptionThere) as refused:
            await asked(on, bert)
        assert refused.value.existing is None
        for who, whose in ((anna, zenith), (manager, acme)):
            with pytest.raises(NotFound):
                await subscriptions.request(
                    on.desk, on.by(who), NewSubscription(NotificationChannel.EMAIL, "x@y.example", whose)
                )
        boss = Viewer(Role.CUSTOMER_ADMIN, bert.id, acme)
        with pytest.raises(Refused) as conflict:
            await subscriptions.cancel(on.desk, on.by(boss, expected=Expected(9)), id)
        assert conflict.value.code == "CONFLICT"
        await subscriptions.cancel(on.desk, on.by(boss), id)


async def test_staff_ask_for_an_organisation_and_strangers_for_none(database: TestDatabase) -> None:
    async with world(database) as on:
        acme, anna = await people(on)
        new = NewSubscription(NotificationChannel.SMS, "+4570123456", acme)
        receipt = await subscriptions.request(on.desk, on.by(AGENT), new)
        (first, *_) = await on.recording.events(UUID(receipt.ids["subscription"]))
        assert isinstance(first, events.SubscriptionRequested)
        assert (first.owner, first.organisation) == (acme, acme)
        assert (await outbox(on))[0].subject is None
        with pytest.raises(ValidationFailed):
            await asked(on, AGENT)
        with pytest.raises(NotLinked):
            await asked(on, await on.customer("new@example.org", None))
        with pytest.raises(NotFound):
            await subscriptions.request(
                on.desk, on.by(anna), NewSubscription(NotificationChannel.EMAIL, "x@y.example", components=[uuid4()])
            )


async def test_a_webhook_inside_is_refused_and_nothing_is_recorded(database: TestDatabase) -> None:
    async with world(database) as on:
        _, anna = await people(on)

        async def inside(_: str) -> Sequence[str]:
            return ["93.184.216.34", "10.0.0.7"]

        new = NewSubscription(NotificationChannel.WEBHOOK, HOOK)
        with pytest.raises(ValidationFailed) as refused:
            await subscriptions.request(on.desk, on.by(anna), new, resolve=inside)
        assert (refused.value.problem, await outbox(on)) == ("UNSAFE", [])


async def test_a_secret_is_told_once_and_two_rotations_later_it_is_gone(database: TestDatabase) -> None:
    async with world(database) as on:
        _, anna = await people(on)
        id = await confirmed(on, anna, HOOK, channel=NotificationChannel.WEBHOOK)
        by = on.by(anna)
        act = type(by.act)(actor=by.act.actor, at=on.at, correlation=uuid4(), idempotency=Idempotency("c:a", "one", b"{}"))
        again = type(by)(anna, act)
        told = [(await subscriptions.rotate_secret(on.desk, again, id))[1] for _ in range(2)]
        told += [(await subscriptions.rotate_secret(on.desk, on.by(anna), id))[1] for _ in range(2)]
        assert told[1] is None
        assert len({*told}) == 4
        kept = [
            each.secret.value
            for each in await on.recording.another().events(id)
            if isinstance(each, events.SubscriptionSecretRotated)
        ]
        assert kept == [None, told[2], told[3]]


async def test_an_erased_destination_can_be_read_nowhere_and_is_free(database: TestDatabase) -> None:
    async with world(database) as on:
        _, anna = await people(on)
        id = await confirmed(on, anna)
        await subscriptions.send_test(on.desk, on.by(anna), id)
        await subscriptions.erase_destination(on.desk, on.by(anna), id)
        first, *_ = await on.recording.another().events(id)
        assert isinstance(first, events.SubscriptionRequested)
        assert first.destination.value is None
        assert {(each.to.value, each.text.value) for each in await outbox(on)} == {(None, None)}
        with pytest.raises(SubscriptionStandsOtherwise):
            await subscriptions.change(on.desk, on.by(anna), id, StatusSubscription.pause, at=on.at)
        assert await asked(on, anna) != id


async def test_before_the_confirmation_no_test_goes_out(database: TestDatabase) -> None:
    async with world(database) as on:
        _, anna = await people(on)
        id = await asked(on, anna)
        on.at += timedelta(minutes=5)
        with pytest.raises(NotConfirmed):
            await subscriptions.send_test(on.desk, on.by(anna), id)
        assert len(await outbox(on)) == 1

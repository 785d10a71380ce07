"""Status subscriptions: asked for, confirmed by a token, changed, stopped, and erased.

Decision: what is sent is recorded by the very decision that calls for it, as a delivery with its finished text, sealed with a key of its
own; the key of a confirmation is destroyed once it was used. So a token stands nowhere in the clear and, used, nowhere at all.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Concatenate, ParamSpec
from uuid import UUID

from domain.catalogue import Capability
from domain.deliveries.vocabulary import NotificationChannel
from domain.errors import NotFound, RateLimited
from domain.organisations.contact import Contact
from domain.policies import Policies
from domain.status.vocabulary import StatusSeverity
from domain.subscriptions.destinations import destination, one_receiver
from domain.subscriptions.refusals import SubscriptionStandsOtherwise, SubscriptionThere, TokenRefused
from domain.subscriptions.subscription import StatusSubscription
from domain.subscriptions.vocabulary import OVER, CancelCause
from services.commands import subscription_messages as messages
from services.commands.desk import By, Desk
from services.commands.entitlement import capabilities, require
from services.commands.screening import Resolve, resolved, screen
from services.commands.status import known_services
from services.commands.subscription_rights import id_if_seen, see, whose
from services.runtime.act import Act
from services.runtime.command import Receipt
from services.runtime.decision import Decision

P = ParamSpec("P")
DESTINATION = "status_destination"
TEST_PAUSE = timedelta(minutes=1)
"""Between two tests of one subscription."""


@dataclass(frozen=True)
class NewSubscription:
    """`organisation` None: the customer's own."""

    channel: NotificationChannel
    destination: str
    organisation: UUID | None = None
    components: Sequence[UUID] = ()
    severity_floor: StatusSeverity = StatusSeverity.MINOR


async def request(desk: Desk, by: By, new: NewSubscription, *, resolve: Resolve = resolved) -> Receipt:
    """Ask to be told; the confirmation goes out and nothing else. The receipt's id: subscription."""
    policies = await desk.policies.now()
    where = destination(new.channel, new.destination, path=("input", "destination", new.channel.value.lower()))

    async def decide(decision: Decision) -> None:
        organisation, owner = await whose(decision, by, new.organisation)
        key = _key(organisation, new.channel, where)
        taken = await decision.find(DESTINATION, key)
        if taken is not None:
            before = await decision.load(StatusSubscription, taken, seen=False)
            before.expire(at=by.act.at)  # whether or not time has been noted: what ran out holds no destination
            if before.status not in OVER:
                raise SubscriptionThere(await id_if_seen(decision, by, taken))
            _let_go(decision, before)
        await require(decision, policies, organisation, Capability.STATUS_NOTIFICATIONS, by.act.at)
        await known_services(decision, list(dict.fromkeys(new.components)), ("input", "componentIds"))
        if new.channel is NotificationChannel.WEBHOOK:
            await screen(where, resolve)
        desk.message(by.viewer.id, one_receiver(new.channel, where))
        id = decision.new_id()
        token = messages.confirmation_token(id, decision.secret(messages.SECRET_BYTES))
        made = StatusSubscription.request(
            id=id,
            at=by.act.at,
            organisation=organisation,
            owner=owner,
            channel=new.channel,
            destination=where,
            severity_floor=new.severity_floor,
            token_hash=messages.hashed(token),
            components=new.components,
        )
        decision.add(made)
        decision.reserve(DESTINATION, key, owner=id, subject=owner)
        decision.add(messages.confirmation(made, token, by.act.at))
        decision.remember(subscription=id)

    return await desk.writer.decide(by.act, decide)


async def confirm(desk: Desk, act: Act, token: str) -> Receipt:
    """Prove the destination. Raises TokenRefused, which tells nothing else. The receipt's id: subscription."""
    subscription = messages.subscription_of(token)

    async def decide(decision: Decision) -> None:
        try:
            found = await decision.load(StatusSubscription, subscription)
        except NotFound:
            raise TokenRefused from None
        found.confirm(at=act.at, token_hash=messages.hashed(token))
        decision.destroy_entry(messages.confirmation_id(found))
        decision.remember(subscription=found.id)

    return await desk.writer.decide(act, decide)


async def change(
    desk: Desk,
    by: By,
    subscription: UUID,
    command: Callable[Concatenate[StatusSubscription, P], object],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Receipt:
    """Let one decide: what needs nothing else. The receipt's id: subscription."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, subscription)
        command(found, *args, **kwargs)
        decision.remember(subscription=found.id)

    return await desk.writer.decide(by.act, decide)


async def change_scope(
    desk: Desk, by: By, subscription: UUID, components: Sequence[UUID], severity_floor: StatusSeverity
) -> Receipt:
    """Change of what is told. The receipt's id: subscription."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, subscription)
        added = [each for each in dict.fromkeys(components) if each not in found.components]
        await known_services(decision, added, ("input", "componentIds"))
        found.change_scope(components, severity_floor, at=by.act.at)
        decision.remember(subscription=found.id)

    return await desk.writer.decide(by.act, decide)


async def rotate_secret(desk: Desk, by: By, subscription: UUID) -> tuple[Receipt, str | None]:
    """A new signing secret, told this once: None where the key was used before. The receipt's id: subscription."""
    secret = f"whsec_{secrets.token_urlsafe(32)}"

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, subscription)
        gone = found.rotate_secret(decision.new_id(), secret, at=by.act.at)
        if gone is not None:
            decision.destroy_entry(gone)
        decision.remember(subscription=found.id)

    receipt = await desk.writer.decide(by.act, decide)
    return receipt, None if receipt.replayed else secret


async def send_test(desk: Desk, by: By, subscription: UUID) -> Receipt:
    """Send a test. Raises RateLimited within a minute of the last. The receipt's id: subscription."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, subscription)
        if found.tested_at is not None and by.act.at < found.tested_at + TEST_PAUSE:
            wait = found.tested_at + TEST_PAUSE - by.act.at
            raise RateLimited("A test has just gone out; wait a minute.", retry_after=wait.total_seconds())
        found.request_test(at=by.act.at)
        token = messages.unsubscribe_token(decision, found.id, by.act.at)
        decision.add(messages.test(found, token, by.act.at))
        decision.remember(subscription=found.id)

    return await desk.writer.decide(by.act, decide)


async def cancel(desk: Desk, by: By, subscription: UUID) -> Receipt:
    """Unsubscribe, signed in. The receipt's id: subscription."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, subscription, path=("input", "by", "id"))
        found.cancel(at=by.act.at)
        _let_go(decision, found)
        decision.remember(subscription=found.id)

    return await desk.writer.decide(by.act, decide)


async def unsubscribe(desk: Desk, act: Act, token: str) -> Receipt:
    """Unsubscribe by the token of a message. Raises TokenRefused, which tells nothing else. The receipt's id: subscription."""

    async def decide(decision: Decision) -> None:
        try:
            found = await decision.load(StatusSubscription, messages.to_unsubscribe(decision, token, act.at))
            found.cancel(at=act.at, because=CancelCause.UNSUBSCRIBED)
        except (NotFound, SubscriptionStandsOtherwise):
            raise TokenRefused from None
        _let_go(decision, found)
        decision.remember(subscription=found.id)

    return await desk.writer.decide(act, decide)


async def erase_destination(desk: Desk, by: By, subscription: UUID) -> Receipt:
    """Cancel it, and destroy where it sent to for good. The receipt's id: subscription."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, subscription)
        _erase(decision, found, by, CancelCause.REQUEST)
        decision.remember(subscription=found.id)

    return await desk.writer.decide(by.act, decide)


async def settle(decision: Decision, policies: Policies, subscription: UUID) -> None:
    """End what time, erasure, leaving or the loss of the capability has ended by now; for the scheduler.

    Records nothing where nothing has.
    """
    found = await decision.load(StatusSubscription, subscription)
    at = decision.act.at
    if found.status not in OVER and found.owner != found.organisation:
        owner = await decision.load(Contact, found.owner, seen=False)
        if owner.erased:
            found.erase_destination(at=at, because=CancelCause.ERASED)
            return  # the person's key is gone, and with it all others and the look-ups
        if owner.organisation != found.organisation:
            found.expire(at=at)
            if found.status not in OVER:
                found.cancel(at=at, because=CancelCause.LEFT_ORGANISATION)
            _let_go(decision, found)
            return
    before = found.version
    found.expire(at=at)
    if found.status not in OVER:
        entitled = await capabilities(decision, policies, found.organisation, at)
        if Capability.STATUS_NOTIFICATIONS not in entitled.capabilities:
            found.cancel(at=at, because=CancelCause.ENTITLEMENT_LOST)
    if found.version != before:
        _let_go(decision, found)


def _erase(decision: Decision, found: StatusSubscription, by: By, because: CancelCause) -> None:
    _release(decision, found)  # first: afterwards it does not know where it sent to
    found.erase_destination(at=by.act.at, because=because)
    decision.destroy_entry(found.id)
    for secret in found.secrets:
        decision.destroy_entry(secret)
    for message in messages.sent_by(found):
        decision.destroy_entry(message)


def _let_go(decision: Decision, found: StatusSubscription) -> None:
    """It is over: the destination is free, a confirmation that was not used can be read by nobody, nor can secrets."""
    _release(decision, found)
    decision.destroy_entry(messages.confirmation_id(found))
    for secret in found.secrets:
        decision.destroy_entry(secret)


def _release(decision: Decision, found: StatusSubscription) -> None:
    if found.destination is not None:
        decision.release(DESTINATION, _key(found.organisation, found.channel, found.destination), owner=found.id)


def _key(organisation: UUID, channel: NotificationChannel, where: str) -> str:
    # Mail servers that tell upper from lower case in a local part are rarer than people who write one address both ways.
    return f"{organisation}/{channel.value}/{where.casefold() if channel is NotificationChannel.EMAIL else where}"

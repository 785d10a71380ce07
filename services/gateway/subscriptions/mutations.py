"""Commands on status subscriptions. A GET confirms and unsubscribes nothing: over GET no mutation runs at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol
from uuid import UUID

import strawberry

from domain.deliveries.vocabulary import NotificationChannel
from domain.status.vocabulary import StatusSeverity
from domain.subscriptions import vocabulary as words
from domain.subscriptions.subscription import StatusSubscription as Aggregate
from services.commands import subscriptions
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.acting import Keyed, by, by_token
from services.gateway.context import Info
from services.gateway.ids import of_kind, optional
from services.gateway.shapes import given
from services.gateway.subscriptions import inputs
from services.gateway.subscriptions.payloads import StatusSubscriptionPayload, WebhookSecretPayload
from services.gateway.tickets.changing import What
from services.runtime.act import SYSTEM, Act

P = ParamSpec("P")
OWN = [Access(level=AccessLevel.CONTACT, scope=Scope.STATUS_SUBSCRIPTIONS)]
ANYBODY = [Access(level=AccessLevel.PUBLIC, scope=Scope.STATUS_SUBSCRIPTIONS)]
Payload = StatusSubscriptionPayload


class OfSubscription(Keyed, Protocol):
    subscription_id: strawberry.ID


@strawberry.type
class SubscriptionMutations:
    @strawberry.mutation(description="Asks to be told; sends a confirmation and nothing else.", directives=OWN)
    async def request_status_subscription(self, info: Info, input: What[inputs.RequestStatusSubscriptionInput]) -> Payload:
        channel, where = _destination(input.destination)
        new = subscriptions.NewSubscription(
            channel=channel,
            destination=where,
            organisation=optional("organisation", input.organisation_id, "input", "organisationId"),
            components=_components(input.component_ids),
            severity_floor=StatusSeverity(input.severity_floor.name),
        )
        return Payload.of(await subscriptions.request(info.context.services.desk, by(info.context, input), new))

    @strawberry.mutation(description="Proves the destination. Never done by a GET.", directives=ANYBODY)
    async def confirm_status_subscription(self, info: Info, input: What[inputs.ConfirmStatusSubscriptionInput]) -> Payload:
        act = _by_token(info, input, input.token)
        return Payload.of(await subscriptions.confirm(info.context.services.desk, act, input.token))

    @strawberry.mutation(description="Changes what is told.", directives=OWN)
    async def change_status_subscription_scope(
        self, info: Info, input: What[inputs.ChangeStatusSubscriptionScopeInput]
    ) -> Payload:
        desk, act, floor = info.context.services.desk, by(info.context, input), StatusSeverity(input.severity_floor.name)
        return Payload.of(await subscriptions.change_scope(desk, act, _id(input), _components(input.component_ids), floor))

    @strawberry.mutation(description="Sets or drops the nightly pause.", directives=OWN)
    async def set_status_subscription_quiet_hours(
        self, info: Info, input: What[inputs.SetStatusSubscriptionQuietHoursInput]
    ) -> Payload:
        hours = input.quiet_hours
        quiet = words.QuietHours(hours.from_, hours.to, hours.time_zone) if hours else None
        urgent_from = StatusSeverity(input.urgent_from.name)
        return await _changed(info, input, Aggregate.set_quiet_hours, quiet, urgent_from, at=info.context.at)

    @strawberry.mutation(description="Sets whether messages are collected.", directives=OWN)
    async def set_status_subscription_digest(self, info: Info, input: What[inputs.SetStatusSubscriptionDigestInput]) -> Payload:
        return await _changed(info, input, Aggregate.set_digest, words.DigestMode(input.digest.name), at=info.context.at)

    @strawberry.mutation(description="Pauses.", directives=OWN)
    async def pause_status_subscription(self, info: Info, input: What[inputs.PauseStatusSubscriptionInput]) -> Payload:
        return await _changed(info, input, Aggregate.pause, at=info.context.at)

    @strawberry.mutation(description="Goes on, also after we disabled it.", directives=OWN)
    async def resume_status_subscription(self, info: Info, input: What[inputs.ResumeStatusSubscriptionInput]) -> Payload:
        by_staff = by(info.context, input).is_human_staff
        return await _changed(info, input, Aggregate.resume, at=info.context.at, by_staff=by_staff)

    @strawberry.mutation(description="Makes a new signing secret, or the first.", directives=OWN)
    async def rotate_webhook_secret(self, info: Info, input: What[inputs.RotateWebhookSecretInput]) -> WebhookSecretPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        receipt, secret = await subscriptions.rotate_secret(desk, act, _id(input))
        return WebhookSecretPayload(receipt=receipt, subject=UUID(receipt.ids["subscription"]), secret=secret)

    @strawberry.mutation(description="Sends a test; only once confirmed.", directives=OWN)
    async def send_test_notification(self, info: Info, input: What[inputs.SendTestNotificationInput]) -> Payload:
        desk, act = info.context.services.desk, by(info.context, input)
        return Payload.of(await subscriptions.send_test(desk, act, _id(input)))

    @strawberry.mutation(
        description="Stops it from our side.",
        directives=[Access(level=AccessLevel.STAFF, scope=Scope.STATUS_SUBSCRIPTIONS)],
    )
    async def disable_status_subscription(self, info: Info, input: What[inputs.DisableStatusSubscriptionInput]) -> Payload:
        return await _changed(info, input, Aggregate.disable, words.DisableReason(input.reason.name), at=info.context.at)

    @strawberry.mutation(description="Unsubscribes. Never done by a GET.", directives=ANYBODY)
    async def cancel_status_subscription(self, info: Info, input: What[inputs.CancelStatusSubscriptionInput]) -> Payload:
        desk, token, id = info.context.services.desk, given(input.by.token), given(input.by.id)
        if token is not None:
            return Payload.of(await subscriptions.unsubscribe(desk, _by_token(info, input, token), token))
        assert id is not None
        return Payload.of(
            await subscriptions.cancel(desk, by(info.context, input), of_kind("subscription", id, "input", "by", "id"))
        )

    @strawberry.mutation(description="Cancels and destroys the destination for good.", directives=OWN)
    async def erase_status_destination(self, info: Info, input: What[inputs.EraseStatusDestinationInput]) -> Payload:
        desk, act = info.context.services.desk, by(info.context, input)
        return Payload.of(await subscriptions.erase_destination(desk, act, _id(input)))


async def _changed(
    info: Info,
    input: OfSubscription,
    command: Callable[Concatenate[Aggregate, P], object],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Payload:
    desk, act = info.context.services.desk, by(info.context, input)
    return Payload.of(await subscriptions.change(desk, act, _id(input), command, *args, **kwargs))


def _id(input: OfSubscription) -> UUID:
    return of_kind("subscription", input.subscription_id, "input", "subscriptionId")


def _by_token(info: Info, input: Keyed, token: str) -> Act:
    # Whoever holds the token need be nobody we know; their keys are scoped by the token, of which only a hash is kept.
    return by_token(info.context, input, SYSTEM, f"token:{hashlib.sha256(token.encode()).hexdigest()}")


def _destination(asked: inputs.StatusDestinationInput) -> tuple[NotificationChannel, str]:
    for channel, where in (
        (NotificationChannel.EMAIL, given(asked.email)),
        (NotificationChannel.SMS, given(asked.sms)),
        (NotificationChannel.WEBHOOK, given(asked.webhook)),
    ):
        if where is not None:
            return channel, where
    raise AssertionError("one of them is given")  # @oneOf


def _components(ids: list[strawberry.ID]) -> list[UUID]:
    return [of_kind("component", each, "input", "componentIds", str(index)) for index, each in enumerate(ids)]

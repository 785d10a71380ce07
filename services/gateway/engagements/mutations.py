"""Commands on engagements, and what they return."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

import strawberry

from domain.engagements import vocabulary as words
from domain.engagements.engagement import Engagement as Aggregate
from projections.engagements import engagements_by_id
from services.commands import engagements
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.acting import Keyed, by
from services.gateway.context import Info
from services.gateway.engagements.types import Engagement
from services.gateway.engagements.vocabulary import EngagementKind
from services.gateway.ids import of_kind, optional
from services.gateway.payload import PATIENCE, Payload, position_of
from services.gateway.read_models import ENGAGEMENTS
from services.gateway.scalars import URL, IdempotencyKey
from services.gateway.tickets.changing import What
from services.runtime.command import Receipt

EVERYBODY = [Access(level=AccessLevel.CONTACT, scope=Scope.MEETINGS)]
MANAGERS = [Access(level=AccessLevel.MANAGER, scope=Scope.MEETINGS)]


@strawberry.input(description="For requestEngagement.")
class RequestEngagementInput:
    kind: EngagementKind = strawberry.field(description="What for.")
    wish: str = strawberry.field(description="What is wanted, Markdown.")
    organisation_id: strawberry.ID | None = strawberry.field(
        description="For which organisation: the requester's, which it is if left out.", default=None
    )
    requester_id: strawberry.ID | None = strawberry.field(
        description="On whose behalf; yourself if left out. Staff and programs name somebody, customers nobody else.",
        default=None,
    )
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For scopeEngagement.")
class ScopeEngagementInput:
    engagement_id: strawberry.ID = strawberry.field(description="Which.")
    scope: str = strawberry.field(description="Markdown.")
    lead_id: strawberry.ID = strawberry.field(description="Who leads.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For scheduleEngagement.")
class ScheduleEngagementInput:
    engagement_id: strawberry.ID = strawberry.field(description="Which.")
    starts_at: datetime = strawberry.field(description="When.")
    join_url: URL = strawberry.field(description="Where it opens; https.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For completeEngagement.")
class CompleteEngagementInput:
    engagement_id: strawberry.ID = strawberry.field(description="Which.")
    outcome: str = strawberry.field(description="What came of it, Markdown.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For declineEngagement.")
class DeclineEngagementInput:
    engagement_id: strawberry.ID = strawberry.field(description="Which.")
    answer: str = strawberry.field(description="Why, to the customer, Markdown.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For cancelEngagement.")
class CancelEngagementInput:
    engagement_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.type(description="Result of a command on an engagement.")
class EngagementPayload(Payload):
    @classmethod
    def of(cls, receipt: Receipt) -> EngagementPayload:
        return cls(receipt=receipt, subject=UUID(receipt.ids["engagement"]))

    @strawberry.field(description="It, changed; null when refused.")
    async def engagement(self, info: Info) -> Engagement | None:
        position = await position_of(info, self.receipt)
        if position is None or self.subject is None:
            return None
        database = await info.context.after(position, ENGAGEMENTS, PATIENCE)
        rows = await engagements_by_id(database, info.context.viewer, [self.subject])
        return Engagement.of(rows[0]) if rows else None


class OfEngagement(Keyed, Protocol):
    engagement_id: strawberry.ID


@strawberry.type
class EngagementMutations:
    @strawberry.mutation(description="Asks for help; the organisation needs the capability.", directives=EVERYBODY)
    async def request_engagement(self, info: Info, input: What[RequestEngagementInput]) -> EngagementPayload:
        receipt = await engagements.request(
            info.context.services.desk,
            by(info.context, input),
            words.EngagementKind[input.kind.name],
            input.wish,
            requester=optional("contact", input.requester_id, "input", "requesterId"),
            organisation=optional("organisation", input.organisation_id, "input", "organisationId"),
        )
        return EngagementPayload.of(receipt)

    @strawberry.mutation(
        description="Writes down what was agreed; again where it changes. What is scheduled stays so.", directives=MANAGERS
    )
    async def scope_engagement(self, info: Info, input: What[ScopeEngagementInput]) -> EngagementPayload:
        lead = of_kind("agent", input.lead_id, "input", "leadId")
        desk, act = info.context.services.desk, by(info.context, input)
        return EngagementPayload.of(await engagements.agree(desk, act, _engagement(input), input.scope, lead))

    @strawberry.mutation(description="Agrees when; always online. Again: another time.", directives=MANAGERS)
    async def schedule_engagement(self, info: Info, input: What[ScheduleEngagementInput]) -> EngagementPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        return EngagementPayload.of(await engagements.schedule(desk, act, _engagement(input), input.starts_at, input.join_url))

    @strawberry.mutation(description="Says it is done.", directives=MANAGERS)
    async def complete_engagement(self, info: Info, input: What[CompleteEngagementInput]) -> EngagementPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        done = await engagements.write(desk, act, _engagement(input), Aggregate.complete, input.outcome, at=act.act.at)
        return EngagementPayload.of(done)

    @strawberry.mutation(description="Refuses it.", directives=MANAGERS)
    async def decline_engagement(self, info: Info, input: What[DeclineEngagementInput]) -> EngagementPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        done = await engagements.write(desk, act, _engagement(input), Aggregate.decline, input.answer, at=act.act.at)
        return EngagementPayload.of(done)

    @strawberry.mutation(description="Withdraws it.", directives=EVERYBODY)
    async def cancel_engagement(self, info: Info, input: What[CancelEngagementInput]) -> EngagementPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        return EngagementPayload.of(await engagements.change(desk, act, _engagement(input), Aggregate.cancel, at=act.act.at))


def _engagement(input: OfEngagement) -> UUID:
    return of_kind("engagement", input.engagement_id, "input", "engagementId")

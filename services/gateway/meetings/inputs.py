"""What commands on operations meetings take."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import strawberry

from services.gateway.scalars import URL, IdempotencyKey


@strawberry.input(description="For scheduleOperationsMeeting.")
class ScheduleOperationsMeetingInput:
    contract_id: strawberry.ID = strawberry.field(description="Contract.")
    year: int = strawberry.field(description="Year of the quarter.")
    quarter: int = strawberry.field(description="1 to 4.")
    starts_at: datetime = strawberry.field(description="When.")
    duration: timedelta = strawberry.field(description="How long.", default=timedelta(hours=1))
    join_url: URL = strawberry.field(description="Where it opens; https.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For rescheduleOperationsMeeting.")
class RescheduleOperationsMeetingInput:
    meeting_id: strawberry.ID = strawberry.field(description="Which.")
    starts_at: datetime = strawberry.field(description="When.")
    duration: timedelta = strawberry.field(description="How long.")
    join_url: URL = strawberry.field(description="Where it opens; https.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For addAgendaItem.")
class AddAgendaItemInput:
    meeting_id: strawberry.ID = strawberry.field(description="Which.")
    title: str = strawberry.field(description="Title.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For freezeReviewPack.")
class FreezeReviewPackInput:
    meeting_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For holdOperationsMeeting.")
class HoldOperationsMeetingInput:
    meeting_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For recordMeetingMinutes.")
class RecordMeetingMinutesInput:
    meeting_id: strawberry.ID = strawberry.field(description="Which.")
    minutes: str = strawberry.field(description="Markdown.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For raiseActionItem.")
class RaiseActionItemInput:
    meeting_id: strawberry.ID = strawberry.field(description="Which.")
    title: str = strawberry.field(description="What.")
    owner_id: strawberry.ID = strawberry.field(description="Whose: somebody of the organisation, or of staff.")
    due_on: date | None = strawberry.field(description="By when.", default=None)
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For completeActionItem.")
class CompleteActionItemInput:
    meeting_id: strawberry.ID = strawberry.field(description="Of which meeting.")
    action_item_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.input(description="For cancelOperationsMeeting.")
class CancelOperationsMeetingInput:
    meeting_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int = strawberry.field(description="Version seen.")
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")

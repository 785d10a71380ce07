"""Commands on operations meetings, and what they return."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

import strawberry

from domain.errors import NotFound
from domain.meetings.meeting import OperationsMeeting as Aggregate
from domain.meetings.vocabulary import OwnerKind
from projections.meetings import meetings_by_id
from services.commands import meetings
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.acting import Keyed, by
from services.gateway.context import Info
from services.gateway.ids import of_kind, read
from services.gateway.meetings import inputs
from services.gateway.meetings.pack import packs
from services.gateway.meetings.types import OperationsMeeting
from services.gateway.payload import PATIENCE, Payload, position_of
from services.gateway.read_models import MEETINGS
from services.gateway.tickets.changing import What
from services.runtime.command import Receipt

EVERYBODY = [Access(level=AccessLevel.CONTACT, scope=Scope.MEETINGS)]
MANAGERS = [Access(level=AccessLevel.MANAGER, scope=Scope.MEETINGS)]
_OWNERS = {"contact": OwnerKind.CONTACT, "agent": OwnerKind.STAFF}


@strawberry.type(description="Result of a command on an operations meeting.")
class OperationsMeetingPayload(Payload):
    @classmethod
    def of(cls, receipt: Receipt) -> OperationsMeetingPayload:
        return cls(receipt=receipt, subject=UUID(receipt.ids["meeting"]))

    @strawberry.field(description="It, changed; null when refused.")
    async def meeting(self, info: Info) -> OperationsMeeting | None:
        position = await position_of(info, self.receipt)
        if position is None or self.subject is None:
            return None
        database = await info.context.after(position, MEETINGS, PATIENCE)
        rows = await meetings_by_id(database, info.context.viewer, [self.subject])
        return OperationsMeeting.of(rows[0]) if rows else None


class OfMeeting(Keyed, Protocol):
    meeting_id: strawberry.ID


@strawberry.type
class MeetingMutations:
    @strawberry.mutation(
        description="Plans the meeting of a contract and quarter; one each. One that was cancelled is planned anew.",
        directives=MANAGERS,
    )
    async def schedule_operations_meeting(
        self, info: Info, input: What[inputs.ScheduleOperationsMeetingInput]
    ) -> OperationsMeetingPayload:
        done = await meetings.schedule(
            info.context.services.desk,
            by(info.context, input),
            of_kind("contract", input.contract_id, "input", "contractId"),
            input.year,
            input.quarter,
            input.starts_at,
            input.duration,
            input.join_url,
        )
        return OperationsMeetingPayload.of(done)

    @strawberry.mutation(description="Moves it; a pack that is frozen stays.", directives=MANAGERS)
    async def reschedule_operations_meeting(
        self, info: Info, input: What[inputs.RescheduleOperationsMeetingInput]
    ) -> OperationsMeetingPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        when = (input.starts_at, input.duration, input.join_url)
        return OperationsMeetingPayload.of(
            await meetings.change(desk, act, _meeting(input), Aggregate.reschedule, *when, at=act.act.at)
        )

    @strawberry.mutation(description="Adds a point after the standing four.", directives=EVERYBODY)
    async def add_agenda_item(self, info: Info, input: What[inputs.AddAgendaItemInput]) -> OperationsMeetingPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        return OperationsMeetingPayload.of(await meetings.add_agenda_item(desk, act, _meeting(input), input.title))

    @strawberry.mutation(description="Fixes the figures of its quarter at this moment, for ever.", directives=MANAGERS)
    async def freeze_review_pack(self, info: Info, input: What[inputs.FreezeReviewPackInput]) -> OperationsMeetingPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        return OperationsMeetingPayload.of(await meetings.freeze_pack(desk, act, _meeting(input), packs(info.context)))

    @strawberry.mutation(description="Says it took place.", directives=MANAGERS)
    async def hold_operations_meeting(
        self, info: Info, input: What[inputs.HoldOperationsMeetingInput]
    ) -> OperationsMeetingPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        return OperationsMeetingPayload.of(await meetings.hold(desk, act, _meeting(input)))

    @strawberry.mutation(description="Writes or rewrites the minutes, as long as they are open.", directives=MANAGERS)
    async def record_meeting_minutes(
        self, info: Info, input: What[inputs.RecordMeetingMinutesInput]
    ) -> OperationsMeetingPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        return OperationsMeetingPayload.of(await meetings.record_minutes(desk, act, _meeting(input), input.minutes))

    @strawberry.mutation(description="Gives somebody a task.", directives=MANAGERS)
    async def raise_action_item(self, info: Info, input: What[inputs.RaiseActionItemInput]) -> OperationsMeetingPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        owner = read(input.owner_id)
        if owner is None or owner[0] not in _OWNERS:
            raise NotFound("There is no such person who could take it on.", path=("input", "ownerId"))
        done = await meetings.raise_action_item(
            desk, act, _meeting(input), input.title, owner[1], _OWNERS[owner[0]], input.due_on
        )
        return OperationsMeetingPayload.of(done)

    @strawberry.mutation(description="Says a task is done; its owner or the manager.", directives=EVERYBODY)
    async def complete_action_item(self, info: Info, input: What[inputs.CompleteActionItemInput]) -> OperationsMeetingPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        item = of_kind("action_item", input.action_item_id, "input", "actionItemId")
        return OperationsMeetingPayload.of(await meetings.complete_action_item(desk, act, _meeting(input), item))

    @strawberry.mutation(description="Calls it off. Time does not plan it again; people may.", directives=MANAGERS)
    async def cancel_operations_meeting(
        self, info: Info, input: What[inputs.CancelOperationsMeetingInput]
    ) -> OperationsMeetingPayload:
        desk, act = info.context.services.desk, by(info.context, input)
        return OperationsMeetingPayload.of(await meetings.change(desk, act, _meeting(input), Aggregate.cancel, at=act.act.at))


def _meeting(input: OfMeeting) -> UUID:
    return of_kind("meeting", input.meeting_id, "input", "meetingId")

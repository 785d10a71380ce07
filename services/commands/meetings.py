"""Operations meetings: proposed by time or scheduled by people, prepared, held, minuted, or called off.

One meeting a contract and quarter: its stream's id follows from both, so of any number of attempts one begins it and the others find it.
Whether the contract gives such meetings is judged on its own stream within the decision. What was planned under it ends with it, unless
it has begun: that may be brought to its end. Should the contract give them again in the same quarter, time plans that one anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Concatenate, NamedTuple, ParamSpec
from uuid import UUID

from domain.catalogue import Capability
from domain.contracts.contract import SupportContract
from domain.errors import NotFound
from domain.meetings.meeting import OperationsMeeting
from domain.meetings.quarters import Quarter, slot
from domain.meetings.refusals import MeetingExists
from domain.meetings.vocabulary import MeetingStatus, OwnerKind
from domain.organisations.contact import Contact
from domain.organisations.organisation import Organisation
from domain.policies import Policies
from projections.review_pack_subject import Packed, Subject
from projections.viewer import Role
from services.commands.contracts import see as see_contract
from services.commands.desk import By, Desk
from services.commands.entitlement import require_of
from services.runtime.command import Receipt
from services.runtime.decision import Decision

P = ParamSpec("P")
Packs = Callable[[Subject], Awaitable[Packed]]
"""Computes a pack from read models that include all that is recorded when it is asked, in one snapshot."""


async def schedule(
    desk: Desk, by: By, contract: UUID, year: int, quarter: int, starts_at: datetime, duration: timedelta, join_url: str
) -> Receipt:
    """Plan the meeting of a contract and quarter, or anew what was cancelled. Raises MeetingExists, EntitlementRequired.

    The receipt's id: meeting.
    """
    wanted = Quarter.checked(year, quarter)
    policies = await desk.policies.now()

    async def decide(decision: Decision) -> None:
        found = await see_contract(decision, by, contract)
        require_of(found, policies, Capability.OPERATIONS_MEETINGS, by.act.at)
        meeting = await _meeting_of(decision, found.id, wanted)
        if meeting is None:
            meeting = await _begun(decision, policies, found, wanted, starts_at, duration, join_url, at=by.act.at)
        elif meeting.status is MeetingStatus.CANCELLED:
            meeting.revive(starts_at, duration, join_url, at=by.act.at)
        else:
            raise MeetingExists(meeting.id)
        decision.remember(meeting=meeting.id)

    return await desk.writer.decide(by.act, decide)


class Proposed(NamedTuple):
    """`hosted`: the contract has a service manager; without one the meeting is there all the same, and nobody hosts it yet."""

    meeting: UUID
    hosted: bool


async def propose(decision: Decision, policies: Policies, contract: UUID, quarter: Quarter, at: datetime) -> Proposed | None:
    """Plan it on the policy's day; for the scheduler. None where there is one already, also one that people called off.

    One that went with its contract comes back: at its own time if there is still notice enough, else on the policy's next day.

    None too where no day is left in the quarter on which the contract still gives it. Raises EntitlementRequired.
    """
    policy = policies.operations_meetings
    found = await decision.load(SupportContract, contract)
    require_of(found, policies, Capability.OPERATIONS_MEETINGS, at)
    meeting = await _meeting_of(decision, contract, quarter)
    if meeting is not None and not meeting.may_come_back:
        return None
    own = meeting is not None and meeting.starts_at >= at + policy.notice
    starts_at = meeting.starts_at if meeting is not None and own else slot(policy, quarter, at)
    if starts_at is None or not _gives(found, starts_at):
        return None
    if meeting is None:
        meeting = await _begun(decision, policies, found, quarter, starts_at, policy.duration, None, at=at)
    else:
        meeting.revive(starts_at, meeting.duration, meeting.join_url, at=at)
    return Proposed(meeting.id, found.course.manager is not None)


async def settle(decision: Decision, meeting: UUID, at: datetime) -> None:
    """End it if its contract gives no such meetings any more; for the scheduler. Records nothing where it does, or where it has begun."""
    found = await decision.load(OperationsMeeting, meeting)
    found.settle(given=_gives(await decision.load(SupportContract, found.contract), at), at=at)


async def change(
    desk: Desk,
    by: By,
    meeting: UUID,
    command: Callable[Concatenate[OperationsMeeting, P], object],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Receipt:
    """Let one meeting decide: any command of its that needs nothing else. The receipt's id: meeting."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, meeting)
        command(found, *args, **kwargs)
        decision.remember(meeting=found.id)

    return await desk.writer.decide(by.act, decide)


async def add_agenda_item(desk: Desk, by: By, meeting: UUID, title: str) -> Receipt:
    """Put a point after the standing four. The receipt's id: meeting."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, meeting)
        found.add_agenda_item(decision.new_id(), title, at=by.act.at)
        decision.remember(meeting=found.id)

    return await desk.writer.decide(by.act, decide)


async def hold(desk: Desk, by: By, meeting: UUID) -> Receipt:
    """Say that it took place; its minutes are open as long as the policy in force now says. The receipt's id: meeting."""
    minutes_open = (await desk.policies.now()).operations_meetings.minutes_open
    return await change(desk, by, meeting, OperationsMeeting.hold, at=by.act.at, minutes_open=minutes_open)


async def freeze_pack(desk: Desk, by: By, meeting: UUID, packs: Packs) -> Receipt:
    """Fix the figures of its quarter at the position the log has now. The receipt's id: meeting."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, meeting)
        from_, to = found.period(by.act.at)
        assert found.organisation is not None
        asked = Subject(
            meeting=found.id,
            organisation=found.organisation,
            contract=found.contract,
            quarter=found.quarter.name,
            time_zone=found.time_zone,
            from_=from_,
            to=to,
        )
        packed = await packs(asked)
        found.freeze_pack(packed.text, epoch=packed.epoch, position=packed.position, at=by.act.at)
        decision.remember(meeting=found.id)

    return await desk.writer.decide(by.act, decide)


async def record_minutes(desk: Desk, by: By, meeting: UUID, minutes: str) -> Receipt:
    """Write them, sealed with the organisation's key. Raises OrganisationIsErased. The receipt's id: meeting."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, meeting)
        assert found.organisation is not None
        (await decision.load(Organisation, found.organisation, seen=False)).must_exist()
        found.record_minutes(minutes, at=by.act.at)
        decision.remember(meeting=found.id)

    return await desk.writer.decide(by.act, decide)


async def raise_action_item(
    desk: Desk, by: By, meeting: UUID, title: str, owner: UUID, owner_kind: OwnerKind, due_on: date | None = None
) -> Receipt:
    """Give a task to one of staff or of the organisation's people. The receipt's ids: meeting, item."""
    if owner_kind is OwnerKind.STAFF and not await desk.is_staff(owner):
        raise _no_such_owner()

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, meeting)
        if owner_kind is OwnerKind.CONTACT:
            try:
                person = await decision.load(Contact, owner, seen=False)
            except NotFound:
                raise _no_such_owner() from None
            if person.erased or person.organisation != found.organisation:
                raise _no_such_owner()
        item = decision.new_id()
        found.raise_action_item(item, title, owner, owner_kind, due_on, at=by.act.at)
        decision.remember(meeting=found.id, item=item)

    return await desk.writer.decide(by.act, decide)


async def complete_action_item(desk: Desk, by: By, meeting: UUID, item: UUID) -> Receipt:
    """Say that a task is done: its owner, or who manages the meeting. The receipt's id: meeting."""
    manages = by.viewer.role in (Role.SERVICE_MANAGER, Role.ADMIN, Role.SERVICE)
    command = OperationsMeeting.complete_action_item
    return await change(desk, by, meeting, command, item, by=by.viewer.id, manages=manages, at=by.act.at)


async def see(decision: Decision, by: By, meeting: UUID) -> OperationsMeeting:
    """The meeting, if the one who asks may see it. What is another's cannot be told from what does not exist."""
    path = ("input", "meetingId")
    try:
        found = await decision.load(OperationsMeeting, meeting, seen=False)
    except NotFound:
        raise NotFound("There is no such meeting.", path=path) from None
    # A program that may command meetings need not be one that may read tickets; the gateway has judged its scopes.
    if by.viewer.role is not Role.SERVICE and not by.viewer.sees(found.organisation, None):
        raise NotFound("There is no such meeting.", path=path)
    # Judged after sight: a Conflict would tell that there is something to be in conflict with.
    return await decision.load(OperationsMeeting, meeting)


async def _meeting_of(decision: Decision, contract: UUID, quarter: Quarter) -> OperationsMeeting | None:
    try:
        return await decision.load(OperationsMeeting, OperationsMeeting.id_of(contract, quarter), seen=False)
    except NotFound:
        return None


async def _begun(
    decision: Decision,
    policies: Policies,
    contract: SupportContract,
    quarter: Quarter,
    starts_at: datetime,
    duration: timedelta,
    join_url: str | None,
    *,
    at: datetime,
) -> OperationsMeeting:
    """`join_url` None: where the policy says."""
    policy = policies.operations_meetings
    home = await decision.load(Organisation, contract.organisation, seen=False)
    where = join_url or policy.join_url.replace("{ref}", f"{contract.course.ref}-{quarter.name}")
    meeting = OperationsMeeting.schedule(
        at=at,
        organisation=home.id,
        contract_ref=contract.course.ref,
        contract=contract.id,
        quarter=quarter,
        time_zone=policy.time_zone,
        starts_at=starts_at,
        duration=duration,
        join_url=where,
    )
    decision.add(meeting)
    return meeting


def _gives(contract: SupportContract, at: datetime) -> bool:
    stretch = contract.course.stretch_at(at)
    return stretch is not None and stretch.gives(Capability.OPERATIONS_MEETINGS)


def _no_such_owner() -> NotFound:
    return NotFound("There is no such person who could take it on.", path=("input", "ownerId"))

"""What is written to people about their own matters: one function an event, which says to whom and what. A new notice is added here alone.

Staff are told of nothing by mail: what waits for them stands where they work, in lists and live subscriptions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, TypeAlias, TypeVar

from domain.chat.access import ChatRoomAccess
from domain.chat.events import ChatAccessApproved, ChatAccessDenied, ChatAccessRevoked
from domain.chat.vocabulary import ChatRoomKind, RevocationReason
from domain.contracts.contract import SupportContract
from domain.contracts.events import (
    ContractServiceManagerAssigned,
    ContractServiceManagerReleased,
    ContractServiceManagerReplaced,
)
from domain.contracts.vocabulary import ServiceManagerMode
from domain.engagements.engagement import Engagement
from domain.engagements.events import (
    EngagementCancelled,
    EngagementDeclined,
    EngagementReminderDue,
    EngagementScheduled,
    EngagementScoped,
)
from domain.engagements.vocabulary import EngagementStatus
from domain.event import DomainEvent
from domain.knowledge.events import TopicAnswered
from domain.knowledge.resource import KnowledgeResource
from domain.knowledge.topic import TopicRequest
from domain.meetings.events import (
    MeetingCancelled,
    MeetingMinutesRecorded,
    MeetingRescheduled,
    MeetingRevived,
    MeetingScheduled,
)
from domain.meetings.meeting import OperationsMeeting
from domain.meetings.vocabulary import STANDING, Cancellation
from domain.organisations.contact import Contact
from domain.organisations.events import ContactExportCompleted
from domain.subscriptions.destinations import hint
from domain.subscriptions.events import SubscriptionDisabled
from domain.subscriptions.subscription import StatusSubscription
from domain.subscriptions.vocabulary import DisableReason
from projections.agents import name_of_staff
from projections.contacts import administrators_of
from services.commands.notifying import Message
from services.notifier.heard import Heard

Notice: TypeAlias = Callable[[Heard[Any]], Awaitable[Sequence[Message]]]
N = TypeVar("N", bound=Notice)
NOTICES: dict[type[DomainEvent], Notice] = {}
NOBODY: Sequence[Message] = ()


def about(*events: type[DomainEvent]) -> Callable[[N], N]:
    """Let the function write what is told of these events."""

    def register(notice: N) -> N:
        NOTICES.update(dict.fromkeys(events, notice))
        return notice

    return register


ROOMS = {
    ChatRoomKind.BACKCHANNEL: "the backchannel with support and engineers",
    ChatRoomKind.COMMUNITY: "the community room",
}
BECAUSE = {
    RevocationReason.BY_STAFF: "It was ended by our staff. If you think that is a mistake, write to support.",
    RevocationReason.ENTITLEMENT_LOST: "Your organisation's support product does not include it any more.",
    RevocationReason.LEFT_ORGANISATION: "You are no longer one of the organisation for which it was given.",
}


@about(ChatAccessApproved)
async def chat_approved(heard: Heard[ChatAccessApproved]) -> Sequence[Message]:
    access, until = await heard.then(ChatRoomAccess), heard.event.expires_at
    room, lasts = ROOMS[access.room.kind], "" if until is None else f"\n\nIt lasts until {until:%Y-%m-%d %H:%M} UTC."
    return heard.to([access.contact], "You may join the chat room", f"You asked to join {room}, and you are welcome.{lasts}")


@about(ChatAccessDenied)
async def chat_denied(heard: Heard[ChatAccessDenied]) -> Sequence[Message]:
    access = await heard.then(ChatRoomAccess)
    text = f"You asked to join {ROOMS[access.room.kind]}. We cannot let you in. If you want to know why, write to support."
    return heard.to([access.contact], "Your request to join the chat room", text)


@about(ChatAccessRevoked)
async def chat_revoked(heard: Heard[ChatAccessRevoked]) -> Sequence[Message]:
    access, why = await heard.then(ChatRoomAccess), BECAUSE.get(heard.event.reason)
    if why is None:  # they were erased
        return NOBODY
    return heard.to([access.contact], "Your access to the chat room has ended", f"It was to {ROOMS[access.room.kind]}. {why}")


@about(EngagementScoped)
async def engagement_scoped(heard: Heard[EngagementScoped]) -> Sequence[Message]:
    found = await heard.then(Engagement)
    text = f"This is what we understood that you want of {found.ref}:\n\n{found.scope}\n\nNext we agree when to meet."
    return heard.to([found.requester], f"{found.ref}: what we agreed", text)


@about(EngagementScheduled)
async def engagement_scheduled(heard: Heard[EngagementScheduled]) -> Sequence[Message]:
    found = await heard.then(Engagement)
    if heard.now >= heard.event.starts_at:
        return NOBODY
    text = f"{found.ref} begins on {heard.event.starts_at:%Y-%m-%d at %H:%M} UTC, online:\n\n{heard.event.join_url}"
    return heard.to([found.requester], f"{found.ref}: {heard.event.starts_at:%Y-%m-%d %H:%M} UTC", text)


@about(EngagementReminderDue)
async def engagement_near(heard: Heard[EngagementReminderDue]) -> Sequence[Message]:
    found, starts_at = await heard.today(Engagement), heard.event.starts_at
    if found.status is not EngagementStatus.SCHEDULED or found.starts_at != starts_at or heard.now >= starts_at:
        return NOBODY  # it was moved, called off, or has begun meanwhile
    text = f"{found.ref} begins on {starts_at:%Y-%m-%d at %H:%M} UTC, online:\n\n{found.join_url}"
    return heard.to([found.requester], f"{found.ref} begins {_soon(heard.event.before)}", text)


@about(EngagementDeclined)
async def engagement_declined(heard: Heard[EngagementDeclined]) -> Sequence[Message]:
    found = await heard.then(Engagement)
    text = f"We cannot help with {found.ref} as you asked:\n\n{heard.event.answer.value}"
    return heard.to([found.requester], f"{found.ref}: our answer", text)


@about(EngagementCancelled)
async def engagement_cancelled(heard: Heard[EngagementCancelled]) -> Sequence[Message]:
    found = await heard.then(Engagement)
    return heard.to([found.requester], f"{found.ref} is cancelled", f"{found.ref} was cancelled and will not take place.")


@about(MeetingScheduled, MeetingRescheduled, MeetingRevived)
async def meeting_planned(heard: Heard[MeetingScheduled | MeetingRescheduled | MeetingRevived]) -> Sequence[Message]:
    found, starts_at = await heard.then(OperationsMeeting), heard.event.starts_at
    if heard.now >= starts_at:
        return NOBODY
    what = "was moved to" if isinstance(heard.event, MeetingRescheduled) else "is planned for"
    agenda = ", ".join(name for _, name in STANDING)
    text = (
        f"The operations meeting {found.ref} of {found.quarter.name} {what} {starts_at:%Y-%m-%d at %H:%M} UTC, online:\n\n"
        f"{heard.event.join_url}\n\nOn the agenda: {agenda}. You may add points of your own in the support portal."
    )
    people = await administrators_of(heard.database, found.organisation)
    return heard.to(people, f"{found.ref}: operations meeting on {starts_at:%Y-%m-%d %H:%M} UTC", text)


@about(MeetingMinutesRecorded)
async def minutes_recorded(heard: Heard[MeetingMinutesRecorded]) -> Sequence[Message]:
    found, minutes = await heard.today(OperationsMeeting), heard.event.minutes.value
    if minutes is None or found.minutes != minutes:
        return NOBODY  # they can be read by nobody any more, or were rewritten meanwhile
    text = f"These are the minutes of the operations meeting {found.ref} of {found.quarter.name}:\n\n{minutes}"
    return heard.to(await administrators_of(heard.database, found.organisation), f"{found.ref}: the minutes", text)


MANAGED = {
    ServiceManagerMode.DEDICATED: "serves your organisation alone",
    ServiceManagerMode.SHARED: "serves your organisation and others",
}


@about(ContractServiceManagerAssigned, ContractServiceManagerReplaced)
async def manager_given(
    heard: Heard[ContractServiceManagerAssigned | ContractServiceManagerReplaced],
) -> Sequence[Message]:
    event, now = heard.event, (await heard.today(SupportContract)).course.manager
    if now is None or now.manager != event.manager:
        return NOBODY  # somebody else is by now, of whom another message tells
    found = await heard.then(SupportContract)
    name = await name_of_staff(heard.database, event.manager) or "A colleague of ours"
    since = "" if event.from_ <= heard.now else f" from {event.from_:%Y-%m-%d %H:%M} UTC on"
    again = " instead of the one before" if getattr(event, "previous", event.manager) != event.manager else ""
    text = f"{name} is your service manager{since}{again}, and {MANAGED[event.mode]}."
    return heard.to(await administrators_of(heard.database, found.organisation), "Your service manager", text)


@about(ContractServiceManagerReleased)
async def manager_released(heard: Heard[ContractServiceManagerReleased]) -> Sequence[Message]:
    if (await heard.today(SupportContract)).course.manager is not None:
        return NOBODY
    found = await heard.then(SupportContract)
    name = await name_of_staff(heard.database, heard.event.manager) or "Your service manager"
    to = heard.event.to
    ends = (
        "does not serve your organisation any more"
        if to <= heard.now
        else f"serves your organisation until {to:%Y-%m-%d %H:%M} UTC"
    )
    text = f"{name} {ends}. Write to support with what you would have asked of them."
    return heard.to(await administrators_of(heard.database, found.organisation), "Your service manager", text)


@about(MeetingCancelled)
async def meeting_cancelled(heard: Heard[MeetingCancelled]) -> Sequence[Message]:
    found = await heard.then(OperationsMeeting)
    text = f"The operations meeting {found.ref} of {found.quarter.name} was cancelled and will not take place."
    if heard.event.reason is Cancellation.ENTITLEMENT_LOST:
        text += " Your contract does not include operations meetings any more; if it does again, you are told of a new time."
    return heard.to(await administrators_of(heard.database, found.organisation), f"{found.ref} is cancelled", text)


STOPPED = {
    DisableReason.FAILURES: "messages to it kept failing. Once it works again, resume it in the support portal.",
    DisableReason.COMPLAINT: "its receiver complained. If messages are wanted after all, resume it in the support portal.",
    DisableReason.ABUSE: "it was misused. Write to support if you think that is a mistake.",
}


@about(ContactExportCompleted)
async def export_completed(heard: Heard[ContactExportCompleted]) -> Sequence[Message]:
    found = await heard.today(Contact)
    if found.erased or heard.now >= heard.event.expires_at:
        return NOBODY
    # No address of the file: whoever reads their mail must still sign in to have it.
    text = (
        "The copy of your data that you asked for is ready. Sign in to the support portal to fetch it, until "
        f"{heard.event.expires_at:%Y-%m-%d %H:%M} UTC. If you did not ask for it, write to support."
    )
    return [Message(found.id, "data_export", heard.event.export, "A copy of your data is ready", text)]


@about(SubscriptionDisabled)
async def subscription_disabled(heard: Heard[SubscriptionDisabled]) -> Sequence[Message]:
    found = await heard.then(StatusSubscription)
    people = [found.owner]
    if found.owner == found.organisation:  # staff asked for it: its administrators are the ones to know
        people = list(await administrators_of(heard.database, found.organisation))
    where = "" if found.destination is None else f" to {hint(found.channel, found.destination)}"
    text = f"We stopped the status subscription{where}, because {STOPPED[heard.event.reason]}"
    return heard.to(people, "We stopped a status subscription", text)


@about(TopicAnswered)
async def topic_answered(heard: Heard[TopicAnswered]) -> Sequence[Message]:
    topic = await heard.then(TopicRequest)
    found = await heard.log.aggregate(KnowledgeResource, heard.event.resource)
    text = f"You wanted something to learn from, and it is there:\n\n{found.title}\n{found.url}\n\n{found.abstract}"
    return heard.to(sorted(topic.voters), f"New: {found.title}", text)


def _soon(before: timedelta) -> str:
    hours = round(before.total_seconds() / 3600)
    if hours >= 48:
        return f"in {round(hours / 24)} days"
    if hours > 1:
        return f"in {hours} hours"
    return "in an hour" if hours == 1 else f"in {round(before.total_seconds() / 60)} minutes"

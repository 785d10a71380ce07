"""Access to chat rooms: asked for, granted or denied, taken back, and ended by itself.

Who may be in a room is judged from the contact's own stream and the contract streams of their organisation, within the decision.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Concatenate, ParamSpec
from uuid import UUID

from domain.chat.access import ChatRoomAccess
from domain.chat.refusals import no_such_room
from domain.chat.rooms import Room
from domain.chat.standing import Standing
from domain.errors import Forbidden, NotFound, ValidationFailed
from domain.organisations.contact import Contact
from domain.policies import Policies
from projections.viewer import Role
from services.commands.desk import By, Desk
from services.commands.entitlement import capabilities
from services.runtime.command import Receipt
from services.runtime.decision import Decision

P = ParamSpec("P")


async def request(desk: Desk, by: By, room: UUID, contact: UUID | None = None) -> Receipt:
    """Ask for a room: oneself, or, as staff or a program, for a contact. The receipt's id: access."""
    path = ("input", "contactId")
    viewer = by.viewer
    if viewer.is_customer and contact not in (None, viewer.id):
        raise Forbidden("Everybody asks for themselves; only staff ask for somebody else.", needs="STAFF", path=path)
    if not viewer.is_customer and contact is None:
        raise ValidationFailed("Say for whom.", problem="REQUIRED", path=path)
    who = contact or viewer.id
    policies = await desk.policies.now()

    async def decide(decision: Decision) -> None:
        person = await _contact(decision, by, who)
        wanted = Room.open_to(room, person.organisation)
        if wanted is None:
            raise no_such_room()
        standing = await standing_of(decision, policies, person, by.act.at)
        asked_by = None if viewer.is_customer else viewer.id
        is_open = policies.chat.community_open
        id = ChatRoomAccess.id_of(wanted.id, person.id)
        try:
            access = await decision.load(ChatRoomAccess, id, seen=False)
        except NotFound:
            decision.add(ChatRoomAccess.request(wanted, standing, at=by.act.at, community_open=is_open, asked_by=asked_by))
        else:
            access.request_again(wanted, standing, at=by.act.at, community_open=is_open, asked_by=asked_by)
        decision.remember(access=id)

    return await desk.writer.decide(by.act, decide)


async def approve(desk: Desk, by: By, access: UUID, *, expires_at: datetime | None = None) -> Receipt:
    """Let somebody in, judged again as they stand now; never oneself or whom one asked for. The receipt's id: access."""
    policies = await desk.policies.now()

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, access)
        person = await decision.load(Contact, found.contact, seen=False)
        standing = await standing_of(decision, policies, person, by.act.at)
        is_open = policies.chat.community_open
        found.approve(standing, at=by.act.at, by=by.viewer.id, community_open=is_open, expires_at=expires_at)
        decision.remember(access=found.id)

    return await desk.writer.decide(by.act, decide)


async def change(
    desk: Desk,
    by: By,
    access: UUID,
    command: Callable[Concatenate[ChatRoomAccess, P], object],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Receipt:
    """Let one access decide: what needs nothing else, denying and revoking. The receipt's id: access."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, access)
        command(found, *args, **kwargs)
        decision.remember(access=found.id)

    return await desk.writer.decide(by.act, decide)


async def settle(decision: Decision, policies: Policies, access: UUID, at: datetime) -> None:
    """End what time, contracts or leaving have ended by now; for the scheduler. Records nothing where nothing has."""
    found = await decision.load(ChatRoomAccess, access)
    person = await decision.load(Contact, found.contact, seen=False)
    found.settle(await standing_of(decision, policies, person, at), at=at)


async def standing_of(decision: Decision, policies: Policies, person: Contact, at: datetime) -> Standing:
    """How a contact stands at an instant; each stream read becomes a check."""
    return Standing(
        contact=person.id,
        entitled=await capabilities(decision, policies, person.organisation, at),
        organisation=person.organisation,
        verified=person.verified,
        erased=person.erased,
    )


async def see(decision: Decision, by: By, access: UUID) -> ChatRoomAccess:
    """The access, if the one who asks may see it. What is another's cannot be told from what does not exist."""
    path = ("input", "accessId")
    try:
        found = await decision.load(ChatRoomAccess, access, seen=False)
    except NotFound:
        raise NotFound("There is no such access.", path=path) from None
    own = found.contact == by.viewer.id if by.viewer.is_customer else by.viewer.sees(found.organisation, found.contact)
    if by.viewer.role is not Role.SERVICE and not own:
        raise NotFound("There is no such access.", path=path)
    # Judged after sight: a Conflict would tell that there is something to be in conflict with.
    return await decision.load(ChatRoomAccess, access)


async def _contact(decision: Decision, by: By, contact: UUID) -> Contact:
    path = ("input", "contactId")
    try:
        found = await decision.load(Contact, contact, seen=False)
    except NotFound:
        raise NotFound("There is no such contact.", path=path) from None
    if by.viewer.role is not Role.SERVICE and not by.viewer.sees(found.organisation, found.id):
        raise NotFound("There is no such contact.", path=path)
    return found

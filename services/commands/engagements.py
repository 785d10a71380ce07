"""Engagements: asked for, agreed, scheduled, done, refused or withdrawn.

Whether the organisation may ask is judged from its contract streams within the decision. What is written is sealed with the requester's
key: once they are erased nothing more can be written, and the engagement can only be cancelled.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Concatenate, ParamSpec
from uuid import UUID

from domain.catalogue import Capability
from domain.engagements.engagement import Engagement
from domain.engagements.vocabulary import EngagementKind
from domain.errors import Forbidden, NotFound, ValidationFailed
from domain.organisations.contact import Contact
from domain.organisations.refusals import ContactIsErased, NotLinked
from projections.viewer import Role
from services.commands.desk import By, Desk
from services.commands.entitlement import capabilities
from services.runtime.command import Receipt
from services.runtime.decision import Decision

P = ParamSpec("P")


async def request(
    desk: Desk, by: By, kind: EngagementKind, wish: str, *, requester: UUID | None = None, organisation: UUID | None = None
) -> Receipt:
    """Ask for help: for oneself, or, as staff or a program, for a contact. The receipt's id: engagement.

    It is the requester's organisation's; `organisation`, where it is given, must be that one. Raises EntitlementRequired.
    """
    path, viewer = ("input", "requesterId"), by.viewer
    if viewer.is_customer and requester not in (None, viewer.id):
        raise Forbidden("Everybody asks for themselves; only staff ask for somebody else.", needs="STAFF", path=path)
    if not viewer.is_customer and requester is None:
        raise ValidationFailed("Say for whom.", problem="REQUIRED", path=path)
    who = requester or viewer.id
    policies = await desk.policies.now()

    async def decide(decision: Decision) -> None:
        person = await _requester(decision, by, who)
        if organisation is not None and organisation != person.organisation:
            raise NotFound("There is no such organisation.", path=("input", "organisationId"))
        entitled = await capabilities(decision, policies, person.organisation, by.act.at)
        entitled.require(Capability.ENGAGEMENTS)  # before a number is spent
        if person.organisation is None:
            raise NotLinked
        engagement = Engagement.request(
            id=decision.new_id(),
            at=by.act.at,
            ref=f"ENG-{await decision.next_ref('engagement')}",
            kind=kind,
            organisation=person.organisation,
            requester=person.id,
            wish=wish,
            entitled=entitled,
        )
        decision.add(engagement)
        decision.remember(engagement=engagement.id)

    return await desk.writer.decide(by.act, decide)


async def agree(desk: Desk, by: By, engagement: UUID, scope: str, lead: UUID) -> Receipt:
    """Write down what was agreed and who of staff leads. The receipt's id: engagement."""
    if not await desk.is_staff(lead):
        raise NotFound("There is no such member of staff.", path=("input", "leadId"))
    return await write(desk, by, engagement, Engagement.agree, scope, lead, at=by.act.at)


async def schedule(desk: Desk, by: By, engagement: UUID, starts_at: datetime, join_url: str) -> Receipt:
    """Agree when and where; people are reminded as the policy in force now says. The receipt's id: engagement."""
    reminders = (await desk.policies.now()).engagements.reminders
    return await change(desk, by, engagement, Engagement.schedule, starts_at, join_url, at=by.act.at, reminders=reminders)


async def change(
    desk: Desk,
    by: By,
    engagement: UUID,
    command: Callable[Concatenate[Engagement, P], object],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Receipt:
    """Let one engagement decide: what writes no text. The receipt's id: engagement."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, engagement)
        command(found, *args, **kwargs)
        decision.remember(engagement=found.id)

    return await desk.writer.decide(by.act, decide)


async def write(
    desk: Desk,
    by: By,
    engagement: UUID,
    command: Callable[Concatenate[Engagement, P], object],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Receipt:
    """Likewise, what writes something. Raises ContactIsErased where the requester was."""

    async def decide(decision: Decision) -> None:
        found = await see(decision, by, engagement)
        if (await decision.load(Contact, found.requester, seen=False)).erased:
            raise ContactIsErased
        command(found, *args, **kwargs)
        decision.remember(engagement=found.id)

    return await desk.writer.decide(by.act, decide)


async def remind(decision: Decision, engagement: UUID, at: datetime) -> int:
    """Let time remind; for the scheduler. Returns how many reminders were dropped."""
    return (await decision.load(Engagement, engagement)).note_time(at=at)


async def see(decision: Decision, by: By, engagement: UUID) -> Engagement:
    """The engagement, if the one who asks may see it. What is another's cannot be told from what does not exist."""
    path = ("input", "engagementId")
    try:
        found = await decision.load(Engagement, engagement, seen=False)
    except NotFound:
        raise NotFound("There is no such engagement.", path=path) from None
    # A program that may command engagements need not be one that may read tickets; the gateway has judged its scopes.
    if by.viewer.role is not Role.SERVICE and not by.viewer.sees(found.organisation, found.requester):
        raise NotFound("There is no such engagement.", path=path)
    # Judged after sight: a Conflict would tell that there is something to be in conflict with.
    return await decision.load(Engagement, engagement)


async def _requester(decision: Decision, by: By, contact: UUID) -> Contact:
    path = ("input", "requesterId")
    try:
        found = await decision.load(Contact, contact, seen=False)
    except NotFound:
        raise NotFound("There is no such contact.", path=path) from None
    if by.viewer.role is not Role.SERVICE and not by.viewer.sees(found.organisation, found.id):
        raise NotFound("There is no such contact.", path=path)
    if found.erased:
        raise ContactIsErased
    return found

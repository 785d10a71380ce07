"""Whose a status subscription is, and who may see it. What is another's cannot be told from what does not exist."""

from __future__ import annotations

from uuid import UUID

from domain.errors import NotFound, ValidationFailed
from domain.organisations.contact import Contact
from domain.organisations.organisation import Organisation
from domain.organisations.refusals import NotLinked
from domain.subscriptions.subscription import StatusSubscription
from projections.viewer import Role
from services.commands.desk import By
from services.runtime.decision import Decision

PATH = ("input", "subscriptionId")


async def see(decision: Decision, by: By, subscription: UUID, *, path: tuple[str, ...] = PATH) -> StatusSubscription:
    """The subscription, if the one who asks may see it. What is another's cannot be told from what does not exist."""
    try:
        found = await decision.load(StatusSubscription, subscription, seen=False)
    except NotFound:
        raise _none(path) from None
    if not _sees(by, found):
        raise _none(path)
    # Judged after sight: a Conflict would tell that there is something to be in conflict with.
    return await decision.load(StatusSubscription, subscription)


def _sees(by: By, found: StatusSubscription) -> bool:
    """Customers their own, their administrators the organisation's, staff those of whom they see; programs by scope."""
    viewer = by.viewer
    if viewer.role is Role.SERVICE:
        return True
    if viewer.role is Role.CUSTOMER:
        return found.owner == viewer.id and found.organisation == viewer.organisation
    return viewer.sees(found.organisation, None)


async def whose(decision: Decision, by: By, named: UUID | None) -> tuple[UUID, UUID]:
    """Organisation and owner: the customer who asks; the organisation itself where others ask for it."""
    viewer, path = by.viewer, ("input", "organisationId")
    if viewer.is_customer:
        # The token may be older than the contact's last move: their own stream decides.
        person = await decision.load(Contact, viewer.id, seen=False)
        if person.erased or person.organisation is None:
            raise NotLinked
        if named not in (None, person.organisation):
            raise NotFound("There is no such organisation.", path=path)
        return person.organisation, viewer.id
    if named is None:
        raise ValidationFailed("Say for which organisation.", problem="REQUIRED", path=path)
    try:
        found = await decision.load(Organisation, named, seen=False)
    except NotFound:
        raise NotFound("There is no such organisation.", path=path) from None
    if viewer.role is not Role.SERVICE and not viewer.sees(found.id, None):
        raise NotFound("There is no such organisation.", path=path)
    return found.id, found.id


async def id_if_seen(decision: Decision, by: By, subscription: UUID) -> UUID | None:
    found = await decision.load(StatusSubscription, subscription, seen=False)
    return found.id if _sees(by, found) else None


def _none(path: tuple[str, ...]) -> NotFound:
    return NotFound("There is no such subscription.", path=path)

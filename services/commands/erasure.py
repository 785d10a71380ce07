"""Erasure: a person's, and an organisation's with all its people. Keys go in the append that says so; what was sealed with them is gone.

Decision: an organisation is erased in two steps. The first shuts the door (nobody is linked, nothing is put in force any more), so that
its people can be counted without a stream that every linking would have to write; the second erases them, AT_ONCE in one append, and the
organisation in the append of the last. Whatever stops in between leaves an organisation that says it is being erased, and the scheduler
goes on with it. An append of any length, or a promise that organisations are small, would reverse it.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from domain.errors import NotFound, ValidationFailed
from domain.organisations.contact import Contact
from domain.organisations.organisation import Organisation
from services.commands.desk import By, Desk
from services.commands.entitlement import contract_in_force
from services.commands.people import MEMBER, contact_for
from services.runtime.act import Act
from services.runtime.command import Receipt
from services.runtime.decision import Decision

AT_ONCE = 500
"""People in one append, so that the lock on the log is held for some tens of milliseconds at most."""


async def erase_contact(desk: Desk, by: By, contact: UUID, *, confirmation: str) -> Receipt:
    """Destroy the key to a person's data, everywhere and for good. `confirmation` is their e-mail again, or the id without one.

    The receipt's id: contact.
    """

    async def decide(decision: Decision) -> None:
        found = await contact_for(decision, by, contact)
        if not found.erased and confirmation.strip().casefold() not in {(found.email or "").casefold(), str(found.id)} - {""}:
            raise ValidationFailed(
                "Write the person's e-mail here to confirm that they are to be erased.",
                problem="NOT_ALLOWED",
                path=("input", "confirmation"),
            )
        found.erase(at=by.act.at)
        decision.destroy_person(found.id)
        decision.remember(contact=found.id)

    return await desk.writer.decide(by.act, decide)


async def erase_organisation(desk: Desk, by: By, organisation: UUID, *, confirmation: str) -> Receipt:
    """Destroy the keys to an organisation's data and its people's. `confirmation` is its short name again.

    Raises ContractInForce while a contract runs or is to run. Tried again, it goes on where it was stopped. The receipt's id: organisation.
    """

    async def begin(decision: Decision) -> None:
        try:
            found = await decision.load(Organisation, organisation)
        except NotFound:
            raise NotFound("There is no such organisation.", path=("input", "organisationId")) from None
        if not found.erased and confirmation.strip() != found.ref:
            raise ValidationFailed(
                "Write the organisation's short name here to confirm that it and its people are to be erased.",
                problem="NOT_ALLOWED",
                path=("input", "confirmation"),
            )
        in_force = await contract_in_force(decision, found.id, by.act.at)
        found.begin_erasure(at=by.act.at, contract_in_force=in_force)
        decision.remember(organisation=found.id)

    begun = await desk.writer.decide(by.act, begin)
    return await finish_erasure(desk, replace(by.act, idempotency=None, expected=None), organisation) or begun


async def finish_erasure(desk: Desk, act: Act, organisation: UUID) -> Receipt | None:
    """Erase the people of an organisation whose erasure began, and then itself; None where there is nothing to do."""
    while True:
        receipt = await desk.writer.decide(act, lambda decision: _some_people(decision, act, organisation))
        if receipt.position is None:
            return None
        if "erased" in receipt.ids:
            return receipt


async def _some_people(decision: Decision, act: Act, organisation: UUID) -> None:
    home = await decision.load(Organisation, organisation)
    if not home.erasing:
        return
    members = await decision.subjects(MEMBER, home.id)
    for person in members[:AT_ONCE]:
        (await decision.load(Contact, person, seen=False)).erase(at=act.at)
        decision.destroy_person(person)
    decision.remember(organisation=home.id)
    if len(members) <= AT_ONCE:
        home.erase(at=act.at)
        decision.destroy_person(home.id)
        decision.remember(erased=home.id)

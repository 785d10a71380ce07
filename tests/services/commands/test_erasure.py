"""An organisation is erased with all its people, whoever is linked, unlinked or erased at the same time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from domain.contracts.contract import SupportContract
from domain.errors import NotFound, Refused, ValidationFailed
from domain.organisations.organisation import Organisation
from domain.organisations.refusals import ContractInForce, OrganisationIsBeingErased, OrganisationIsErased
from domain.tickets.vocabulary import TicketKind
from services.commands import contracts, erasure, people
from services.commands.opening import NewTicket, open_ticket
from services.runtime.act import Idempotency
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, World, world
from tests.services.commands.test_chat import in_force

pytestmark = pytest.mark.anyio


async def erased(on: World, organisation: UUID, ref: str = "acme") -> Receipt:
    return await erasure.erase_organisation(on.desk, on.by(ADMIN), organisation, confirmation=ref)


async def loaded(on: World, organisation: UUID) -> Organisation:
    found: list[Organisation] = []

    async def look(decision: Decision) -> None:
        found.append(await decision.load(Organisation, organisation))

    await on.desk.writer.decide(on.by(ADMIN).act, look)
    return found[0]


async def keys_left(on: World, *subjects: UUID) -> int:
    rows = await on.recording.as_owner(
        "SELECT FROM store.person_keys WHERE person = ANY($1) AND wrapped IS NOT NULL", list(subjects)
    )
    return len(rows)


async def test_an_organisation_goes_with_its_people_and_what_leads_to_them(database: TestDatabase) -> None:
    async with world(database) as on:
        acme, globex = await on.organisation("acme"), await on.organisation("globex")
        anna, bert = [await on.customer(f"{name}@acme.example", acme) for name in ("anna", "bert")]
        gone, carl = await on.customer("gone@acme.example", acme), await on.customer("carl@globex.example", globex)
        await people.unlink_contact(on.desk, on.by(ADMIN), gone.id)
        await erased(on, acme)
        home = await loaded(on, acme)
        assert (home.erased, home.name, home.ref) == (True, None, "")
        assert [(await on.contact(each.id)).erased for each in (anna, bert, gone, carl)] == [True, True, False, False]
        assert await keys_left(on, acme, anna.id, bert.id) == 0
        assert await keys_left(on, globex, gone.id, carl.id) == 3
        assert await on.recording.as_owner("SELECT FROM store.lookups WHERE subject = ANY($1)", [acme, anna.id, bert.id]) == []
        # What was counted when they went: an e-mail and a membership of each.
        rows = await on.recording.as_owner("SELECT subject, lookups FROM store.erasures ORDER BY lookups, subject")
        assert {row["subject"]: row["lookups"] for row in rows} == {acme: 1, anna.id: 2, bert.id: 2}
        again = await on.organisation("acme")  # the short name is free
        for refused in (
            people.link_contact(on.desk, on.by(ADMIN), gone.id, acme),
            people.register_contact(on.desk, on.by(ADMIN), people.NewContact("new@acme.example", "New", organisation=acme)),
            open_ticket(
                on.desk,
                on.by(AGENT),
                NewTicket(TicketKind.REQUEST, "Late", requester=gone.id, organisation=acme),
                body="Too late.",
            ),
        ):
            with pytest.raises(OrganisationIsErased):
                await refused
        assert again != acme
        assert (await erased(on, acme, "whatever")).position is None  # erased already


async def test_an_organisation_with_a_contract_in_force_stays_and_is_told_what_to_do(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        anna = await on.customer("anna@acme.example", acme)
        contract = await in_force(on, acme)
        with pytest.raises(ContractInForce, match="terminate"):
            await erased(on, acme)
        await contracts.change(on.desk, on.by(ADMIN), contract, SupportContract.terminate, at=on.at)
        for confirmation, organisation, refusal in (
            ("globex", acme, ValidationFailed),
            ("", acme, ValidationFailed),
            ("acme", uuid4(), NotFound),
            ("acme", anna.id, NotFound),
        ):
            with pytest.raises(refusal):
                await erased(on, organisation, confirmation)
        assert not (await loaded(on, acme)).erasing
        await erased(on, acme)
        assert (await on.contact(anna.id)).erased


async def test_no_contract_comes_in_force_for_an_organisation_that_is_being_erased(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        receipt = await contracts.draft(
            on.desk, on.by(ADMIN), organisation=acme, ref="C-1", product="SUPPORT-standard", from_=on.at
        )
        await on.desk.writer.change(
            on.by(ADMIN).act, Organisation, acme, Organisation.begin_erasure, at=on.at, contract_in_force=False
        )
        with pytest.raises(OrganisationIsBeingErased):
            await contracts.activate(on.desk, on.by(ADMIN), UUID(receipt.ids["contract"]))


async def test_what_was_stopped_half_way_says_so_and_is_finished_later(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "AT_ONCE", 2)
    async with world(database) as on:
        acme = await on.organisation("acme")
        members = [await on.customer(f"p{number}@acme.example", acme) for number in range(5)]
        by = on.by(ADMIN)
        by = replace(by, act=replace(by.act, idempotency=Idempotency("admin", "k", b"erase")))
        finish = erasure.finish_erasure
        monkeypatch.setattr(erasure, "finish_erasure", stopped)
        with pytest.raises(KeyboardInterrupt):
            await erasure.erase_organisation(on.desk, by, acme, confirmation="acme")
        home = await loaded(on, acme)
        assert (home.erasing, home.erased, home.name) == (True, False, "Acme")
        with pytest.raises(OrganisationIsBeingErased):
            await on.customer("late@acme.example", acme)
        monkeypatch.setattr(erasure, "finish_erasure", finish)
        await erasure.erase_organisation(on.desk, by, acme, confirmation="acme")  # the same request again
        assert (await loaded(on, acme)).erased
        assert await keys_left(on, acme, *(each.id for each in members)) == 0
        log = await on.recording.store.read(0, 1000)
        topics = [row.topic for row in log if row.topic.endswith("erased.v1") or "erasure" in row.topic]
        assert sorted(topics) == [*["contact.erased.v1"] * 5, "organisation.erased.v1", "organisation.erasure_begun.v1"]
        assert topics.index("organisation.erased.v1") == 5  # with the last of its people


async def stopped(*_: object) -> None:
    raise KeyboardInterrupt


async def test_two_hundred_links_race_an_erasure_and_nobody_is_left_in_what_was_erased(database: TestDatabase) -> None:
    async with world(database) as on:
        acme = await on.organisation("acme")
        insiders = [await on.customer(f"in{number}@acme.example", acme) for number in range(40)]
        outsiders = [await on.customer(f"out{number}@acme.example", None) for number in range(160)]

        async def attempt(what: object) -> str:
            try:
                await what  # type: ignore[misc]
            except Refused as refused:
                return type(refused).__name__
            return "done"

        outcomes = await asyncio.gather(
            *(attempt(people.link_contact(on.desk, on.by(ADMIN), each.id, acme)) for each in outsiders[:100]),
            *(attempt(people.unlink_contact(on.desk, on.by(ADMIN), each.id)) for each in insiders[:20]),
            attempt(erased(on, acme)),
            *(
                attempt(erasure.erase_contact(on.desk, on.by(ADMIN), each.id, confirmation=str(each.id)))
                for each in insiders[20:]
            ),
            *(attempt(people.link_contact(on.desk, on.by(ADMIN), each.id, acme)) for each in outsiders[100:]),
        )
        assert outcomes[120] == "done"
        assert set(outcomes) <= {"done", "OrganisationIsErased", "OrganisationIsBeingErased", "ContactIsErased"}
        assert len(outcomes) == 201
        assert (await loaded(on, acme)).erased
        for each in (*insiders, *outsiders):
            person = await on.contact(each.id)
            assert person.erased or person.organisation is None
            assert (person.erased and await keys_left(on, each.id) == 0) or await keys_left(on, each.id) == 1
        assert await on.recording.as_owner("SELECT FROM store.lookups WHERE kind = 'member'") == []

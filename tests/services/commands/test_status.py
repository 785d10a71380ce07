"""Use cases over services, incidents and planned work: several streams in one append, also when two happen at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.errors import AlreadyExists, Conflict, NotFound, ValidationFailed
from domain.status.component import ServiceComponent
from domain.status.incident import StatusIncident
from domain.status.maintenance import Maintenance
from domain.status.refusals import ComponentIsImpaired, ComponentIsRetired
from domain.status.vocabulary import ComponentImpact, ComponentState, IncidentStatus, StatusSeverity
from domain.tickets.refusals import TicketIsMerged
from domain.tickets.vocabulary import TicketKind
from projections.viewer import Role, Viewer
from services.commands import relations, status
from services.commands.opening import NewTicket, open_ticket
from services.runtime.act import Expected, Idempotency
from services.runtime.command import Receipt
from services.runtime.decision import A, Decision
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT, World, ticket_of, world

pytestmark = pytest.mark.anyio
S = ComponentState


async def component(on: World, ref: str = "compute") -> UUID:
    receipt = await status.register_component(on.desk, on.by(ADMIN), ref=ref, name=ref.title(), group="Infrastructure")
    return UUID(receipt.ids["component"])


def incident(*impacts: tuple[UUID, ComponentState]) -> status.NewIncident:
    return status.NewIncident("Slow", StatusSeverity.MAJOR, [ComponentImpact(*each) for each in impacts], "We look into it.")


async def declared(on: World, *impacts: tuple[UUID, ComponentState]) -> UUID:
    return notice(await status.declare_incident(on.desk, on.by(AGENT), incident(*impacts)))


def notice(receipt: Receipt) -> UUID:
    return UUID(receipt.ids["notice"])


async def look(on: World, kind: type[A], id: UUID) -> A:
    found: list[A] = []

    async def decide(decision: Decision) -> None:
        found.append(await decision.load(kind, id, seen=False))

    await on.desk.writer.decide(on.by(ADMIN).act, decide)
    return found[0]


async def state(on: World, id: UUID) -> ComponentState:
    return (await look(on, ServiceComponent, id)).state


async def test_declaring_records_on_the_services_in_the_same_append(database: TestDatabase) -> None:
    async with world(database) as on:
        compute, network = await component(on), await component(on, "network")
        receipt = await status.declare_incident(
            on.desk, on.by(AGENT), incident((compute, S.MAJOR_OUTAGE), (network, S.DEGRADED))
        )
        assert (await state(on, compute), await state(on, network)) == (S.MAJOR_OUTAGE, S.DEGRADED)
        assert set(receipt.versions) == {notice(receipt), compute, network}
        assert (await look(on, StatusIncident, notice(receipt))).ref == "INC-1"


async def test_ending_one_of_two_restores_only_what_that_one_did(database: TestDatabase) -> None:
    async with world(database) as on:
        compute, network = await component(on), await component(on, "network")
        one = await declared(on, (compute, S.MAJOR_OUTAGE), (network, S.DEGRADED))
        other = await declared(on, (compute, S.DEGRADED))
        await status.resolve_incident(on.desk, on.by(AGENT), one, body="Over.")
        assert (await state(on, compute), await state(on, network)) == (S.DEGRADED, S.OPERATIONAL)
        await status.resolve_incident(on.desk, on.by(AGENT), other, body="Over.")
        assert await state(on, compute) is S.OPERATIONAL


async def test_a_new_impact_moves_services_both_ways(database: TestDatabase) -> None:
    async with world(database) as on:
        compute, network = await component(on), await component(on, "network")
        one = await declared(on, (compute, S.MAJOR_OUTAGE))
        post = status.Post("It was the network.", IncidentStatus.IDENTIFIED, [ComponentImpact(network, S.PARTIAL_OUTAGE)])
        await status.post_update(on.desk, on.by(AGENT), one, post)
        assert (await state(on, compute), await state(on, network)) == (S.OPERATIONAL, S.PARTIAL_OUTAGE)


async def test_of_incidents_declared_and_ended_at_once_on_one_service_each_counts(database: TestDatabase) -> None:
    async with world(database) as on:
        compute = await component(on)
        states = [S.DEGRADED, S.MAJOR_OUTAGE, S.PARTIAL_OUTAGE, S.DEGRADED]
        made = await asyncio.gather(*(declared(on, (compute, each)) for each in states))
        found = await look(on, ServiceComponent, compute)
        assert found.imposed == dict(zip(made, states, strict=True))
        assert found.state is S.MAJOR_OUTAGE
        ended = [status.resolve_incident(on.desk, on.by(AGENT), each, body="Over.") for each in made[:3]]
        added, _ = await asyncio.gather(declared(on, (compute, S.PARTIAL_OUTAGE)), asyncio.gather(*ended))
        found = await look(on, ServiceComponent, compute)
        assert set(found.imposed) == {made[3], added}
        assert found.state is S.PARTIAL_OUTAGE
        assert len({(await look(on, StatusIncident, each)).ref for each in [*made, added]}) == 5


async def test_of_two_hundred_who_register_one_short_name_at_once_one_wins(database: TestDatabase) -> None:
    async with world(database) as on:
        outcomes = await asyncio.gather(*(component(on) for _ in range(200)), return_exceptions=True)
        won = [each for each in outcomes if isinstance(each, UUID)]
        assert len(won) == 1
        assert all(isinstance(each, AlreadyExists) and each.existing == won[0] for each in outcomes if each not in won)


async def test_a_retry_declares_nothing_a_second_time(database: TestDatabase) -> None:
    async with world(database) as on:
        compute = await component(on)
        by = on.by(AGENT)
        by = replace(by, act=replace(by.act, idempotency=Idempotency("staff:x", "one-act", b"declare")))
        receipts = [await status.declare_incident(on.desk, by, incident((compute, S.DEGRADED))) for _ in range(2)]
        assert notice(receipts[0]) == notice(receipts[1])
        assert len((await look(on, ServiceComponent, compute)).imposed) == 1


async def test_what_is_unknown_or_retired_takes_no_notice_and_no_ticket(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        old = await component(on)
        await status.retire_component(on.desk, on.by(ADMIN), old)
        with pytest.raises(ComponentIsRetired):
            await declared(on, (old, S.DEGRADED))
        for unknown in (uuid4(), anna.id):
            with pytest.raises(NotFound) as refusal:
                await declared(on, (unknown, S.DEGRADED))
            assert refusal.value.path == ("input", "impacts", "0", "componentId")
        for service in (old, uuid4()):
            with pytest.raises(NotFound) as refusal:
                await open_ticket(on.desk, on.by(anna), NewTicket(TicketKind.REQUEST, "x", services=[service]), body="y")
            assert refusal.value.path == ("input", "ticket", "serviceIds", "0")
        with pytest.raises(ValidationFailed):
            await open_ticket(on.desk, on.by(anna), NewTicket(TicketKind.REQUEST, "x", services=[uuid4()] * 51), body="y")


async def test_a_service_that_an_incident_holds_is_not_retired(database: TestDatabase) -> None:
    async with world(database) as on:
        compute = await component(on)
        await declared(on, (compute, S.DEGRADED))
        with pytest.raises(ComponentIsImpaired):
            await status.retire_component(on.desk, on.by(ADMIN), compute)


async def test_a_ticket_is_linked_on_both_sides_once(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        compute = await component(on)
        new = NewTicket(TicketKind.REQUEST, "Slow", services=[compute, compute])
        ticket = ticket_of(await open_ticket(on.desk, on.by(anna), new, body="It is slow."))
        assert (await on.ticket(ticket)).services == (compute,)
        one = await declared(on, (compute, S.DEGRADED))
        await status.link_ticket(on.desk, on.by(AGENT), one, ticket)
        assert (await on.ticket(ticket)).incidents == {one}
        assert (await look(on, StatusIncident, one)).tickets == {ticket}
        assert (await status.link_ticket(on.desk, on.by(AGENT), one, ticket)).position is None


async def test_a_ticket_one_may_not_see_is_not_linked_and_does_not_exist(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        ticket, other = await on.opened(anna), await on.opened(anna)
        one = await declared(on, (await component(on), S.DEGRADED))
        manager = Viewer(Role.SERVICE_MANAGER, AGENT.id, organisations=frozenset({uuid4()}))
        said = set()
        for target in (ticket, uuid4()):
            with pytest.raises(NotFound) as refusal:
                await status.link_ticket(on.desk, on.by(manager), one, target)
            said.add((refusal.value.message, refusal.value.path))
        assert len(said) == 1
        await relations.merge(on.desk, on.by(AGENT), ticket, other)
        with pytest.raises(TicketIsMerged):
            await status.link_ticket(on.desk, on.by(AGENT), one, ticket)
        assert (await look(on, StatusIncident, one)).tickets == set()


async def test_links_move_the_version_of_those_alone_who_see_them(database: TestDatabase) -> None:
    async with world(database) as on:
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        one = await declared(on, (await component(on), S.DEGRADED))
        await status.link_ticket(on.desk, on.by(AGENT), one, await on.opened(anna))
        with pytest.raises(Conflict) as refusal:
            await status.resolve_incident(on.desk, on.by(AGENT, expected=Expected(1)), one, body="Over.")
        assert refusal.value.current_version == 2
        await status.resolve_incident(on.desk, on.by(AGENT, expected=Expected(1, visible=True)), one, body="Over.")


async def test_planned_work_may_be_told_of_and_called_off(database: TestDatabase) -> None:
    async with world(database) as on:
        compute = await component(on)
        begin = on.at + timedelta(hours=1)
        new = status.NewMaintenance(
            "Switches", [ComponentImpact(compute, S.UNDER_MAINTENANCE)], "Soon.", begin, begin + timedelta(hours=2)
        )
        work = notice(await status.schedule_maintenance(on.desk, on.by(AGENT), new))
        assert await state(on, compute) is S.OPERATIONAL
        await status.post_update(on.desk, on.by(AGENT), work, status.Post("Tomorrow."), kind=Maintenance)
        post = status.Post("Hm.", IncidentStatus.MONITORING)
        with pytest.raises(ValidationFailed):
            await status.post_update(on.desk, on.by(AGENT), work, post, kind=Maintenance)
        with pytest.raises(NotFound):
            await status.resolve_incident(on.desk, on.by(AGENT), work, body="Over.")
        await status.cancel_maintenance(on.desk, on.by(AGENT), work, body="Not now.")
        assert (await look(on, Maintenance, work)).ref == "MNT-1"

"""The status page from events: what is shown, to whom, and that a rebuild comes to the same."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.status.vocabulary import ComponentImpact, ComponentState, IncidentStatus, StatusSeverity
from projections.all import ALL
from projections.status_changes import status_changes
from projections.status_components import histories
from projections.status_incidents import incidents_by_id
from projections.status_page import status_page
from projections.viewer import Role, Viewer
from services.commands import status
from services.commands.desk import By
from services.commands.desk import Desk as Writing
from services.runtime.act import SYSTEM, Act
from services.runtime.decision import Decision
from tests.projections.desk import AGENT, Desk
from tests.services.commands.desk import Shipped

pytestmark = pytest.mark.anyio
S = ComponentState


def by(desk: Desk) -> By:
    return By(Viewer(Role.ADMIN, AGENT.id), Act(actor=SYSTEM, at=desk.now, correlation=uuid4()))


def writing(desk: Desk) -> Writing:
    return Writing(desk.ground.recording.writer, Shipped())


async def service(desk: Desk, ref: str) -> UUID:
    receipt = await status.register_component(writing(desk), by(desk), ref=ref, name=ref.title(), group="All")
    return UUID(receipt.ids["component"])


async def incident(desk: Desk, *impacts: tuple[UUID, ComponentState]) -> UUID:
    listed = [ComponentImpact(*each) for each in impacts]
    new = status.NewIncident("Slow", StatusSeverity.MINOR, listed, "We look.", desk.now - timedelta(hours=1))
    return UUID((await status.declare_incident(writing(desk), by(desk), new)).ids["notice"])


async def test_the_page_shows_what_holds_each_service_and_what_was_told(desk: Desk) -> None:
    compute, network = await service(desk, "compute"), await service(desk, "network")
    desk.now += timedelta(days=1)
    one = await incident(desk, (compute, S.MAJOR_OUTAGE))
    desk.now += timedelta(hours=1)
    post = status.Post("The network.", IncidentStatus.IDENTIFIED, [ComponentImpact(network, S.DEGRADED)])
    await status.post_update(writing(desk), by(desk), one, post)
    await desk.ground.project(*ALL)
    customers = desk.customers
    page = await status_page(customers, None)
    assert {each.id: each.state for each in page.components} == {compute: "OPERATIONAL", network: "DEGRADED"}
    (shown,) = page.incidents
    assert [(each.component.id, each.state) for each in shown.impacts] == [(network, "DEGRADED")]
    assert [(each.body, each.status) for each in shown.updates] == [
        ("The network.", "IDENTIFIED"),
        ("We look.", "INVESTIGATING"),
    ]
    found = await histories(customers, [compute, network], desk.now - timedelta(days=90), desk.now + timedelta(hours=1))
    assert found[compute].whole.downtime == timedelta(hours=2)  # from when it began, an hour before it was declared
    assert found[network].whole.degraded == timedelta(hours=1)
    assert found[compute].since == desk.now - timedelta(days=1, hours=1)  # when it was registered
    (told, other), _ = await status_changes(customers, None, 0, 10_000, limit=100)
    assert {told.notice.id, other.notice.id} == {one}


async def test_what_is_staffs_cannot_be_read_on_the_connections_of_customers(desk: Desk) -> None:
    await incident(desk, (await service(desk, "compute"), S.DEGRADED))
    await desk.ground.project(*ALL)
    for query in ("SELECT version FROM incident_staff", "SELECT due_at FROM maintenance_timers"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await desk.customers.fetch(query)
    assert len(await incidents_by_id(desk.readers, AGENT, [(await status_page(desk.readers, AGENT)).incidents[0].id])) == 1


async def test_planned_work_leaves_what_is_ahead_when_it_is_over(desk: Desk) -> None:
    compute = await service(desk, "compute")
    begin, end = desk.now + timedelta(hours=1), desk.now + timedelta(hours=2)
    new = status.NewMaintenance("Switches", [ComponentImpact(compute, S.UNDER_MAINTENANCE)], "Soon.", begin, end)
    work = UUID((await status.schedule_maintenance(writing(desk), by(desk), new)).ids["notice"])
    seen = []
    for at in (begin, end):

        async def turn(decision: Decision) -> None:
            await status.begin_or_end(decision, work, at)  # noqa: B023 - run at once

        await desk.ground.project(*ALL)
        seen.append([each.status for each in (await status_page(desk.customers, None)).maintenance])
        await desk.ground.recording.writer.decide(by(desk).act, turn)
    await desk.ground.project(*ALL)
    assert [*seen, (await status_page(desk.customers, None)).maintenance] == [["SCHEDULED"], ["IN_PROGRESS"], []]
    found = await histories(desk.customers, [compute], desk.now, end + timedelta(hours=1))
    assert (found[compute].whole.maintenance, found[compute].whole.uptime_ratio) == (timedelta(hours=1), 1.0)


async def test_a_service_or_notice_of_which_an_event_is_set_aside_says_so(desk: Desk) -> None:
    compute, network = await service(desk, "compute"), await service(desk, "network")
    one, fine = await incident(desk, (compute, S.DEGRADED)), await incident(desk, (network, S.DEGRADED))
    for stream, topic in ((compute, "component.relieved.v1"), (one, "incident.resolved.v1")):
        version = len(await desk.ground.recording.events(stream))
        await desk.ground.record(stream, version + 1, topic, b'{"at":"2026-07-01T12:00:00Z"}')  # lacks what it must have
    await desk.ground.project(*ALL)
    page = await status_page(desk.customers, None)
    assert {each.id: each.blocked for each in page.components} == {compute: True, network: False}
    assert {each.id: each.blocked for each in page.incidents} == {one: True, fine: False}

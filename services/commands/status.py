"""Services, incidents and planned work: declared, told of, ended, with what each does to services in the same append."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from domain.errors import AlreadyExists, NotFound, ValidationFailed
from domain.status.component import ServiceComponent
from domain.status.incident import StatusIncident
from domain.status.maintenance import Maintenance
from domain.status.refusals import ComponentIsRetired
from domain.status.vocabulary import (
    ComponentImpact,
    ComponentState,
    IncidentStatus,
    NoticeKind,
    StatusSeverity,
)
from services.commands.desk import By, Desk, see
from services.runtime.command import Receipt
from services.runtime.decision import Decision

Notice = StatusIncident | Maintenance
Holds = dict[UUID, ComponentState]
IMPACTS = ("input", "impacts")
MOST_SERVICES = 50
"""That one ticket is about."""


async def register_component(desk: Desk, by: By, *, ref: str, name: str, group: str) -> Receipt:
    """Add a service. Raises AlreadyExists where the ref is another's, retired ones too. The receipt's id: component."""

    async def decide(decision: Decision) -> None:
        component = ServiceComponent.register(id=decision.new_id(), at=by.act.at, ref=ref, name=name, group=group)
        taken = await decision.find("component_ref", component.ref)
        if taken is not None:
            raise AlreadyExists("There is a service with this short name.", existing=taken, path=("input", "ref"))
        decision.add(component)
        decision.reserve("component_ref", component.ref, owner=component.id)
        decision.remember(component=component.id)

    return await desk.writer.decide(by.act, decide)


async def retire_component(desk: Desk, by: By, component: UUID) -> Receipt:
    """Take a service off the page. The receipt's id: component."""

    async def decide(decision: Decision) -> None:
        found = await _component(decision, component, ("input", "componentId"), seen=True)
        found.retire(at=by.act.at)
        decision.remember(component=found.id)

    return await desk.writer.decide(by.act, decide)


@dataclass(frozen=True)
class NewIncident:
    """`started_at` None: now."""

    title: str
    severity: StatusSeverity
    impacts: Sequence[ComponentImpact]
    body: str
    started_at: datetime | None = None


async def declare_incident(desk: Desk, by: By, new: NewIncident) -> Receipt:
    """Tell the public of an incident. The receipt's ids: notice, update."""

    async def decide(decision: Decision) -> None:
        update = decision.new_id()
        incident = StatusIncident.declare(
            id=decision.new_id(),
            at=by.act.at,
            ref=f"INC-{await decision.next_ref('incident')}",
            title=new.title,
            severity=new.severity,
            impacts=new.impacts,
            body=new.body,
            started_at=new.started_at,
            update=update,
        )
        decision.add(incident)
        await settle(decision, incident, {}, at=by.act.at, since=incident.started_at)
        decision.remember(notice=incident.id, update=update)

    return await desk.writer.decide(by.act, decide)


@dataclass(frozen=True)
class NewMaintenance:
    title: str
    impacts: Sequence[ComponentImpact]
    body: str
    from_: datetime
    to: datetime
    severity: StatusSeverity = StatusSeverity.INFORMATION


async def schedule_maintenance(desk: Desk, by: By, new: NewMaintenance) -> Receipt:
    """Announce planned work; it begins and ends by time. The receipt's ids: notice, update."""

    async def decide(decision: Decision) -> None:
        update = decision.new_id()
        work = Maintenance.schedule(
            id=decision.new_id(),
            at=by.act.at,
            ref=f"MNT-{await decision.next_ref('maintenance')}",
            title=new.title,
            severity=new.severity,
            impacts=new.impacts,
            body=new.body,
            from_=new.from_,
            to=new.to,
            update=update,
        )
        await _must_be_there(decision, new.impacts)
        decision.add(work)
        decision.remember(notice=work.id, update=update)

    return await desk.writer.decide(by.act, decide)


@dataclass(frozen=True)
class Post:
    """A public post. `status` is for incidents alone; `impacts` None: as it was."""

    body: str
    status: IncidentStatus | None = None
    impacts: Sequence[ComponentImpact] | None = None


async def post_update(
    desk: Desk, by: By, notice: UUID, post: Post, *, kind: type[StatusIncident] | type[Maintenance] = StatusIncident
) -> Receipt:
    """Tell how it stands. What is posted concerns every ticket linked to it. The receipt's ids: notice, update."""

    async def decide(decision: Decision) -> None:
        update = decision.new_id()
        found: Notice
        if kind is StatusIncident:
            found = incident = await _notice(decision, StatusIncident, notice)
            held = found.holds
            incident.post_update(at=by.act.at, update=update, body=post.body, status=post.status, impacts=post.impacts)
        else:
            if post.status is not None:
                raise ValidationFailed("Planned work has no such state.", problem="NOT_ALLOWED", path=("input", "status"))
            found = work = await _notice(decision, Maintenance, notice)
            held = found.holds
            work.post_update(at=by.act.at, update=update, body=post.body, impacts=post.impacts)
        await _must_be_there(decision, post.impacts or ())
        await settle(decision, found, held, at=by.act.at, since=by.act.at)
        decision.remember(notice=found.id, update=update)

    return await desk.writer.decide(by.act, decide)


async def resolve_incident(desk: Desk, by: By, incident: UUID, *, body: str) -> Receipt:
    """End it, and let go of the services it held. The receipt's ids: notice, update."""

    async def decide(decision: Decision) -> None:
        found = await _notice(decision, StatusIncident, incident)
        held, update = found.holds, decision.new_id()
        services = [await _component(decision, id, _path(found.impacts, id)) for id in held]
        restored = [each.id for each in services if each.without(found.id) is not each.state]
        found.resolve(at=by.act.at, update=update, body=body, restored=restored)
        await settle(decision, found, held, at=by.act.at, since=by.act.at)
        decision.remember(notice=found.id, update=update)

    return await desk.writer.decide(by.act, decide)


async def cancel_maintenance(desk: Desk, by: By, work: UUID, *, body: str) -> Receipt:
    """Call planned work off, also while it runs. The receipt's ids: notice, update."""

    async def decide(decision: Decision) -> None:
        found = await _notice(decision, Maintenance, work)
        held, update = found.holds, decision.new_id()
        found.cancel(at=by.act.at, update=update, body=body)
        await settle(decision, found, held, at=by.act.at, since=by.act.at)
        decision.remember(notice=found.id, update=update)

    return await desk.writer.decide(by.act, decide)


async def link_ticket(
    desk: Desk, by: By, notice: UUID, ticket: UUID, *, kind: type[StatusIncident] | type[Maintenance] = StatusIncident
) -> Receipt:
    """Tie a ticket to a notice, on both in one append; the public does not see it. The receipt's ids: notice, ticket."""

    async def decide(decision: Decision) -> None:
        found: Notice
        if kind is StatusIncident:
            found = await _notice(decision, StatusIncident, notice)
        else:
            found = await _notice(decision, Maintenance, notice)
        hit = await see(decision, by, ticket, seen=False)
        link = hit.link_incident if kind is StatusIncident else hit.link_maintenance
        link(found.id, at=by.act.at)
        found.link_ticket(hit.id, at=by.act.at)
        decision.remember(notice=found.id, ticket=hit.id)

    return await desk.writer.decide(by.act, decide)


async def begin_or_end(decision: Decision, work: UUID, now: datetime) -> None:
    """What time brings to planned work, at its instants. Nothing is recorded that is not due or was recorded before."""
    found = await decision.load(Maintenance, work)
    for turn, at in ((found.start, found.from_), (found.complete, found.to)):
        held = found.holds
        turn(at=now)
        await settle(decision, found, held, at=at, since=at, living_only=True)


async def settle(
    decision: Decision, notice: Notice, held: Holds, *, at: datetime, since: datetime, living_only: bool = False
) -> None:
    """Record on the services what the notice holds now instead of `held`. With `living_only`, retired ones are passed over."""
    holds = notice.holds
    kind = NoticeKind.INCIDENT if isinstance(notice, StatusIncident) else NoticeKind.MAINTENANCE
    for id in (*held, *(id for id in holds if id not in held)):
        if holds.get(id) is held.get(id):
            continue
        component = await _component(decision, id, _path(notice.impacts, id))
        if id not in holds:
            component.relieve(notice.id, at=at)
        elif not (living_only and component.retired):
            component.impair(notice.id, kind, holds[id], at=at, since=since)


async def known_services(decision: Decision, services: Sequence[UUID], path: Sequence[str]) -> None:
    """That these services exist and are in use. Raises NotFound at the place in the input, and ValidationFailed for too many."""
    if len(services) > MOST_SERVICES:
        raise ValidationFailed(
            f"At most {MOST_SERVICES} services at once.", problem="OUT_OF_RANGE", path=path, limit=str(MOST_SERVICES)
        )
    for index, service in enumerate(services):
        where = (*path, str(index))
        if (await _component(decision, service, where)).retired:
            raise no_such_service(where)


async def _must_be_there(decision: Decision, impacts: Sequence[ComponentImpact]) -> None:
    for impact in impacts:
        if (await _component(decision, impact.component, _path(impacts, impact.component))).retired:
            raise ComponentIsRetired


async def _component(decision: Decision, id: UUID, path: Sequence[str], *, seen: bool = False) -> ServiceComponent:
    try:
        return await decision.load(ServiceComponent, id, seen=seen)
    except NotFound:
        raise no_such_service(path) from None


N = TypeVar("N", StatusIncident, Maintenance)


async def _notice(decision: Decision, kind: type[N], id: UUID) -> N:
    try:
        return await decision.load(kind, id)
    except NotFound:
        raise NotFound("There is no such notice.", path=("input", "noticeId")) from None


def no_such_service(path: Sequence[str]) -> NotFound:
    return NotFound("There is no such service.", path=path)


def _path(impacts: Sequence[ComponentImpact], component: UUID) -> tuple[str, ...]:
    place = next((index for index, impact in enumerate(impacts) if impact.component == component), 0)
    return (*IMPACTS, str(place), "componentId")

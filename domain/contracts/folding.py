"""A contract's course after each of its events. Nothing is judged here: a stored history always folds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.contracts.course import Assignment, Course, Interval, Plan, Told, Turn, earlier
from domain.contracts.events import (
    ContractActivated,
    ContractCeased,
    ContractDiscarded,
    ContractDrafted,
    ContractExpired,
    ContractPlanChanged,
    ContractRenewed,
    ContractResumed,
    ContractServiceCovered,
    ContractServiceManagerAssigned,
    ContractServiceManagerReleased,
    ContractServiceManagerReplaced,
    ContractStarted,
    ContractSuspended,
    ContractTerminated,
)
from domain.contracts.vocabulary import ServiceManagerMode
from domain.event import DomainEvent


def begun(event: ContractDrafted) -> Course:
    """The course of a contract that was just drafted."""
    plan = Plan(event.product, (), event.from_)
    return Course(event.originator_id, event.organisation, event.ref, event.timestamp, (plan,), event.to)


def after(course: Course, event: DomainEvent) -> Course:
    """The course after an event."""
    match event:
        case ContractActivated():
            plan = Plan(event.product, event.capabilities, event.from_)
            return replace(course, plans=(plan,), to=event.to, activated_at=event.timestamp)
        case ContractDiscarded():
            return replace(course, discarded_at=event.timestamp)
        case ContractPlanChanged():
            kept = tuple(plan for plan in course.plans if plan.from_ < event.effective_at)
            if kept and kept[-1].product == event.product:
                return replace(course, plans=kept)
            return replace(course, plans=(*kept, Plan(event.product, event.capabilities, event.effective_at)))
        case ContractRenewed():
            return replace(course, to=event.to)
        case ContractSuspended():
            return replace(course, suspensions=joined(course.suspensions, event.effective_at))
        case ContractResumed():
            return replace(course, suspensions=closed(course.suspensions, event.effective_at))
        case ContractTerminated():
            return replace(course, terminated_at=event.effective_at)
        case ContractStarted():
            return replace(course, told=Told(event.since, Turn.START, event.product))
        case ContractCeased():
            return replace(course, told=Told(event.since, Turn.CEASE))
        case ContractExpired():
            return replace(course, told=Told(event.since, Turn.EXPIRE))
        case ContractServiceManagerAssigned():
            return replace(course, managers=_given(course.managers, event.manager, event.mode, event.from_))
        case ContractServiceManagerReplaced():
            return replace(course, managers=_given(course.managers, event.manager, event.mode, event.from_))
        case ContractServiceManagerReleased():
            return replace(course, managers=_ended(course.managers, event.to))
        case ContractServiceCovered():
            return replace(course, services=(*course.services, event.component))
    return course


def joined(suspensions: tuple[Interval, ...], from_: datetime) -> tuple[Interval, ...]:
    """One more, which is the same one going on where it begins as the last ends."""
    if suspensions and suspensions[-1].to == from_:
        return (*suspensions[:-1], Interval(suspensions[-1].from_))
    return (*suspensions, Interval(from_))


def closed(suspensions: tuple[Interval, ...], to: datetime) -> tuple[Interval, ...]:
    """None lasts beyond; those that would begin then or later never take place."""
    return tuple(Interval(each.from_, earlier(each.to, to)) for each in suspensions if each.from_ < to)


def _ended(managers: tuple[Assignment, ...], to: datetime) -> tuple[Assignment, ...]:
    return tuple(
        replace(each, time=Interval(each.time.from_, max(to, each.time.from_))) if each.time.to is None else each
        for each in managers
    )


def _given(
    managers: tuple[Assignment, ...], manager: UUID, mode: ServiceManagerMode, from_: datetime
) -> tuple[Assignment, ...]:
    return (*_ended(managers, from_), Assignment(manager, mode, Interval(from_)))

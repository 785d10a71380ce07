from __future__ import annotations

from datetime import datetime

import pytest

from domain.errors import InvalidTransition, ValidationFailed
from domain.event import Classification
from domain.status.refusals import IncidentGoesOnwards, IncidentIsResolved, MaintenanceIsOver
from domain.status.vocabulary import ComponentImpact, ComponentState, IncidentStatus, MaintenanceStatus
from tests.domain.status.builders import DAY, HOUR, MONDAY, an_incident, new_id, planned, recorded

NOW = MONDAY + HOUR


def test_an_incident_goes_onwards_and_may_leave_out_steps() -> None:
    incident = an_incident()
    incident.post_update(at=NOW, update=new_id(), body="A switch.", status=IncidentStatus.MONITORING)
    with pytest.raises(IncidentGoesOnwards) as refusal:
        incident.post_update(at=NOW, update=new_id(), body="No.", status=IncidentStatus.IDENTIFIED)
    assert refusal.value.allowed == (IncidentStatus.RESOLVED,)
    incident.post_update(at=NOW, update=new_id(), body="Still watching.")
    assert incident.status is IncidentStatus.MONITORING
    incident.resolve(at=NOW, update=new_id(), body="Over.")
    assert (incident.status, incident.resolved_at) == (IncidentStatus.RESOLVED, NOW)


def test_a_resolved_incident_takes_no_post_and_no_second_end() -> None:
    incident = an_incident()
    incident.resolve(at=NOW, update=new_id(), body="Over.")
    recorded(incident)
    with pytest.raises(IncidentIsResolved):
        incident.post_update(at=NOW, update=new_id(), body="And another thing.")
    with pytest.raises(IncidentIsResolved):
        incident.resolve(at=NOW, update=new_id(), body="Over again.")
    assert recorded(incident) == []


def test_an_incident_is_ended_by_its_own_command() -> None:
    with pytest.raises(ValidationFailed):
        an_incident().post_update(at=NOW, update=new_id(), body="Over.", status=IncidentStatus.RESOLVED)


def test_a_service_not_named_in_a_new_impact_is_well_again() -> None:
    one, other = new_id(), new_id()
    incident = an_incident(ComponentImpact(one, ComponentState.DEGRADED), ComponentImpact(other, ComponentState.MAJOR_OUTAGE))
    incident.post_update(at=NOW, update=new_id(), body="Half.", impacts=[ComponentImpact(other, ComponentState.PARTIAL_OUTAGE)])
    assert incident.holds == {other: ComponentState.PARTIAL_OUTAGE}
    incident.post_update(at=NOW, update=new_id(), body="Well.", impacts=[])
    assert incident.holds == {}


@pytest.mark.parametrize("state", [ComponentState.OPERATIONAL, ComponentState.UNDER_MAINTENANCE])
def test_an_incident_makes_something_worse_and_is_no_planned_work(state: ComponentState) -> None:
    with pytest.raises(ValidationFailed):
        an_incident(ComponentImpact(new_id(), state))


def test_impacts_name_each_service_once() -> None:
    one = ComponentImpact(new_id(), ComponentState.DEGRADED)
    with pytest.raises(ValidationFailed) as refusal:
        an_incident(one, one)
    assert refusal.value.path == ("input", "impacts", "1", "componentId")


def test_an_incident_began_before_it_was_declared_never_after() -> None:
    assert an_incident(started_at=MONDAY - HOUR).started_at == MONDAY - HOUR
    with pytest.raises(ValidationFailed):
        an_incident(started_at=MONDAY + HOUR)
    with pytest.raises(ValidationFailed):
        an_incident(started_at=datetime(2026, 6, 29, 8, 0))  # noqa: DTZ001 - the point of it


def test_which_tickets_are_hit_is_restricted_and_moves_no_public_version() -> None:
    incident, ticket = an_incident(), new_id()
    incident.collect_events()
    incident.link_ticket(ticket, at=NOW)
    (linked,) = incident.collect_events()
    assert linked.CLASS is Classification.RESTRICTED  # type: ignore[attr-defined]
    assert (incident.version, incident.visible_version) == (2, 1)
    incident.link_ticket(ticket, at=NOW)
    assert recorded(incident) == []


def test_planned_work_begins_and_ends_at_its_instants_however_late_time_looks() -> None:
    work = planned()
    work.start(at=MONDAY)
    assert work.status is MaintenanceStatus.SCHEDULED
    assert work.holds == {}
    work.collect_events()
    work.start(at=MONDAY + 2 * DAY)
    work.complete(at=MONDAY + 2 * DAY)
    began, ended = work.collect_events()
    assert (began.timestamp, ended.timestamp) == (work.from_, work.to)
    work.start(at=MONDAY + 3 * DAY)
    work.complete(at=MONDAY + 3 * DAY)
    assert recorded(work) == []


def test_planned_work_holds_services_only_while_it_runs() -> None:
    one = new_id()
    work = planned(ComponentImpact(one, ComponentState.MAJOR_OUTAGE))
    work.start(at=work.from_)
    assert work.holds == {one: ComponentState.MAJOR_OUTAGE}
    work.cancel(at=work.from_ + HOUR, update=new_id(), body="It failed.")
    assert work.holds == {}


def test_what_is_over_or_called_off_takes_nothing_more() -> None:
    work = planned()
    work.cancel(at=MONDAY, update=new_id(), body="Not today.")
    recorded(work)
    with pytest.raises(MaintenanceIsOver):
        work.cancel(at=MONDAY, update=new_id(), body="Not today.")
    with pytest.raises(MaintenanceIsOver):
        work.post_update(at=MONDAY, update=new_id(), body="Hello?")
    work.start(at=MONDAY + DAY)
    assert recorded(work) == []
    assert issubclass(MaintenanceIsOver, InvalidTransition)


def test_planned_work_lies_ahead_and_work_whose_begin_has_passed_begins_now() -> None:
    assert planned(from_=MONDAY - HOUR).from_ == MONDAY
    for begin, end in ((MONDAY + HOUR, MONDAY + HOUR), (MONDAY - DAY, MONDAY), (MONDAY, MONDAY + 3 * 366 * DAY)):
        with pytest.raises(ValidationFailed):
            planned(from_=begin, to=end)

from __future__ import annotations

import pytest

from domain.errors import ValidationFailed
from domain.status.refusals import ComponentIsImpaired, ComponentIsRetired
from domain.status.vocabulary import ComponentState, NoticeKind
from tests.domain.status.builders import HOUR, MONDAY, a_component, new_id, recorded

DEGRADED, MAJOR = ComponentState.DEGRADED, ComponentState.MAJOR_OUTAGE


def test_a_service_is_as_bad_as_the_worst_that_holds_it() -> None:
    component, one, other = a_component(), new_id(), new_id()
    component.impair(one, NoticeKind.INCIDENT, DEGRADED, at=MONDAY, since=MONDAY)
    component.impair(other, NoticeKind.INCIDENT, MAJOR, at=MONDAY, since=MONDAY)
    assert component.state is MAJOR
    recorded(component)
    component.relieve(other, at=MONDAY + HOUR)
    assert component.state is DEGRADED
    assert recorded(component) == ["component.relieved.v1", "component.state_changed.v1"]
    component.relieve(one, at=MONDAY + HOUR)
    assert component.state is ComponentState.OPERATIONAL


def test_what_makes_no_difference_to_the_state_changes_no_state() -> None:
    component, one, other = a_component(), new_id(), new_id()
    component.impair(one, NoticeKind.INCIDENT, MAJOR, at=MONDAY, since=MONDAY)
    recorded(component)
    component.impair(other, NoticeKind.INCIDENT, DEGRADED, at=MONDAY, since=MONDAY)
    assert recorded(component) == ["component.impaired.v1"]
    component.relieve(other, at=MONDAY)
    assert recorded(component) == ["component.relieved.v1"]


def test_the_same_again_records_nothing() -> None:
    component, one = a_component(), new_id()
    component.impair(one, NoticeKind.INCIDENT, MAJOR, at=MONDAY, since=MONDAY)
    recorded(component)
    component.impair(one, NoticeKind.INCIDENT, MAJOR, at=MONDAY + HOUR, since=MONDAY)
    component.relieve(new_id(), at=MONDAY)
    assert recorded(component) == []


def test_an_outage_shows_through_planned_work() -> None:
    component = a_component()
    component.impair(new_id(), NoticeKind.MAINTENANCE, ComponentState.UNDER_MAINTENANCE, at=MONDAY, since=MONDAY)
    assert component.state is ComponentState.UNDER_MAINTENANCE
    component.impair(new_id(), NoticeKind.INCIDENT, DEGRADED, at=MONDAY, since=MONDAY)
    assert component.state is DEGRADED


def test_a_service_that_is_held_is_not_retired() -> None:
    component, one = a_component(), new_id()
    component.impair(one, NoticeKind.INCIDENT, MAJOR, at=MONDAY, since=MONDAY)
    with pytest.raises(ComponentIsImpaired):
        component.retire(at=MONDAY)
    component.relieve(one, at=MONDAY)
    component.retire(at=MONDAY)
    recorded(component)
    component.retire(at=MONDAY)
    assert recorded(component) == []
    with pytest.raises(ComponentIsRetired):
        component.impair(new_id(), NoticeKind.INCIDENT, MAJOR, at=MONDAY, since=MONDAY)


@pytest.mark.parametrize("ref", ["", "Compute", "-a", "a-", "a b", "x" * 64, "ø"])
def test_a_short_name_is_short_and_plain(ref: str) -> None:
    with pytest.raises(ValidationFailed):
        a_component(ref)

"""Operations meetings: planned, prepared, held, minuted; what is fixed stays fixed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.errors import NotFound, ValidationFailed
from domain.meetings.events import MeetingHeld, MeetingPackFrozen, MeetingScheduled
from domain.meetings.meeting import MOST_ACTIONS, MOST_EXTRAS, OperationsMeeting
from domain.meetings.quarters import Quarter
from domain.meetings.refusals import (
    ActionItemIsOthers,
    AgendaIsFixed,
    MeetingHasNotBegun,
    MeetingStandsOtherwise,
    MinutesAreClosed,
    PackIsFrozen,
    QuarterHasNotBegun,
)
from domain.meetings.vocabulary import STANDING, MeetingStatus, OwnerKind

NOW = datetime(2026, 7, 2, 8, tzinfo=UTC)
START = datetime(2026, 9, 22, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JOIN = "https://meet.example.org/acme"
OWNER = uuid4()


def planned(**other: Any) -> OperationsMeeting:
    given: dict[str, Any] = {
        "at": NOW,
        "organisation": uuid4(),
        "contract_ref": "acme",
        "contract": uuid4(),
        "quarter": Quarter(2026, 3),
        "time_zone": "Europe/Copenhagen",
        "starts_at": START,
        "duration": HOUR,
        "join_url": JOIN,
    }
    return OperationsMeeting.schedule(**given | other)


def held() -> OperationsMeeting:
    meeting = planned()
    meeting.hold(at=START, minutes_open=30 * DAY)
    meeting.collect_events()
    return meeting


def topics(meeting: OperationsMeeting) -> list[str]:
    return [event.TOPIC.split(".")[1] for event in meeting.collect_events()]  # type: ignore[attr-defined]


def test_a_meeting_is_named_after_organisation_and_quarter_and_its_id_follows_from_contract_and_quarter() -> None:
    contract = uuid4()
    one, other = planned(contract=contract), planned(contract=contract, at=NOW + DAY, join_url=JOIN + "/2")
    assert (one.ref, one.id) == ("acme-2026-Q3", other.id)
    assert planned(contract=contract, quarter=Quarter(2026, 4)).id != one.id
    event = one.collect_events()[0]
    assert isinstance(event, MeetingScheduled)
    assert (event.year, event.quarter, event.time_zone) == (2026, 3, "Europe/Copenhagen")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"starts_at": NOW}, "startsAt"),
        ({"starts_at": NOW + 732 * DAY}, "startsAt"),
        ({"duration": timedelta(minutes=4)}, "duration"),
        ({"duration": timedelta(days=2)}, "duration"),
        ({"join_url": "http://meet.example.org/acme"}, "joinUrl"),
        ({"join_url": "https://user:pass@meet.example.org/acme"}, "joinUrl"),
    ],
)
def test_a_meeting_that_nobody_could_attend_is_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        planned(**wrong)
    assert refusal.value.path == ("input", field)


@pytest.mark.parametrize(("year", "quarter"), [(1999, 1), (2200, 1), (2026, 0), (2026, 5)])
def test_a_quarter_that_no_calendar_has_is_refused(year: int, quarter: int) -> None:
    with pytest.raises(ValidationFailed):
        Quarter.checked(year, quarter)


@pytest.mark.parametrize("title", [*(name for _, name in STANDING), *(kind.value for kind, _ in STANDING), " sla "])
def test_the_four_standing_points_cannot_be_added(title: str) -> None:
    meeting = planned()
    meeting.collect_events()
    with pytest.raises(AgendaIsFixed):
        meeting.add_agenda_item(uuid4(), title, at=NOW)
    assert topics(meeting) == []


def test_extras_are_appended_in_order_and_once() -> None:
    meeting = planned()
    for title in ("Capacity", "Move to the north", "Capacity"):
        meeting.add_agenda_item(uuid4(), title, at=NOW)
    assert list(meeting.extras.values()) == ["Capacity", "Move to the north"]
    for number in range(MOST_EXTRAS - 2):
        meeting.add_agenda_item(uuid4(), f"Point {number}", at=NOW)
    with pytest.raises(ValidationFailed):
        meeting.add_agenda_item(uuid4(), "One more", at=NOW)


def test_a_pack_is_frozen_once_with_the_hash_of_its_text() -> None:
    meeting = planned()
    meeting.collect_events()
    meeting.freeze_pack('{"a":1}', epoch=1, position=77, at=START)
    event = meeting.collect_events()[0]
    assert isinstance(event, MeetingPackFrozen)
    assert (event.position, event.sha256) == (77, sha256(b'{"a":1}').hexdigest())
    with pytest.raises(PackIsFrozen):
        meeting.freeze_pack('{"a":2}', epoch=1, position=78, at=START)
    meeting.reschedule(START + DAY, HOUR, JOIN, at=START)
    meeting.add_agenda_item(uuid4(), "Capacity", at=START)
    meeting.hold(at=START + DAY, minutes_open=DAY)
    with pytest.raises(PackIsFrozen):
        meeting.freeze_pack('{"a":2}', epoch=1, position=78, at=START + DAY)


def test_a_pack_is_about_the_quarter_as_far_as_it_has_passed() -> None:
    meeting = planned()
    begins, ends = datetime(2026, 6, 30, 22, tzinfo=UTC), datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert meeting.period(START) == (begins, START)
    assert meeting.period(ends + DAY) == (begins, ends)
    with pytest.raises(QuarterHasNotBegun):
        meeting.period(begins)


def test_a_meeting_that_took_place_without_a_pack_gets_none() -> None:
    with pytest.raises(MeetingStandsOtherwise):
        held().freeze_pack("{}", epoch=1, position=1, at=START)


def test_a_meeting_is_held_once_and_not_before_it_begins() -> None:
    meeting = planned()
    with pytest.raises(MeetingHasNotBegun):
        meeting.hold(at=START - timedelta(microseconds=1), minutes_open=DAY)
    meeting.hold(at=START, minutes_open=DAY)
    event = meeting.collect_events()[-1]
    assert isinstance(event, MeetingHeld)
    assert event.minutes_until == START + DAY
    with pytest.raises(MeetingStandsOtherwise):
        meeting.hold(at=START, minutes_open=DAY)
    with pytest.raises(MeetingStandsOtherwise):
        meeting.reschedule(START + DAY, HOUR, JOIN, at=START)
    with pytest.raises(MeetingStandsOtherwise):
        meeting.cancel(at=START)


def test_minutes_are_written_over_until_their_time_has_passed() -> None:
    meeting = held()
    meeting.record_minutes("We met.", at=START + HOUR)
    meeting.record_minutes("We met.", at=START + HOUR)
    meeting.record_minutes("We met and agreed.", at=START + 29 * DAY)
    assert (topics(meeting), meeting.minutes) == (["minutes_recorded"] * 2, "We met and agreed.")
    with pytest.raises(MinutesAreClosed):
        meeting.record_minutes("Never.", at=START + 30 * DAY)
    with pytest.raises(MeetingStandsOtherwise):
        planned().record_minutes("Too early.", at=NOW)


def test_an_action_item_is_completed_by_its_owner_or_the_manager_and_once() -> None:
    meeting, mine, yours = held(), uuid4(), uuid4()
    for item in (mine, yours):
        meeting.raise_action_item(item, "Order disks", OWNER, OwnerKind.STAFF, date(2026, 10, 1), at=START)
    with pytest.raises(ActionItemIsOthers):
        meeting.complete_action_item(mine, by=uuid4(), manages=False, at=START)
    meeting.complete_action_item(mine, by=OWNER, manages=False, at=START)
    meeting.complete_action_item(mine, by=OWNER, manages=False, at=START)
    meeting.complete_action_item(yours, by=uuid4(), manages=True, at=START)
    assert topics(meeting) == ["action_item_raised"] * 2 + ["action_item_completed"] * 2
    with pytest.raises(NotFound):
        meeting.complete_action_item(uuid4(), by=OWNER, manages=True, at=START)


def test_a_task_is_due_today_at_the_earliest_on_the_wall_of_the_meetings_zone() -> None:
    meeting = planned()
    late = datetime(2026, 7, 2, 23, tzinfo=UTC)  # the third of July in Copenhagen
    with pytest.raises(ValidationFailed):
        meeting.raise_action_item(uuid4(), "Order disks", OWNER, OwnerKind.STAFF, date(2026, 7, 2), at=late)
    for number in range(MOST_ACTIONS):
        meeting.raise_action_item(uuid4(), f"Task {number}", OWNER, OwnerKind.CONTACT, date(2026, 7, 3), at=late)
    with pytest.raises(ValidationFailed):
        meeting.raise_action_item(uuid4(), "One more", OWNER, OwnerKind.CONTACT, None, at=late)


def test_a_cancelled_meeting_is_scheduled_anew_without_its_pack_and_with_all_else() -> None:
    meeting, item = planned(), UUID(int=1)
    meeting.add_agenda_item(item, "Capacity", at=NOW)
    meeting.freeze_pack("{}", epoch=1, position=1, at=NOW)
    meeting.cancel(at=NOW)
    with pytest.raises(MeetingStandsOtherwise):
        meeting.raise_action_item(uuid4(), "Order disks", OWNER, OwnerKind.STAFF, None, at=NOW)
    meeting.revive(START + DAY, HOUR, JOIN, at=NOW)
    assert (meeting.status, meeting.pack, meeting.extras) == (MeetingStatus.SCHEDULED, None, {item: "Capacity"})
    meeting.freeze_pack("{}", epoch=1, position=2, at=NOW)
    with pytest.raises(MeetingStandsOtherwise):
        meeting.revive(START + DAY, HOUR, JOIN, at=NOW)

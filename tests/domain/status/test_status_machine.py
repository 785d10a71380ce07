"""Any commands in any order: histories replay to the same state, a refusal records nothing, and services are as bad as what holds them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from domain.errors import Refused
from domain.event import Aggregate, Classification, DomainEvent
from domain.status.component import ServiceComponent
from domain.status.incident import StatusIncident
from domain.status.maintenance import Maintenance
from domain.status.vocabulary import (
    BADNESS,
    INCIDENT_WAYS,
    ComponentImpact,
    ComponentState,
    IncidentStatus,
    MaintenanceStatus,
    NoticeKind,
    worst,
)
from tests.domain.status.builders import HOUR, MONDAY, a_component, an_incident, new_id, planned, replayed

texts = st.sampled_from(["Hello", "", "nul\x00", "æøå", "x" * 100_001])
REFS = ("compute", "network", "storage")
impacts = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(ComponentState)), max_size=3)
Notice = StatusIncident | Maintenance


class StatusMachine(RuleBasedStateMachine):
    """Three services; a decision on a notice settles with them what it holds, as services/commands/status.py does."""

    notices: Bundle[Notice] = Bundle("notices")

    def __init__(self) -> None:
        super().__init__()
        self.at: datetime = MONDAY
        self.components: list[ServiceComponent] = []
        self.known: dict[UUID, Aggregate] = {}
        self.histories: dict[UUID, list[DomainEvent]] = {}

    @initialize()
    def open_the_page(self) -> None:
        self.components = [a_component(ref) for ref in REFS]
        for each in self.components:
            self.keep(each)

    def keep(self, aggregate: Any) -> None:
        self.known[aggregate.id] = aggregate
        self.histories.setdefault(aggregate.id, []).extend(aggregate.collect_events())

    def on_services(self, drawn: list[tuple[int, ComponentState]]) -> list[ComponentImpact]:
        """The fourth service is none of ours; commands would say so before the notice decides, so it is left out here."""
        return [ComponentImpact(self.components[index].id, state) for index, state in drawn if index < len(self.components)]

    def attempt(self, notice: Notice | None, command: Callable[[], Notice | None]) -> Notice | None:
        """Let it decide and settle; a refusal must leave everything as it was."""
        before = {} if notice is None else notice.holds
        versions = {id: each.version for id, each in self.known.items()}
        try:
            made = command() or notice
            assert made is not None
            self.settle(made, before)
        except Refused:
            assert {id: each.version for id, each in self.known.items()} == versions
            return None
        for each in (made, *self.components):
            self.keep(each)
        return made

    def settle(self, notice: Notice, before: dict[UUID, ComponentState]) -> None:
        kind = NoticeKind.INCIDENT if isinstance(notice, StatusIncident) else NoticeKind.MAINTENANCE
        for component in self.components:
            wanted = notice.holds.get(component.id)
            if wanted is None:
                component.relieve(notice.id, at=self.at)
            elif wanted is not before.get(component.id) and not component.retired:
                component.impair(notice.id, kind, wanted, at=self.at, since=self.at)

    @rule(hours=st.integers(0, 30))
    def time_passes(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @rule(target=notices, drawn=impacts, text=texts, before=st.sampled_from([None, -2, 2]))
    def declare(self, drawn: list[tuple[int, ComponentState]], text: str, before: int | None) -> Notice:
        began = None if before is None else self.at + before * HOUR
        wanted = self.on_services(drawn)
        if not wanted or any(self.retired(each.component) for each in wanted):
            wanted = [ComponentImpact(new_id(), ComponentState.DEGRADED)]  # one of another page
        made = self.attempt(None, lambda: an_incident(*wanted, at=self.at, started_at=began, body=text))
        return made or self.kept(an_incident(ComponentImpact(new_id(), ComponentState.DEGRADED), at=self.at))

    @rule(target=notices, drawn=impacts, begins=st.integers(-2, 30), length=st.integers(0, 9))
    def schedule(self, drawn: list[tuple[int, ComponentState]], begins: int, length: int) -> Notice:
        begin = self.at + begins * HOUR
        wanted = self.on_services(drawn)
        made = self.attempt(None, lambda: planned(*wanted, at=self.at, from_=begin, to=begin + length * HOUR))
        return made or self.kept(planned(at=self.at, from_=self.at, to=self.at + HOUR))

    def kept(self, notice: Notice) -> Notice:
        self.keep(notice)
        return notice

    def retired(self, id: UUID) -> bool:
        return any(each.id == id and each.retired for each in self.components)

    @rule(notice=notices, text=texts, status=st.none() | st.sampled_from(IncidentStatus), drawn=st.none() | impacts)
    def post(
        self, notice: Notice, text: str, status: IncidentStatus | None, drawn: list[tuple[int, ComponentState]] | None
    ) -> None:
        wanted = None if drawn is None else self.on_services(drawn)
        if wanted and any(self.retired(each.component) for each in wanted):
            return  # refused by the use case before the notice decides

        def command() -> None:
            if isinstance(notice, StatusIncident):
                notice.post_update(at=self.at, update=new_id(), body=text, status=status, impacts=wanted)
            else:
                notice.post_update(at=self.at, update=new_id(), body=text, impacts=wanted)

        self.attempt(notice, command)

    @rule(notice=notices, text=texts)
    def end(self, notice: Notice, text: str) -> None:
        def command() -> None:
            if isinstance(notice, StatusIncident):
                notice.resolve(at=self.at, update=new_id(), body=text)
            else:
                notice.cancel(at=self.at, update=new_id(), body=text)

        if self.attempt(notice, command):
            assert notice.holds == {}

    @rule(notice=notices, times=st.integers(1, 3))
    def time_looks(self, notice: Notice, times: int) -> None:
        if isinstance(notice, Maintenance):
            for _ in range(times):
                for turn in (notice.start, notice.complete):
                    self.attempt(notice, lambda turn=turn: turn(at=self.at))  # type: ignore[misc]
            assert notice.status is not MaintenanceStatus.SCHEDULED or notice.from_ > self.at
            assert notice.status is not MaintenanceStatus.IN_PROGRESS or notice.to > self.at

    @rule(notice=notices)
    def link_a_ticket(self, notice: Notice) -> None:
        ticket = new_id()
        for _ in range(2):
            self.attempt(notice, lambda: notice.link_ticket(ticket, at=self.at))

    @rule(index=st.integers(0, 2))
    def retire(self, index: int) -> None:
        component = self.components[index]
        version = component.version
        try:
            component.retire(at=self.at)
        except Refused:
            assert component.version == version
            assert component.imposed
        self.keep(component)

    @invariant()
    def histories_replay_to_the_same_state(self) -> None:
        for id, aggregate in self.known.items():
            assert replayed(self.histories[id]) == aggregate
            assert [event.originator_version for event in self.histories[id]] == list(range(1, aggregate.version + 1))

    @invariant()
    def a_service_is_as_bad_as_what_holds_it_and_no_worse(self) -> None:
        notices = [each for each in self.known.values() if isinstance(each, (StatusIncident, Maintenance))]
        for component in self.components:
            held = {notice.id: notice.holds[component.id] for notice in notices if component.id in notice.holds}
            assert component.retired or component.imposed == held
            assert component.state is worst(component.imposed.values())

    @invariant()
    def a_state_is_told_only_when_it_changes(self) -> None:
        for component in self.components:
            state = ComponentState.OPERATIONAL
            for event in self.histories[component.id]:
                if event.TOPIC == "component.state_changed.v1":
                    assert event.previous is state  # type: ignore[attr-defined]
                    assert event.state is not state  # type: ignore[attr-defined]
                    state = event.state  # type: ignore[attr-defined]
            assert BADNESS[state] == BADNESS[component.state]

    @invariant()
    def incidents_only_go_onwards(self) -> None:
        for id, notice in self.known.items():
            if isinstance(notice, StatusIncident):
                status = IncidentStatus.INVESTIGATING
                for event in self.histories[id]:
                    then = getattr(event, "status", status)
                    assert then is status or then in INCIDENT_WAYS[status]
                    status = then
                public = [event for event in self.histories[id] if event.CLASS is not Classification.RESTRICTED]
                assert notice.visible_version == len(public)


TestStatus = StatusMachine.TestCase
TestStatus.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
